r"""TeX in the text of others as MathML, made when the page is: ``$…$``, ``$$…$$``, ``\(…\)`` and ``\[…\]``.

What cannot be read as a formula stays as it was written. Of what the converter gives, only the elements, attributes and
values that are listed here pass, so nothing in a formula can run, lead anywhere or take the page over.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from html.parser import HTMLParser

from math_core import LatexError, LatexToMathML

from pipeline.tex import parts

_DEEPEST = 32
"""Elements within each other in one formula; a browser gives up the structure of a page at 512."""

_ELEMENTS = frozenset(
    {
        *("math", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom", "mprescripts"),
        *(
            "mroot",
            "mrow",
            "ms",
            "mspace",
            "msqrt",
            "mstyle",
            "msub",
            "msubsup",
            "msup",
            "mtable",
            "mtd",
            "mtext",
            "mtr",
        ),
        *("munder", "munderover", "b", "code", "em", "i", "span"),
    }
)
"""MathML Core (https://www.w3.org/TR/mathml-core/) without links and annotations, and what text in it is set in."""
_ATTRIBUTES = frozenset(
    {
        *("accent", "accentunder", "columnspan", "depth", "display", "displaystyle", "form", "height", "largeop"),
        *("linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "rowspan", "rspace"),
        *("scriptlevel", "stretchy", "symmetric", "voffset", "width"),
    }
)
_VALUE = re.compile(r"[a-z]+|-?\d?(?:\.\d+)?(?:em|ex)?|\d\d")
"""A word, a small number or a length below ten letters' width."""

_DISPLAYED = frozenset({"display", "square"})
_MACROS = {"mbox": r"\text{#1}", "AA": r"\text{Å}", "RR": r"\mathbb{R}", "eps": r"\epsilon"}
"""Commands that abstracts use and the converter lacks."""


class _RefusedError(Exception):
    """A formula has what is not listed here."""


def with_formulas(text: str, *, display: bool = False) -> str:
    """Return plain ``text`` as HTML: its formulas as MathML, the rest without text macros and escaped.

    With ``display`` those in ``$$`` or square brackets have a line of their own; else, as in a title, none has.
    """
    return "".join(
        _escaped(part) if isinstance(part, str) else _formula(part, display=display and part.lastgroup in _DISPLAYED)
        for part in parts(text)
    )


def _escaped(text: str) -> str:
    """Return ``text`` for the inside of an element, where a quotation mark is no markup."""
    return escape(text, quote=False)


def _formula(match: re.Match[str], *, display: bool) -> str:
    try:
        made = _converter().convert_with_local_state(match[match.lastgroup or 0], displaystyle=display)
        return _Kept.of(made)
    except (LatexError, _RefusedError):
        return _escaped(match[0])


@cache
def _converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False, allow_unreliable_rendering=True, macros=_MACROS)


class _Kept(HTMLParser):
    """Writes anew what a converter wrote, as far as it is listed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.depth = 0

    @classmethod
    def of(cls, made: str) -> str:
        parser = cls()
        parser.feed(made)
        parser.close()
        return "".join(parser.parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += 1
        if tag not in _ELEMENTS or self.depth > _DEEPEST:
            raise _RefusedError
        kept = [f' {name}="{value}"' for name, value in attrs if name in _ATTRIBUTES and _VALUE.fullmatch(value or "")]
        self.parts.append(f"<{tag}{''.join(kept)}>")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(_escaped(data))
