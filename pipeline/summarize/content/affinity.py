"""Which sentences of an original and of its translation belong together, by the words, names and numbers of both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from .kinship import chinese_words_in, rendered_in, stems_in

SHORTEST_RATIO, LONGEST_RATIO = 0.8, 3.2
"""Chinese characters and Latin words for one English word: whole sentences have 1.17 to 2.70, median 1.72."""
_LATIN = re.compile(r"[A-Za-z0-9]+(?:\.\d+|['’]s\b)?")
_TELLING = re.compile(r"[A-Za-z]+[A-Z0-9][A-Za-z0-9]*|\d+(?:\.\d+)?")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_PARTS = ((1, 1), (1, 0), (0, 1), (2, 1), (1, 2))
_GAP = -0.15
_JOINING = 0.5
SHORTEST_JOINED, LONGEST_JOINED = 1.3, 2.6
"""The same, where two sentences are translated by one, or one by two."""
UNDOUBTED = 0.45
"""Share from which on two sentences at the same place need no comparison with their neighbours."""
_EXPECTED = 0.28
"""What two sentences share by chance at most."""


@dataclass(frozen=True, slots=True)
class Bead:
    """Sentences that belong together: their places in both texts; one side may be empty."""

    english: tuple[int, ...]
    chinese: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Affinity:
    """How much two sentences share."""

    evidence: int
    """Words, names and numbers of both that can be compared."""
    share: float
    """Of these, the share that the other side has too."""


@dataclass(frozen=True, slots=True)
class _English:
    stems: frozenset[str]
    tokens: frozenset[str]
    words: int


@dataclass(frozen=True, slots=True)
class _Chinese:
    rendered: frozenset[str]
    """Stems of the original that the sentence renders."""
    words: tuple[frozenset[str], ...]
    """For each Chinese word of the lexicon, the stems that explain it."""
    tokens: frozenset[str]
    size: int


class Texts:
    """An original and its translation, sentence by sentence."""

    def __init__(self, english: Sequence[str], chinese: Sequence[str]) -> None:
        self._english = [_english(text) for text in english]
        stems = frozenset().union(*(one.stems for one in self._english))
        self._chinese = [_chinese(text, stems) for text in chinese]

    def affinity(self, english: Sequence[int], chinese: Sequence[int]) -> Affinity:
        """Return what some sentences of the original share with some of the translation."""
        sources, texts = [self._english[at] for at in english], [self._chinese[at] for at in chinese]
        stems = _union([one.stems for one in sources])
        rendered = _union([one.rendered for one in texts])
        words = [word for one in texts for word in one.words]
        named = _union([one.tokens for one in sources])
        kept = _union([one.tokens for one in texts])
        evidence = len(stems) + len(words) + len(named | kept)
        foreign = sum(map(stems.isdisjoint, words))
        shared = len(stems & rendered) + len(words) - foreign + len(named & kept)
        return Affinity(evidence, shared / evidence if evidence else 0.5)

    def ratio(self, english: Sequence[int], chinese: Sequence[int]) -> float:
        """Return the length of some sentences of the translation for one word of the original."""
        words = sum(self._english[at].words for at in english)
        return sum(self._chinese[at].size for at in chinese) / max(1, words)

    def recall(self, english: int, chinese: int) -> Affinity:
        """Return the words, names and numbers of a sentence of the original, and the share that another renders."""
        source, text = self._english[english], self._chinese[chinese]
        told = len(source.stems | source.tokens)
        kept = len(source.stems & text.rendered) + len(source.tokens & text.tokens)
        return Affinity(told, kept / told if told else 0.5)

    def align(self) -> tuple[Bead, ...]:
        """Return which sentences belong together, in their order: one to one, two to one, or one without another."""
        rows, columns = len(self._english), len(self._chinese)
        if rows == columns and all(map(self._is_pair, range(rows))):
            return tuple(Bead((at,), (at,)) for at in range(rows))
        best: dict[tuple[int, int], tuple[float, Bead | None]] = {(0, 0): (0.0, None)}
        for row in range(rows + 1):
            for column in range(columns + 1):
                if options := list(self._steps_to(best, row, column)):
                    best[row, column] = max(options, key=itemgetter(0))
        return _walk_back(best, rows, columns)

    def _is_pair(self, at: int) -> bool:
        """Return whether the sentences at the same place belong together without a doubt."""
        is_likely = SHORTEST_RATIO <= self.ratio((at,), (at,)) <= LONGEST_RATIO
        return is_likely and self.affinity((at,), (at,)).share >= UNDOUBTED

    def _steps_to(
        self, best: dict[tuple[int, int], tuple[float, Bead | None]], row: int, column: int
    ) -> Iterator[tuple[float, Bead]]:
        for english, chinese in _PARTS:
            before = best.get((row - english, column - chinese))
            if before and (gain := self._gain(row - english, column - chinese, english, chinese)) is not None:
                bead = Bead(tuple(range(row - english, row)), tuple(range(column - chinese, column)))
                yield before[0] + gain, bead

    def _gain(self, row: int, column: int, english: int, chinese: int) -> float | None:
        """Return how much speaks for so many sentences from a place of each; None where their lengths forbid it."""
        if not english or not chinese:
            return _GAP
        sources, texts = range(row, row + english), range(column, column + chinese)
        ratio = self.ratio(sources, texts)
        if english == chinese:
            is_likely = SHORTEST_RATIO <= ratio <= LONGEST_RATIO
            return self.affinity(sources, texts).share - _EXPECTED - (0.0 if is_likely else 0.15)
        if not SHORTEST_JOINED <= ratio <= LONGEST_JOINED:
            return None
        return 2 * (min(self._held(one, other) for one in sources for other in texts) - _EXPECTED) - _JOINING

    def _held(self, english: int, chinese: int) -> float:
        """Return the share of the shorter sentence's words that the longer one holds."""
        source, text = self._english[english], self._chinese[chinese]
        said = len(text.words) + len(text.tokens)
        foreign = sum(map(source.stems.isdisjoint, text.words))
        held = len(text.words) - foreign + len(source.tokens & text.tokens)
        return max(self.recall(english, chinese).share, held / said if said else 0.5)


@lru_cache(maxsize=64)
def _english(text: str) -> _English:
    words = _LATIN.findall(text)
    return _English(stems_in(text), _tokens(words), len(words))


def _chinese(text: str, stems: frozenset[str]) -> _Chinese:
    words = _LATIN.findall(text)
    length = sum(map(len, _HAN.findall(text))) + len(words)
    return _Chinese(rendered_in(text, stems), chinese_words_in(text), _tokens(words), length)


def _walk_back(best: dict[tuple[int, int], tuple[float, Bead | None]], row: int, column: int) -> tuple[Bead, ...]:
    beads: list[Bead] = []
    while (bead := best[row, column][1]) is not None:
        beads.append(bead)
        row, column = row - len(bead.english), column - len(bead.chinese)
    return tuple(reversed(beads))


def _tokens(words: list[str]) -> frozenset[str]:
    """Return the names and numbers among words in lower case, plurals as singulars."""
    telling = [_TELLING.match(word) for word in set(words) if not (word.islower() and word.isalpha())]
    return frozenset(match.group().lower().removesuffix("s") for match in telling if match)


def _union(sets: list[frozenset[str]]) -> frozenset[str]:
    return sets[0] if len(sets) == 1 else frozenset().union(*sets)
