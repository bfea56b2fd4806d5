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
    found = stems_in(english)
    return Kinship(len(found), len(rendered_in(chinese, found)))


def stems_in(english: str) -> frozenset[str]:
    """Return the lexicon's stems in an English text."""
    return frozenset(stem for word in set(_WORD.findall(english.lower())) for stem in _stems(word))


def rendered_in(chinese: str, stems: frozenset[str]) -> frozenset[str]:
    """Return those of the stems that a Chinese text renders."""
    known = _chinese_words()
    return stems & frozenset().union(*(known[word] for word in _words_in(chinese)))


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
    stems, words = stems_in(english), chinese_words_in(chinese)
    return Kinship(len(words), sum(not stems.isdisjoint(word) for word in words))


def chinese_words_in(text: str) -> tuple[frozenset[str], ...]:
    """Return, for each Chinese word of two characters or more in a text, the stems it renders; none inside a longer."""
    known = _chinese_words()
    found = [word for word in _words_in(text) if len(word) > 1]
    return tuple(known[word] for word in found if not any(word != other and word in other for other in found))


@lru_cache(maxsize=256)
def _words_in(text: str) -> frozenset[str]:
    """Return the lexicon's Chinese words that stand in a text."""
    index = _by_first()
    return frozenset(word for at, char in enumerate(text) for word in index.get(char, ()) if text.startswith(word, at))


@cache
def _by_first() -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for word in _chinese_words():
        words[word[0]] = (*words.get(word[0], ()), word)
    return words


@cache
def _chinese_words() -> dict[str, frozenset[str]]:
    """Return the stems that each Chinese word renders."""
    words: dict[str, set[str]] = {}
    for stem, renderings in _lexicon().items():
        for word in renderings:
            words.setdefault(word, set()).add(stem)
    return {word: frozenset(stems) for word, stems in words.items()}
