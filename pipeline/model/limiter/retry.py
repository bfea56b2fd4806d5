"""How often a request is tried, and how long to wait before the next try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import tenacity

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
    least: float = 4.0
    """For a call, however quick replies are: a busy machine reads them late."""
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

    def __init__(
        self,
        patience: Patience,
        *,
        clock: Callable[[], float],
        spread: Callable[[], float],
        answered: Callable[[], int],
    ) -> None:
        """``spread`` gives random numbers in [0, 1), ``answered`` the number of replies to anybody so far."""
        self._patience = patience
        self._clock = clock
        self._spread = spread
        self._answered = answered
        self._failures = 0
        self._refusals = 0
        self._most = patience.tries
        self._until: float | None = None
        self._answered_at_first: int | None = None

    def begin(self) -> None:
        """Note that a request leaves."""
        if self._until is None:
            self._until = self._clock() + self._patience.paper

    def retrying(self, rest: Callable[[float], Awaitable[None]]) -> tenacity.AsyncRetrying:
        """Return the attempts, between which ``rest`` sleeps so many seconds; the last error is raised as it is."""
        return tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(PassingError),
            wait=self._wait,
            stop=self._is_over,
            sleep=rest,
            reraise=True,
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Count what ended an attempt, and return the seconds to wait before the next; tenacity asks this first."""
        error = state.outcome.exception() if state.outcome else None
        assert isinstance(error, PassingError), "nothing else is tried again"
        if error.rule.action is Action.SLOW:
            self._count_refusal()
            return error.wait or 0.0
        if error.rule.action is Action.CHANGE:
            return 0.0
        self._failures += 1
        if error.rule.tries and not self._answered():  # what others are answered too, one of them may get yet
            self._most = min(self._patience.tries, error.rule.tries)
        longest = min(self._patience.longest_backoff, self._patience.backoff * 2.0 ** (self._failures - 1))
        return self._spread() * longest

    def _is_over(self, _: tenacity.RetryCallState) -> bool:
        is_late = self._until is not None and self._clock() >= self._until
        return is_late or self._failures >= self._most or self._refusals >= self._patience.refusals

    def _count_refusal(self) -> None:
        """Count a refusal while others are answered: waiting until the endpoint has room would be in vain."""
        answered = self._answered()
        if self._answered_at_first is None:
            self._answered_at_first = answered
        self._refusals += answered >= self._answered_at_first + ANSWERED_MEANWHILE
