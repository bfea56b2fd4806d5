"""Papers, clocks, a shelf and a session for the tests of the fetch stage."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipeline.fetch import ArxivSettings, Item, Limits, Pacer, Tally, Wanted, announcement
from pipeline.fetch.arxiv.session import ArxivSession
from pipeline.records import Missing, Paper, Source
from tests.servers.arxiv import ArxivServer

DAY = date(2026, 4, 27)
NOW = datetime(2026, 4, 27, 12, tzinfo=UTC)
NOON = datetime(2026, 4, 24, 12, tzinfo=UTC)
QUICK = Limits(connect=1, read=0.4, total=0.6, patience=1.5, backoff=0.01, longest_pause=0.02, tries=3)


def paper(number: int, **fields: Any) -> Paper:
    """A paper as the query API has it, announced as new in cs.AI."""
    made = {
        "id": f"2604.{number:05}",
        "version": 1,
        "title": f"Title {number}",
        "abstract": "We show.",
        "authors": ("Ada Example", "José Łukasz"),
        "categories": ("cs.AI",),
        "primary_category": "cs.AI",
        "published": NOON,
        "updated": NOON,
        "announce_type": "new",
    }
    return Paper.model_validate(made | fields)


def papers(count: int, **fields: Any) -> list[Paper]:
    """Several of them."""
    return [paper(number, **fields) for number in range(1, count + 1)]


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(round(seconds, 2))
        self.now += seconds


def unpaced(delay: float = 0) -> Pacer:
    """A pace of real seconds, for one process alone."""
    return Pacer(delay, time.monotonic, time.sleep)


class Shelf:
    """Keeps answers in memory, on a clock that only tests move."""

    def __init__(self) -> None:
        self.bodies: dict[str, tuple[bytes, bool, timedelta]] = {}
        self.now = timedelta()

    def get(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """What was put, for good or a quarter of an hour ago at most."""
        there = {key: self.bodies[key] for key in keys if key in self.bodies}
        return {
            key: body for key, (body, whole, put) in there.items() if whole or self.now - put <= timedelta(minutes=15)
        }

    def put(self, bodies: Mapping[str, bytes], *, whole: bool) -> None:
        """Put."""
        self.bodies |= {key: (body, whole, self.now) for key, body in bodies.items()}

    def doubt(self, keys: Iterable[str]) -> None:
        """Keep them no longer for good."""
        for key in keys:
            body, _, put = self.bodies[key]
            self.bodies[key] = body, False, put


@dataclass(frozen=True)
class Page:
    """All papers of a stream, and its account."""

    papers: tuple[Paper, ...]
    source: Source


def gather(items: Iterable[Item]) -> Page:
    """Read a stream to its end."""
    tally = Tally()
    papers = tuple(tally.papers(items))
    return Page(papers, tally.source())


def whole(found: Sequence[Paper | Missing], *, date: str | None) -> Page:
    """What a document gives that holds all that was announced."""
    papers = tuple(one for one in found if isinstance(one, Paper))
    missing = tuple(one for one in found if isinstance(one, Missing))
    source = Source(date=date, announced=len(found), fetched=len(papers), missing=len(missing), missing_papers=missing)
    return Page(papers, source)


def settings(server: ArxivServer, limits: Limits = QUICK) -> ArxivSettings:
    """The loopback as the only arXiv."""
    return ArxivSettings(api_url=server.api_url, feed_url=server.root, delay=0, limits=limits)


def session(server: ArxivServer, shelf: Shelf | None = None, **options: Any) -> ArxivSession:
    """A way to the loopback; ``now`` is noon of the day of its feed."""
    given: dict[str, Any] = {"now": lambda: NOW} | options
    own = given.pop("settings", settings(server, given.pop("limits", QUICK)))
    return ArxivSession(own, given.pop("pacer", unpaced()), shelf or Shelf(), **given)


def read(server: ArxivServer, wanted: Wanted | None = None, way: ArxivSession | None = None) -> list[Page]:
    """The announcement that the loopback has."""
    return [gather(announcement(way or session(server), wanted or Wanted(("cs.AI",)), None))]


def papers_of(pages: Iterable[Page]) -> list[Paper]:
    """All papers of all pages."""
    return [paper for page in pages for paper in page.papers]


def ids_of(pages: Iterable[Page]) -> list[str]:
    """Their ids."""
    return [paper.id for paper in papers_of(pages)]


def asked(server: ArxivServer) -> Sequence[int]:
    """How many ids each request to the query API named."""
    return [len(seen.query["id_list"].split(",")) for seen in server.requests if "id_list" in seen.query]
