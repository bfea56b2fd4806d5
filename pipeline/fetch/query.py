"""A search of the query API: categories, a query, a window of submission.

Manual: https://info.arxiv.org/help/api/user-manual.html#query_details.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.categories import explain, has_subjects, is_category
from pipeline.errors import FetchError, UsageError
from pipeline.fetch.filters import limited
from pipeline.fetch.items import Heading, Item
from pipeline.records import Missing, Paper

if TYPE_CHECKING:
    from pipeline.fetch.arxiv.session import ArxivSession

MOST_RESULTS = 10_000
"""Results of one query that the API gives out; those beyond them are asked for by narrower windows of submission."""
SETTLED = timedelta(days=1)
"""After which a window of submission has all its papers: the API lags behind."""

_MINUTE = timedelta(minutes=1)
_FIRST = datetime(1991, 1, 1, tzinfo=UTC)
"""Before arXiv's first paper."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the query API; any of its parts together."""

    categories: tuple[str, ...] = ()
    """Categories or archives; a paper in any of them is meant."""
    query: str | None = None
    """A search in the API's own language."""
    window: tuple[datetime, datetime] | None = None
    """From when to before when a paper's first version was submitted."""
    limit: int | None = None


def search(session: ArxivSession, asked: Asked) -> Iterator[Item]:
    """Return the papers that were asked for, newest submission first, each answer's before the next is asked for.

    Once some papers came, a failure ends the stream with what is missing.

    Raises:
        UsageError: what was asked cannot be asked; raised at once, before any request.
        FetchError: arXiv gave nothing; raised while iterating.
    """
    check(asked.categories, asked.limit)
    if not (asked.categories or asked.query or asked.window):
        raise UsageError("Ask arXiv for categories, a query or dates.")
    return limited(_found(session, asked), asked.limit)


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


def _found(session: ArxivSession, asked: Asked) -> Iterator[Item]:
    """Yield the results, each paper once, and what is lacking of as many as arXiv counts."""
    seen: set[str] = set()
    total, reason = 0, "arXiv counts them among the results and did not give them"
    yield Heading(announced=0)
    try:
        for page, counted in _results(session, asked):
            yield Heading(announced=counted - total)
            total = counted
            fresh = {found.id: found for found in page if found.id not in seen}
            seen |= fresh.keys()
            yield from fresh.values()
    except FetchError as error:
        if not seen:
            raise
        reason = error.message
    if (lost := min(total, asked.limit or total) - len(seen)) > 0:
        yield Missing(id=f"{lost} more", reason=reason, count=lost)


def _results(session: ArxivSession, asked: Asked) -> Iterator[tuple[Sequence[Paper | Missing], int]]:
    """Yield what each answer holds and how many results there are in all, as far as known.

    A query with more results than the API gives out is split by time of submission, the later half first.
    """
    parts, past, whole = [asked], 0, 0
    while parts:
        part, total = parts.pop(), 0
        for found, least in _answers(session, part):
            total = least
            beyond = min(total, part.limit or total) > MOST_RESULTS
            halves = _halves(part, found) if beyond else None
            whole = whole or total
            yield found, whole if halves or parts else past + total
            if halves:
                parts += halves
                total = 0
                break
        past += total


def _answers(session: ArxivSession, asked: Asked) -> Iterator[tuple[Sequence[Paper | Missing], int]]:
    """Yield what each answer holds, and the least total that one named so far."""
    most = min(asked.limit or MOST_RESULTS, MOST_RESULTS)
    settled = asked.window is not None and asked.window[1] + SETTLED <= session.now()
    least: int | None = None
    for page in session.search(search_terms(asked), most=most, settled=settled):
        total = page.header.total_results
        least = total if least is None else min(least, total)
        yield page.results, least


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
