"""How long a call may take."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable


class Deadline:
    """How long a call may take, by how long the endpoint's own replies have taken so far.

    What is under way is judged by it too: the first calls leave when nothing is known yet.
    """

    _ENOUGH = 8
    """Replies by which the next run can judge."""
    _TIMES, _TIMES_AT_FIRST = 1.5, 32.0
    """How often the slowest reply's time, and how much more often while few are known, shared among them."""
    _MANY = 4
    """Calls given up in a row that are more than single accidents."""
    _MOST_PATIENCE = 10.0

    def __init__(self, most: float, *, least: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._most = most
        self._least = least
        self._slow = 0.0
        self._sum = 0.0
        self._count = 0
        self._patience = 1.0
        self._missed = 0
        self._raised = float("-inf")
        self._under_way: dict[asyncio.Timeout, float] = {}

    @property
    def seconds(self) -> float:
        """Seconds that a call may take, as far as is known now."""
        if not self._count:
            return self._most
        times = self._TIMES + self._TIMES_AT_FIRST / self._count
        return min(self._most, max(self._least, times * self._slow) * self._patience)

    @property
    def is_sure(self) -> bool:
        """Whether enough replies were seen for the next run to judge by."""
        return self._count >= self._ENOUGH

    @property
    def mean(self) -> float | None:
        """Mean seconds of a reply; None before the first."""
        return self._sum / self._count if self._count else None

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Bound what is done within; replies that come meanwhile shorten or lengthen its time.

        Raises:
            TimeoutError: it took too long.
        """
        async with asyncio.timeout(self.seconds) as timer:
            # By the loop's own clock, which its timers go by.
            self._under_way[timer] = asyncio.get_running_loop().time()
            try:
                yield
            finally:
                del self._under_way[timer]

    def answered(self, seconds: float) -> None:
        """Take note of a reply: the slowest one counts, and is slowly forgotten."""
        self._missed = 0
        self._patience = max(1.0, self._patience * 0.9)
        self._sum += seconds
        self._count += 1
        is_news = seconds > self._slow or self._count <= self._ENOUGH
        self._slow = max(seconds, self._slow * 0.99)
        if is_news:
            for timer, began in self._under_way.items():
                if not timer.expired():
                    timer.reschedule(began + self.seconds)

    def missed(self, began: float) -> None:
        """Take note that a call was given up: where many in a row are, the endpoint has become slow.

        Those that were under way together, by the clock when each ``began``, count once.
        """
        self._missed += 1
        if self._missed >= self._MANY and began >= self._raised:
            self._patience = min(self._patience * 1.5, self._MOST_PATIENCE)
            self._raised = self._clock()
