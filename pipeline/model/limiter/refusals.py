"""Whether it helps to slow down."""

from __future__ import annotations

from dataclasses import dataclass, field

REFUSALS = 2
"""Refusals at a pace that was learned, after which it is tried whether the pace is what they are for."""
CALM = 24
"""Replies in a row after which earlier refusals no longer count."""
CALLS = 6
"""Calls that leave together, whatever the pace, to try it."""
ANSWERED = 0.5
"""Share of them that no limit would answer which has just refused: it would answer one, or two."""
WATCHED = 12
"""Calls by which it is seen, at full pace, whether there is a limit after all."""
WATCHED_ANSWERED = 0.3
"""Share of them below which there is."""
MOST_REFUSALS = 3
"""As `REFUSALS`, after trials that were in vain."""


@dataclass(slots=True, eq=False)
class Group:
    """Calls that are judged together."""

    size: int = WATCHED
    departed: int = 0
    ended: int = 0
    answered: int = 0


@dataclass(slots=True)
class Refusals:
    """Finds refusals that do not become fewer when calls leave more slowly.

    Slowing down for them would only make the run long, and the slower it is, the less would be learned. So a few calls
    leave together: of a limit nearly all of them are refused, of chance no more than before.
    """

    is_futile: bool = False
    """Whether slowing down was found not to help."""
    free: int = 0
    """Calls that may leave at once, whatever the pace."""
    _needed: int = REFUSALS
    _refused: int = 0
    _answered: int = 0
    """In a row."""
    _group: Group = field(default_factory=Group)
    """Calls by which it is tried, or watched, what slowing down is worth."""

    def departed(self) -> Group | None:
        """Note a departure; return the group in which it is to be judged, if it is."""
        if self.free:
            self.free -= 1
            return self._group
        if self.is_futile and self._group.departed < self._group.size:
            self._group.departed += 1
            return self._group
        return None

    def refused_at_pace(self, waiting: int) -> None:
        """Note a refusal of a call that left at a pace that was learned, while so many others wait."""
        self._refused, self._answered = self._refused + 1, 0
        if self._refused >= self._needed:
            # The refused one will wait as well.
            self._group = Group(min(CALLS, waiting + 1))
            self._refused, self.free = 0, self._group.size

    def ended(self, group: Group | None, *, answered: bool) -> bool:
        """Note what became of a call; return whether `is_futile` changed."""
        self._answered = self._answered + 1 if answered else 0
        if self._answered >= CALM:
            self._refused = 0
        if group is None or group is not self._group:
            return False
        group.ended += 1
        group.answered += answered
        if group.ended < group.size:
            return False
        was_futile = self.is_futile
        least = WATCHED_ANSWERED if was_futile else ANSWERED
        self.is_futile = group.answered >= least * group.size
        if not was_futile and group.size == CALLS:
            # A trial in vain costs some refusals, so that the next one needs more reason.
            self._needed = min(2 * self._needed, MOST_REFUSALS)
        self._group = Group(WATCHED)
        return was_futile != self.is_futile
