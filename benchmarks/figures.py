"""What a benchmark comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One figure of one scenario."""

    scenario: str
    what: str
    value: float
    target: float | None
    """The most that it should be; None where nothing is asked of it."""
    detail: str
    by_hand: float | None = None
    """The same of the openai client by hand, in the same run."""

    @property
    def met(self) -> bool:
        """Whether the figure is what it should be, or nothing was asked of it."""
        return self.target is None or self.value <= self.target


Benchmark = Callable[[Path], Iterator[Figure]]
"""Measures in an empty folder of its own."""
