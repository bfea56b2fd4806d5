"""One fetch from arXiv: the requests that it takes, within one budget of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

import arxiv  # type: ignore[import-untyped]
import requests

from pipeline.errors import FetchError
from pipeline.fetch.api_atom import ApiFeed, Client, paper_of, read_api_feed
from pipeline.fetch.documents import Document, Kind, UnreadableError, read_document
from pipeline.fetch.http import ArxivAdapter, RefusalError
from pipeline.fetch.limits import ArxivSettings, Budget
from pipeline.fetch.wire import Wire
from pipeline.records import Missing, Paper, parse_id

PAGE_SIZE = 100
"""Papers of one request: small enough for the first summaries to start early, and for an id list to fit an address."""

_MOST_REFUSED = 10
"""Ids of one list that are dropped because arXiv refuses the list for them."""
_REFUSED_ID = re.compile(r"incorrect id format for (\S+)")


class Errand:
    """One fetch."""

    def __init__(self, settings: ArxivSettings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire
        self._budget = Budget(settings.limits, wire.pacer.clock)

    def feed(self, address: str, is_passing: Callable[[bytes], bool]) -> Document:
        """Return the announcement feed at ``address``.

        Raises:
            FetchError: arXiv gave none, or its error feed.
        """

        def judge(body: bytes) -> bytes:
            if read_document(body).kind is Kind.API:
                raise UnreadableError(f"{Kind.API.value} in place of an announcement feed")
            return body

        transport = ArxivAdapter(judge, self._wire, self._budget, is_passing)
        with requests.Session() as session, _ours(address, "announcement feeds"):
            session.mount("http://", transport)
            session.mount("https://", transport)
            return read_document(session.get(address).content)

    def answers(self, wanted: Any) -> Iterator[tuple[list[Paper | Missing], int]]:
        """Yield what each answer of the query API holds, at last nothing, and the least total that an answer named.

        Raises:
            FetchError: arXiv did not answer.
        """
        judged: list[ApiFeed] = []

        def judge(body: bytes) -> bytes:
            judged.append(read_api_feed(body))
            return judged[-1].body

        size = min(PAGE_SIZE, wanted.max_results or PAGE_SIZE)
        transport = ArxivAdapter(judge, self._wire, self._budget)
        with closing(Client(self._settings.api_url, transport, page_size=size)) as client:
            results = client.results(wanted)
            while (first := self._next(results)) is not None:
                rest = islice(results, judged[-1].entries - 1)
                yield [paper_of(result) for result in (first, *rest)], min(feed.total for feed in judged)
            yield [], min(feed.total for feed in judged)

    def records(self, ids: Sequence[str]) -> Iterator[list[Paper | Missing]]:
        """Yield what the query API has of up to `PAGE_SIZE` ids; of an id that it refuses, why.

        One such id costs the whole list, so it is left out and the others are asked for again.

        Raises:
            FetchError: arXiv did not answer, or refused for another reason.
        """
        left, refused = list(ids), 0
        while left:
            try:
                # Without a bound: where answers overlap, what comes twice would count against it.
                for found, _ in self.answers(arxiv.Search(id_list=left)):
                    yield found
            except RefusalError as refusal:
                bad = _named(refusal.said, left)
                if bad is None or refused == _MOST_REFUSED:
                    raise
                left.remove(bad)
                refused += 1
                yield [Missing(id=parse_id(bad)[0], reason=f"arXiv refused: {refusal.said}")]
            else:
                return

    def _next(self, results: Iterator[Any]) -> Any:
        with _ours(self._settings.api_url, "query API"):
            try:
                return next(results, None)
            except arxiv.UnexpectedEmptyPageError:
                # Papers left the results while they were read: the answer's own total says that none is left.
                return None


def _named(said: str, ids: Sequence[str]) -> str | None:
    """Return the one of ``ids`` that a refusal names."""
    match = _REFUSED_ID.search(said)
    name = match[1].rstrip(".,;") if match else None
    return next((one for one in ids if name in {one, re.sub(r"v\d+$", "", one)}), None)


@contextmanager
def _ours(address: str, what: str) -> Iterator[None]:
    try:
        yield
    except (requests.RequestException, arxiv.ArxivError) as error:
        raise FetchError(f"{address}: {error}", hint=f"Check the address of arXiv's {what}.") from error
