"""Whether a Chinese text can be the translation of an English one, by the research words that both have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Kinship:
    """How many of the lexicon's words in one text the other has too."""

    words: int
    """Words of the lexicon that stand in the one text."""
    shared: int
    """Of these, words that stand in the other."""


def kinship(english: str, chinese: str) -> Kinship:
    """Count the lexicon's words in an English text, and those that the Chinese text renders."""
    renderings, found = _lexicon(), _stems_in(english)
    return Kinship(len(found), sum(any(one in chinese for one in renderings[stem]) for stem in found))


def _stems_in(english: str) -> set[str]:
    return {stem for word in set(_WORD.findall(english.lower())) for stem in _stems(word)}


@lru_cache(maxsize=8192)
def _stems(word: str) -> tuple[str, ...]:
    """Return the lexicon's stem that a word begins with, the longest; of a compound without one, those of its parts."""
    renderings = _lexicon()
    for end in range(min(len(word), _longest()), 2, -1):
        if word[:end] in renderings:
            return (word[:end],)
    parts = word.split("-")
    return tuple(stem for part in parts for stem in _stems(part)) if len(parts) > 1 else ()


@cache
def _lexicon() -> dict[str, tuple[str, ...]]:
    """Return the Chinese renderings of each English stem."""
    text = resources.files(__package__).joinpath("lexicon.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line)
    return {stem: tuple(chinese.split("|")) for stem, chinese in rows}


@cache
def _longest() -> int:
    return max(map(len, _lexicon()))


def explained(english: str, chinese: str) -> Kinship:
    """Count the lexicon's Chinese words in a short text, and those that a word of the English text explains."""
    stems = _stems_in(english)
    found = [word for word in _chinese_words() if word in chinese]
    longest = [word for word in found if not any(word != other and word in other for other in found)]
    return Kinship(len(longest), sum(not stems.isdisjoint(_chinese_words()[word]) for word in longest))


@cache
def _chinese_words() -> dict[str, frozenset[str]]:
    """Return the stems that each Chinese word of two characters or more renders."""
    words: dict[str, set[str]] = {}
    for stem, renderings in _lexicon().items():
        for word in renderings:
            if len(word) > 1:
                words.setdefault(word, set()).add(stem)
    return {word: frozenset(stems) for word, stems in words.items()}
