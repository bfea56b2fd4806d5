"""How long nobody leaves after a refusal."""

from __future__ import annotations

from collections.abc import Callable

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
"""Longest pause that nobody asked for."""
PATIENT_PAUSES = 3
"""Pauses in a row, without a reply between them, for which an endpoint's own word on their length is enough."""


class Pause:
    """Holds a whole pool; times are seconds of one monotonic clock."""

    def __init__(self, spread: Callable[[], float]) -> None:
        """``spread`` gives random numbers in [0, 1), so that several processes do not come back together."""
        self.until = float("-inf")
        self._spread = spread
        self._in_a_row = 0

    def hold(self, now: float, seconds: float) -> None:
        """Let nobody leave for so long; a longer pause stays."""
        self.until = max(self.until, now + seconds)

    def refused(self, now: float, asked: float | None) -> None:
        """Hold for as long as the endpoint asked; else twice as long as the pause before, with full jitter.

        An endpoint that goes on refusing after the time that it named does not know it: then both count.
        """
        # Those that were under way together are refused together, and are one refusal.
        self._in_a_row += now >= self.until
        doubling = self.backoff(self._in_a_row)
        if asked is None:
            self.hold(now, doubling)
        elif self._in_a_row > PATIENT_PAUSES:
            self.hold(now, max(asked, self.backoff(self._in_a_row - PATIENT_PAUSES)))
        else:
            self.hold(now, asked)

    def failed(self, now: float) -> None:
        """Hold after a failure of an endpoint that has answered nobody; the pause doubles with each in a row."""
        self.hold(now, self.backoff(self._in_a_row))
        self._in_a_row += 1

    def answered(self) -> None:
        """Begin anew with short pauses."""
        self._in_a_row = 0

    def backoff(self, before: int) -> float:
        """Return the seconds of a pause that nobody named, after so many others."""
        return min(LONGEST_PAUSE_S, self._spread() * FIRST_PAUSE_S * 2.0**before)
