"""The search index of the papers of one month, cut into files so that a browser loads only what a query needs.

A term is a word as it is written, or two neighbouring Chinese characters: so a Chinese word is found wherever it
stands, and nobody has to know where words end. ``search.js`` divides a query in the same way.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

MOST_POSTINGS = 8_000
"""Papers of all terms in a file, about; some 30 kB."""
MOST_FILES = 1_024
MOST_LETTERS = 32
"""Letters of a word that count."""
_HAN = "々〇\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(f"[{_HAN}]")
_ACCENTS = re.compile("[\u0300-\u036f]")


class Index:
    """Collects the papers of one month, newest first, and which terms each has."""

    def __init__(self) -> None:
        self.papers: list[str] = []
        """Ids, as they were added."""
        self._postings: dict[str, list[int]] = {}

    def add(self, paper_id: str, text: str) -> None:
        """Add a paper with all text that it is to be found by."""
        number = len(self.papers)
        self.papers.append(paper_id)
        for term in terms(text):
            self._postings.setdefault(term, []).append(number)

    def files(self) -> Iterator[tuple[str, str]]:
        """Give the names and texts of the files.

        ``papers.json`` is a list of ids. A file of terms maps each to its papers, by their places in that list: the
        first, then the distance of each to the one before.
        """
        yield "papers.json", json_of(self.papers)
        count = self.count
        files: list[dict[str, list[int]]] = [{} for _ in range(count)]
        for term in sorted(self._postings):
            numbers = self._postings[term]
            distances = (after - before for before, after in pairwise(numbers))
            files[file_of(term, count)][term] = [numbers[0], *distances]
        for number, postings in enumerate(files):
            yield f"{number}.json", json_of(postings)

    @property
    def count(self) -> int:
        """Files that the terms are divided into, a power of two."""
        wanted = sum(map(len, self._postings.values())) // MOST_POSTINGS
        return min(1 << wanted.bit_length(), MOST_FILES)


def terms(text: str) -> set[str]:
    """Return the terms of a text: words, pairs of Chinese characters, and the last character of each Chinese run."""
    found: set[str] = set()
    for run in _RUN.findall(folded(text)):
        if _IS_HAN.match(run):
            found.update(run[at : at + 2] for at in range(len(run)))
        else:
            found.add(run[:MOST_LETTERS])
    return found


def folded(text: str) -> str:
    """Return ``text`` without accents, in small letters, each character in its plainest form."""
    return text.lower() if text.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()


def file_of(term: str, count: int) -> int:
    """Return which of ``count`` files has a term; all terms that begin alike are in one, to be found by a beginning."""
    first, second = term[0], "" if _IS_HAN.match(term) else term[1:2]
    return (ord(first) + (31 * ord(second) if second else 0)) % count


def json_of(value: object) -> str:
    """Return ``value`` as JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
