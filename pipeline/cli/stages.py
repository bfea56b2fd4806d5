"""``fetch``, ``summarize`` and ``assemble``: the stages one by one, joined by JSON Lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path

from pipeline import outputs
from pipeline.cache import Cache
from pipeline.cli import screen
from pipeline.cli.making import kept_on_interrupt, run_loop, show
from pipeline.cli.options import Given
from pipeline.cli.orders import orders_for
from pipeline.cli.workshop import desk_for, job_for, now, prompt_library, settings_for
from pipeline.errors import DigestError, UsageError
from pipeline.exits import Exit
from pipeline.fetch import Fetching, eastern_today, joined, read_stage
from pipeline.records import End, Entry, Note, Settled, Source, Spent
from pipeline.run import Order, assemble, described, ending, spent_on
from pipeline.stream import EndLine, line, read_entries, read_entry_file
from pipeline.summarize import Job, Summarizer


def fetch_command(given: Given) -> Exit:
    """Write each paper as a line, as it comes, and the line that ends the stream; several days make one stream."""
    settings = settings_for(given)
    orders = orders_for(given, settings, now=now())
    if len({order.name for order in orders}) > 1:
        raise UsageError("fetch gives the papers of one digest", hint="Name one: 'arxiv-digest fetch cs.AI'.")
    whole: Source | None = None
    for order in orders:
        source, error = _fetch(order)
        whole = source if whole is None else joined(whole, source)
        if error:
            break
        if len(orders) > 1:
            came = f"{source.fetched} papers" if source.fetched else "nothing was announced"
            screen.say(f"{source.name} {source.date}: {came}", to=sys.stderr)
    return _end(whole or Source(), error)


def _fetch(order: Order) -> tuple[Source, DigestError | None]:
    """Write the papers of one order; return its source, and what ended it early."""
    source, error = Source(), None
    try:
        for page in order.pages():
            source = page.source
            for paper in page.papers:
                screen.say(line(paper))
    except DigestError as failure:
        if isinstance(failure, UsageError) and not source.fetched:
            raise
        error = failure
    own = {"name": order.name or source.name, "date": order.date or source.date}
    return source.model_copy(update={**own, "notes": (*order.notes, *source.notes)}), error


def _end(source: Source, error: DigestError | None) -> Exit:
    """Write the line that ends the stream, and say what ended it early."""
    if error and source.fetched:
        figures: dict[str, str | int] = {"count": source.fetched, "detail": error.message}
        notes = (*source.notes, Note(key="source_failed", figures=figures))
        source = source.model_copy(update={"notes": notes})
    code = _ending(source, failed=error is not None)
    screen.say(line(EndLine(end=End(source=source, exit=code))))
    if error:
        screen.error(error.message, error.hint)
    return code


def _ending(source: Source, *, failed: bool) -> Exit:
    if failed or source.missing or source.is_partial:
        return Exit.PARTIAL if source.fetched else Exit.FAILED
    return Exit.COMPLETE if source.fetched else Exit.NOTHING


def summarize_command(given: Given) -> Exit:
    """Write each paper with its summary or failure as a line, in the papers' order, then the end line."""
    settings = settings_for(given)
    order = _from_stage_before(given) if given.input in {None, "-"} else orders_for(given, settings, now=now())[0]
    prompt = prompt_library().get(settings.prompt)
    with job_for(given, settings, prompt) as job, kept_on_interrupt(job):
        return run_loop(lambda: _summarize(order, job))


def _from_stage_before(given: Given) -> Order:
    if sys.stdin.isatty():
        raise UsageError(
            "no papers: standard input is the keyboard", hint="Pipe 'arxiv-digest fetch' in, or --input F."
        )
    return Order(lambda: read_stage(sys.stdin.buffer, limit=given.limit))


async def _summarize(order: Order, job: Job) -> Exit:
    fetching = Fetching(order.pages, job.progress)
    summarizer = Summarizer(job)
    settled: list[Settled] = []
    began = time.monotonic()
    try:
        async for one in summarizer.settled(fetching):
            screen.say(line(one.entry))
            settled.append(one)
    finally:
        await job.close()
    spent = spent_on(settled, job, seconds=time.monotonic() - began)
    source = described(order, fetching, summarizer, today=eastern_today(job.now()).isoformat())
    code = ending([one.entry for one in settled], source, summarizer.stopped)
    screen.say(line(EndLine(end=End(source=source, exit=code, spent=spent))))
    for error in (fetching.error, summarizer.stopped):
        if error:
            screen.error(error.message, error.hint)
    return code


def assemble_command(given: Given) -> Exit:
    """Write the digest of what ``summarize`` wrote."""
    settings = settings_for(given)
    entries, end = _read(_lines(given))
    if end is None:
        end = End(source=Source(notes=(Note(key="input_cut"),)), exit=Exit.PARTIAL)
        screen.warn("the input ended without its last line; papers may be missing")
    if not entries and not end.source.is_stale and end.exit not in {Exit.NOTHING, Exit.COMPLETE}:
        screen.error("no paper came, because the stage before failed")
        return Exit.FAILED
    today = eastern_today(now()).isoformat()
    order = orders_for(Given(name=given.name, date=given.date, input="-"), settings, now=now())[0]
    source = end.source.model_copy(
        update={"name": order.name or end.source.name or "papers", "date": order.date or end.source.date or today}
    )
    outputs.check_writable(settings.output)
    with Cache(settings.cache, warn=screen.warn) as cache:
        desk = desk_for(settings, cache)
        outcome = assemble(entries, source, end.spent or _uncounted(entries), desk)
    show(outcome, given)
    return outcome.exit


def _lines(given: Given) -> Iterable[Entry | End]:
    if given.input not in {None, "-"}:
        return read_entry_file(Path(given.input or ""))
    if sys.stdin.isatty():
        raise UsageError("no entries: standard input is the keyboard", hint="Pipe 'arxiv-digest summarize' in.")
    return read_entries(sys.stdin.buffer, name="standard input")


def _read(records: Iterable[Entry | End]) -> tuple[list[Entry], End | None]:
    entries: list[Entry] = []
    for record in records:
        if isinstance(record, End):
            return entries, record
        entries.append(record)
    return entries, None


def _uncounted(entries: list[Entry]) -> Spent:
    """Return what is known of a stream whose end, with the counts, is missing."""
    return Spent(summarized=sum(entry.summary is not None for entry in entries))
