"""The story of a digest: fetch → summarize → assemble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from pipeline import outputs
from pipeline.archive import FEED, Archive
from pipeline.assemble import Digest, FeedStyle, as_json, atom, html, in_page_order, markdown
from pipeline.digest_spec import DEFAULT_NAME, DigestSpec
from pipeline.errors import BudgetError, DigestError, InputError, UsageError
from pipeline.exits import Exit
from pipeline.fetch import Fetching, eastern_today
from pipeline.merge import merged
from pipeline.records import (
    DEFAULT_LANGUAGE,
    LIMITED,
    Day,
    Entry,
    FailedPaper,
    Failure,
    Note,
    RunReport,
    Source,
    SourceCount,
    Spent,
)
from pipeline.settings import Format
from pipeline.store.memory import Memory
from pipeline.summarize import Job, Summarizer

WRITERS: Mapping[Format, Callable[[Digest], str]] = {"md": markdown, "json": as_json, "html": html}
"""The formats that are of one day; the feed is of several."""


@dataclass(frozen=True)
class Output:
    """Where digests are written, and how."""

    folder: Path
    formats: tuple[Format, ...]
    feed: Callable[[str], FeedStyle]
    """Tells what the feed of a digest, by its name, is to be."""
    memory: Callable[[], AbstractContextManager[Memory | None]]
    """Opens what remembers which announced papers stand on which page."""
    warn: Callable[[str], None]
    """Says what of earlier days cannot be read."""
    replace: bool = False
    """Write what a run found alone, not what earlier runs of the day had besides."""
    language: str = DEFAULT_LANGUAGE
    """Of the summaries and of the page."""


@dataclass(frozen=True)
class Outcome:
    """What became of a digest."""

    exit: Exit
    report: RunReport
    files: tuple[Path, ...] = ()
    error: DigestError | None = None
    """What ended it early, or why nothing was written."""


async def run(spec: DigestSpec, job: Job, output: Output) -> Outcome:
    """Make one digest.

    Raises:
        UsageError: the input is wrong; nothing was spent.
        OutputError: the digest could not be written.
    """
    if spec.refusal:
        raise spec.refusal
    fetching = Fetching(spec.items, job.progress)
    summarizer = Summarizer(job)
    began = job.clock()
    settled = [one async for one in summarizer.settled(fetching)]
    if isinstance(fetching.error, UsageError) and not settled:
        raise fetching.error
    spent = spent_by(job, Spent.on(settled), seconds=job.clock() - began)
    source = described(spec, fetching, summarizer, today=eastern_today(job.now()).isoformat())
    entries = [one.entry for one in settled]
    output = replace(output, language=job.task.language)
    return assemble(entries, source, spent, output, error=fetching.error or summarizer.stopped)


def spent_by(job: Job, spent: Spent, *, seconds: float) -> Spent:
    """Return what a run used with its model, its prompt and the seconds that it took; its dollars are rounded."""
    cost = None if spent.cost_usd is None else round(spent.cost_usd, 6)
    by = {"model": job.model.name, "prompt": job.prompt.reference, "cost_usd": cost, "wall_s": round(seconds, 3)}
    return spent.model_copy(update=by)


def described(spec: DigestSpec, fetching: Fetching, summarizer: Summarizer, *, today: str) -> Source:
    """Return the source with its name, its day and what the page must say of it."""
    source = fetching.source
    notes = [*spec.notes, *source.notes]
    if fetching.error and not source.has_note("source_failed"):
        figures = {"count": source.fetched, "detail": fetching.error.message}
        notes.append(Note(key="source_failed", figures=figures))
    if summarizer.stopped:
        key = "budget" if isinstance(summarizer.stopped, BudgetError) else "stopped"
        notes.append(Note(key=key, figures={"detail": summarizer.stopped.message}))
    return spec.identify(source.model_copy(update={"notes": tuple(notes)}), today=today)


def assemble(
    entries: list[Entry], source: Source, spent: Spent, output: Output, *, error: DigestError | None = None
) -> Outcome:
    """Write the files of a digest, unless no paper has a summary, and say how it ended.

    What earlier runs of the day wrote stays on the page, unless the output replaces it. A stale feed has a page even
    where it leaves no paper; a feed that is late has none of its own.

    Raises:
        OutputError: a file could not be written.
    """
    if _is_lost(_outcomes(entries), source):
        return Outcome(ending(entries, source, error), _report(entries, source, spent), error=error)
    found, kept = merged(entries, _before(source, output))
    spent = spent.model_copy(update={"cached": spent.cached + _outcomes(found)[True] - _outcomes(entries)[True]})
    entries, source = list(found), without_limit(source, len(found))
    code = ending(entries, source, error)
    report = _report(entries, source, spent, kept=kept, complete=code is Exit.COMPLETE and not source.is_limited)
    has_feed = "atom" in output.formats
    digest = Digest(report.name, report.date, tuple(entries), source, has_feed=has_feed, language=output.language)
    files = _write(digest, report, output)
    with output.memory() as memory:
        if memory:
            papers = [(entry.paper, entry.summary is not None and entry.paper.is_record) for entry in entries]
            memory.days.keep_page(report.name, report.date, papers, complete=report.complete)
    return Outcome(code, report, files, error)


def _before(source: Source, output: Output) -> tuple[Entry, ...]:
    """Return what earlier runs of the day wrote, unless it is to be replaced or cannot be read."""
    archive, name, date = Archive(output.folder), source.name or DEFAULT_NAME, source.date or ""
    if output.replace or date not in archive.dates(name):
        return ()
    try:
        return archive.day(name, date).entries
    except InputError as error:
        output.warn(f"{error.message}; this run writes it again")
        return ()


def without_limit(source: Source, papers: int) -> Source:
    """Return the source without the note on its limit, if the page has all ``papers`` that there are."""
    notes = [note for note in source.notes if note.key != LIMITED or papers < int(note.figures.get("total", 0))]
    return source.model_copy(update={"notes": tuple(notes)})


def _outcomes(entries: Iterable[Entry]) -> Counter[bool]:
    return Counter(entry.summary is not None for entry in entries)


def _write(digest: Digest, report: RunReport, output: Output) -> tuple[Path, ...]:
    texts = {f"{report.date}.{name}": WRITERS[name](digest) for name in output.formats if name in WRITERS}
    if digest.has_feed:
        texts[FEED] = _feed(digest, output)
    texts[f"{report.date}.run.json"] = report.model_dump_json(indent=2) + "\n"
    return outputs.write_all(output.folder / report.name, texts)


def _feed(digest: Digest, output: Output) -> str:
    """Return the feed of a digest: this day, and the days that are written already."""
    archive = Archive(output.folder)
    today = Day(name=digest.name, date=digest.date, entries=in_page_order(digest.entries), language=digest.language)

    def newest_first() -> Iterator[Day]:
        for date in sorted({*archive.dates(digest.name), digest.date}, reverse=True):
            try:
                yield today if date == digest.date else archive.day(digest.name, date)
            except InputError as error:
                output.warn(f"{error.message}; the feed goes without that day")

    style = replace(output.feed(digest.name), language=digest.language)
    return atom(digest.name, newest_first(), style)


def ending(entries: Iterable[Entry], source: Source, error: DigestError | None = None) -> Exit:
    """Return how a digest of these entries ends, which ``error`` may have ended early."""
    return ending_of(_outcomes(entries), source, error)


def ending_of(outcomes: Counter[bool], source: Source, error: DigestError | None = None) -> Exit:
    """Return how a digest ends of which so many papers have a summary (True), and so many have none."""
    if not outcomes.total() and not source.missing and not source.is_partial:
        return Exit.PARTIAL if source.is_late else Exit.NOTHING
    if source.has_note("budget"):
        return Exit.BUDGET
    if _is_lost(outcomes, source):
        return error.exit if error else Exit.FAILED
    return Exit.PARTIAL if outcomes[False] or source.is_incomplete else Exit.COMPLETE


def _is_lost(outcomes: Counter[bool], source: Source) -> bool:
    """Tell whether there is nothing to show; that a feed is stale is something."""
    return not outcomes[True] and (outcomes.total() > 0 or not source.is_stale)


def _failed(failure: Failure) -> FailedPaper:
    return FailedPaper(id=failure.paper_id, reason=failure.reason, detail=failure.detail, cost_usd=failure.cost_usd)


def _report(
    entries: list[Entry], source: Source, spent: Spent, *, kept: tuple[str, ...] = (), complete: bool = False
) -> RunReport:
    failures = [entry.failure for entry in entries if entry.failure]
    checks = [{mark.check for mark in entry.summary.marks} for entry in entries if entry.summary]
    return RunReport(
        name=source.name or DEFAULT_NAME,
        date=source.date or "",
        papers=len(entries),
        failed=tuple(_failed(one) for one in failures),
        source=SourceCount(announced=source.announced, fetched=source.fetched, missing=source.missing),
        missing_papers=source.missing_papers,
        repeated=source.repeated,
        earlier=source.earlier,
        notes=source.notes,
        marked=dict(Counter(chain.from_iterable(map(sorted, checks)))),
        marked_papers=sum(map(bool, checks)),
        kept=kept,
        complete=complete,
        **{name: getattr(spent, name) for name in Spent.model_fields},
    )
