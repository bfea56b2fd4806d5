"""What every source gives: pages of papers, each with the count so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.records import LIMITED, AnnounceType, Missing, Note, Paper, Source

_TELLING = ("new", "cross", "replace", "replace-cross", None)
"""Announce types, the most telling first."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some papers of a source, in its order, and what is known of the whole source so far.

    A reader yields one page at least; the source of its last page is final.
    """

    papers: tuple[Paper, ...]
    source: Source


def whole(found: Sequence[Paper | Missing], *, date: str | None) -> Page:
    """Return the one page of a document that is complete in itself: all that it names was announced."""
    papers = tuple(item for item in found if isinstance(item, Paper))
    missing = tuple(item for item in found if isinstance(item, Missing))
    source = Source(date=date, announced=len(found), fetched=len(papers), missing=len(missing), missing_papers=missing)
    return Page(papers, source)


def merged(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    """Return ``papers`` with each id once, where it first stood: its latest version, its most telling announce type."""
    kept: dict[str, Paper] = {}
    for paper in papers:
        kept[paper.id] = _better(kept[paper.id], paper) if paper.id in kept else paper
    return tuple(kept.values())


def joined(first: Source, later: Source) -> Source:
    """Return the source of what two sources give together; the name and the day are those of the later one."""
    known = [source.announced for source in (first, later) if source.announced is not None]
    counts = {
        "announced": sum(known) if known else None,
        "fetched": first.fetched + later.fetched,
        "repeated": first.repeated + later.repeated,
        "missing": first.missing + later.missing,
        "missing_papers": first.missing_papers + later.missing_papers,
        "earlier": first.earlier + later.earlier,
        "notes": first.notes + tuple(note for note in later.notes if note not in first.notes),
        "date": later.date or first.date,
    }
    return later.model_copy(update=counts)


def lowered(source: Source, left_out: int) -> Source:
    """Return the source as if ``left_out`` of its papers had never been there."""
    announced = None if source.announced is None else source.announced - left_out
    return source.model_copy(update={"announced": announced, "fetched": source.fetched - left_out})


def limited(pages: Iterator[Page], limit: int) -> Iterator[Page]:
    """Yield ``pages`` up to ``limit`` papers; a note says how many there were.

    What is beyond counts neither as announced nor as missing.
    """
    left = limit
    for page in pages:
        if len(page.papers) >= left:
            total = max(page.source.announced or 0, page.source.fetched) - page.source.missing
            notes = (*page.source.notes, *limit_notes(limit, total))
            counts = {"fetched": limit, "announced": limit + page.source.missing, "notes": notes}
            yield Page(page.papers[:left], page.source.model_copy(update=counts))
            return
        left -= len(page.papers)
        yield page


def limit_notes(limit: int | None, total: int) -> tuple[Note, ...]:
    """Return the note that ``limit`` papers of ``total`` were taken; nothing where that is all of them."""
    return (Note(key=LIMITED, figures={"count": limit, "total": total}),) if limit and total > limit else ()


def most_telling(*kinds: AnnounceType | None) -> AnnounceType | None:
    """Return the announce type that says most of several announcements of one paper."""
    return min(kinds, key=_TELLING.index)


def tidy(pages: Iterator[Page], limit: int | None) -> Iterator[Page]:
    """Yield ``pages`` with each paper once and no more than ``limit`` papers in all (None is no limit).

    What was left out, repeated or beyond the limit, counts neither as announced nor as missing. What a page has
    yielded stays: over several pages the first record of a paper wins.
    """
    distinct = _distinct(pages)
    return distinct if limit is None else limited(distinct, limit)


def _better(first: Paper, later: Paper) -> Paper:
    winner = later if (later.version or 0) > (first.version or 0) else first
    return winner.model_copy(update={"announce_type": most_telling(first.announce_type, later.announce_type)})


def _distinct(pages: Iterator[Page]) -> Iterator[Page]:
    seen: set[str] = set()
    repeated = 0
    for page in pages:
        fresh = tuple(paper for paper in merged(page.papers) if paper.id not in seen)
        seen.update(paper.id for paper in fresh)
        repeated += len(page.papers) - len(fresh)
        yield Page(fresh, lowered(page.source, repeated))
