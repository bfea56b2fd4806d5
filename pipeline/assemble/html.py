"""The HTML page of a digest: one file that asks for nothing else, and can be read whole without its script."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment
from markupsafe import Markup

from pipeline.assemble import rendering
from pipeline.assemble.digest import Digest, without_tail
from pipeline.assemble.doubts import doubts_in_full, pairs_of, reasons, reasons_of_field
from pipeline.assemble.foot import foot, reason_of
from pipeline.assemble.formulas import with_formulas
from pipeline.assemble.language import words_of
from pipeline.assemble.links import paper_links
from pipeline.assemble.marks import marked
from pipeline.records import Paper
from pipeline.tex import readable
from pipeline.text import plain

STYLES = ("page.css", "papers.css", "print.css")
"""What the page's stylesheet is made of; the pages of the site share the first."""
SCRIPTS = ("store.js", "filters.js", "view.js", "sentences.js", "keys.js", "page.js")
"""What the page's script is made of. The parts share one scope; each uses only what stands in those before it."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A stylesheet or script as it stands within a page."""

    text: Markup
    sha256: str
    """As a content security policy names it (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page links to where it is part of a site."""

    navigation: Markup
    """What stands before the page's own header."""
    paper: Callable[[str], str]
    """Gives the address of a paper's own page, by its id."""


def html(digest: Digest, *, around: Surroundings | None = None) -> str:
    """Return the page of ``digest``: the papers newest first, then those without a summary, then the foot.

    Text of papers and models shows on it as it is, but for formulas, which are set, and marks that turn the reading
    direction, which are dropped. The same digest gives the same text.
    """
    words = words_of(digest.language)
    entries = marked(digest, words)
    shown = sorted(entries, key=lambda each: each[0].failure is not None)
    papers = [entry.paper for entry, _ in shown]
    placed = list(zip(_anchors(papers), shown, strict=True))
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            name=digest.name,
            date=digest.date,
            has_feed=digest.has_feed,
            words=words,
            done=[each for each in placed if each[1][0].summary],
            failed=[each for each in placed if each[1][0].failure],
            categories=_counted(category for paper in papers for category in dict.fromkeys(paper.categories)),
            types=_counted(paper.announce_type for paper in papers if paper.announce_type),
            missing=digest.source.missing,
            foot=foot(digest, entries, words),
            style=asset(*STYLES),
            script=asset(*SCRIPTS),
            around=around,
        )
    )


@cache
def environment() -> Environment:
    """Return the templates, with the filters that make the text of others safe in HTML.

    ``plain`` is for text on one line, ``formulas`` for the same with its TeX set, on lines of its own only where
    ``display`` says so. The macro of one paper is in ``paper.html.j2``.
    """
    made = rendering.environment(autoescape=True)
    made.filters["plain"] = readable
    made.filters["formulas"] = _formulas
    made.filters["without_tail"] = without_tail
    made.filters["paper_links"] = paper_links
    made.filters["reason"] = reason_of
    made.filters["doubts"] = doubts_in_full
    made.filters["pairs"] = pairs_of
    made.filters["reasons"] = reasons
    made.filters["reasons_of"] = reasons_of_field
    return made


@cache
def asset(*names: str) -> Asset:
    """Return stylesheets or scripts of the templates' folder, put together as one."""
    return joined(rendering.LOADER.get_source(environment(), name)[0] for name in names)


def joined(sources: Iterable[str]) -> Asset:
    """Return stylesheets or scripts of the program's own as one."""
    # A browser hashes what it has read, and it reads every line end as one character.
    text = "\n".join(line for source in sources for line in source.splitlines())
    digest = hashlib.sha256(text.encode()).digest()
    # It is the program's own, and its hash is that of what stands between the tags: nothing may be escaped.
    return Asset(Markup(text), base64.b64encode(digest).decode())  # noqa: S704


def _formulas(text: str, *, display: bool = False) -> Markup:
    # The text is escaped there, around the formulas.
    return Markup(with_formulas(plain(text), display=display))  # noqa: S704


def _anchors(papers: Iterable[Paper]) -> Iterator[str]:
    """Give the name of each paper's place on the page, its id; none where it is there already, for names are unique."""
    seen: set[str] = set()
    for paper in papers:
        yield "" if paper.id in seen else paper.id
        seen.add(paper.id)


def _counted(members: Iterable[str]) -> list[tuple[str, int]]:
    """Return members and how often each is there, the commonest first, then by name."""
    return sorted(Counter(members).items(), key=lambda each: (-each[1], each[0]))
