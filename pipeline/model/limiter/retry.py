"""How often a request is tried, and how long to wait before the next try."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.model.error_rules import Action, Rule
from pipeline.records import Usage

ANSWERED_MEANWHILE = 3
"""Replies to others after which a refusal of the same ask is no longer the endpoint's but its own."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try; times in seconds."""

    connect: float = 10.0
    call: float = 120.0
    """From sending a request to the last byte of its answer, however slowly it drips."""
    paper: float = 600.0
    """For all tries of one ask together."""
    tries: int = 5
    """Requests for one ask; those refused for load do not count."""
    refusals: int = 8
    """Refusals for load of one ask while others are answered."""
    backoff: float = 0.5
    """Longest first wait before another try; doubles, with full jitter."""
    longest_backoff: float = 20.0


class PassingError(Exception):
    """One request failed in a way that another may not."""

    def __init__(self, rule: Rule, message: str, *, usage: Usage | None = None, wait: float | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.usage = usage
        """Tokens that the endpoint counted all the same."""
        self.wait = wait
        """Seconds for which this ask alone is to wait; None where the limiter holds the whole pool, if that."""


class Tries:
    """The tries of one ask, which end after so many failures, or so long after the first request left.

    Refusals for load, and of a form that was given up meanwhile, are not failures; nor does the time before the first
    request's turn count.
    """

    def __init__(self, patience: Patience, spread: Callable[[], float]) -> None:
        """``spread`` gives random numbers in [0, 1)."""
        self._patience = patience
        self._spread = spread
        self._failures = 0
        self._refusals = 0
        self._until: float | None = None
        self._answered_at_first: int | None = None

    def begin(self) -> None:
        """Note that a request leaves."""
        if self._until is None:
            self._until = time.monotonic() + self._patience.paper

    def failed(self, error: PassingError, *, answered: int) -> float | None:
        """Return the seconds to wait before the next try; None where there is none.

        ``answered`` counts the replies that the endpoint has given to anybody so far.
        """
        if error.rule.action is Action.SLOW:
            self._count_refusal(answered)
            wait = error.wait or 0.0
        elif error.rule.action is Action.CHANGE:
            wait = 0.0
        else:
            self._failures += 1
            wait = self._backoff()
        most = min(self._patience.tries, error.rule.tries or self._patience.tries)
        is_over = self._failures >= most or self._refusals >= self._patience.refusals
        is_late = self._until is not None and time.monotonic() >= self._until
        return None if is_over or is_late else wait

    def _count_refusal(self, answered: int) -> None:
        """Count a refusal while others are answered: waiting until the endpoint has room would be in vain."""
        if self._answered_at_first is None:
            self._answered_at_first = answered
        self._refusals += answered >= self._answered_at_first + ANSWERED_MEANWHILE

    def _backoff(self) -> float:
        longest = min(self._patience.longest_backoff, self._patience.backoff * 2.0 ** (self._failures - 1))
        return self._spread() * longest
