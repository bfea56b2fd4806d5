"""``fetch``: the papers of one digest as JSON Lines."""

from __future__ import annotations

import sys

from pipeline.cli import screen
from pipeline.cli.environment import settings_for, specs_for
from pipeline.cli.options import Given
from pipeline.digest_spec import DigestSpec
from pipeline.errors import DigestError, UsageError
from pipeline.exits import Exit
from pipeline.fetch import Ended, Heading, Tally, ending_well
from pipeline.records import End, Source
from pipeline.stream import EndLine, line


def fetch_command(given: Given) -> Exit:
    """Write each paper as a line, as it comes, and the line that ends the stream; several days make one stream."""
    settings = settings_for(given)
    specs = specs_for(given, settings)
    if len({spec.name for spec in specs}) > 1:
        raise UsageError("fetch gives the papers of one digest", hint="Name one: 'arxiv-digest fetch cs.AI'.")
    tally, error = Tally(), None
    for spec in specs:
        before = tally.fetched
        error = _fetch(spec, tally)
        if error:
            break
        if len(specs) > 1:
            fetched = tally.fetched - before
            came = f"{fetched} papers" if fetched else "nothing was announced"
            screen.say(f"{spec.name} {spec.date}: {came}", to=sys.stderr)
    return _end(tally.source(), error)


def _fetch(spec: DigestSpec, tally: Tally) -> DigestError | None:
    """Write the papers of one spec; return what ended it early.

    Raises:
        UsageError: it cannot be made, and nothing was written before it.
    """
    tally.add(Heading(date=spec.date, name=spec.name))
    for note in spec.notes:
        tally.add(note)
    try:
        for paper in tally.papers(ending_well(spec.items)):
            screen.emit(line(paper))
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
    screen.emit(line(EndLine(end=End(source=source, exit=code))))
    if error:
        screen.error(error.message, error.hint)
    return code


def _ending(source: Source, *, failed: bool) -> Exit:
    if failed or source.is_incomplete:
        return Exit.PARTIAL if source.fetched or source.is_stale or source.is_late else Exit.FAILED
    return Exit.COMPLETE if source.fetched else Exit.NOTHING
