"""What a reader sees of a page: cmark-gfm, the parser that GitHub's rendering is built on, and its HTML taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

PAGE_TAGS = frozenset({"h1", "table", "thead", "tbody", "tr", "th", "td", "p", "a", "sup", "section", "ol", "li"})
"""All elements of a page; none comes from a text on it."""


def fold(text: str) -> str:
    """Return what stays of ``text`` when white space does not count."""
    return " ".join(text.split())


@dataclass
class Seen(HTMLParser):
    """The text of a page by the elements that hold it."""

    headings: list[str] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    footnotes: list[tuple[str, ...]] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """Targets, without those of footnotes and without e-mail addresses, which no escape can keep from being links."""
    tags: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._text = ""
        self._cells: list[str] = []
        self._back = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self._back = given.get("class") == "footnote-backref"
        target = given.get("href") or ""
        if tag == "a" and not target.startswith(("#fn", "mailto:", "xmpp:")):
            self.links.append(target)
        if tag == "tr":
            self._cells = []
        elif tag == "li":
            self.footnotes.append(())
        if tag in {"h1", "p", "th", "td"}:
            self._text = ""

    def handle_endtag(self, tag: str) -> None:
        self._back = self._back and tag != "a"
        text = fold(self._text)
        if tag == "h1":
            self.headings.append(text)
        elif tag in {"td", "th"}:
            self._cells.append(text)
        elif tag == "tr":
            self.rows.append(tuple(self._cells))
        elif tag == "p" and self.footnotes:
            self.footnotes[-1] += (text,)
        elif tag == "p":
            self.paragraphs.append(text)

    def handle_data(self, data: str) -> None:
        if not self._back:
            self._text += data


def html(page: str) -> str:
    """Return a page as cmark-gfm renders it, raw HTML let through so that it is seen."""
    options = Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_UNSAFE
    return str(cmarkgfm.github_flavored_markdown_to_html(page, options))


def read(page: str) -> Seen:
    """Return what cmark-gfm makes of a page."""
    seen = Seen()
    seen.feed(re.sub(r"<!--.*?-->", "<comment>", html(page), flags=re.DOTALL))
    seen.close()
    return seen
