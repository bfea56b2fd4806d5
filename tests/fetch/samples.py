"""Papers, a clock and a shelf for the tests of the fetch stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipeline.fetch import ArxivSettings, Limits, Pacer, Page, Wanted, Wire, announced
from pipeline.records import Paper
from tests.servers.arxiv import ArxivServer

DAY = date(2026, 4, 27)
NOON = datetime(2026, 4, 24, 12, tzinfo=UTC)
QUICK = Limits(connect=1, read=0.4, total=0.6, tries=3, patience=5, backoff=0.01, longest_wait=0.02)


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


class Shelf:
    """Keeps answers in memory, on a clock that only tests move."""

    def __init__(self) -> None:
        self.bodies: dict[str, tuple[bytes, timedelta]] = {}
        self.now = timedelta()

    def get(self, key: str, *, within: timedelta | None = None) -> bytes | None:
        """What was put."""
        body, put = self.bodies.get(key, (None, timedelta()))
        return body if within is None or self.now - put <= within else None

    def put(self, key: str, body: bytes) -> None:
        """Put."""
        self.bodies[key] = body, self.now


def settings(server: ArxivServer, limits: Limits = QUICK) -> ArxivSettings:
    """The loopback as the only arXiv."""
    return ArxivSettings(api_url=server.api_url, feed_url=server.root, delay=0, limits=limits)


def read(server: ArxivServer, wanted: Wanted | None = None, wire: Wire | None = None) -> list[Page]:
    """All pages of the announcement that the loopback has."""
    return list(announced(settings(server), wanted or Wanted(("cs.AI",)), wire or Wire(Pacer(0))))


def papers_of(pages: Iterable[Page]) -> list[Paper]:
    """All papers of all pages."""
    return [paper for page in pages for paper in page.papers]


def ids_of(pages: Iterable[Page]) -> list[str]:
    """Their ids."""
    return [paper.id for paper in papers_of(pages)]


def asked(server: ArxivServer) -> Sequence[int]:
    """How many ids each request to the query API named."""
    return [len(seen.query["id_list"].split(",")) for seen in server.requests if "id_list" in seen.query]
