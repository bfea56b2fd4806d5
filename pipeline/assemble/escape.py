r"""Text of others made safe for a Markdown page: a backslash wherever a GFM parser would read markup, and nowhere else.

"GFM" and a number is a section of the GitHub Flavored Markdown Spec, version 0.29 (https://github.github.com/gfm/).
Every field stands on one line of the page, so markup that needs a second line (setext headings, tables in a
paragraph, hard line breaks) cannot arise, and block structure can begin only where a field begins a line.

Two things decide what is markup: the text, and its `Place`. Within the text of a link a bare address is no markup,
because links hold no links (GFM 6.6), so a page may show an address as the text of its own link.

One thing cannot be escaped: a bare e-mail address. A parser looks for those in finished text, after backslashes and
entities are resolved (GFM 6.9), so such an address becomes a ``mailto:`` link to itself; it shows the same text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.entities import html5
from itertools import pairwise
from string import punctuation

from pipeline.assemble.flanking import emphasis
from pipeline.text import without_controls


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the page a text stands, and which characters are its neighbours there."""

    before: str = "\n"
    after: str = "\n"
    starts_line: bool = False
    in_cell: bool = False
    in_link: bool = False


PARAGRAPH = Place(starts_line=True)
"""A paragraph of its own, at any indentation, or the first line of a footnote."""
CELL = Place(before=" ", after=" ", in_cell=True)
"""All of a table cell."""
LINK_IN_CELL = Place(before="[", after="]", in_cell=True, in_link=True)
"""The text of a link in a table cell."""

_MARKUP = re.compile(r"[\\|`<>&\[\]^*_~#]|\A[-+=\d]")
_LINE_ENDS = re.compile(r"\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """Return ``text`` on one line: each line end or tab a blank, control characters and leading blanks dropped.

    Other runs of blanks stay, those at the end too.
    """
    # Most text is on one line already, and to ask for what cannot be printed is far quicker than to look for it.
    return (text if text.isprintable() else without_controls(_LINE_ENDS.sub(" ", text))).lstrip(" ")


def escape(text: str, place: Place) -> str:
    """Return ``text`` on one line so that a GFM parser shows it in ``place`` as it is, markup and all."""
    line = one_line(text)
    if not _may_be_markup(line):
        return line
    marked = sorted({position for rule in _RULES for position in rule(line, place)})
    cuts = [0, *marked, len(line)]
    return "\\".join(line[start:end] for start, end in pairwise(cuts))


def _may_be_markup(line: str) -> bool:
    """Tell whether any rule below can find something: nine of ten Chinese fields are passed on at once."""
    return bool(_MARKUP.search(line)) or "://" in line or "www" in line.lower()


def _backslashes(line: str, place: Place) -> Iterator[int]:
    """GFM 6.1: a backslash before ASCII punctuation is an escape."""
    framed = line + place.after
    yield from (match.start() for match in re.finditer(r"\\", line) if framed[match.end()] in punctuation)


def _pipes(line: str, place: Place) -> Iterator[int]:
    """GFM 4.10: a row is split into cells before anything else is read."""
    if place.in_cell:
        yield from (match.start() for match in re.finditer(r"\|", line))


def _code_spans(line: str, _: Place) -> Iterator[int]:
    """GFM 6.3: two runs of the same length. The backticks of an escaped run count one by one as runs of length 1."""
    runs = [match.span() for match in re.finditer("`+", line)]
    paired = {length for length, times in Counter(end - start for start, end in runs).items() if times > 1}
    for start, end in runs:
        if end - start in paired or (paired and end - start == 1):
            yield from range(start, end)


_TAG_OR_AUTOLINK = re.compile(
    r"""<(?:
      [a-z][a-z0-9-]*(?:\s+[a-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?)*\s*/?>  # an open tag
    | /[a-z][a-z0-9-]*\s*>                                                                      # a closing tag
    | [a-z][a-z0-9+.-]{1,31}:[^\s<>]*> | [^\s<>@]+@[^\s<>]+>                  # an address
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""Any white space separates attributes, though the spec knows only ASCII's: some parsers take others too."""


_OPEN_ENDED = tuple(
    (re.compile(begin, re.IGNORECASE), end)
    for begin, end in (("<!--", "-->"), ("<![a-z]", ">"), (r"<!\[CDATA\[", "]]>"), (r"<\?", "?>"))
)
"""Comments, declarations, CDATA and instructions: anything may stand before their end, which is looked for once."""


def _html(line: str, _: Place) -> Iterator[int]:
    """GFM 6.8 and 6.10: autolinks in angle brackets, and raw HTML."""
    yield from (match.start() for match in re.finditer("<", line) if _TAG_OR_AUTOLINK.match(line, match.start()))
    for begin, end in _OPEN_ENDED:
        last = line.rfind(end)
        yield from (match.start() for match in begin.finditer(line) if match.start() < last)


def _entities(line: str, _: Place) -> Iterator[int]:
    """GFM 6.2: only the names that HTML 5 knows, with their semicolon, and numbers."""
    for match in re.finditer(r"&(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|([A-Za-z][A-Za-z0-9]*;))", line, re.ASCII):
        if match[1] is None or match[1] in html5:
            yield match.start()


def _links(line: str, _: Place) -> Iterator[int]:
    """GFM 6.6 and 6.7: only ``](`` makes a link or an image, because a page defines no link references."""
    first, last = line.find("["), line.rfind(")")
    for match in re.finditer(r"\]\(", line):
        if 0 <= first < match.start() and match.end() <= last:
            yield match.end() - 1


_FOOTNOTE = re.compile(r"\[\^(?![a-zA-Z0-9-]*[a-zA-Z-][a-zA-Z0-9-]*\])")


def _footnotes(line: str, place: Place) -> Iterator[int]:
    """A footnote's label is a number here; cmark-gfm shows the source, backslashes too, of a label that it cannot find.

    So only a label that can be neither, as in ``[^a-z]``, may stay. GitHub's footnotes are not in the spec:
    https://docs.github.com/get-started/writing-on-github (Basic writing and formatting syntax, Footnotes).
    """
    last = line.rfind("]")
    yield from (match.start() for match in _FOOTNOTE.finditer(line) if match.end() <= last)
    if place.in_link and line.startswith("^"):
        yield 0


def _brackets(line: str, place: Place) -> Iterator[int]:
    """GFM 6.6: the text of a link holds brackets in pairs only."""
    if not place.in_link:
        return
    escaped = set(_footnotes(line, place))
    opened: list[int] = []
    for match in re.finditer(r"[\[\]]", line):
        if match[0] == "[" and match.start() not in escaped:
            opened.append(match.start())
        elif match[0] == "]" and opened:
            opened.pop()
        elif match[0] == "]":
            yield match.start()
    yield from opened


_ADDRESS = re.compile(
    r"(?<![a-z])(?:https?|ftp)(?=://[^\s!-/:-@\[-`{-~])|(?<![^\s*_~(\[\]])www(?=\..)",
    re.ASCII | re.IGNORECASE,
)


def _addresses(line: str, place: Place) -> Iterator[int]:
    """GFM 6.9: an address without brackets around it; it is cut after its scheme or its ``www``."""
    if not place.in_link:
        yield from (match.end() for match in _ADDRESS.finditer(line))


_HTML_BLOCKS = (
    "address article aside base basefont blockquote body caption center col colgroup dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form frame frameset h[1-6] head header hr html iframe legend li link main menu "
    "menuitem nav noframes ol optgroup option p param search section source summary table tbody td tfoot th thead "
    "title tr track ul"
).replace(" ", "|")
"""Elements that begin a block, with or without the end of their tag; those of GFM 4.6 and of CommonMark 0.31."""

_BLOCK_STARTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(#)#{0,5}(?: |$)",  # GFM 4.2, a heading
        r"([-_*])(?: *\1){2,} *$",  # GFM 4.1, a thematic break
        r"(`{3,})[^`]*$",  # GFM 4.5, a code fence
        r"(~{3,})",
        r"(<)(?:!--|!\[CDATA\[|![A-Z]|\?|(?:script|pre|style|textarea)(?:[\s>]|$))",  # GFM 4.6, blocks without an end
        rf"(<)/?(?:{_HTML_BLOCKS})(?:\s|/?>|$)",
        r"(\[).*\]:",  # GFM 4.7, a link reference definition
        r"(>)",  # GFM 5.1, a block quote
        r"([-+*])(?: |$)",  # GFM 5.2, list items
        r"\d{1,9}([.)])(?: |$)",
    )
)


def _block_starts(line: str, place: Place) -> Iterator[int]:
    for pattern in _BLOCK_STARTS if place.starts_line else ():
        if match := pattern.match(line):
            yield from range(*match.span(1))


def _emphasis(line: str, place: Place) -> Iterator[int]:
    return emphasis(line, before=place.before, after=place.after)


_RULES: tuple[Callable[[str, Place], Iterator[int]], ...] = (
    _backslashes,
    _pipes,
    _code_spans,
    _emphasis,
    _html,
    _entities,
    _links,
    _footnotes,
    _brackets,
    _addresses,
    _block_starts,
)
"""Each gives the positions in a line that need a backslash before them; none depends on what another one gives."""
