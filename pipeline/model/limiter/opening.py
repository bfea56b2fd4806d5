"""How calls leave until an endpoint has answered: one alone, then one after another."""

from __future__ import annotations

import math

PROBE_S = 0.1
"""Seconds that the first call is alone, so that a refused key or parameter is learned from one request."""
STAGGER_S = 0.002
"""Seconds between departures until the endpoint has answered once, so that its first refusal stops the rest."""
CAREFUL_S = 0.004
"""The same after a refusal, until the rate that the endpoint takes is known."""
LATE_S = 0.01
"""A timer that is later than this shows that the loop has work that it did not get to."""


class Opening:
    """Times are seconds of one monotonic clock."""

    def __init__(self, probe: float) -> None:
        """Let the first call be alone for ``probe`` seconds or until it is answered."""
        self._probe = probe
        self._is_open = False
        """Whether the endpoint has answered, in the form that requests have now."""
        self._is_careful = False
        self._has_begun = False
        self._alone_until = -math.inf
        self._last_left = -math.inf
        self._lateness = 0.0
        """Seconds that the first call was given because the loop was late."""

    def earliest(self, not_before: float, *, in_flight: int) -> float:
        """Return when the next call may leave, at ``not_before`` at the earliest."""
        if self._is_open:
            return max(not_before, self._last_left + CAREFUL_S) if self._is_careful else not_before
        # Where the call that was alone has ended without an answer, somebody else must try.
        alone_until = self._alone_until if in_flight else not_before
        return max(not_before, alone_until, self._last_left + STAGGER_S)

    def departed(self, now: float, *, knows_rate: bool) -> bool:
        """Note a departure; return whether it was the first, so that `begin_probe` is to be called."""
        self._last_left = now
        self._is_careful = self._is_careful and not knows_rate
        is_first = not self._has_begun
        if is_first:
            self._has_begun, self._alone_until = True, math.inf
        return is_first

    def begin_probe(self, now: float) -> None:
        """Begin the time alone.

        Not with the departure: what the first request prepares until it waits for the network may take longer than the
        probe, and is no time in which an answer could have come.
        """
        if self._alone_until == math.inf:
            self._alone_until = now + self._probe

    def answered(self) -> None:
        """Let calls leave together."""
        self._is_open = True

    def refused(self, *, careful: bool) -> None:
        """Let calls leave together, or, where ``careful``, one after another until the rate is known."""
        self._is_open, self._is_careful = True, careful

    def form_changed(self, now: float, took: float) -> None:
        """Let the call that changed the form of requests go on alone, after a refusal that took so many seconds."""
        self._is_open = False
        self.form_was_old(now, took)

    def form_was_old(self, now: float, took: float) -> None:
        """Give the call that tries the new form twice the time of the slowest refusal: its own may take as long."""
        if not self._is_open:
            self._alone_until = now + max(self._probe, 2 * took)

    def failed(self, until: float, took: float) -> None:
        """Begin again with one call alone, after a pause; the failure took so many seconds."""
        self._is_open = False
        self._alone_until = until + max(self._probe, 2 * took)

    def late(self, now: float, by: float) -> None:
        """Give the first call as long again as the loop was late: its answer may be there and unread."""
        is_alone = not self._is_open and self._has_begun
        # Five probes together: a loop that is always late must not hold the others for ever.
        if by > LATE_S and is_alone and self._lateness < self._probe * 5:
            self._lateness += by
            self._alone_until = now + by
