"""``fetch``: the papers of one digest as JSON Lines."""

from __future__ import annotations

import sys

from pipeline.cli import screen
from pipeline.cli.compose import now, settings_for
from pipeline.cli.options import Given
from pipeline.cli.selection import digests_for
from pipeline.errors import DigestError, UsageError
from pipeline.exits import Exit
from pipeline.fetch import joined
from pipeline.records import End, Note, Source
from pipeline.run import DigestSpec
from pipeline.stream import EndLine, line


def fetch_command(given: Given) -> Exit:
    """Write each paper as a line, as it comes, and the line that ends the stream; several days make one stream."""
    settings = settings_for(given)
    specs = digests_for(given, settings, now=now())
    if len({spec.name for spec in specs}) > 1:
        raise UsageError("fetch gives the papers of one digest", hint="Name one: 'arxiv-digest fetch cs.AI'.")
    whole: Source | None = None
    for spec in specs:
        source, error = _fetch(spec)
        whole = source if whole is None else joined(whole, source)
        if error:
            break
        if len(specs) > 1:
            came = f"{source.fetched} papers" if source.fetched else "nothing was announced"
            screen.say(f"{source.name} {source.date}: {came}", to=sys.stderr)
    return _end(whole or Source(), error)


def _fetch(spec: DigestSpec) -> tuple[Source, DigestError | None]:
    """Write the papers of one spec; return its source, and what ended it early."""
    source, error = Source(), None
    try:
        for page in spec.pages():
            source = page.source
            for paper in page.papers:
                screen.emit(line(paper))
    except DigestError as failure:
        if isinstance(failure, UsageError) and not source.fetched:
            raise
        error = failure
    own = {"name": spec.name or source.name, "date": spec.date or source.date}
    return source.model_copy(update={**own, "notes": (*spec.notes, *source.notes)}), error


def _end(source: Source, error: DigestError | None) -> Exit:
    """Write the line that ends the stream, and say what ended it early."""
    if error and source.fetched:
        figures: dict[str, str | int] = {"count": source.fetched, "detail": error.message}
        notes = (*source.notes, Note(key="source_failed", figures=figures))
        source = source.model_copy(update={"notes": notes})
    code = _ending(source, failed=error is not None)
    screen.emit(line(EndLine(end=End(source=source, exit=code))))
    if error:
        screen.error(error.message, error.hint)
    return code


def _ending(source: Source, *, failed: bool) -> Exit:
    if failed or source.missing or source.is_partial:
        return Exit.PARTIAL if source.fetched else Exit.FAILED
    return Exit.COMPLETE if source.fetched else Exit.NOTHING
