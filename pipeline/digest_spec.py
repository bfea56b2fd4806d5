"""What makes a digest: how its papers are fetched, its name and its day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.errors import UsageError
from pipeline.fetch import Item
from pipeline.records import Note, Source

DEFAULT_NAME = "papers"
"""Of a digest that neither its user nor its source names."""


@dataclass(frozen=True)
class DigestSpec:
    """Which papers make one digest, and what it is called."""

    items: Callable[[], Iterator[Item]]
    """Begins to fetch."""
    name: str | None = None
    date: str | None = None
    """Day of the digest, ``YYYY-MM-DD``; None leaves it to the source, else it is today's."""
    notes: tuple[Note, ...] = ()
    refusal: UsageError | None = None
    """Why it cannot be made, known before anything is spent."""

    def identify(self, source: Source, *, today: str) -> Source:
        """Return the source with the digest's name and day: as they were asked for, else as it gives them itself."""
        name, date = self.name or source.name or DEFAULT_NAME, self.date or source.date or today
        return source.model_copy(update={"name": name, "date": date})
