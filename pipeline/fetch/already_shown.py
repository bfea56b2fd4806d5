"""What a digest remembers of its days: papers that another day's page has are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pipeline.fetch.items import Heading, Item, Repeated
from pipeline.records import FIRST_KINDS, Paper, Shown
from pipeline.store.memory import Memory

if TYPE_CHECKING:
    from pipeline.fetch.arxiv.rss import Feed

OpenMemory = Callable[[], AbstractContextManager[Memory | None]]
"""Opens the memory for one thread; None where there is none that can be used."""


class DigestMemory:
    """The memory of one digest, opened for each call: SQLite's connections stay with their thread."""

    def __init__(self, memory: OpenMemory, digest: str) -> None:
        self._memory = memory
        self._digest = digest

    def has_page(self, day: str) -> bool:
        """Tell whether the page of a day was written."""
        with self._memory() as memory:
            return memory is not None and memory.days.state(self._digest, day) is not None

    def same_announcement(self, day: str, papers: Sequence[Shown]) -> str | None:
        """Return the day shortly before ``day`` that had every one of ``papers``, announced alike, if there is one."""
        with self._memory() as memory:
            return memory.days.same_announcement(self._digest, day, papers) if memory else None

    def keep_announced(self, feed: Feed, papers: Sequence[Shown]) -> None:
        """Keep what a feed announced."""
        with self._memory() as memory:
            if memory and feed.date:
                memory.days.keep_announced(self._digest, (feed.date, feed.address, feed.made), papers)

    def without_repeats(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield ``items`` without the new papers and cross-lists that another day's page has.

        Of replacements, which come again and again, an item says where they were shown last.
        """
        day = ""
        with self._memory() as memory:
            for item in items:
                if isinstance(item, Heading):
                    day = item.date or day
                if isinstance(item, Paper):
                    others = (
                        [one for one in memory.days.shown(self._digest, item.id) if one.day != day] if memory else []
                    )
                    yield from _fresh(item, others, day)
                else:
                    yield item


def _fresh(paper: Paper, others: Sequence[Shown], day: str) -> Iterator[Item]:
    """Yield a paper and the page before that has it, or that it is repeated; ``others`` are pages of other days."""
    if paper.announce_type in FIRST_KINDS and any(one.announce_type in FIRST_KINDS for one in others):
        yield Repeated(paper.id)
        return
    yield paper
    yield from [one for one in others if one.day < day][-1:]
