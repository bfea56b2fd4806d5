"""What is left out of a stream: kinds that are not wanted, papers that came before, what is beyond a limit.

What is left out counts neither as announced nor as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pipeline.fetch.items import Heading, Item
from pipeline.records import LIMITED, AnnounceType, Missing, Note, Paper

_TELLING = ("new", "cross", "replace", "replace-cross", None)
"""Announce types, the most telling first."""


def most_telling(*kinds: AnnounceType | None) -> AnnounceType | None:
    """Return the announce type that says most of several announcements of one paper."""
    return min(kinds, key=_TELLING.index)


def merged(found: Iterable[Paper | Missing]) -> list[Paper | Missing]:
    """Return ``found`` with each paper once, where it first stood: its latest version, its most telling kind."""
    kept: dict[str | int, Paper | Missing] = {}
    for number, one in enumerate(found):
        key = one.id if isinstance(one, Paper) else number
        first = kept.get(key)
        kept[key] = _better(first, one) if isinstance(first, Paper) and isinstance(one, Paper) else one
    return list(kept.values())


def of_kinds(items: Iterable[Item], announce: frozenset[str] | None) -> Iterator[Item]:
    """Yield ``items`` without papers whose announce type is known and not in ``announce`` (None: all)."""
    for item in items:
        if announce is None or not isinstance(item, Paper) or item.announce_type in {*announce, None}:
            yield item


def distinct(items: Iterable[Item]) -> Iterator[Item]:
    """Yield ``items`` with each paper once: over a stream its first record wins."""
    seen: set[str] = set()
    for item in items:
        if isinstance(item, Paper):
            if item.id in seen:
                continue
            seen.add(item.id)
        yield item


def limited(items: Iterable[Item], limit: int | None) -> Iterator[Item]:
    """Yield ``items`` up to ``limit`` papers (None: all); where more were to come, a note says how many there were."""
    left, total = limit, 0
    for item in items:
        if limit is None or left is None:
            yield item
        elif isinstance(item, Heading) and item.announced is not None:
            total += item.announced
            yield replace(item, announced=min(item.announced, limit))
        else:
            yield item
            left -= isinstance(item, Paper)
            if left == 0:
                yield from limit_notes(limit, total)
                return


def limit_notes(limit: int | None, total: int) -> Iterator[Note]:
    """Yield the note that ``limit`` papers of ``total`` were taken; nothing where that is all of them."""
    if limit is not None and total > limit:
        yield Note(key=LIMITED, figures={"count": limit, "total": total})


def _better(first: Paper, later: Paper) -> Paper:
    winner = later if (later.version or 0) > (first.version or 0) else first
    return winner.announced_as(most_telling(first.announce_type, later.announce_type))
