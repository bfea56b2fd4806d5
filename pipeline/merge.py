"""The page of a day after one more run: what this run found, and what earlier runs of the day had besides."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.records import Entry


def merged(now: Iterable[Entry], before: Iterable[Entry]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return the entries of ``now``, then those that only ``before`` has, and the ids of the latter.

    Of two entries of one paper a summary is better than a failure; else that of ``now`` is taken.
    """
    earlier = {entry.paper.id: entry for entry in before}
    entries = [_better(entry, earlier.pop(entry.paper.id, None)) for entry in now]
    return (*entries, *earlier.values()), tuple(earlier)


def _better(entry: Entry, earlier: Entry | None) -> Entry:
    return earlier if entry.failure and earlier and earlier.summary else entry
