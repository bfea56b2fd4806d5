"""Today's announcement: the feed says which papers and of what kind, the query API gives their records.

Feed: https://info.arxiv.org/help/rss.html. Its abstracts carry a header and its authors raw TeX, so that an item of it
stands in only for a record that the API does not have yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.categories import covers
from pipeline.errors import FetchError
from pipeline.fetch.documents import read_document
from pipeline.fetch.errand import PAGE_SIZE, Errand
from pipeline.fetch.feed_items import Item, feed_date, read_items
from pipeline.fetch.limits import ArxivSettings
from pipeline.fetch.pages import Page, limit_notes, most_telling
from pipeline.fetch.query import check
from pipeline.fetch.wire import Wire
from pipeline.records import FIRST_KINDS, Missing, Note, Paper, Source, parse_id

FULL_FEED = 2000
"""Items at which arXiv cuts a feed, the lowest new ids first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of an announcement."""

    categories: tuple[str, ...]
    """Categories or archives; what was announced in any of them is meant."""
    announce: frozenset[str] = frozenset(FIRST_KINDS)
    """Kinds of announcement; of a paper that was announced several times the most telling counts."""
    primary_only: bool = False
    """Whether only papers are meant whose primary category is one of ``categories``, by either name."""
    limit: int | None = None


def announced(settings: ArxivSettings, wanted: Wanted, wire: Wire) -> Iterator[Page]:
    """Return the papers of the announcement that the feed has now, a page for each answer of the query API.

    They come in the feed's order. Papers that had to be made from the feed's own items are named in a note.

    Raises:
        UsageError: what is wanted cannot be asked for; raised at once, before any request.
        FetchError: there is no feed; raised while iterating.
    """
    check(wanted.categories, wanted.limit)
    return _announced(Errand(settings, wire), _address(settings, wanted), wanted, wire)


def forget_feed(settings: ArxivSettings, wanted: Wanted, wire: Wire) -> None:
    """Have the feed asked for again next time: what was kept turned out to be that of an earlier day."""
    if wire.kept:
        wire.kept.put(wire.key(_address(settings, wanted)), b"")


def _address(settings: ArxivSettings, wanted: Wanted) -> str:
    return f"{settings.feed_url.rstrip('/')}/rss/{'+'.join(wanted.categories)}"


def _announced(errand: Errand, address: str, wanted: Wanted, wire: Wire) -> Iterator[Page]:
    def is_passing(body: bytes) -> bool:
        """Tell a feed that is empty or not of today: another takes its place when arXiv makes it."""
        document = read_document(body)
        return not read_items(document) or (wire.day is not None and feed_date(document) != wire.day.isoformat())

    document = errand.feed(address, is_passing)
    items = read_items(document)
    full = (Note(key="full_feed", figures={"count": FULL_FEED}),) if len(items) == FULL_FEED else ()
    chosen = _chosen(items, wanted)
    notes = (*full, *limit_notes(wanted.limit, len(chosen)))
    day = _Day(chosen[: wanted.limit], Source(date=feed_date(document), notes=notes), wire.known)
    yield from day.pages(errand)


def _chosen(items: Iterable[Item], wanted: Wanted) -> list[Item]:
    """Return each paper of the chosen kinds once."""
    once: dict[str, Item] = {}
    for item in items:
        first = once.setdefault(item.found.id, item)
        if first is not item:
            paper = item.found if isinstance(first.found, Missing) else first.found
            once[item.found.id] = Item(most_telling(first.announce_type, item.announce_type), paper)
    chosen = (item for item in once.values() if item.announce_type in {*wanted.announce, None})
    return [item for item in chosen if not wanted.primary_only or _is_primary(item.found, wanted)]


def _is_primary(found: Paper | Missing, wanted: Wanted) -> bool:
    primary = found.primary_category if isinstance(found, Paper) else None
    return primary is None or covers(wanted.categories, primary)


class _Day:
    """The papers of one announcement, page by page."""

    def __init__(self, items: Sequence[Item], source: Source, known: dict[str, Paper]) -> None:
        self._items = items
        self._known = known
        self._source = source.model_copy(update={"announced": len(items)})
        self._fetched = 0
        self._missing: list[Missing] = []
        self._from_feed: list[str] = []
        self._failed: tuple[Note, ...] = ()

    def pages(self, errand: Errand) -> Iterator[Page]:
        # The odd papers come first: they cost no request more, and the model gets its first work sooner.
        first = len(self._items) % PAGE_SIZE or PAGE_SIZE
        starts = [0, *range(first, len(self._items), PAGE_SIZE)]
        for start, end in zip(starts, [*starts[1:], len(self._items)], strict=True):
            items = self._items[start:end]
            if not self._failed:
                self._learn(errand, [item.found.id for item in items])
            yield self._page(items)

    def _learn(self, errand: Errand, ids: Sequence[str]) -> None:
        """Ask the query API for the records that are not known; once it fails for good, the feed must do."""
        try:
            for found in errand.records([name for name in ids if _is_id(name) and name not in self._known]):
                self._known.update({paper.id: paper for paper in found if isinstance(paper, Paper)})
        except FetchError as error:
            self._failed = (Note(key="api_failed", figures={"detail": error.message}),)

    def _page(self, items: Sequence[Item]) -> Page:
        papers = []
        for item in items:
            found = _better(item.found, self._known.get(item.found.id))
            if isinstance(found, Missing):
                self._missing.append(found)
                continue
            if found is item.found:
                self._from_feed.append(found.id)
            papers.append(found.model_copy(update={"announce_type": item.announce_type}))
        self._fetched += len(papers)
        return Page(tuple(papers), self._so_far())

    def _so_far(self) -> Source:
        figures: dict[str, str | int] = {"count": len(self._from_feed), "ids": ", ".join(self._from_feed)}
        made = (Note(key="from_feed", figures=figures),) if self._from_feed else ()
        counts = {
            "fetched": self._fetched,
            "missing": len(self._missing),
            "missing_papers": tuple(self._missing),
            "notes": (*self._source.notes, *made, *self._failed),
        }
        return self._source.model_copy(update=counts)


def _better(item: Paper | Missing, record: Paper | None) -> Paper | Missing:
    """Return the API's record, unless it is of an earlier version than the one announced."""
    if record is None:
        return item
    is_old = isinstance(item, Paper) and (record.version or 0) < (item.version or 0)
    return item if is_old else record


def _is_id(name: str) -> bool:
    try:
        return parse_id(name)[0] == name
    except ValueError:
        return False
