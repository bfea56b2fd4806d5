"""The sentences of an abstract, English and Chinese."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

_END = re.compile(r"(?<![.!?])[.!?]++[\"'”’)\]}»]*+(?=\s)")
_OPENING = re.compile(r"\s+(?:%\s+)?[\"'“‘(\[{«]*(?=[A-Z0-9$\\À-ÞΑ-Ω]|[a-z]+[A-Z0-9])")
"""What a sentence begins with, be it behind the mark of a comment in TeX."""
_LAST_WORD = re.compile(r"(?:[A-Za-z]+\.)*[A-Za-z]+$")
_OPENERS = (
    "A|An|The|This|These|That|Those|We|Our|I|It|Its|In|On|At|As|By|For|From|To|With|Without|Within|When|While|Where|"
    "Whereas|However|Moreover|Furthermore|Finally|Here|Hence|Thus|Then|Therefore|Additionally|Also|Although|And|But|"
    "Because|Based|Both|Despite|Each|Extensive|Experiments|Experimental|First|Second|Third|Further|Given|How|If|"
    "Inspired|Instead|Many|Most|Motivated|Nevertheless|One|Recent|Recently|Results|Several|Since|Some|Specifically|"
    "Such|There|They|Through|Two|Unlike|Using|What|Yet|Numerical|Empirical|Existing|Code|Consequently|Notably"
)
_OPENER = re.compile(rf"\s*[\"'“‘(\[]*(?:{_OPENERS})(?=\s|,)")
_GLUED = re.compile(rf"(?<=[a-z0-9)\]%$])[.!?](?=(?:{_OPENERS})[ ,][^.])")
_PROTECTED = re.compile(r"\$\$[^$]*\$\$|\$(?:\\.|[^$\\]){0,400}\$|https?://[^\s]+")
_BRACKET = re.compile(r"[()\[\]（）]")
_CLOSES = {")": "(", "]": "[", "）": "（"}
LONGEST_BRACKET = 400
"""Characters between brackets; a pair that is farther apart is more likely two slips of the pen."""

_NEVER_LAST = frozenset(
    [
        "e.g",
        "eg",
        "i.e",
        "ie",
        "cf",
        "vs",
        "viz",
        "resp",
        "approx",
        "ca",
        "fig",
        "figs",
        "eq",
        "eqs",
        "eqn",
        "eqns",
        "sec",
        "secs",
        "sect",
        "ref",
        "refs",
        "tab",
        "thm",
        "lem",
        "prop",
        "cor",
        "def",
        "ch",
        "chap",
        "app",
        "appx",
        "alg",
        "no",
        "nos",
        "vol",
        "pp",
        "p",
        "dr",
        "prof",
        "mr",
        "mrs",
        "ms",
        "st",
        "mt",
        "w.r.t",
        "s.t",
    ]
)
"""Abbreviations that something always follows, without their last dot."""
_SELDOM_LAST = frozenset(
    [
        "al",
        "etc",
        "inc",
        "ltd",
        "corp",
        "co",
        "dept",
        "univ",
        "rev",
        "lett",
        "phys",
        "math",
        "comput",
        "sci",
        "proc",
        "conf",
        "int",
        "natl",
        "jr",
        "sr",
        "u.s",
        "u.k",
        "e.u",
        "a.k.a",
        "i.i.d",
        "iid",
        "ph.d",
        "a.m",
        "p.m",
        "min",
        "max",
        "std",
        "avg",
        "temp",
        "est",
        "incl",
        "excl",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)
"""Abbreviations that may end a sentence: they do where a word follows that opens one."""

_HAN_END = re.compile(r"(?:[。！？]|(?<=[^\x00-\x7f])[!?](?![\w.])|……)+[”’」』）)】\"']*")


@lru_cache(maxsize=64)
def split_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of an English abstract: never cut inside a formula, an address or brackets.

    With the blanks between them they give the text back.
    """
    return tuple(_pieces(text, _cuts(text)))


@lru_cache(maxsize=64)
def split_chinese(text: str) -> tuple[str, ...]:
    """Return the sentences of a Chinese text, with their marks; semicolons do not end one."""
    spans = _protected(text)
    cuts = [match.end() for match in _HAN_END.finditer(text) if not _is_inside(match.end(), spans)]
    return tuple(_pieces(text, cuts))


def _pieces(text: str, cuts: list[int]) -> Iterator[str]:
    """Yield what stands between the cuts; a piece without a letter, such as a list's number, goes with the next."""
    start = seen = 0
    for cut in (*cuts, len(text)):
        if any(map(str.isalpha, text[seen:cut])) or (cut == len(text) and text[start:].strip()):
            yield text[start:cut].strip()
            start = cut
        seen = cut


def _cuts(text: str) -> list[int]:
    spans = _protected(text)
    ends = [match.end() for match in _END.finditer(text) if _ends_sentence(text, match)]
    glued = [match.end() for match in _GLUED.finditer(text)]
    return sorted({end for end in (*ends, *glued) if not _is_inside(end, spans)})


def _ends_sentence(text: str, end: re.Match[str]) -> bool:
    if not _OPENING.match(text, end.end()):
        return False
    if end.group()[0] != ".":
        return True
    word = _LAST_WORD.search(text, max(0, end.start() - 12), end.start())
    said = word.group() if word else ""
    if said.lower() in _NEVER_LAST and not said.isupper():
        return False
    is_initial = len(said) == 1 and said.isupper()
    if is_initial or said.lower() in _SELDOM_LAST:
        return _OPENER.match(text, end.end()) is not None
    return True


def _protected(text: str) -> list[tuple[int, int]]:
    """Return formulas, addresses and brackets as spans in the order of their beginning, none inside another."""
    spans = [match.span() for match in _PROTECTED.finditer(text)]
    found = sorted((*spans, *_brackets(text, spans)))
    outer: list[tuple[int, int]] = []
    for span in found:
        if not outer or span[0] >= outer[-1][1]:
            outer.append(span)
        elif span[1] > outer[-1][1]:
            outer[-1] = (outer[-1][0], span[1])
    return outer


def _brackets(text: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield each pair of brackets that belong together; one that nothing closes protects nothing."""
    opened: list[tuple[str, int]] = []
    for match in _BRACKET.finditer(text):
        char, at = match.group(), match.start()
        if _is_inside(at, spans):
            continue
        if char not in _CLOSES:
            opened.append((char, at))
        elif opened and opened[-1][0] == _CLOSES[char]:
            start = opened.pop()[1]
            if at - start <= LONGEST_BRACKET:
                yield start, at + 1


def _is_inside(at: int, spans: list[tuple[int, int]]) -> bool:
    """Return whether a place is inside one of the spans, which are in order and do not overlap."""
    before = bisect_right(spans, (at, -1)) - 1
    return before >= 0 and spans[before][0] < at < spans[before][1]
