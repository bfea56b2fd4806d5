"""A loopback arXiv: the query API and the announcement feeds, made from records, with faults on request."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from pipeline.categories import is_category
from pipeline.records import Paper, parse_id
from tests.servers.hang_ups import QuietServer

_NAMESPACES = (
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
)
_ATOM = f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" {_NAMESPACES}>'
_RSS = f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" {_NAMESPACES}><channel>'
_DATES = re.compile(r"submittedDate:\[(\d{12}) TO (\d{12})\]")
_WORDS = re.compile(r"\b(?:all|ti|abs):(\w+)")
_TRICKLE = 0.05


@dataclass(frozen=True)
class Fault:
    """An answer that is played once, in place of the right one."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """None is the right body, to be spoilt."""
    manner: Literal["whole", "hang-up", "stall", "stall-once", "stall-in-body", "trickle", "trickle-headers", "cut"] = (
        "whole"
    )
    """Hang-up and stall come before the first byte, stall-once until the server is told to go on.

    A cut body is half the length that its header says.
    """


@dataclass(frozen=True)
class Seen:
    """A request as the server saw it."""

    at: float
    """Seconds of `time.monotonic`."""
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class ArxivServer:
    """Serves ``papers`` on 127.0.0.1 while it is entered; ``faults`` are played first, one a request."""

    def __init__(self, papers: Iterable[Paper] = (), faults: Sequence[Fault] = (), *, day: date | None = None) -> None:
        self.papers = tuple(papers)
        self.faults = list(faults)
        self.day = day or date(2026, 4, 27)
        """The date of the announcement feeds."""
        self.feed_papers: tuple[Paper, ...] | None = None
        """What the announcement feeds hold; None is ``papers``, of which the API may be said to have only some."""
        self.refused: frozenset[str] = frozenset()
        """Well-formed ids that cost a whole list of ids."""
        self.most: int | None = None
        """Results that the API gives out of one query; None is all."""
        self.requests: list[Seen] = []
        self.open = 0
        """Connections that are open."""
        self.closing = Event()
        self.go_on = Event()
        self._lock = Lock()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.arxiv = self

    @property
    def root(self) -> str:
        """Address of the announcement feeds' host."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def api_url(self) -> str:
        """Address of the query API."""
        return f"{self.root}/api/query"

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def note(self, seen: Seen) -> Fault | None:
        """Record a request and return the fault to play, if there is one left."""
        with self._lock:
            self.requests.append(seen)
            return self.faults.pop(0) if self.faults else None

    def count(self, more: int) -> None:
        """Count connections that were opened or closed."""
        with self._lock:
            self.open += more

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body of the right answer."""
        place, _, name = path.strip("/").partition("/")
        if path == "/api/query":
            return self._query(query)
        if place in {"rss", "atom"} and name:
            if unknown := [it for it in unquote(name).split("+") if not is_category(it)]:
                return 400, error_announcement(unknown[0])
            papers = self.papers if self.feed_papers is None else self.feed_papers
            return 200, announcement_feed(papers, unquote(name), self.day, flavour=place)
        return 404, b"<!DOCTYPE html><html><body>Not Found</body></html>"

    def _query(self, query: dict[str, str]) -> tuple[int, bytes]:
        for name in query.get("id_list", "").split(","):
            if name.partition("v")[0] in self.refused:
                return 400, error_feed(f"incorrect id format for {name}")
        if self.most is not None and int(query.get("start", "0")) >= self.most:
            return 400, error_feed("start must be less than the results that are given out")
        return query_answer(self.papers, query)


class _Server(QuietServer):
    arxiv: ArxivServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle(self) -> None:
        arxiv = self.server.arxiv
        arxiv.count(1)
        try:
            super().handle()
        finally:
            arxiv.count(-1)

    def do_GET(self) -> None:
        arxiv, address = self.server.arxiv, urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        fault = arxiv.note(Seen(time.monotonic(), address.path, query, dict(self.headers))) or Fault()
        status, body = arxiv.answer(address.path, query)
        if fault.status != 200:
            status = fault.status
        self._play(fault, status, body if fault.body is None else fault.body)

    def _play(self, fault: Fault, status: int, body: bytes) -> None:
        closing = self.server.arxiv.closing
        self.close_connection = fault.manner != "whole"
        if fault.manner == "stall":
            closing.wait()
        if fault.manner == "stall-once":
            self.server.arxiv.go_on.wait()
        if fault.manner in {"stall", "hang-up"}:
            return
        head = {"Content-Type": "application/atom+xml; charset=utf-8", "Content-Length": str(len(body))} | fault.headers
        lines = [f"HTTP/1.1 {status} Answer", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        headers = "\r\n".join(lines).encode("latin-1")
        half = len(body) // 2
        if fault.manner == "trickle-headers":
            self._trickle(headers)
        self.wfile.write(headers)
        if fault.manner == "trickle":
            self._trickle(body)
        elif fault.manner in {"whole", "stall-once"}:
            self.wfile.write(body)
        else:
            self.wfile.write(body[:half])
        if fault.manner == "stall-in-body":
            closing.wait()

    def _trickle(self, data: bytes) -> None:
        for byte in data:
            if self.server.arxiv.closing.wait(_TRICKLE):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Nothing is logged: `ArxivServer.requests` has it all."""


def query_answer(papers: Sequence[Paper], query: dict[str, str]) -> tuple[int, bytes]:
    """Return status and body of the query API: an Atom feed, or its error feed with status 400."""
    ids = [name for name in query.get("id_list", "").split(",") if name]
    try:
        wanted = {parse_id(name)[0] for name in ids}
    except ValueError as error:
        return 400, error_feed(f"incorrect id format for {str(error).split(chr(39))[1]}")
    found = [paper for paper in papers if not ids or paper.id in wanted]
    found = [paper for paper in found if _matches(paper, query.get("search_query", ""))]
    if query.get("sortBy") in {"submittedDate", "lastUpdatedDate"}:
        found.sort(key=_submitted, reverse=query.get("sortOrder") != "ascending")
    start, count = int(query.get("start", "0")), int(query.get("max_results", "10"))
    return 200, api_feed(found[start : start + count], total=len(found), start=start)


def api_feed(papers: Sequence[Paper], *, total: int | None = None, start: int = 0) -> bytes:
    """Return an answer of the query API that holds ``papers``."""
    numbers = {"totalResults": len(papers) if total is None else total, "startIndex": start, "itemsPerPage": 100}
    counts = "".join(f"<opensearch:{name}>{number}</opensearch:{name}>" for name, number in numbers.items())
    head = "<id>https://arxiv.org/api/loopback</id><title>arXiv Query</title><updated>2026-04-27T00:00:00Z</updated>"
    return f"{_ATOM}{head}{counts}{''.join(map(api_entry, papers))}</feed>".encode()


def api_entry(paper: Paper) -> str:
    """Return a paper as an entry of the query API."""
    optional = {"comment": paper.comment, "doi": paper.doi, "journal_ref": paper.journal_ref}
    dates = {"published": paper.published, "updated": paper.updated or paper.published}
    primary = paper.primary_category or (paper.categories[0] if paper.categories else None)
    return "".join(
        (
            f"<entry><id>http://arxiv.org/abs/{paper.id}v{paper.version or 1}</id>",
            f"<title>{escape(paper.title)}</title><summary>{escape(paper.abstract)}</summary>",
            *(f"<{name}>{_stamp(moment)}</{name}>" for name, moment in dates.items() if moment),
            *(f"<author><name>{escape(name)}</name></author>" for name in paper.authors),
            *(f'<category term="{name}"/>' for name in paper.categories),
            f'<arxiv:primary_category term="{primary}"/>' if primary else "",
            *(f"<arxiv:{name}>{escape(value)}</arxiv:{name}>" for name, value in optional.items() if value),
            "</entry>\n",
        )
    )


def error_feed(message: str) -> bytes:
    """Return the query API's way to say what was wrong."""
    entry = f"<id>https://arxiv.org/api/errors#loopback</id><title>Error</title><summary>{escape(message)}</summary>"
    return f"{_ATOM}<title>arXiv Search Results</title><entry>{entry}</entry></feed>".encode()


def error_announcement(name: str) -> bytes:
    """Return the feed in which arXiv says that there is no such category."""
    said = (
        f"<title>Feed error for query: {escape(name)}</title><description>Bad archive '{escape(name)}'.</description>"
    )
    return f"{_RSS}{said}</channel></rss>".encode()


def announcement_feed(papers: Sequence[Paper], name: str, day: date, *, flavour: str = "rss") -> bytes:
    """Return the announcement of ``day`` in the categories ``name``, joined by ``+``, as RSS or Atom."""
    wanted = [category if "." in category else f"{category}*" for category in name.split("+")]
    chosen = [paper for paper in papers if any(fnmatchcase(own, it) for own in paper.categories for it in wanted)]
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York"))
    title = f"<title>{escape(name)} updates on arXiv.org</title>"
    if flavour == "atom":
        built = f"<id>http://rss.arxiv.org/atom/{escape(name)}</id><updated>{midnight.isoformat()}</updated>"
        return f"{_ATOM}{title}{built}{''.join(_item(paper, midnight, flavour) for paper in chosen)}</feed>".encode()
    built = f"<link>http://rss.arxiv.org/rss/{escape(name)}</link><pubDate>{format_datetime(midnight)}</pubDate>"
    return (
        f"{_RSS}{title}{built}{''.join(_item(paper, midnight, flavour) for paper in chosen)}</channel></rss>".encode()
    )


def _item(paper: Paper, midnight: datetime, flavour: str) -> str:
    version, kind = paper.version or 1, paper.announce_type or "new"
    abstract = escape(f"arXiv:{paper.id}v{version} Announce Type: {kind} \nAbstract: {paper.abstract}")
    shared = f"<title>{escape(paper.title)}</title><arxiv:announce_type>{kind}</arxiv:announce_type>"
    shared += f"<dc:creator>{escape(', '.join(paper.authors))}</dc:creator>"
    name = f"oai:arXiv.org:{paper.id}v{version}"
    if flavour == "atom":
        terms = "".join(f'<category term="{category}"/>' for category in paper.categories)
        day = f"<published>{midnight.isoformat()}</published>"
        return f"<entry><id>{name}</id>{shared}<summary>{abstract}</summary>{terms}{day}</entry>"
    terms = "".join(f"<category>{category}</category>" for category in paper.categories)
    day = f"<pubDate>{format_datetime(midnight)}</pubDate>"
    return f"<item><guid>{name}</guid>{shared}<description>{abstract}</description>{terms}{day}</item>"


def _matches(paper: Paper, terms: str) -> bool:
    """Read as much of the query language as this project uses: cat:, submittedDate: and words, joined by AND."""
    categories = re.findall(r"cat:([\w.*-]+)", terms)
    if categories and not any(fnmatchcase(own, wanted) for own in paper.categories for wanted in categories):
        return False
    if dates := _DATES.search(terms):
        start, end = dates.groups()
        if not start <= _submitted(paper).strftime("%Y%m%d%H%M") <= end:
            return False
    content = f"{paper.title} {paper.abstract}".lower()
    return all(word.lower() in content for word in _WORDS.findall(terms))


def _submitted(paper: Paper) -> datetime:
    return (paper.published or datetime(1991, 8, 14, tzinfo=UTC)).astimezone(UTC)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
