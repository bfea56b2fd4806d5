"""How many calls may be in flight at once, and when the next one may leave."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType

PROBE_S = 0.1
"""Seconds that the first call of a run is alone, so that a refused key or parameter is learned from one request."""
STAGGER_S = 0.002
"""Seconds between departures until the endpoint has answered once, so that its first refusal stops the rest."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0


class Gate:
    """A queue before an endpoint whose width falls when the endpoint refuses and grows when it does not (AIMD).

    Enter it with ``async with`` around each request. All of it runs on one event loop.
    """

    def __init__(self, width: int, *, clock: Callable[[], float], spread: Callable[[], float]) -> None:
        """Begin with ``width`` calls at once, which is also the most; ``spread`` gives random numbers in [0, 1)."""
        self.width = float(width)
        self._most = width
        self._clock = clock
        self._spread = spread
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._heard = False
        self._last_left = float("-inf")
        self._probe_ends: float | None = None
        self._paused_until = float("-inf")
        self._pauses = 0

    async def __aenter__(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._in_flight -= 1
            self._admit()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._in_flight -= 1
        self._admit()

    def accepted(self) -> None:
        """Take note that a call was answered: one call more at once for each ``width`` answers."""
        self._heard = True
        self._pauses = 0
        self.width = min(self._most, self.width + 1 / self.width)

    def learned(self) -> None:
        """Take note that the form of the request changed: the next call goes alone again."""
        self._heard = False
        self._probe_ends = None

    def refused(self, retry_after: float | None) -> None:
        """Take note of a refusal for load: halve the width, once a pause, and let nothing leave until it is over.

        ``retry_after`` is in seconds; without it the pause doubles with each refusal in a row, with full jitter.
        """
        now = self._clock()
        self._heard = True
        if now >= self._paused_until:
            self.width = max(1.0, self.width / 2)
            self._pauses += 1
        pause = retry_after
        if pause is None:
            pause = self._spread() * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._pauses)
        self._paused_until = max(self._paused_until, now + min(pause, LONGEST_PAUSE_S))

    def _admit(self) -> None:
        """Let those leave whose time has come; set a timer for the next."""
        while self._waiting and self._in_flight < int(self.width):
            wait = self._next_departure() - self._clock()
            if wait > 0:
                self._set_timer(wait)
                return
            turn = self._waiting.popleft()
            if turn.cancelled():
                continue
            self._last_left = self._clock()
            if self._probe_ends is None:
                self._probe_ends = self._last_left + PROBE_S
            self._in_flight += 1
            turn.set_result(None)

    def _next_departure(self) -> float:
        if self._heard:
            return self._paused_until
        alone_until = self._probe_ends if self._probe_ends is not None and self._in_flight else float("-inf")
        return max(self._paused_until, alone_until, self._last_left + STAGGER_S)

    def _set_timer(self, wait: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait, self._admit)
