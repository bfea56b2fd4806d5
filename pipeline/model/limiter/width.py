"""How many calls may be in flight at once."""

from __future__ import annotations

CAUTION = 0.1
"""Share of its usual growth that the width has after a refusal showed it; the share doubles with each place gained."""


class Width:
    """Falls when the endpoint refuses more calls at once than it took before, and grows with its replies (AIMD)."""

    def __init__(self, most: int) -> None:
        self.value = float(most)
        self._most = most
        self._held = 0
        """Most calls in flight among which one was accepted."""
        self._growth = 1.0

    def begin_with(self, value: float) -> None:
        """Begin with what held in an earlier run, within the bounds of this one."""
        self.value = max(1.0, min(value, self._most))

    def accepted(self, among: int) -> None:
        """Grow by one place a round of replies; ``among`` is the number of calls in flight when this one left."""
        self._held = max(self._held, among)
        gained = self._growth / self.value
        self.value = min(self._most, self.value + gained)
        self._growth = min(1.0, self._growth * 2**gained)

    def is_below_what_held(self, among: int) -> bool:
        """Return whether twice as many calls at once have held, so that their number is not what is refused."""
        return among <= max(1, self._held / 2)

    def refused(self, among: int) -> None:
        """Shrink below the number of calls that was refused."""
        self.value = max(1.0, min(self.value, among - 1))
        # The number is known now: growing as usual would run into it again with each round.
        self._growth = CAUTION

    def halve(self) -> None:
        """Shrink after an overload, which names no number."""
        self.value = max(1.0, self.value / 2)

    def restore(self) -> None:
        """Take back all that refusals have taken."""
        self.value, self._growth = float(self._most), 1.0
