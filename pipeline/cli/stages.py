"""``fetch``, ``summarize`` and ``assemble``: the stages one by one, joined by JSON Lines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pipeline import outputs
from pipeline.cli import screen
from pipeline.cli.making import kept_on_interrupt, run_loop, show
from pipeline.cli.options import Given
from pipeline.cli.orders import orders_for
from pipeline.cli.workshop import desk_for, job_for, now, prompt_library, settings_for
from pipeline.errors import DigestError, UsageError
from pipeline.exits import Exit
from pipeline.fetch import Ended, Fetching, Heading, Tally, eastern_today, ending_well, read_stage
from pipeline.records import End, Entry, Note, Source, Spent
from pipeline.run import Order, assemble, described, ending_of
from pipeline.stream import EndLine, line, read_entries, read_entry_file
from pipeline.summarize import Job, Summarizer


def fetch_command(given: Given) -> Exit:
    """Write each paper as a line, as it comes, and the line that ends the stream; several days make one stream."""
    settings = settings_for(given)
    orders = orders_for(given, settings, now=now())
    if len({order.name for order in orders}) > 1:
        raise UsageError("fetch gives the papers of one digest", hint="Name one: 'arxiv-digest fetch cs.AI'.")
    tally, error = Tally(), None
    for order in orders:
        before = tally.fetched
        error = _fetch(order, tally)
        if error:
            break
        if len(orders) > 1:
            fetched = tally.fetched - before
            came = f"{fetched} papers" if fetched else "nothing was announced"
            screen.say(f"{order.name} {order.date}: {came}", to=sys.stderr)
    return _end(tally.source(), error)


def _fetch(order: Order, tally: Tally) -> DigestError | None:
    """Write the papers of one order; return what ended it early.

    Raises:
        UsageError: it cannot be made, and nothing was written before it.
    """
    tally.add(Heading(date=order.date, name=order.name))
    for note in order.notes:
        tally.add(note)
    try:
        for paper in tally.papers(ending_well(order.items)):
            screen.say(line(paper))
    except DigestError as error:
        if isinstance(error, UsageError) and not tally.fetched:
            raise
        if tally.fetched:
            tally.add(Ended(error))
        return error
    return tally.error


def _end(source: Source, error: DigestError | None) -> Exit:
    """Write the line that ends the stream, and say what ended it early."""
    code = _ending(source, failed=error is not None)
    screen.say(line(EndLine(end=End(source=source, exit=code))))
    if error:
        screen.error(error.message, error.hint)
    return code


def _ending(source: Source, *, failed: bool) -> Exit:
    if failed or source.missing or source.is_partial or source.is_late:
        return Exit.PARTIAL if source.fetched or source.is_stale or source.is_late else Exit.FAILED
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
    fetching = Fetching(order.items, job.progress)
    summarizer = Summarizer(job)
    outcomes: Counter[bool] = Counter()
    try:
        async for entry in summarizer.entries(fetching):
            screen.say(line(entry))
            outcomes[entry.summary is not None] += 1
    finally:
        await job.close()
    if fetching.error and not outcomes:
        raise fetching.error
    source = described(order, fetching, summarizer, today=eastern_today(job.now()).isoformat())
    code = ending_of(outcomes, source, summarizer.stopped)
    screen.say(line(EndLine(end=End(source=source, exit=code, spent=summarizer.spent()))))
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
    is_said = end.source.is_stale or end.source.is_late
    if not entries and not is_said and end.exit not in {Exit.NOTHING, Exit.COMPLETE}:
        screen.error("no paper came, because the stage before failed")
        return Exit.FAILED
    today = eastern_today(now()).isoformat()
    order = orders_for(Given(name=given.name, date=given.date, input="-"), settings, now=now())[0]
    source = end.source.model_copy(
        update={"name": order.name or end.source.name or "papers", "date": order.date or end.source.date or today}
    )
    outputs.check_writable(settings.output)
    desk = desk_for(settings, replace=given.replace)
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
