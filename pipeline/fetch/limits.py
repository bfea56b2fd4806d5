"""Where arXiv is, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one answer of arXiv may take, in seconds, and how often it is asked for."""

    connect: float = 10.0
    read: float = 30.0
    """Longest silence within an answer."""
    total: float = 60.0
    """Longest time for one request and its whole answer."""
    tries: int = 5
    patience: float = 180.0
    """Longest wait between tries, all waits of one answer together."""
    backoff: float = 5.0
    """Longest first wait; it doubles with each try, and the wait is drawn at random below it."""
    longest_wait: float = 60.0
    """Longest single wait, whatever Retry-After says."""
    whole: float = 900.0
    """Longest time for all answers of one fetch together, waits included."""


@dataclass(frozen=True, slots=True)
class ArxivSettings:
    """Where arXiv is and how it is to be treated."""

    api_url: str = "https://export.arxiv.org/api/query"
    feed_url: str = "https://rss.arxiv.org"
    delay: float = 3.0
    """Seconds between requests, for the `Pacer` of the process: https://info.arxiv.org/help/api/tou.html."""
    limits: Limits = field(default_factory=Limits)


class Budget:
    """What the requests of one fetch may take: each its limits, and all together what is left of their time."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.last = "nothing"
        """What came back last."""
        self._clock = clock
        self._left = limits.whole
        self._began: float | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time within: what the reader of a page does with it meanwhile is not arXiv's."""
        self._began = self._clock()
        try:
            yield
        finally:
            self._left, self._began = self.left(), None

    def left(self) -> float:
        """Return the seconds that are left."""
        return self._left - (self._clock() - self._began if self._began is not None else 0.0)
