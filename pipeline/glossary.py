"""The glossary: how terms are rendered in Chinese, which of them a text has, and whether a translation follows it.

``glossary.csv`` is edited as a spreadsheet. Its terms are matched word by word in a trie, so that the time for a text
grows with its length and not with the number of terms.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import PromptError
from pipeline.term_forms import Words, base_of, forms_of, is_acronym, places_in, words_in

FILE = "glossary.csv"
COLUMNS = ("term", "中文", "field", "forbidden renderings", "note")
SEPARATOR = "；"
"""Between the forbidden renderings of a cell, and between the terms in a prompt."""
MAY_STAY = "可留原文"
"""Words in a note by which a translation may leave the term in English."""
MOST_FAULTS = 5
"""Faults of a file that are named at once."""

_GAPS = re.compile(r"[\s\u2010-\u2014·-]+")
"""What does not tell two Chinese renderings apart: blanks and dashes."""
_CHINESE = re.compile(r"[^\x00-\x7f\u2010-\u2014]+")
_JOINTS = frozenset("_/.-@#\\")
_BRACKETED = re.compile(r"[（(\[][^（）()\[\]]*[）)\]]")


@dataclass(frozen=True, slots=True)
class Term:
    """A row of the glossary."""

    term: str
    rendering: str
    """In Chinese."""
    field: str
    forbidden: tuple[str, ...] = ()
    """Renderings that are wrong."""
    note: str = ""

    @property
    def may_stay(self) -> bool:
        """Whether a translation may leave the term in English."""
        return MAY_STAY in self.note


class Match(NamedTuple):
    """A term in a text, from the word of this number to before that one; numbered from 0."""

    term: Term
    start: int
    end: int


class WrongTerm(NamedTuple):
    """A term that a translation renders otherwise than the glossary."""

    term: Term
    found: str | None
    """The forbidden rendering; None where the term was left in English."""

    @property
    def advice(self) -> str:
        """What stands in the translation and what is to stand there, in Chinese."""
        return f"{self.found or self.term.term}，应译作{self.term.rendering}"


@dataclass(slots=True)
class _Node:
    """What may follow the words so far."""

    term: Term | None
    """The term that ends here."""
    following: dict[str, _Node]


@dataclass(frozen=True)
class Glossary:
    """Terms, ready to be found in texts."""

    terms: tuple[Term, ...] = ()
    path: Path = Path(FILE)
    """File that they were read from."""

    @cached_property
    def _root(self) -> _Node:
        """The trie of all forms; a form of two terms belongs to the one that is listed so, else to the first."""
        root = _Node(None, {})
        listed = [(base_of(term.term), term) for term in self.terms]
        inflected = [(form, term) for term in self.terms for form in sorted(forms_of(term.term))]
        for words, term in [*listed, *inflected]:
            node = root
            for word in words:
                node = node.following.setdefault(word, _Node(None, {}))
            node.term = node.term or term
        return root

    def matches(self, words: Sequence[str]) -> Iterator[Match]:
        """Yield the terms among the words of a text; of two that overlap the first, then the longer one."""
        first = self._root.following
        end = 0
        for at, word in enumerate(words):
            if at >= end and (word in first or word.lower() in first):
                term, end = _longest(self._root, words, at)
                if term:
                    yield Match(term, at, end)

    def found_in(self, text: str) -> tuple[Term, ...]:
        """Return the terms in ``text``, each once, in order of first appearance."""
        return tuple(dict.fromkeys(match.term for match in self.matches(words_in(text)))) if self.terms else ()

    def line(self, text: str) -> str:
        """Return the terms in ``text`` with their renderings on one line, as a prompt says them; empty without any."""
        return SEPARATOR.join(f"{term.term} {term.rendering}" for term in self.found_in(text))

    def by_field(self) -> Counter[str]:
        """Return the number of terms of each field."""
        return Counter(term.field for term in self.terms)

    def named(self, name: str) -> Term | None:
        """Return the term that ``name`` is, or is a form of."""
        words = words_in(name)
        return next((match.term for match in self.matches(words) if match[1:] == (0, len(words))), None)


NO_TERMS = Glossary()


def _longest(node: _Node, words: Sequence[str], at: int) -> tuple[Term | None, int]:
    """Return the longest term that goes on from ``node`` with the words from ``at``, and where it ends."""
    best: tuple[Term | None, int] = (node.term, at) if node.term else (None, 0)
    if at < len(words):
        word = words[at]
        for key in {word, word.lower()}:
            if following := node.following.get(key):
                best = max(best, _longest(following, words, at + 1), key=lambda found: found[1])
    return best


def wrong_terms(english: str, chinese: str, glossary: Glossary) -> list[WrongTerm]:
    """Return the terms of ``english`` whose rendering in ``chinese`` is forbidden, or that were left in English.

    A term whose listed rendering stands anywhere in ``chinese`` is right; so is one that has another rendering than
    the listed and the forbidden ones.
    """
    if not (terms := glossary.found_in(english)):
        return []
    text = _plain(chinese)
    right = [term for term in terms if _key(term.rendering) in text]
    wrong = {term: found for term in terms if (found := _forbidden_in(text, term, terms))}
    absent = {term for term in terms if not term.may_stay and term not in wrong and term not in right}
    left = absent & set(_left_in_english(chinese, glossary)) if absent else absent
    return [WrongTerm(term, wrong.get(term)) for term in terms if term in wrong or term in left]


def _forbidden_in(text: str, term: Term, terms: Sequence[Term]) -> str | None:
    """Return the forbidden rendering of ``term`` in ``text``; none within a right rendering of ``terms``."""
    if not any(_key(each) in text for each in term.forbidden):
        return None
    right = {_key(each.rendering) for each in terms}
    renderings = sorted({*right, *map(_key, term.forbidden)}, key=len, reverse=True)
    found = set(re.findall("|".join(map(re.escape, renderings)), text))
    if _key(term.rendering) in found:
        return None
    return next((each for each in term.forbidden if _key(each) in found - right), None)


def _left_in_english(chinese: str, glossary: Glossary) -> Iterator[Term]:
    """Yield the terms that stand in ``chinese`` in lower case: capitals may be a name, and brackets an explanation."""
    text = _CHINESE.sub("。", _BRACKETED.sub("()", chinese))
    words, places = words_in(text), places_in(text)
    for term, start, end in glossary.matches(words):
        is_plain = all(word.islower() or is_acronym(word) for word in words[start:end])
        if is_plain and not _is_part_of_name(text, places[start][0], places[end - 1][1]):
            yield term


def _is_part_of_name(text: str, start: int, end: int) -> bool:
    """Tell whether what stands next to a term makes it part of an address, a file or a name with hyphens."""
    return text[max(start - 1, 0) : start] in _JOINTS or text[end : end + 1] in _JOINTS


def _plain(text: str) -> str:
    return _GAPS.sub("", text).lower()


_key = lru_cache(maxsize=8192)(_plain)
"""A rendering as it is looked for."""


def load(path: Path) -> Glossary:
    """Read and check a glossary.

    Raises:
        PromptError: it cannot be read, or rows are wrong; each is named by its line, with what to do.
    """
    faults: list[str] = []
    terms: dict[Words, tuple[int, Term]] = {}
    for line, cells in _rows(path):
        fault = next(_faults(cells), "")
        words = () if fault else base_of(cells[0])
        if words in terms:
            fault = f"{cells[0]!r} stands on line {terms[words][0]} already: keep one of the two"
        if fault:
            faults.append(f"line {line}: {fault}")
        else:
            terms[words] = (line, _term(cells))
    if faults:
        more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        raise PromptError(f"{path}: {'; '.join(faults[:MOST_FAULTS])}{more}")
    return Glossary(tuple(term for _, term in terms.values()), path)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the head that are not empty, each with the line on which it begins.

    Raises:
        PromptError: the file is not a table of these columns.
    """
    reader = csv.reader(io.StringIO(_read(path), newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if line == 1 and tuple(cells) != COLUMNS:
                raise PromptError(f"{path}: line 1 must be {','.join(COLUMNS)}, with commas between; restore it")
            if line > 1 and any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise PromptError(
            f"{path}: line {line}: {error}; a quotation mark within a cell is written twice, and the cell in quotes"
        ) from error
    if line == 1:
        raise PromptError(f"{path}: is empty; its first line must be {','.join(COLUMNS)}")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PromptError(f"{path}: cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise PromptError(f"{path}: is not UTF-8; save it as 'CSV UTF-8 (comma delimited)'") from error


def _faults(cells: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with a row, and what to do; only the first is sure to be meant."""
    if len(cells) != len(COLUMNS):
        yield f"{len(cells)} cells instead of {len(COLUMNS)}: put a cell that has a comma into quotation marks"
    if absent := [name for name, cell in zip(COLUMNS[:3], cells, strict=False) if not cell]:
        yield f"{' and '.join(absent)} empty: fill the cell, or delete the row"
    if any(not cell.isprintable() for cell in cells):
        yield "a line end or control character in a cell: is a quotation mark open? Keep each row on one line"
    term, rendering, _, forbidden, _ = cells
    if not term[0].isalnum():
        yield f"{term!r} must begin with a letter or digit"
    if SEPARATOR in rendering:
        yield f"{term!r} has several renderings in 中文: keep one, and name the others in the note"
    if any(_plain(each) == _plain(rendering) for each in _split(forbidden)):
        yield f"{rendering!r} is the rendering of {term!r} and cannot be forbidden: delete it in one of the two cells"


def _term(cells: Sequence[str]) -> Term:
    term, rendering, field, forbidden, note = cells
    return Term(term, rendering, field, _split(forbidden), note)


def _split(forbidden: str) -> tuple[str, ...]:
    return tuple(each for part in forbidden.replace(";", SEPARATOR).split(SEPARATOR) if (each := part.strip()))
