"""The Atom feed of a digest (RFC 4287): an entry a day, or an entry a paper.

Nothing in it depends on the clock or on where it is published: ids are tag URIs (RFC 4151), moments are the digests'
dates. So whoever builds it from the same days gets the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial

from jinja2 import Template

from pipeline.archive import feed_address, page_address
from pipeline.assemble.doubts import doubts_in_full
from pipeline.assemble.language import words_of
from pipeline.assemble.rendering import environment
from pipeline.records import DEFAULT_LANGUAGE, Day, Entry
from pipeline.settings import FeedKind
from pipeline.tex import readable

MOST_DAYS = 30
"""Days that a feed holds at most."""
MOST_PAPERS: Mapping[FeedKind, int] = {"day": 3000, "paper": 500}
"""Papers that a feed holds at most, but that its newest day is always whole; about a megabyte either way."""
_AUTHORITY = "tag:arxiv-digest.invalid,2026:"
"""Begins each id. RFC 2606 keeps ``.invalid`` for names that nobody owns, as nobody owns the ids of these feeds."""


@dataclass(frozen=True, slots=True)
class FeedStyle:
    """What a feed is to be."""

    kind: FeedKind = "day"
    site_url: str | None = None
    """Where the output folder is published; without it, the feed links to arXiv only."""
    language: str = DEFAULT_LANGUAGE
    """Of its fixed texts."""


def atom(name: str, days: Iterable[Day], style: FeedStyle) -> str:
    """Return the feed of the digest ``name``; of ``days``, newest first, no more are read than the feed holds."""
    held = tuple(_bounded(days, MOST_PAPERS[style.kind]))
    return _template().render(
        words=words_of(style.language),
        name=name,
        kind=style.kind,
        days=held,
        tag=f"{_AUTHORITY}{name}",
        feed_url=feed_address(style.site_url, name),
        doubts=partial(doubts_in_full, words=words_of(style.language)),
        pages={day.date: page_address(style.site_url, name, day.date) for day in held},
    )


def _bounded(days: Iterable[Day], most: int) -> Iterator[Day]:
    papers = 0
    for number, day in enumerate(days):
        papers += len(day.entries)
        if number == MOST_DAYS or (number and papers > most):
            return
        yield day


def _once(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Give each paper once, for two entries of one feed may not share an id."""
    yield from {entry.paper.id: entry for entry in entries}.values()


@cache
def _template() -> Template:
    made = environment(autoescape=True)
    made.filters["plain"] = readable
    made.filters["once"] = _once
    return made.get_template("feed.xml.j2")
