"""The query API of arXiv: categories, a query, a window of submission, or ids.

Manual: https://info.arxiv.org/help/api/user-manual.html#query_details.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import arxiv  # type: ignore[import-untyped]
import requests

from pipeline.categories import explain, has_subjects, is_category
from pipeline.errors import FetchError, UsageError
from pipeline.fetch.api_atom import ApiFeed, Client, paper_of, read_api_feed
from pipeline.fetch.http import ArxivAdapter, Limits, Pacer
from pipeline.fetch.pages import Page, merged
from pipeline.records import Missing, Paper, Source, parse_id

PAGE_SIZE = 100
"""Papers of one request: small enough for the first summaries to start early, and for an id list to fit an address."""

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ArxivSettings:
    """Where arXiv is and how it is to be treated."""

    api_url: str = "https://export.arxiv.org/api/query"
    feed_url: str = "https://rss.arxiv.org"
    delay: float = 3.0
    """Seconds between requests, for the `Pacer` of the process: https://info.arxiv.org/help/api/tou.html."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the query API: ids alone, or any of the others together."""

    categories: tuple[str, ...] = ()
    """Categories or archives; a paper in any of them is meant."""
    query: str | None = None
    """A search in the API's own language."""
    ids: tuple[str, ...] = ()
    window: tuple[datetime, datetime] | None = None
    """From when to before when a paper's first version was submitted."""
    limit: int | None = None


def search(settings: ArxivSettings, asked: Asked, pacer: Pacer) -> Iterator[Page]:
    """Return the papers that were asked for, a page for each answer of arXiv, before the next is asked for.

    Searches come newest submission first. Once some papers came, a failure ends the stream with what is missing.

    Raises:
        UsageError: what was asked cannot be asked; raised at once, before any request.
        FetchError: arXiv gave nothing; raised while iterating.
    """
    _check(asked)
    if asked.ids:
        return _by_ids(settings, _parsed(asked.ids)[: asked.limit], pacer)
    terms = arxiv.Search(query=search_terms(asked), max_results=asked.limit, sort_by=arxiv.SortCriterion.SubmittedDate)
    return _by_terms(settings, terms, pacer)


def search_terms(asked: Asked) -> str:
    """Return the API's search expression; its submittedDate range counts minutes in GMT, both ends included."""
    terms = []
    if asked.categories:
        terms.append(" OR ".join(f"cat:{name}{'.*' if has_subjects(name) else ''}" for name in asked.categories))
    if asked.query:
        terms.append(asked.query)
    if asked.window:
        start, end = (moment.astimezone(UTC) for moment in asked.window)
        terms.append(f"submittedDate:[{start:%Y%m%d%H%M} TO {end - _MINUTE:%Y%m%d%H%M}]")
    return terms[0] if len(terms) == 1 else " AND ".join(f"({term})" for term in terms)


def _check(asked: Asked) -> None:
    for category in asked.categories:
        if not is_category(category):
            raise UsageError(explain(category))
    others = bool(asked.categories or asked.query or asked.window)
    if others == bool(asked.ids):
        raise UsageError("Ask arXiv either for ids or for categories, a query or dates.")
    if asked.limit is not None and asked.limit < 1:
        raise UsageError(f"A limit of {asked.limit} papers asks for nothing; the least is 1.")


def _parsed(ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return each id once, and with the version that was asked for."""
    parsed: dict[str, str] = {}
    for given in ids:
        try:
            identifier, version = parse_id(given)
        except ValueError as error:
            raise UsageError(f"{error}.") from error
        parsed.setdefault(identifier, f"{identifier}v{version}" if version else identifier)
    return list(parsed.items())


class _Gathered:
    """Everything that came so far, each paper once."""

    def __init__(self, announced: int = 0) -> None:
        self.announced = announced
        self.fetched: set[str] = set()
        self.missing: dict[str, Missing] = {}

    def add(self, found: Sequence[Paper | Missing]) -> Page:
        papers = merged(item for item in found if isinstance(item, Paper))
        fresh = tuple(paper for paper in papers if paper.id not in self.fetched)
        self.fetched.update(paper.id for paper in fresh)
        self.missing.update({item.id: item for item in found if isinstance(item, Missing)})
        return Page(fresh, self.source())

    def source(self, *, lost: int = 0) -> Source:
        return Source(
            announced=max(self.announced, len(self.fetched) + len(self.missing)),
            fetched=len(self.fetched),
            missing=max(len(self.missing), lost),
            missing_papers=tuple(self.missing.values()),
        )


def _by_terms(settings: ArxivSettings, terms: Any, pacer: Pacer) -> Iterator[Page]:
    gathered, given = _Gathered(), None
    reason = "arXiv counts them among the results and did not give them"
    try:
        for found, total in _answers(settings, terms, pacer):
            gathered.announced = min(total, terms.max_results or total)
            page = gathered.add(found)
            if page.papers:
                given = page.source
                yield page
    except FetchError as error:
        if given is None:
            raise
        reason = error.message
    lost = gathered.announced - len(gathered.fetched)
    if (more := lost - len(gathered.missing)) > 0:
        gathered.missing["more"] = Missing(id=f"{more} more", reason=reason)
    final = Page((), gathered.source(lost=lost))
    if given != final.source:
        yield final


def _by_ids(settings: ArxivSettings, ids: list[tuple[str, str]], pacer: Pacer) -> Iterator[Page]:
    gathered, given = _Gathered(announced=len(ids)), None
    reason = "arXiv has no such paper"
    try:
        for first in range(0, len(ids), PAGE_SIZE):
            asked = [versioned for _, versioned in ids[first : first + PAGE_SIZE]]
            for found, _ in _answers(settings, arxiv.Search(id_list=asked, max_results=len(asked)), pacer):
                page = gathered.add(found)
                if page.papers:
                    given = page.source
                    yield page
    except FetchError as error:
        if given is None:
            raise
        reason = error.message
    known = gathered.fetched | gathered.missing.keys()
    gathered.missing |= {name: Missing(id=name, reason=reason) for name, _ in ids if name not in known}
    final = Page((), gathered.source())
    if given != final.source:
        yield final


def _answers(settings: ArxivSettings, wanted: Any, pacer: Pacer) -> Iterator[tuple[list[Paper | Missing], int]]:
    """Yield what each answer holds, at last nothing, and the least that an answer said the results are in all."""
    judged: list[ApiFeed] = []

    def judge(body: bytes) -> bytes:
        judged.append(read_api_feed(body))
        return judged[-1].body

    size = min(PAGE_SIZE, wanted.max_results or PAGE_SIZE)
    with closing(Client(settings.api_url, ArxivAdapter(judge, pacer, settings.limits), page_size=size)) as client:
        results = client.results(wanted)
        while (first := _next(results, settings.api_url)) is not None:
            rest = islice(results, judged[-1].entries - 1)
            yield [paper_of(result) for result in (first, *rest)], min(feed.total for feed in judged)
        yield [], min(feed.total for feed in judged)


def _next(results: Iterator[Any], address: str) -> Any:
    try:
        return next(results, None)
    except arxiv.UnexpectedEmptyPageError:
        # Papers left the results while they were read: the answer's own total says that none is left.
        return None
    except (requests.RequestException, arxiv.ArxivError) as error:
        raise FetchError(f"{address}: {error}", hint="Check the address of arXiv's query API.") from error
