"""An announcement of arXiv: which papers it has, and of what kind, and their records.

Today's is read from the feed (https://info.arxiv.org/help/rss.html), which says what was announced. Its abstracts carry
a header and its authors raw TeX, so the records are the query API's, and an item of the feed stands in only for one
that the API does not have yet. A past day's is what was submitted in its window: the query API does not say when a
paper was announced (https://info.arxiv.org/help/api/user-manual.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

from pipeline.categories import covers
from pipeline.errors import FetchError, UsageError
from pipeline.fetch.arxiv.limits import PAGE_SIZE
from pipeline.fetch.arxiv.schedule import Schedule
from pipeline.fetch.filters import limit_notes, limited, most_telling, of_kinds
from pipeline.fetch.items import Heading, Item
from pipeline.fetch.query import Asked, check, search
from pipeline.records import (
    FIRST_KINDS,
    FOLLOWS_SUBMISSION,
    NOT_YET,
    STALE,
    UNKNOWN_HOLIDAYS,
    Missing,
    Note,
    Paper,
    Shown,
    parse_id,
)

if TYPE_CHECKING:
    from pipeline.fetch.arxiv.rss import Feed
    from pipeline.fetch.arxiv.rss import Item as FeedItem
    from pipeline.fetch.arxiv.session import ArxivSession

FULL_FEED = 2000
"""Items at which arXiv cuts a feed, the lowest new ids first."""
AGAIN = timedelta(minutes=30)
"""After which it is worth while to look for a feed that is late."""


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

    @property
    def past_kinds(self) -> frozenset[str]:
        """Kinds that can still be told for a past day: a paper's primary category tells new from cross-listed."""
        return (self.announce & frozenset(FIRST_KINDS)) - ({"cross"} if self.primary_only else set())


class Remembered(Protocol):
    """What is remembered of a digest's days."""

    def has_page(self, day: str) -> bool:
        """Tell whether the page of a day was written."""
        ...

    def same_announcement(self, day: str, papers: Sequence[Shown]) -> str | None:
        """Return the day before ``day`` that had every one of ``papers``, announced alike, if there is one."""
        ...

    def keep_announced(self, feed: Feed, papers: Sequence[Shown]) -> None:
        """Keep what a feed announced."""
        ...


class NothingRemembered:
    """Remembers nothing."""

    def has_page(self, day: str) -> bool:  # noqa: ARG002
        """No."""
        return False

    def same_announcement(self, day: str, papers: Sequence[Shown]) -> str | None:  # noqa: ARG002
        """None."""
        return None

    def keep_announced(self, feed: Feed, papers: Sequence[Shown]) -> None:
        """Nothing."""


def check_wanted(wanted: Wanted, day: date | None, today: date, schedule: Schedule) -> None:
    """Refuse what cannot be asked for.

    Raises:
        UsageError: categories that do not exist, or kinds of announcement that a past day does not tell.
    """
    check(wanted.categories, wanted.limit)
    if day is not None and day < today and schedule.window(day) and not wanted.past_kinds:
        raise _no_longer_told(day, wanted)


def _no_longer_told(day: date, wanted: Wanted) -> UsageError:
    return UsageError(
        f"{day}: arXiv no longer says what was announced as {', '.join(sorted(wanted.announce))} then",
        hint="For a past day only new papers and cross-lists are available.",
    )


def announcement(
    session: ArxivSession,
    wanted: Wanted,
    day: date | None,
    *,
    schedule: Schedule = Schedule(),  # noqa: B008 (it is frozen)
    remembered: Remembered = NothingRemembered(),  # noqa: B008 (it holds nothing)
) -> Iterator[Item]:
    """Return the announcement of ``day``; None is what the feed has now, under the feed's own date.

    Raises:
        UsageError: what is wanted cannot be asked for; raised at once, before any request.
        FetchError: arXiv gave nothing; raised while iterating.
    """
    check_wanted(wanted, day, session.today, schedule)
    return _announcement(_Context(session, wanted, schedule, remembered), day)


@dataclass(frozen=True, slots=True)
class _Context:
    session: ArxivSession
    wanted: Wanted
    schedule: Schedule
    remembered: Remembered


def _announcement(of: _Context, day: date | None) -> Iterator[Item]:
    today = of.session.today
    if day in {None, today}:
        feed = of.session.feed(of.wanted.categories)
        is_late = feed.date is not None and feed.date < today.isoformat() and of.schedule.window(today) is not None
        if day is None and is_late and of.remembered.has_page(today.isoformat()):
            yield Heading(announced=0, date=today.isoformat())
            return
        if day is None or feed.date in {None, day.isoformat()}:
            yield from _of_feed(of, feed)
            if is_late:
                yield _not_yet(of, feed)
            return
        if not of.wanted.past_kinds:
            if not is_late:
                raise _no_longer_told(day, of.wanted)
            yield Heading(announced=0, date=day.isoformat())
            yield _not_yet(of, feed)
            return
    yield from _submitted(of, day or today)


def _not_yet(of: _Context, feed: Feed) -> Note:
    again = of.session.now() + AGAIN
    figures: dict[str, str | int] = {
        "day": of.session.today.isoformat(),
        "feed": feed.date or "",
        "again": f"{again:%H:%M} UTC",
    }
    return Note(key=NOT_YET, figures=figures)


def _of_feed(of: _Context, feed: Feed) -> Iterator[Item]:
    """Yield the papers of a feed in its order."""
    chosen = _chosen(feed.items, of.wanted)
    announced = [_as_shown(item, feed.date or "") for item in chosen if feed.date and _is_id(item.found.id)]
    day = feed.date and of.remembered.same_announcement(feed.date, announced)
    if day:
        yield Heading(announced=0, date=feed.date)
        yield Note(key=STALE, figures={"count": len(chosen), "day": day})
        return
    of.remembered.keep_announced(feed, announced)
    items = chosen[: of.wanted.limit]
    yield Heading(announced=len(items), date=feed.date)
    if len(feed.items) >= FULL_FEED:
        yield Note(key="full_feed", figures={"count": len(feed.items)})
    yield from limit_notes(of.wanted.limit, len(chosen))
    yield from _completed(of.session, items)


def _as_shown(item: FeedItem, day: str) -> Shown:
    version = item.found.version if isinstance(item.found, Paper) else None
    return Shown(id=item.found.id, day=day, version=version, announce_type=item.announce_type or "new")


def _chosen(items: Iterable[FeedItem], wanted: Wanted) -> list[FeedItem]:
    """Return each paper of the chosen kinds once."""
    once: dict[str, FeedItem] = {}
    for item in items:
        first = once.setdefault(item.found.id, item)
        if first is not item:
            found = item.found if isinstance(first.found, Missing) else first.found
            kind = most_telling(first.announce_type, item.announce_type)
            once[item.found.id] = replace(item, announce_type=kind, found=found)
    chosen = (item for item in once.values() if item.announce_type in {*wanted.announce, None})
    return [item for item in chosen if not wanted.primary_only or _is_primary(item.found, wanted)]


def _is_primary(found: Paper | Missing, wanted: Wanted) -> bool:
    primary = found.primary_category if isinstance(found, Paper) else None
    return primary is None or covers(wanted.categories, primary)


def _completed(session: ArxivSession, items: Sequence[FeedItem]) -> Iterator[Item]:
    """Yield the record of each item; notes name those made from the feed, and say why a list gave none."""
    from_feed: list[str] = []
    failed: list[Note] = []
    for part in _lists(items):
        records = _records(session, part, failed)
        for item in part:
            found = _better(item.found, records.get(item.found.id))
            if isinstance(found, Paper):
                from_feed += [found.id] if found is item.found else []
                found = found.announced_as(item.announce_type)
            yield found
    if from_feed:
        yield Note(key="from_feed", figures={"count": len(from_feed), "ids": ", ".join(from_feed)})
    yield from failed[:1]


def _records(session: ArxivSession, part: Sequence[FeedItem], failed: list[Note]) -> dict[str, Paper]:
    """Return the records that the query API has of a list; where it fails, ``failed`` says why."""
    records: dict[str, Paper] = {}
    try:
        for found in session.records([item.found.id for item in part if _is_id(item.found.id)]):
            if isinstance(found, Paper):
                records[found.id] = found
    except FetchError as error:
        failed.append(Note(key="api_failed", figures={"detail": error.message}))
    return records


def _lists(items: Sequence[FeedItem]) -> Iterator[Sequence[FeedItem]]:
    """Yield the items as they are asked for; the odd ones come first: so the model gets its first work sooner."""
    first = len(items) % PAGE_SIZE or PAGE_SIZE
    starts = [0, *range(first, len(items), PAGE_SIZE)]
    for start, end in zip(starts, [*starts[1:], len(items)], strict=True):
        if items[start:end]:
            yield items[start:end]


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


def _submitted(of: _Context, day: date) -> Iterator[Item]:
    """Yield what was submitted in the window of a day, the newest first."""
    window, wanted = of.schedule.window(day), of.wanted
    year = of.schedule.unknown_year(day)
    if window is None:
        yield Heading(announced=0, date=day.isoformat())
        return
    every = wanted.past_kinds == frozenset(FIRST_KINDS)
    asked = Asked(wanted.categories, window=window, limit=wanted.limit if every else None)
    yield Heading(date=day.isoformat())
    yield Note(key=FOLLOWS_SUBMISSION)
    if year is not None:
        yield Note(key=UNKNOWN_HOLIDAYS, figures={"year": year})
    found = of_kinds(_with_kinds(search(of.session, asked), wanted.categories), wanted.past_kinds)
    yield from limited(found, wanted.limit)


def _with_kinds(items: Iterable[Item], categories: tuple[str, ...]) -> Iterator[Item]:
    """Give papers the kind that their primary category tells."""
    for item in items:
        if isinstance(item, Paper):
            is_new = item.primary_category is None or covers(categories, item.primary_category)
            yield item.announced_as("new" if is_new else "cross")
        else:
            yield item
