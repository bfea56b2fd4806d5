"""The page of a day after one more run: what this run found, and what earlier runs of the day had besides."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.records import Entry


def merged(now: Iterable[Entry], before: Iterable[Entry]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return the better entry of each paper of ``now``, then those that only ``before`` has, and which ids are kept.

    Kept are papers that only ``before`` has, and entries of it that are better: of two entries of one paper a summary
    is better than a failure, then a newer version, then a record of the query API; else that of ``now`` is taken.
    """
    earlier = {entry.paper.id: entry for entry in before}
    entries, kept = [], []
    for entry in now:
        better = max(entry, earlier.pop(entry.paper.id, entry), key=_rank)
        entries.append(better)
        if better is not entry:
            kept.append(entry.paper.id)
    return (*entries, *earlier.values()), (*kept, *earlier)


def _rank(entry: Entry) -> tuple[bool, int, bool]:
    return entry.summary is not None, entry.paper.version or 0, entry.paper.is_record
