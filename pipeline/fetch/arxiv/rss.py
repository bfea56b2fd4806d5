"""The announcement feeds of rss.arxiv.org: https://info.arxiv.org/help/rss.html."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import get_args

from lxml.etree import _Element

from pipeline.fetch.arxiv.documents import NAMESPACES, Document, Kind, text
from pipeline.fetch.arxiv.schedule import eastern_today
from pipeline.fetch.papers import paper_or_missing
from pipeline.records import AnnounceType, Missing, Paper

_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}

_FIRST, _LAST = 1991, 9000
"""Years that a date may be of."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a feed: the paper that it makes, or why it makes none."""

    announce_type: AnnounceType | None
    found: Paper | Missing


@dataclass(frozen=True, slots=True)
class Feed:
    """An announcement feed, read."""

    items: tuple[Item, ...]
    date: str | None
    """Day of the announcement, ``YYYY-MM-DD``, in US Eastern time; an empty feed has it too."""
    made: str = ""
    """When it was made, as it says itself."""
    address: str = ""
    """Where it was read."""


@dataclass(frozen=True, slots=True)
class _Flavour:
    """Where RSS and Atom keep the same things."""

    items: str
    identifier: str
    abstract: str
    category: str
    day: str
    moment: Callable[[str], datetime]
    title: str


_FLAVOURS = {
    Kind.RSS: _Flavour(
        items="channel/item",
        identifier="guid",
        abstract="description",
        category="category",
        day="pubDate",
        moment=parsedate_to_datetime,
        title="title",
    ),
    Kind.ATOM: _Flavour(
        items="atom:entry",
        identifier="atom:id",
        abstract="atom:summary",
        category="atom:category",
        day="atom:published",
        moment=datetime.fromisoformat,
        title="atom:title",
    ),
}


def read_feed(document: Document, address: str = "") -> Feed:
    """Return an announcement feed with all its items, in its order."""
    flavour = _FLAVOURS[document.kind]
    items = tuple(
        Item(_announce_type(item), paper_or_missing(_fields(item, flavour), otherwise=f"item {number}"))
        for number, item in enumerate(document.root.iterfind(flavour.items, NAMESPACES), start=1)
    )
    made = text(document.root, "channel/lastBuildDate") or text(document.root, "channel/pubDate")
    return Feed(items, next(_dates(document, flavour), None), made or text(document.root, "atom:updated"), address)


def split_authors(text_of_all: str) -> list[str]:
    """Return the names of a feed's author string: split at commas, except within brackets and braces.

    Affiliations stay with their names and TeX accents as they are.
    """
    depth, parts = 0, [""]
    for character in text_of_all:
        depth += _BRACKETS.get(character, 0)
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    if depth != 0:
        parts = text_of_all.split(",")
    return [name for part in parts if (name := part.strip())]


def _fields(item: _Element, flavour: _Flavour) -> dict[str, object]:
    categories = [
        name
        for element in item.iterfind(flavour.category, NAMESPACES)
        if (name := element.get("term") or (element.text or "").strip())
    ]
    return {
        "id": text(item, flavour.identifier) or None,
        "title": text(item, flavour.title),
        "abstract": text(item, flavour.abstract),
        "authors": split_authors(text(item, "dc:creator")),
        "categories": categories,
        # The feed lists the primary category first: of a whole day's feed, all new papers and no cross-list begin with
        # the feed's own category.
        "primary_category": categories[0] if categories else None,
        "published": _moment(text(item, flavour.day), flavour),
        "announce_type": _announce_type(item),
        "doi": text(item, "arxiv:DOI") or None,
        "journal_ref": text(item, "arxiv:journal_reference") or None,
    }


def _announce_type(item: _Element) -> AnnounceType | None:
    kind = re.sub(r"\s", "", text(item, "arxiv:announce_type"))
    return next((known for known in get_args(AnnounceType) if known == kind), None)


def _moment(written: str, flavour: _Flavour) -> datetime | None:
    try:
        moment = flavour.moment(written)
    except (ValueError, OverflowError):
        return None
    # A year of one or two digits is taken for one of this century.
    return moment if _FIRST <= moment.year <= _LAST and str(moment.year) in written else None


def _dates(document: Document, flavour: _Flavour) -> Iterator[str]:
    days = [text(document.root, "channel/pubDate")]
    days += [text(item, flavour.day) for item in document.root.iterfind(flavour.items, NAMESPACES)]
    for day in days:
        if moment := _moment(day, flavour):
            yield (eastern_today(moment) if moment.tzinfo else moment.date()).isoformat()
    # An Atom feed dates only its entries; an empty one says when it was built.
    if (built := _moment(text(document.root, "atom:updated"), flavour)) and built.tzinfo:
        yield eastern_today(built).isoformat()
