"""The page of a paper: all that was ever written of it, and where it appeared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.records import Entry
from pipeline.site.pages import Frame, rendered
from pipeline.tex import readable


@dataclass(frozen=True, slots=True)
class Appearance:
    """An entry of a digest, and where it stands."""

    name: str
    date: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Version:
    """A text of a paper with what was written of it, and where it appeared, newest first."""

    entry: Entry
    seen: tuple[Appearance, ...]


def versions(appearances: Iterable[Appearance]) -> tuple[Version, ...]:
    """Return the different texts of one paper: those with a summary first, of these the newest.

    What several digests say in the same words is one.
    """
    alike: dict[tuple[object, ...], list[Appearance]] = {}
    newest_first = sorted(sorted(appearances, key=lambda one: one.name), key=lambda one: one.date, reverse=True)
    for one in newest_first:
        alike.setdefault(_said(one.entry), []).append(one)
    made = (Version(seen[0].entry, tuple(seen)) for seen in alike.values())
    return tuple(sorted(made, key=lambda version: version.entry.summary is None))


def paper_page(of: tuple[Version, ...], frame: Frame) -> str:
    """Return the page of a paper from its versions, of which there is one at least."""
    return rendered("paper_page.html.j2", frame, versions=of, paper=of[0].entry.paper)


def searched_text(of: Iterable[Version]) -> str:
    """Return all text that a paper is to be found by."""
    return "\n".join(dict.fromkeys(readable(text) for version in of for text in _texts(version.entry)))


def _texts(entry: Entry) -> tuple[str, ...]:
    paper, summary = entry.paper, entry.summary
    own = (paper.title, paper.abstract, paper.comment or "", *paper.authors, *paper.categories)
    if summary is None:
        return own
    return (*own, summary.translated_title, summary.tldr, summary.tldr_en, summary.translated_abstract)


def _said(entry: Entry) -> tuple[object, ...]:
    paper, summary = entry.paper, entry.summary
    own = (paper.version, paper.title, paper.abstract)
    if summary is None:
        return own
    return (*own, summary.translated_title, summary.tldr, summary.tldr_en, summary.translated_abstract)
