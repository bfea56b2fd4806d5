"""What whoever watches a run must be told of its waits, so that none looks like a standstill."""

from __future__ import annotations

import math
from collections.abc import Callable

from pipeline.duration import rough_duration
from pipeline.model.limiter import Limiter

LONG_PAUSE_S = 10.0
"""A pause beyond this is said, and then one of more than twice as long."""
AGAIN_S = 120.0
"""After so long a long pause is said once more, though it is no longer than the one before."""
LONG_QUEUE_S = 120.0
"""So is the pace of an endpoint, where those that wait need longer than this."""


class Announcer:
    """Says each thing once, and again where it has become much worse or lasts."""

    def __init__(self, host: str, warn: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._host = host
        self._warn = warn
        self._clock = clock
        self._said_at = -math.inf
        self._longest_pause = LONG_PAUSE_S / 2
        self._slowest: float | None = None
        """Calls a minute that were said."""

    def say_pause(self, seconds: float, asked: float | None, refusal: str) -> None:
        """Say that all calls wait, if they do so for long: because the endpoint asks for it, or by how it refuses."""
        lasts = seconds > LONG_PAUSE_S and self._clock() >= self._said_at + AGAIN_S
        if lasts or seconds > 2 * self._longest_pause:
            self._longest_pause, self._said_at = max(seconds, self._longest_pause), self._clock()
            is_asked = asked is not None and asked >= seconds * 0.99
            why = (
                f"{self._host} asks to wait {rough_duration(asked or 0.0)}"
                if is_asked
                else f"{refusal}; {rough_duration(seconds)}"
            )
            self._warn(f"{why}; all calls do" if is_asked else f"{why} until the next try")

    def say_pace(self, limiter: Limiter) -> None:
        """Say what the pace of an endpoint makes of the time that is left."""
        pace = limiter.per_minute
        if not pace or 60 * limiter.waiting / pace < LONG_QUEUE_S or (self._slowest and pace > self._slowest / 2):
            return
        self._slowest = pace
        left = rough_duration(60 * limiter.waiting / pace)
        self._warn(
            f"{self._host} takes {pace:.3g} requests a minute; the {limiter.waiting} that wait take about {left}"
        )
