"""One digest: the entries of one name and day, what is to be said of them, and the order they are shown in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from operator import itemgetter

from pydantic_core import PydanticSerializationError

from pipeline.records import DEFAULT_LANGUAGE, Day, Entry, Note, RunReport, Source

_TITLE_TAIL = re.compile(r" \(arXiv:[^()]*\)\s*\Z")


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything a page is made of."""

    name: str
    date: str
    """Day of the digest, ``YYYY-MM-DD``."""
    entries: tuple[Entry, ...]
    """In any order; a page shows them in that of `in_page_order`."""
    source: Source
    """What the reader must know besides the notes of ``source``."""
    has_feed: bool = False
    """Whether the Atom feed of the digest is written beside the page."""
    language: str = DEFAULT_LANGUAGE
    """Of the summaries and of the page."""


def as_written(day: Day, report: RunReport | None, *, has_feed: bool) -> Digest:
    """Return the digest that a day was written from; where its report is lost, a note says what nobody knows now."""
    if report is None:
        source = Source(fetched=len(day.entries), notes=(Note(key="no_report"),))
    else:
        source = Source(
            **report.source.model_dump(),
            missing_papers=report.missing_papers,
            repeated=report.repeated,
            earlier=report.earlier,
            notes=report.notes,
        )
    return Digest(day.name, day.date, day.entries, source, has_feed=has_feed, language=day.language)


def in_page_order(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return ``entries`` newest first by ``published``, equal dates as they came.

    An entry without a date keeps its place; the dated ones are sorted among the places that they had.
    """
    dated = [(entry.paper.published, entry) for entry in entries if entry.paper.published]
    newest_first = (entry for _, entry in sorted(dated, key=itemgetter(0), reverse=True))
    return tuple(next(newest_first) if entry.paper.published else entry for entry in entries)


def without_tail(title: str) -> str:
    """Return a title without the ``(arXiv:… [cs.CV])`` that the feed puts after it."""
    return _TITLE_TAIL.sub("", title)


def as_json(digest: Digest) -> str:
    """Return the digest as one JSON object, ``name``, ``date`` and ``entries``, in the order of the page.

    Each entry is as a line of ``summarize``: ``paper``, and either ``summary`` or ``failure``. The same digest
    gives the same text.
    """
    day = Day(name=digest.name, date=digest.date, entries=in_page_order(digest.entries), language=digest.language)
    absent = {number: {entry.absent} for number, entry in enumerate(day.entries)}
    try:
        return day.model_dump_json(indent=2, exclude={"entries": absent}) + "\n"
    except PydanticSerializationError:
        # A lone surrogate has no UTF-8; "backslashreplace" writes it just as JSON escapes it.
        text = json.dumps(day.model_dump(mode="json", exclude={"entries": absent}), ensure_ascii=False, indent=2)
        return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"
