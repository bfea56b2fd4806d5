"""The query API of arXiv: categories, a query, a window of submission, or ids.

Manual: https://info.arxiv.org/help/api/user-manual.html#query_details.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import arxiv  # type: ignore[import-untyped]

from pipeline.categories import explain, has_subjects, is_category
from pipeline.errors import FetchError, UsageError
from pipeline.fetch.errand import PAGE_SIZE, Errand
from pipeline.fetch.limits import ArxivSettings
from pipeline.fetch.pages import Page, limit_notes, merged, tidy
from pipeline.fetch.wire import Wire
from pipeline.records import Missing, Note, Paper, Source, parse_id

MOST_RESULTS = 10_000
"""Results of one query that the API gives out; those beyond them are asked for by narrower windows of submission."""

_MINUTE = timedelta(minutes=1)
_FIRST = datetime(1991, 1, 1, tzinfo=UTC)
"""Before arXiv's first paper."""


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


def search(settings: ArxivSettings, asked: Asked, wire: Wire) -> Iterator[Page]:
    """Return the papers that were asked for, a page for each answer of arXiv, before the next is asked for.

    Searches come newest submission first. Once some papers came, a failure ends the stream with what is missing.

    Raises:
        UsageError: what was asked cannot be asked; raised at once, before any request.
        FetchError: arXiv gave nothing; raised while iterating.
    """
    check(asked.categories, asked.limit)
    if bool(asked.categories or asked.query or asked.window) == bool(asked.ids):
        raise UsageError("Ask arXiv either for ids or for categories, a query or dates.")
    if asked.ids:
        return _by_ids(Errand(settings, wire), _parsed(asked.ids), asked.limit)
    return tidy(_by_terms(Errand(settings, wire), asked), asked.limit)


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


def check(categories: Sequence[str], limit: int | None) -> None:
    """Raise `UsageError` for what is no category, and for a limit below 1."""
    for category in categories:
        if not is_category(category):
            raise UsageError(explain(category))
    if limit is not None and limit < 1:
        raise UsageError(f"A limit of {limit} papers asks for nothing; the least is 1.")


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

    def __init__(self, announced: int = 0, notes: tuple[Note, ...] = ()) -> None:
        self.notes = notes
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
            notes=self.notes,
        )


def _by_terms(errand: Errand, asked: Asked) -> Iterator[Page]:
    gathered, given = _Gathered(), None
    reason = "arXiv counts them among the results and did not give them"
    try:
        for found, total, least in _results(errand, asked):
            gathered.announced = total
            gathered.notes = gathered.notes or limit_notes(asked.limit, least)
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


def _results(errand: Errand, asked: Asked) -> Iterator[tuple[list[Paper | Missing], int, int]]:
    """Yield what each answer holds, how many results are asked for in all, as far as known, and how many it names.

    A query with more results than the API gives out is split by time of submission, the later half first.
    """
    parts, past, whole = [asked], 0, 0
    while parts:
        part, total = parts.pop(), 0
        for found, least in _answers(errand, part):
            total = min(least, part.limit or least)
            halves = _halves(part, found) if total > MOST_RESULTS else None
            whole = whole or total
            yield found, whole if halves or parts else past + total, least
            if halves:
                parts += halves
                total = 0
                break
        past += total


def _answers(errand: Errand, asked: Asked) -> Iterator[tuple[list[Paper | Missing], int]]:
    most = min(asked.limit or MOST_RESULTS, MOST_RESULTS)
    newest_first = arxiv.SortCriterion.SubmittedDate
    return errand.answers(arxiv.Search(query=search_terms(asked), max_results=most, sort_by=newest_first))


def _halves(asked: Asked, found: Sequence[Paper | Missing]) -> list[Asked] | None:
    """Return the earlier and the later half of what is asked; None where a minute cannot be halved.

    Where no window is asked for, the newest paper, which comes first, says where one would end.
    """
    newest = max((paper.published for paper in found if isinstance(paper, Paper) and paper.published), default=None)
    if asked.window is None and newest is None:
        return None
    start, end = asked.window or (_FIRST, (newest or _FIRST) + _MINUTE)
    minutes = (end - start) // _MINUTE
    if minutes < 2:
        return None
    middle = start + minutes // 2 * _MINUTE
    return [replace(asked, window=(start, middle)), replace(asked, window=(middle, end))]


def _by_ids(errand: Errand, asked: list[tuple[str, str]], limit: int | None) -> Iterator[Page]:
    ids = asked[:limit]
    gathered, given = _Gathered(len(ids), limit_notes(limit, len(asked))), None
    reason = "arXiv has no such paper"
    try:
        for first in range(0, len(ids), PAGE_SIZE):
            for found in errand.records([versioned for _, versioned in ids[first : first + PAGE_SIZE]]):
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
