r"""TeX in the text of others: where its formulas stand, and its text without the macros around them.

Titles and abstracts come from arXiv as their authors typed them, ``\emph{…}`` and ``\%`` too, and models repeat what
they read. Records keep the macros, so that the cache stays valid; what shows a text drops them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from pipeline.text import plain

_LONGEST = 1_000
"""Characters of TeX that are taken for one formula."""

# No formula begins or ends with a blank, holds Chinese, or stands between two prices ("$5-$10"): there a dollar sign
# belongs to a neighbour, and a pair taken wrongly turns all that follows inside out. Of two in a row, one ends a
# formula and one begins the next, if that has an end.
# None of these can match across its own delimiter, so that the search takes time in proportion to the text.
_CHINESE = r"\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"
_FORMULA = rf"""
      \$\$ (?P<display>[^$]{{1,{_LONGEST}}}) \$\$
    | \$(?!\s) (?!\d[^$\\^_={{}}]*\$\d) (?P<inline>(?:[^$\\{_CHINESE}]|\\.){{1,{_LONGEST}}}) (?<!\s)\$
      (?:(?!\$)|(?=\$[^$\s\d][^$]{{0,{_LONGEST}}}(?<!\s)\$))
    | \\\( (?P<round>(?:[^\\]|\\[^()]){{1,{_LONGEST}}}) \\\)
    | \\\[ (?P<square>(?:[^\\]|\\[^\[\]]){{1,{_LONGEST}}}) \\\]
"""
FORMULA_GROUPS = frozenset({"display", "inline", "round", "square"})
"""Groups of which one holds the TeX of a formula that `parts` gives."""

_FONTS = "emph|text(?:it|bf|tt|sc|sf|rm|sl|md|up|normal|superscript|subscript)?|underline|uline|mbox|url"
_SWITCHES = "em|it|bf|tt|sc|sf|rm|sl|itshape|bfseries"
_SYMBOLS: Mapping[str, str] = (
    {"slash": "/", "ldots": "…", "dots": "…", "textasciitilde": "~", "textendash": "–", "textemdash": "—"}
    | {"LaTeX": "LaTeX", "TeX": "TeX", "xspace": "", "noindent": "", "par": " ", "newline": " "}
    | {"o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "aa": "å", "AA": "Å"}
)
_ACCENTS: Mapping[str, str] = {
    "'": "\u0301",
    '"': "\u0308",
    "`": "\u0300",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    ".": "\u0307",
} | {"c": "\u0327", "v": "\u030c", "H": "\u030b", "u": "\u0306", "k": "\u0328", "r": "\u030a"}
"""The combining character of each accent."""
_ACCENTED = r"""\\['"`^~=.]\{\\?[a-zA-Z]\} | \\[cvHukr]\{[a-zA-Z]\} | \\['`^~=.]\\?[aeiouycnzAEIOUYCNZ]"""

# Models escape quotation marks too (Alzheimer\'s, \"all\"): so without braces only some letters have an accent, and a
# diaeresis stands within a word.
_TOKEN = re.compile(
    rf"""(?<!\\)(?:{_FORMULA}
    | (?P<accent> \{{(?:{_ACCENTED} | \\"\\?[a-zA-Z])\}} | {_ACCENTED}
                | (?<=[a-zA-Z])\\"\\?[aeiouyAEIOUY](?![a-zA-Z]*\\"))
    | (?P<symbol> \{{\\(?:{"|".join(_SYMBOLS)})\}} | \\(?:{"|".join(_SYMBOLS)})(?![a-zA-Z])(?:\{{\}})?)
    | (?P<nothing> [~\x20]?\\(?:cite[a-z]*|label|vspace|hspace)\*?(?:\[[^\[\]]*\])?\{{[^{{}}]*\}})
    | (?P<macro> \\(?:{_FONTS}|(?:href|textcolor)\s*\{{[^{{}}]*\}})\s*\{{ | \{{\\(?:{_SWITCHES})(?![a-zA-Z])\s*)
    | (?P<note> \\footnote\s*\{{)
    | (?P<escaped> \\[%&#_${{}}\x20])
    | (?P<brace> \{{)
    | (?P<end> \}})
    )""",
    re.VERBOSE,
)
_AROUND: Mapping[str, tuple[str, str]] = {"macro": ("", ""), "note": (" (", ")"), "brace": ("{", "}")}
"""What stands for a macro's beginning and for the brace that ends it."""


def parts(text: str) -> list[str | re.Match[str]]:
    """Return ``text`` without its text macros, in pieces: prose as text, each formula as the match that found it.

    A macro whose brace is never shut, and one that is not known, stay as they are.
    """
    if "\\" not in text and "$" not in text:
        return [text]
    found: list[str | re.Match[str]] = []
    opened: list[tuple[int, str]] = []
    end = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        found += text[end : match.start()], match if kind in FORMULA_GROUPS else _prose(match, kind)
        end = match.end()
        if kind in _AROUND:
            opened.append((len(found) - 1, kind))
        elif kind == "end" and opened:
            start, kind = opened.pop()
            found[start], found[-1] = _AROUND[kind]
    return [*found, text[end:]]


def _prose(match: re.Match[str], kind: str) -> str:
    written = match[0]
    if kind == "accent":
        bare = written.strip("{}")
        return unicodedata.normalize("NFC", bare[-1] + _ACCENTS[bare[1]])
    if kind == "symbol":
        return _SYMBOLS[written.strip("{}\\")]
    if kind == "nothing":
        return ""
    return written[1] if kind == "escaped" else written


def without_macros(text: str) -> str:
    """Return ``text`` with its formulas as they are and without the text macros around them."""
    return "".join(part if isinstance(part, str) else part[0] for part in parts(text))


def readable(text: str) -> str:
    """Return ``text`` as a reader sees it on one line: `pipeline.text.plain`, without text macros."""
    return " ".join(without_macros(plain(text)).split())
