"""Which asterisks, underscores and tildes would become emphasis: the flanking rules of GFM 6.4 and 6.5."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from string import punctuation

_BLANK, _PUNCTUATION, _OTHER = "blank", "punctuation", "other"

_RUNS = tuple(re.compile(pattern) for pattern in (r"\*+", "_+", "(?<!~)~(?!~)", "~~+"))
"""Runs that may pair with each other. One tilde never pairs with two; with three, some parsers still pair two."""

_SETTLED = re.compile("[\u0080-\u024f\u2000-\u206f\u3000-\u303f\ufe10-\uffef]")
"""Blocks whose punctuation every version of Unicode that a parser may carry agrees about."""


def emphasis(line: str, *, before: str, after: str) -> Iterator[int]:
    """Give the positions of ``*``, ``_`` and ``~`` in ``line`` that could begin or end emphasis or strikethrough.

    A run counts only if it could open with a closer to its right, or close with an opener to its left; ``before``
    and ``after`` are the characters that stand next to the line on the page.
    """
    framed = before + line + after
    for pattern in _RUNS:
        runs = [match.span() for match in pattern.finditer(line)]
        roles = [_roles(framed, start + 1, end + 1) for start, end in runs]
        first_opener = min((i for i, (opens, _) in enumerate(roles) if opens), default=len(runs))
        last_closer = max((i for i, (_, closes) in enumerate(roles) if closes), default=-1)
        for i, ((start, end), (opens, closes)) in enumerate(zip(runs, roles, strict=True)):
            if (opens and i < last_closer) or (closes and i > first_opener):
                yield from range(start, end)


def _roles(framed: str, start: int, end: int) -> tuple[bool, bool]:
    """Return whether the run from ``start`` to ``end`` could open and could close.

    Parsers differ in two points, and each reading counts: CommonMark takes symbols for punctuation since 0.31
    (https://spec.commonmark.org/changes), GFM does not; and cmark-gfm looks for a run's neighbours beyond tildes.
    """
    lefts = _kinds(framed[start - 1]) | _kinds(_beyond_tildes(framed, start - 1, step=-1))
    rights = _kinds(framed[end]) | _kinds(_beyond_tildes(framed, end, step=1))
    roles = [_roles_between(framed[start], left, right) for left, right in product(lefts, rights)]
    return any(opens for opens, _ in roles), any(closes for _, closes in roles)


def _beyond_tildes(framed: str, position: int, *, step: int) -> str:
    while framed[position] == "~":
        position += step
    return framed[position]


def _roles_between(mark: str, left: str, right: str) -> tuple[bool, bool]:
    left_flanking = right == _OTHER or (right == _PUNCTUATION and left != _OTHER)
    right_flanking = left == _OTHER or (left == _PUNCTUATION and right != _OTHER)
    if mark != "_":
        return left_flanking, right_flanking
    opens = left_flanking and (not right_flanking or left == _PUNCTUATION)
    closes = right_flanking and (not left_flanking or right == _PUNCTUATION)
    return opens, closes


def _kinds(neighbour: str) -> set[str]:
    """Return what a parser may take a character for."""
    category = unicodedata.category(neighbour)
    if neighbour == "\n" or category == "Zs":
        return {_BLANK}
    if neighbour in punctuation or (category.startswith("P") and _SETTLED.match(neighbour)):
        return {_PUNCTUATION}
    return {_PUNCTUATION, _OTHER} if category[0] in "PS" else {_OTHER}
