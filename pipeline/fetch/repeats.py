"""Leave out what the page of another day has, and notice a feed that is still that of an earlier day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pipeline.fetch.pages import Page
from pipeline.records import FIRST_KINDS, FOLLOWS_SUBMISSION, STALE, Note, Paper, Shown, Source

Memory = Callable[[Iterable[str]], Mapping[str, Sequence[Shown]]]
"""Gives, of ids of papers, where a digest has shown them, the earliest day first."""


def without_repeats(pages: Iterator[Page], memory: Memory, forget: Callable[[], None]) -> Iterator[Page]:
    """Yield ``pages`` without the new papers and cross-lists that another day's page has; a note names them.

    Of replacements, which come again and again, the source says where they were shown last. Where every paper of a
    feed stands, announced alike, on the page of one earlier day, the feed is stale: a note says so, and ``forget``
    is called, so that it is asked for again.
    """
    repeats = _Repeats()
    source = Source()
    for page in pages:
        papers = repeats.fresh(page, memory([paper.id for paper in page.papers]))
        source = repeats.said_of(page.source)
        yield Page(papers, source)
    by_date = any(note.key == FOLLOWS_SUBMISSION for note in source.notes)
    if repeats.days and not by_date:
        forget()
        notes = (*(note for note in source.notes if note.key != "repeated"), repeats.stale())
        yield Page((), source.model_copy(update={"notes": notes}))


class _Repeats:
    """What was seen of a source so far."""

    def __init__(self) -> None:
        self.days: set[str] | None = None
        """Earlier days whose page has every paper so far, announced alike; None before the first paper."""
        self._repeated: list[str] = []
        self._earlier: list[Shown] = []

    def fresh(self, page: Page, shown: Mapping[str, Sequence[Shown]]) -> tuple[Paper, ...]:
        """Return the papers of a page that no other day has."""
        day = page.source.date or ""
        fresh = []
        for paper in page.papers:
            others = [one for one in shown.get(paper.id, ()) if one.day != day]
            before = [one for one in others if one.day < day]
            alike = {one.day for one in before if one.announce_type == paper.announce_type}
            self.days = alike if self.days is None else self.days & alike
            if paper.announce_type in FIRST_KINDS and any(one.announce_type in FIRST_KINDS for one in others):
                self._repeated.append(paper.id)
                continue
            fresh.append(paper)
            self._earlier += before[-1:]
        return tuple(fresh)

    def said_of(self, source: Source) -> Source:
        """Return the source with what was left out of it."""
        count = len(self._repeated)
        figures: dict[str, str | int] = {"count": count, "ids": ", ".join(self._repeated)}
        notes = (*source.notes, Note(key="repeated", figures=figures)) if count else source.notes
        return source.model_copy(update={"repeated": count, "earlier": tuple(self._earlier), "notes": notes})

    def stale(self) -> Note:
        """Return the note that says which day the feed is still of."""
        return Note(key=STALE, figures={"count": len(self._repeated), "day": max(self.days or {""})})
