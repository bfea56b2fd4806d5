"""``assemble``: the digest of what ``summarize`` wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from pipeline import outputs
from pipeline.cli import screen
from pipeline.cli.environment import now, runtime, settings_for, specs_for
from pipeline.cli.options import Given
from pipeline.cli.outcome import Shown, check_open, open_page
from pipeline.compose import output_for
from pipeline.errors import UsageError
from pipeline.exits import Exit
from pipeline.fetch import eastern_today
from pipeline.records import End, Entry, Note, Source, Spent
from pipeline.run import assemble
from pipeline.stream import read_entries, read_entry_file


def assemble_command(given: Given) -> Exit:
    """Write the digest of what ``summarize`` wrote."""
    settings = settings_for(given)
    check_open(given, settings)
    spec = specs_for(Given(name=given.name, date=given.date, input="-"), settings)[0]
    entries, end = _read(_lines(given))
    if end is None:
        end = End(source=Source(notes=(Note(key="input_cut"),)), exit=Exit.PARTIAL)
        screen.warn("the input ended without its last line; papers may be missing")
    is_said = end.source.is_stale or end.source.is_late
    if not entries and not is_said and end.exit not in {Exit.NOTHING, Exit.COMPLETE}:
        screen.error("no papers: the previous stage failed")
        return Exit.FAILED
    today = eastern_today(now()).isoformat()
    source = spec.identify(end.source, today=today)
    outputs.check_writable(settings.output)
    outcome = assemble(
        entries, source, end.spent or _uncounted(entries), output_for(settings, runtime(), replace=given.replace)
    )
    shown = Shown(given)
    shown.show(outcome)
    shown.end()
    if given.open:
        open_page((outcome,))
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
