"""What one command asks arXiv: one pace, one patience, and what is kept of the answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

import arxiv  # type: ignore[import-untyped]
from pydantic import ValidationError

from pipeline.fetch.arxiv.atom import ApiPage, Client, read_answer
from pipeline.fetch.arxiv.documents import DamagedError, Kind, RefusedError, UnreadableError, read_document
from pipeline.fetch.arxiv.limits import PAGE_SIZE, ArxivSettings
from pipeline.fetch.arxiv.pacer import Pacer
from pipeline.fetch.arxiv.rss import Feed, read_feed
from pipeline.fetch.arxiv.schedule import eastern_today
from pipeline.fetch.arxiv.transport import RefusalError, Transport
from pipeline.records import Missing, Paper, parse_id

_REFUSED_ID = re.compile(r"incorrect id format for (\S{1,80})")

T = TypeVar("T")


class AnswerCache(Protocol):
    """Answers of arXiv that outlive the process."""

    def get(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Return, of ``keys``, what is kept and still good."""
        ...

    def put(self, bodies: Mapping[str, bytes], *, whole: bool) -> None:
        """Keep ``bodies`` by their keys, for the day if they are ``whole``, else for a short while."""
        ...

    def doubt(self, keys: Iterable[str]) -> None:
        """Keep what was kept for the day for a short while only."""
        ...


class ArxivSession:
    """The way to arXiv that all sources of a command share."""

    def __init__(
        self,
        settings: ArxivSettings,
        pacer: Pacer,
        kept: AnswerCache,
        *,
        now: Callable[[], datetime],
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``tell`` is told of an outage that is waited out."""
        self.now = now
        self.today = eastern_today(now())
        """arXiv's day: what it answers changes with it, and so what is kept is good for it only."""
        self._settings = settings
        self._kept = kept
        self._transport = Transport(settings.limits, pacer, now=now, tell=tell)
        self._records: dict[str, Paper | None] = {}

    def feed(self, categories: Sequence[str]) -> Feed:
        """Return the announcement feed of ``categories`` as arXiv has it now, or had it a short while ago.

        Raises:
            FetchError: arXiv gave none, or its error feed.
        """
        address = f"{self._settings.feed_url.rstrip('/')}/rss/{'+'.join(categories)}"

        def read(body: bytes) -> Feed:
            document = read_document(body)
            if document.kind is Kind.API:
                raise DamagedError(f"{Kind.API.value} in place of an announcement feed")
            return read_feed(document, address)

        feed, body = self._answer(address, read)
        if body is not None:
            # Another takes its place whenever arXiv makes it.
            self._kept.put({self._key(address): body}, whole=False)
        return feed

    def search(self, query: str, *, most: int, settled: bool) -> Iterator[ApiPage]:
        """Yield the answers to a search, newest submission first, each before the next is asked for.

        Those to a ``settled`` search, which finds the same tomorrow, are kept for the day. Once they are read it shows
        whether they add up: if they do not, they are asked for again soon. One that brings nothing more is the last.

        Raises:
            FetchError: arXiv did not answer.
        """
        asked: list[str] = []
        ids: set[str] = set()

        def answer(address: str) -> ApiPage:
            page, body = self._answer(address, read_answer)
            asked.append(self._key(address))
            if body is not None:
                self._kept.put({asked[-1]: body}, whole=settled)
            return page

        newest_first = arxiv.SortCriterion.SubmittedDate
        least = most
        for page in self._pages(arxiv.Search(query=query, max_results=most, sort_by=newest_first), answer):
            before = len(ids)
            ids.update(found.id for found in page.results)
            least = min(least, page.header.total_results)
            yield page
            if len(ids) == before:
                break
        if len(ids) < least:
            self._kept.doubt(asked)

    def records(self, names: Sequence[str]) -> Iterator[Paper | Missing]:
        """Yield what the query API has of up to `PAGE_SIZE` ids, each with or without version; of a refused id, why.

        What it has is kept for the day, what it lacks is asked for again soon.

        Raises:
            FetchError: arXiv did not answer, or refused for another reason.
        """
        self._recall(names)
        yield from (paper for name in names if (paper := self._records.get(name)))
        left = {parse_id(name)[0]: name for name in names if name not in self._records}
        refused: set[str] = set()
        for page in self._lists(left) if left else ():
            refused |= {one.id for one in page if isinstance(one, Missing)}
            found = {left[one.id]: one for one in page if isinstance(one, Paper) and one.id in left}
            self._records |= found
            self._kept.put({self._key(f"id:{name}"): _written(one) for name, one in found.items()}, whole=True)
            yield from page
        absent = [name for one, name in left.items() if name not in self._records and one not in refused]
        self._records |= dict.fromkeys(absent)
        self._kept.put({self._key(f"id:{name}"): b"" for name in absent}, whole=False)

    def _lists(self, left: Mapping[str, str]) -> Iterator[Sequence[Paper | Missing]]:
        """Yield the answers to a list of ids; an id for which arXiv refuses the list is left out of the next one."""
        names = list(left.values())
        while names:
            try:
                yield from self._list(names)
            except RefusalError as refusal:
                bad = _named(refusal.said, names)
                if bad is None:
                    raise
                names.remove(bad)
                yield [Missing(id=parse_id(bad)[0], reason=f"arXiv refused: {refusal.said}")]
            else:
                return

    def _list(self, names: Sequence[str]) -> Iterator[Sequence[Paper | Missing]]:
        """Yield the answers to one list until all ids are there or one brings none: totals of lists are unreliable."""
        wanted = {parse_id(name)[0] for name in names}
        # Without a bound: where answers overlap, what comes twice would count against it.
        for page in self._pages(arxiv.Search(id_list=list(names), max_results=None), self._unkept):
            yield page.results
            came = wanted & {found.id for found in page.results}
            wanted -= came
            if not wanted or not came:
                return

    def _unkept(self, address: str) -> ApiPage:
        return self._transport.get(address, read_answer)[0]

    def _pages(self, wanted: arxiv.Search, answer: Callable[[str], ApiPage]) -> Iterator[ApiPage]:
        """Yield page by page what `arxiv`'s client reads as one stream."""
        last: ApiPage | None = None

        def noted(address: str) -> ApiPage:
            nonlocal last
            last = answer(address)
            return last

        size = min(PAGE_SIZE, wanted.max_results or PAGE_SIZE)
        results = Client(self._settings.api_url, noted, page_size=size).results(wanted)
        while next(results, None) is not None and last is not None:
            # The rest of the page, so that the next one is not asked for yet.
            for _ in islice(results, len(last.results) - 1):
                pass
            yield last
        if last is not None and not last.results:
            yield last

    def _answer(self, address: str, read: Callable[[bytes], T]) -> tuple[T, bytes | None]:
        """Return what an address has, and the answer itself unless it was kept."""
        key = self._key(address)
        body = self._kept.get([key]).get(key)
        if body is not None:
            try:
                return read(body), None
            except (RefusedError, UnreadableError):
                pass
        return self._transport.get(address, read)

    def _recall(self, names: Iterable[str]) -> None:
        keys = {self._key(f"id:{name}"): name for name in names if name not in self._records}
        for key, body in self._kept.get(keys).items() if keys else ():
            try:
                self._records[keys[key]] = Paper.model_validate_json(body) if body else None
            except ValidationError:
                continue

    def _key(self, address: str) -> str:
        return f"{self.today} {address}"


def _written(paper: Paper) -> bytes:
    return paper.model_dump_json().encode("utf-8", "backslashreplace")


def _named(said: str, names: Sequence[str]) -> str | None:
    """Return the one of ``names`` that a refusal names."""
    match = _REFUSED_ID.search(said)
    name = match[1].rstrip(".,;") if match else None
    return next((one for one in names if name in {one, parse_id(one)[0]}), None)
