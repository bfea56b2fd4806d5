"""Which months of ids have a term: so a query loads nothing of the months that lack it.

It is made from the indexes of the months as they were written, a part of all terms at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from pipeline.site.index import MOST_FILES, file_of, json_of

FOLDER = "terms"
"""Name of its folder beside those of the months."""
_SHARE = 4
"""Files of months that one of its files stands for, about; some 40 kB."""


def count_files(months: Mapping[str, int]) -> int:
    """Return how many files say it of ``months`` with an index of so many files each: a power of two."""
    return min(1 << (sum(months.values()) // _SHARE).bit_length(), MOST_FILES)


def files(search: Path, months: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Give the names and texts of the files, from the indexes of ``months``, oldest first, below ``search``.

    A file maps each of its terms to the months that have it, by their places from the oldest: the first, then the
    distance of each to the one before. The numbers of files are powers of two, and so the terms of one file are in
    those of a month whose numbers leave the same rest.
    """
    count = count_files(months)
    step = min(count, max(months.values(), default=1))
    # Months with fewer files than others are asked for the same ones again and again.
    read = lru_cache(maxsize=2 * len(months))(lambda month, number: _terms(search / month / f"{number}.json"))
    for rest in range(step):
        parts: dict[int, dict[str, list[int]]] = {number: {} for number in range(rest, count, step)}
        for place, (month, written) in enumerate(months.items()):
            for number in range(rest % written, written, step):
                for term in read(month, number):
                    if file_of(term, step) == rest:
                        parts[file_of(term, count)].setdefault(term, []).append(place)
        for number, held in parts.items():
            yield f"{number}.json", json_of({term: _distances(held[term]) for term in sorted(held)})


def _terms(path: Path) -> tuple[str, ...]:
    return tuple(json.loads(path.read_text("utf-8")))


def _distances(places: list[int]) -> list[int]:
    return [places[0], *(after - before for before, after in pairwise(places))]
