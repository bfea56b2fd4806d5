"""The pages of the site that lead to the days: the start page, the archive of a digest and of a month, the search.

Each page is whole HTML. The pages share one stylesheet and one script, and link to each other by relative addresses, so
that the site can be read from a folder and published under any address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote

from pipeline.assemble.html import asset, environment
from pipeline.assemble.language import LANGUAGES
from pipeline.records import Day, RunReport

MOST_LEADING = 5
"""Papers of a day that a page names to give an idea of it."""
WORDS = LANGUAGES["zh"]

_BEGINNING = b"\n<body>\n"
"""Where a page of `html` begins; no text of others has these characters, they are escaped there."""

ASSETS = {
    "_assets/site.css": ("page.css", "site.css"),
    "_assets/site.js": ("site.js",),
    "_assets/search.js": ("search.js",),
}
"""Files that the pages share, by their place in the site, and what of the templates' folder each is made of."""


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
    cost_usd: float | None
    """US dollars; None where the price was not known."""
    leading: tuple[Lead, ...]

    @property
    def month(self) -> str:
        """Month of the day, ``YYYY-MM``."""
        return self.date[:7]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page needs to know of the site around it."""

    depth: int = 0
    """Folders between the page and the root of the site."""
    has_search: bool = False

    @property
    def root(self) -> str:
        """The relative address of the site's root."""
        return "../" * self.depth


def day_line(day: Day, report: RunReport | None) -> DayLine:
    """Return what the site keeps of a day."""
    done = [(entry.paper, entry.summary) for entry in day.entries if entry.summary]
    failed = len(day.entries) - len(done)
    return DayLine(
        name=day.name,
        date=day.date,
        papers=len(day.entries),
        failed=failed,
        missing=report.source.missing if report else 0,
        complete=report.complete if report else not failed,
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
    return "\n".join(str(asset(part).text) for part in ASSETS[path]) + "\n"


def rendered(template: str, frame: Frame, **values: Any) -> str:
    """Return a page of the site; ``values`` are the template's own."""
    own = {"words": WORDS, "site": WORDS.site, "frame": frame, "quote": quote, "paper_path": paper_path}
    return environment().get_template(template).render(**own, **values)


def day_page(page: bytes, frame: Frame, *, earlier: str | None, later: str | None) -> bytes:
    """Return the page of a day, UTF-8, with links to start page, archive and search, and to the days beside it.

    A page that does not begin as the template of `html` does is returned as it is.
    """
    ways = rendered("day.html.j2", frame, earlier=earlier, later=later)
    return page.replace(_BEGINNING, _BEGINNING + ways.encode(), 1)


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


def search_page(months: Sequence[str], papers: int, frame: Frame) -> str:
    """Return the page that searches; ``months`` have an index, in the order they are to be searched in."""
    return rendered("search.html.j2", frame, months=months, papers=papers)
