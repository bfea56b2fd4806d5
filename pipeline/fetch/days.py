"""The announcement of one day: from the feed while it has it, else from the schedule's window of submission.

The query API does not say when a paper was announced: https://info.arxiv.org/help/api/user-manual.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pipeline.categories import covers
from pipeline.errors import UsageError
from pipeline.fetch.feed import Wanted, announced
from pipeline.fetch.limits import ArxivSettings
from pipeline.fetch.pages import Page, limited, lowered
from pipeline.fetch.query import Asked, search
from pipeline.fetch.schedule import submission_window
from pipeline.fetch.wire import Wire
from pipeline.records import FIRST_KINDS, FOLLOWS_SUBMISSION, Note, Paper, Source
from pipeline.settings import HOLIDAYS


def announcement(
    settings: ArxivSettings, wanted: Wanted, wire: Wire, day: date | None, holidays: frozenset[date] = HOLIDAYS
) -> Iterator[Page]:
    """Yield the announcement of ``day``; None is what the feed has now, under the feed's own date.

    Of a day that the feed does not have, the papers submitted in its window stand in, the newest first, and a note says
    so; those whose primary category is wanted count as new, the others as cross-lists.

    Raises:
        UsageError: what is wanted cannot be asked for, such as the replacements of a past day.
        FetchError: arXiv gave nothing.
    """
    if day is None or day == wire.day:
        pages = announced(settings, wanted, wire)
        first = next(pages)
        if day is None or first.source.date in {None, day.isoformat()}:
            yield first
            yield from pages
            return
    yield from _submitted(settings, wanted, wire, _Day(day, holidays))


class _Day:
    """A day of the schedule."""

    def __init__(self, day: date, holidays: frozenset[date]) -> None:
        self.name = day.isoformat()
        self.window = submission_window(day, holidays)


def _submitted(settings: ArxivSettings, wanted: Wanted, wire: Wire, day: _Day) -> Iterator[Page]:
    first = frozenset(FIRST_KINDS)
    kinds = (wanted.announce & first) - ({"cross"} if wanted.primary_only else set())
    if day.window is None:
        return iter([Page((), Source(date=day.name, announced=0))])
    if not kinds:
        raise UsageError(
            f"{day.name}: arXiv no longer says what was announced as {', '.join(sorted(wanted.announce))} then",
            hint="For a past day only new papers and cross-lists are available.",
        )
    every = kinds == first
    asked = Asked(wanted.categories, window=day.window, limit=wanted.limit if every else None)
    pages = _of_kinds(search(settings, asked, wire), wanted.categories, kinds, day.name)
    return pages if every or wanted.limit is None else limited(pages, wanted.limit)


def _of_kinds(pages: Iterator[Page], categories: tuple[str, ...], kinds: frozenset[str], day: str) -> Iterator[Page]:
    left_out = 0
    more = {"date": day, "notes": (Note(key=FOLLOWS_SUBMISSION),)}
    for page in pages:
        papers = tuple(paper for one in page.papers if (paper := _with_kind(one, categories)).announce_type in kinds)
        left_out += len(page.papers) - len(papers)
        yield Page(papers, lowered(page.source, left_out).model_copy(update=more))


def _with_kind(paper: Paper, categories: tuple[str, ...]) -> Paper:
    is_new = paper.primary_category is None or covers(categories, paper.primary_category)
    return paper.model_copy(update={"announce_type": "new" if is_new else "cross"})
