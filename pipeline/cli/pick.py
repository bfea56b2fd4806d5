"""Which written digest the words of a command line mean."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.archive import Archive
from pipeline.errors import UsageError

MOST_NAMED = 10
"""Names or days in an error at most."""


def written_name(archive: Archive, name: str | None) -> str:
    """Return the digest called ``name``; where that is None, the one with the newest day.

    Raises:
        UsageError: there is no such digest, or none at all.
    """
    names = archive.names()
    if not names:
        raise UsageError(f"{archive.output}: no digest yet", hint="'arxiv-digest demo' makes one.")
    if name is None:
        return max(names, key=lambda each: archive.dates(each)[0])
    if name not in names:
        raise UsageError(f"{archive.output}: no digest {name!r}", hint=f"Digests here: {_some(names)}.")
    return name


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
