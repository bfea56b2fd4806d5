"""The pages of the days and those that lead to them: start page, archive of a digest and of a month, search.

Each page is whole HTML. All but those of the days share one stylesheet and one script. They link to each other by
relative addresses, so that the site can be read from a folder and published under any address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from pipeline.assemble import Digest, Surroundings, html
from pipeline.assemble.html import environment as page_environment
from pipeline.assemble.language import Language, words_of
from pipeline.assemble.rendering import LOADER
from pipeline.records import DEFAULT_LANGUAGE, Day, Note, RunReport, Shortfall

MOST_LEADING = 5
"""Papers of a day that a page names to give an idea of it."""

_LOADER = ChoiceLoader([PackageLoader("pipeline.site"), LOADER])
"""The site's own templates, and those of a digest's page, with which they share some parts."""

ASSETS = {
    "_assets/site.css": ("page.css", "site.css"),
    "_assets/site.js": ("site.js",),
    "_assets/search.js": ("search.js",),
}
"""Files that the pages share, by their place in the site, and what of the templates' folders each is made of."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A paper in a list: its id, its title and line in Chinese."""

    id: str
    title: str
    tldr: str


@dataclass(frozen=True, slots=True)
class DayLine:
    """What the site keeps of a day of a digest when its papers are dealt with."""

    name: str
    date: str
    """``YYYY-MM-DD``."""
    papers: int
    """With a summary or without."""
    failed: int
    """Papers without a summary."""
    missing: int
    """Papers that did not come."""
    complete: bool
    """Whether it has all that the user wanted."""
    limit: Note | None
    """How many papers were taken of how many, where the user wanted fewer."""
    cost_usd: float | None
    """US dollars; None where the price was not known."""
    leading: tuple[Lead, ...]

    @property
    def month(self) -> str:
        """Month of the day, ``YYYY-MM``."""
        return self.date[:7]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a page stands in the site."""

    depth: int = 0
    """Folders between the page and the root of the site."""
    language: str = DEFAULT_LANGUAGE
    """Of the site's own texts."""

    @property
    def words(self) -> Language:
        """The site's own texts."""
        return words_of(self.language)

    @property
    def root(self) -> str:
        """The relative address of the site's root."""
        return "../" * self.depth


def day_line(day: Day, report: RunReport | None) -> DayLine:
    """Return what the site keeps of a day."""
    done = [(entry.paper, entry.summary) for entry in day.entries if entry.summary]
    shortfall = Shortfall.of(day, report)
    return DayLine(
        name=day.name,
        date=day.date,
        papers=len(day.entries),
        failed=shortfall.failed,
        missing=shortfall.missing,
        complete=not shortfall.is_incomplete,
        limit=shortfall.limit,
        cost_usd=report.cost_usd if report else None,
        leading=tuple(Lead(paper.id, summary.translated_title, summary.tldr) for paper, summary in done[:MOST_LEADING]),
    )


def paper_month(paper_id: str) -> str:
    """Return year and month of an arXiv id, four digits: ``2404`` of ``2404.02059``, ``0309`` of ``math/0309136``.

    Source: https://info.arxiv.org/help/arxiv_identifier.html.
    """
    return paper_id.rpartition("/")[2][:4]


def paper_path(paper_id: str) -> str:
    """Return the place of a paper's page in the site."""
    return f"_papers/{paper_month(paper_id)}/{paper_id.replace('/', '-')}.html"


def shared(path: str) -> str:
    """Return the text of a file of `ASSETS`."""
    sources = (_LOADER.get_source(_environment(), part)[0] for part in ASSETS[path])
    return "\n".join("\n".join(source.splitlines()) for source in sources) + "\n"


def rendered(template: str, frame: Frame, **values: Any) -> str:
    """Return a page of the site; ``values`` are the template's own."""
    own = {"words": frame.words, "site": frame.words.site, "frame": frame, "quote": quote, "paper_path": paper_path}
    return _environment().get_template(template).render(**own, **values)


def day_page(digest: Digest, *, earlier: str | None, later: str | None) -> str:
    """Return the page of a day, with links to the days beside it, to the site, and to its papers' own pages."""
    frame = Frame(1, digest.language)
    navigation = rendered("day.html.j2", frame, earlier=earlier, later=later)
    # It comes from a template that escapes, so nothing in it is to be escaped again.
    around = Surroundings(Markup(navigation), lambda paper_id: frame.root + paper_path(paper_id))  # noqa: S704
    return html(digest, around=around)


def start_page(newest: Sequence[DayLine], feeds: Iterable[str], frame: Frame) -> str:
    """Return the start page: the newest day of each digest; ``feeds`` names the digests that have a feed."""
    latest_first = sorted(newest, key=lambda line: line.date, reverse=True)
    return rendered("start.html.j2", frame, newest=latest_first, feeds=list(feeds))


def archive_page(name: str, days: Sequence[DayLine], feeds: Sequence[str], frame: Frame) -> str:
    """Return the page of a digest: its months, newest first, and the days of each."""
    months = [(month, list(lines)) for month, lines in groupby(days, key=lambda line: line.month)]
    return rendered("archive.html.j2", frame, name=name, months=months, feeds=feeds)


def month_page(days: Sequence[DayLine], feeds: Sequence[str], frame: Frame) -> str:
    """Return the page of a month of a digest, of which ``days`` are all, newest first."""
    return rendered("month.html.j2", frame, days=days, name=days[0].name, month=days[0].month, feeds=feeds)


def search_page(months: Mapping[str, int], terms: int, papers: int, frame: Frame) -> str:
    """Return the page that searches.

    ``months`` of ids, newest first, have an index of so many files each; ``terms`` files say which of them have a term.
    """
    return rendered("search.html.j2", frame, months=months, terms=terms, papers=papers)


@cache
def _environment() -> Environment:
    """Return the templates of the site, with the filters of a digest's page."""
    return page_environment().overlay(loader=_LOADER)
