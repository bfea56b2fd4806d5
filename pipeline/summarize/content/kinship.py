"""Whether a Chinese text can be the translation of an English one, by the research words that both have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import chain
from operator import add

SHORTEST_STEM = 3
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
    lines = [_stems_of(line) for line in english.split("\n")]
    return lines[0] if len(lines) == 1 else frozenset().union(*lines)


@lru_cache(maxsize=64)
def _stems_of(line: str) -> frozenset[str]:
    return frozenset(chain.from_iterable(map(_stems, set(_WORD.findall(line.lower())))))


def rendered_in(chinese: str, stems: frozenset[str]) -> frozenset[str]:
    """Return those of the stems that a Chinese text renders."""
    known = _chinese_words()
    return stems.intersection(chain.from_iterable(map(known.__getitem__, _words_in(chinese))))


@lru_cache(maxsize=8192)
def _stems(word: str) -> tuple[str, ...]:
    """Return the lexicon's stem that a word begins with, the longest; of a compound without one, those of its parts."""
    for end in _lengths().get(word[:SHORTEST_STEM], ()):
        if word[:end] in _lexicon():
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
def _lengths() -> dict[str, tuple[int, ...]]:
    """Return how long the stems are that begin with the same characters, the longest first."""
    lengths: dict[str, set[int]] = {}
    for stem in _lexicon():
        lengths.setdefault(stem[:SHORTEST_STEM], set()).add(len(stem))
    return {begin: tuple(sorted(found, reverse=True)) for begin, found in lengths.items()}


def explained(english: str, chinese: str) -> Kinship:
    """Count the lexicon's Chinese words in a short text, and those that a word of the English text explains."""
    stems, words = stems_in(english), chinese_words_in(chinese)
    return Kinship(len(words), sum(not stems.isdisjoint(word) for word in words))


def chinese_words_in(text: str) -> tuple[frozenset[str], ...]:
    """Return, for each Chinese word of two characters or more in a text, the stems it renders; none inside a longer."""
    known, longer, found = _chinese_words(), _index().longer, _words_in(text)
    return tuple(known[word] for word in found if word in longer and longer[word].isdisjoint(found))


@lru_cache(maxsize=256)
def _words_in(text: str) -> frozenset[str]:
    """Return the lexicon's Chinese words that stand in a text.

    Its characters and pairs of them say nearly all of it: only words of three and more are searched for.
    """
    index, pairs = _index(), set(map(add, text, text[1:]))
    begun = index.begun.keys() & pairs
    longer = [word for pair in begun for word in index.begun[pair] if word in text]
    return (index.short & pairs.union(text)).union(longer)


@dataclass(frozen=True, slots=True)
class _Index:
    """The Chinese words of the lexicon, as they are looked up."""

    short: frozenset[str]
    """Words of one or two characters."""
    begun: dict[str, tuple[str, ...]]
    """The longer words by their first two characters."""
    longer: dict[str, frozenset[str]]
    """For each word of two characters or more, the words that it stands in."""


@cache
def _index() -> _Index:
    words = _chinese_words()
    begun: dict[str, tuple[str, ...]] = {}
    longer: dict[str, frozenset[str]] = {word: frozenset() for word in words if len(word) > 1}
    for word in (word for word in words if len(word) > 2):
        begun[word[:2]] = (*begun.get(word[:2], ()), word)
        for inside in longer.keys() & set(_parts_of(word)):
            longer[inside] |= {word}
    return _Index(frozenset(word for word in words if len(word) <= 2), begun, longer)


def _parts_of(word: str) -> Iterator[str]:
    """Yield every shorter text that stands in a word."""
    yield from (word[at : at + size] for size in range(2, len(word)) for at in range(len(word) - size + 1))


@cache
def _chinese_words() -> dict[str, frozenset[str]]:
    """Return the stems that each Chinese word renders."""
    words: dict[str, set[str]] = {}
    for stem, renderings in _lexicon().items():
        for word in renderings:
            words.setdefault(word, set()).add(stem)
    return {word: frozenset(stems) for word, stems in words.items()}
