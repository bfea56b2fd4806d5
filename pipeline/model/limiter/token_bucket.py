"""A model of an endpoint's rate limit: told by the user or by its headers, or learned from its refusals."""

from __future__ import annotations

import math
from dataclasses import dataclass

MARGIN = 0.985
"""Share of a limit that is used: a request may arrive later than it left, and the next one sooner."""
GROWTH = 0.005
"""Share by which a learned rate grows with each second without a refusal, at first."""
GROWTH_DOUBLES_S = 5.0
"""Seconds without a refusal after which the rate grows twice as fast, and as much faster with as many more."""
KEPT_GROWTH = 2.0
"""What a rate of an earlier run grows by in a second: the endpoint may take far more today."""
TIMER_S = 0.001
"""A wait below this is none: no timer is finer."""


@dataclass(slots=True)
class TokenBucket:
    """A bucket that fills at ``rate`` units a second and that every departure takes from.

    A unit is a request or a token; times are seconds of one monotonic clock. While ``rate`` is None nothing is held
    back, and what leaves is only counted.
    """

    rate: float | None = None
    told: bool = False
    """Whether the user or the endpoint named the rate; one that was learned may grow."""
    level: float = 0.0
    """Units that may leave now; below 0 after a departure that cost more than there was."""
    is_kept: bool = False
    """Whether the rate is an earlier run's, and no refusal has shown that it still holds."""
    _taken: float = 0.0
    """Units that were let in since the last refusal, as far as is known."""
    _refused_at: float | None = None
    _calm: float = 0.0
    """Seconds of use since the last refusal."""
    _span: float | None = None
    """Seconds between the last two refusals, from the second until the next departure."""
    _at: float = math.inf
    """When it was last filled; no time has passed before the first look at a clock."""

    def set_limit(self, per_minute: float, now: float, *, left: float | None = None) -> None:
        """Take a limit from the user or from a header; ``left`` is what may still leave of it now."""
        self._refill(now)
        if left is not None:
            self.level = left if self.rate is None else min(self.level, left)
        self.rate, self.told, self.is_kept = per_minute / 60 * MARGIN, True, False

    @property
    def is_learned(self) -> bool:
        """Whether calls leave at a rate that only refusals showed."""
        return self.rate is not None and not self.told and not self.is_kept

    def begin_with(self, per_minute: float) -> None:
        """Begin with the rate of an earlier run, at least one a second, which grows fast until a refusal stops it."""
        if not self.told:
            self.rate, self.is_kept, self.level = max(1.0, per_minute / 60), True, 1.0

    def forget(self) -> None:
        """Hold back no more by a rate that was only learned."""
        if not self.told:
            self.rate, self._span, self._refused_at, self._taken = None, None, None, 0.0

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds until ``cost`` units may leave; what costs more than a second brings may overdraw."""
        if self.rate is None:
            return 0.0
        self._refill(now)
        wait = (min(cost, self._most()) - self.level) / self.rate
        return wait if wait > TIMER_S else 0.0

    def take(self, cost: float, now: float) -> None:
        """Count a departure."""
        # By the next departure all calls that were refused together have said so.
        if self._span is not None:
            self._learn(self._span)
        self._refill(now)
        self.level -= cost
        self._taken += cost

    def settle(self, estimated: float, used: float) -> None:
        """Correct the cost of a departure by what it was in the end."""
        self.level += estimated - used

    def refuse(self, cost: float, now: float) -> None:
        """Take note that a departure was refused: the endpoint's bucket is empty."""
        self._taken = max(0.0, self._taken - cost)
        # Only the first of those that are refused together: the others left before it was known.
        if self._span is None:
            self._span = 0.0 if self._refused_at is None else now - self._refused_at
            self._refused_at = now
        self._refill(now)
        self.level, self._calm, self.is_kept = 0.0, 0.0, False

    def _learn(self, span: float) -> None:
        """Take the rate that held between the last two refusals, now that all refused calls have said so.

        Where nothing was let in between, the endpoint was down rather than too fast asked: that names no rate.
        """
        if span > 0 and self._taken > 0 and not self.told:
            held = self._taken / span
            self.rate = max(1 / 60, held if self.rate is None else min(self.rate, held)) * MARGIN
            self.level = min(self._most(), self.level)
        self._span, self._taken = None, 0.0

    def _most(self) -> float:
        return max(1.0, self.rate or 0.0)

    def _refill(self, now: float) -> None:
        # Before the first look at the clock `_at` is infinite.
        passed = max(0.0, now - self._at)
        self._at = now
        if self.rate is None:
            return
        # A rest is not evidence, so that at most a second of it counts, or the time between two departures.
        active = min(passed, max(1.0, 1 / self.rate))
        if self.is_kept:
            self.rate *= KEPT_GROWTH**active
        elif not self.told:
            self.rate *= 1 + GROWTH * (1 + self._calm / GROWTH_DOUBLES_S) * active
            self._calm += active
        if self.level < self._most():
            self.level = min(self._most(), self.level + passed * self.rate)
