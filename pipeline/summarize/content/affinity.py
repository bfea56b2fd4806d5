"""Which sentences of an original and of its translation belong together, by the words, names and numbers of both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .kinship import chinese_words_in, rendered_in, stems_in

SHORTEST_RATIO, LONGEST_RATIO = 0.8, 3.2
"""Chinese characters and Latin words for one English word: whole sentences have 1.17 to 2.70, median 1.72."""
_LATIN = re.compile(r"[A-Za-z0-9]+(?:\.\d+)?")
_TELLING = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]+[A-Z0-9][A-Za-z0-9]*|\d+(?:\.\d+)?)")
_HAN = re.compile(r"[\u3400-\u9fff]")
_PARTS = ((1, 1), (1, 0), (0, 1), (2, 1), (1, 2))
_GAP = -0.15
_JOINING = 0.5
SHORTEST_JOINED, LONGEST_JOINED = 1.3, 2.6
"""The same, where two sentences are translated by one, or one by two."""
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
        self._english = [
            _English(frozenset(stems_in(text)), _tokens(text), len(_LATIN.findall(text))) for text in english
        ]
        stems = frozenset().union(*(one.stems for one in self._english))
        self._chinese = [
            _Chinese(rendered_in(text, stems), chinese_words_in(text), _tokens(text), size(text)) for text in chinese
        ]

    def affinity(self, english: Sequence[int], chinese: Sequence[int]) -> Affinity:
        """Return what some sentences of the original share with some of the translation."""
        sources, texts = [self._english[at] for at in english], [self._chinese[at] for at in chinese]
        stems = frozenset().union(*(one.stems for one in sources))
        rendered = frozenset().union(*(one.rendered for one in texts))
        words = [word for one in texts for word in one.words]
        named = frozenset().union(*(one.tokens for one in sources))
        kept = frozenset().union(*(one.tokens for one in texts))
        evidence = len(stems) + len(words) + len(named | kept)
        shared = len(stems & rendered) + sum(not stems.isdisjoint(word) for word in words) + len(named & kept)
        return Affinity(evidence, shared / evidence if evidence else 0.5)

    def ratio(self, english: Sequence[int], chinese: Sequence[int]) -> float:
        """Return the length of some sentences of the translation for one word of the original."""
        words = sum(self._english[at].words for at in english)
        return sum(self._chinese[at].size for at in chinese) / max(1, words)

    def align(self) -> tuple[Bead, ...]:
        """Return which sentences belong together, in their order: one to one, two to one, or one without another."""
        rows, columns = len(self._english), len(self._chinese)
        best: dict[tuple[int, int], tuple[float, Bead | None]] = {(0, 0): (0.0, None)}
        for row in range(rows + 1):
            for column in range(columns + 1):
                reached = [self._reach(best, row, column, part) for part in _PARTS]
                if options := [one for one in reached if one]:
                    best[row, column] = max(options, key=lambda option: option[0])
        return _walk_back(best, rows, columns)

    def _reach(
        self, best: dict[tuple[int, int], tuple[float, Bead | None]], row: int, column: int, part: tuple[int, int]
    ) -> tuple[float, Bead] | None:
        before = best.get((row - part[0], column - part[1]))
        if before is None:
            return None
        bead = Bead(tuple(range(row - part[0], row)), tuple(range(column - part[1], column)))
        return before[0] + self._gain(bead), bead

    def _gain(self, bead: Bead) -> float:
        english, chinese = bead.english, bead.chinese
        if not english or not chinese:
            return _GAP
        ratio = self.ratio(english, chinese)
        if len(english) == len(chinese):
            is_likely = SHORTEST_RATIO <= ratio <= LONGEST_RATIO
            return self.affinity(english, chinese).share - _EXPECTED - (0.0 if is_likely else 0.15)
        if not SHORTEST_JOINED <= ratio <= LONGEST_JOINED:
            return -1.0
        return 2 * (min(self._held(one, other) for one in english for other in chinese) - _EXPECTED) - _JOINING

    def _held(self, english: int, chinese: int) -> float:
        """Return the share of the shorter sentence's words that the longer one holds."""
        source, text = self._english[english], self._chinese[chinese]
        told = len(source.stems | source.tokens)
        recall = (len(source.stems & text.rendered) + len(source.tokens & text.tokens)) / told if told else 0.5
        said = len(text.words) + len(text.tokens)
        held = sum(not source.stems.isdisjoint(word) for word in text.words) + len(source.tokens & text.tokens)
        return max(recall, held / said if said else 0.5)


def size(chinese: str) -> int:
    """Return the length of a Chinese text: its characters and Latin words."""
    return len(_HAN.findall(chinese)) + len(_LATIN.findall(chinese))


def _walk_back(best: dict[tuple[int, int], tuple[float, Bead | None]], row: int, column: int) -> tuple[Bead, ...]:
    beads: list[Bead] = []
    while (bead := best[row, column][1]) is not None:
        beads.append(bead)
        row, column = row - len(bead.english), column - len(bead.chinese)
    return tuple(reversed(beads))


def _tokens(text: str) -> frozenset[str]:
    """Return the names and numbers of a text in lower case, plurals as singulars."""
    return frozenset(token.lower().removesuffix("s") for token in _TELLING.findall(text))
