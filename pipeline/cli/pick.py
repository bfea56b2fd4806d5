"""Which written digest the words of a command line mean."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.archive import Archive
from pipeline.cli import screen
from pipeline.errors import UsageError
from pipeline.settings import Settings

MOST_NAMED = 10
"""Names or days in an error at most."""


def written_name(archive: Archive, settings: Settings, name: str | None) -> str:
    """Return the digest called ``name``; where that is None, the one with the newest day that is no try-out.

    Where all are try-outs it is the newest of these, and a line on standard error says so.

    Raises:
        UsageError: there is no such digest, or none at all.
    """
    names = written_names(archive)
    if name is None:
        regular = [each for each in names if not settings.is_tryout(each)]
        newest = max(regular or names, key=lambda each: archive.dates(each)[0])
        if not regular:
            screen.note(f"there are only try-outs; the newest is {newest}")
        return newest
    if name not in names:
        raise UsageError(f"{archive.output}: no digest {name!r}", hint=f"Digests here: {_some(names)}.")
    return name


def written_names(archive: Archive) -> tuple[str, ...]:
    """Return all digests that were written.

    Raises:
        UsageError: there is none.
    """
    names = archive.names()
    if not names:
        raise UsageError(f"{archive.output}: no digest yet", hint="'arxiv-digest demo' makes one.")
    return names


def written_date(archive: Archive, name: str, date: str | None) -> str:
    """Return ``date`` if the digest ``name``, which exists, has it; where it is None, the newest day.

    Raises:
        UsageError: the digest has no such day.
    """
    dates = archive.dates(name)
    if date is None:
        return dates[0]
    if date not in dates:
        raise UsageError(f"{archive.output}: {name} has no digest of {date!r}", hint=f"Days here: {_some(dates)}.")
    return date


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return ", ".join(words[:MOST_NAMED]) + more
