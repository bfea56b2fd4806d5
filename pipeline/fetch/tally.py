"""The one account of a stream: what came, what did not, and what its readers must know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pipeline.errors import DigestError
from pipeline.fetch.items import Ended, Heading, Item, Repeated
from pipeline.records import REPEATED, Missing, Note, Paper, Shown, Source


class Tally:
    """Counts the items of one stream, or of several that follow each other."""

    def __init__(self) -> None:
        self.error: DigestError | None = None
        """What ended the stream early."""
        self._papers = 0
        self._announced: int | None = None
        self._name: str | None = None
        self._date: str | None = None
        self._missing: list[Missing] = []
        self._repeated: list[str] = []
        self._earlier: list[Shown] = []
        self._notes: list[Note] = []

    @property
    def fetched(self) -> int:
        """Papers that came, those left out as repeated included."""
        return self._papers + len(self._repeated)

    def papers(self, items: Iterable[Item]) -> Iterator[Paper]:
        """Count ``items`` as they pass, and yield the papers among them."""
        for item in items:
            self.add(item)
            if isinstance(item, Paper):
                yield item

    def add(self, item: Item) -> None:
        """Count one item."""
        match item:
            case Paper():
                self._papers += 1
            case Missing():
                self._missing.append(item)
            case Repeated():
                self._repeated.append(item.paper_id)
            case Shown():
                self._earlier.append(item)
            case Note() if item not in self._notes:
                self._notes.append(item)
            case Heading():
                self._head(item)
            case Ended():
                self._end(item.error)

    def source(self) -> Source:
        """Return the account of a stream that has ended: what neither came nor is missing was not wanted."""
        return self._source(None if self._announced is None else self.fetched + self._lost)

    def so_far(self) -> Source:
        """Return the account while more is to come; what was announced is as yet the source's own word."""
        return self._source(None if self._announced is None else max(self._announced, self.fetched + self._lost))

    @property
    def _lost(self) -> int:
        return sum(one.count for one in self._missing)

    def _head(self, heading: Heading) -> None:
        if heading.announced is not None:
            self._announced = (self._announced or 0) + heading.announced
        self._name = heading.name or self._name
        self._date = heading.date or self._date

    def _end(self, error: DigestError) -> None:
        self.error = error
        figures: dict[str, str | int] = {"count": self.fetched, "detail": error.message}
        self._notes.append(Note(key="source_failed", figures=figures))

    def _source(self, announced: int | None) -> Source:
        repeated = {"count": len(self._repeated), "ids": ", ".join(self._repeated)}
        notes = (*self._notes, Note(key=REPEATED, figures=repeated)) if self._repeated else tuple(self._notes)
        return Source(
            name=self._name,
            date=self._date,
            announced=announced,
            fetched=self.fetched,
            repeated=len(self._repeated),
            missing=self._lost,
            missing_papers=tuple(self._missing),
            earlier=tuple(self._earlier),
            notes=notes,
        )


def account_of(items: Iterable[Item]) -> Source:
    """Return the account of a stream that nobody needs the papers of."""
    tally = Tally()
    for item in items:
        tally.add(item)
    return tally.source()


def ending_well(begin: Callable[[], Iterator[Item]]) -> Iterator[Item]:
    """Yield the items of a stream; where it fails after a paper came, the last one says what ended it.

    Raises:
        DigestError: it failed before its first paper.
    """
    came = False
    try:
        for item in begin():
            came = came or isinstance(item, Paper | Repeated)
            yield item
    except DigestError as error:
        if not came:
            raise
        yield Ended(error)
