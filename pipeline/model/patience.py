"""How long to wait for an endpoint, how often to try, and when to give up."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import tenacity

from pipeline.model.faults import Action, Rule


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
    backoff: float = 0.5
    """Longest first wait before another try; doubles, with full jitter."""
    longest_backoff: float = 20.0


class PassingError(Exception):
    """One request failed in a way that another may not."""

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class Deadline:
    """How long a call may take, by how long the endpoint's own replies have taken so far."""

    _ENOUGH = 8
    _TIMES = 4.0
    _LEAST_S = 8.0

    def __init__(self, most: float) -> None:
        self._most = most
        self._slow = 0.0
        self._sum = 0.0
        self._count = 0
        self._patience = 1.0

    @property
    def seconds(self) -> float:
        """Seconds that the next call may take."""
        if not self.is_sure:
            return self._most
        return min(self._most, max(self._LEAST_S, self._TIMES * self._slow) * self._patience)

    @property
    def is_sure(self) -> bool:
        """Whether enough replies were seen to judge others by."""
        return self._count >= self._ENOUGH

    @property
    def mean(self) -> float | None:
        """Mean seconds of a reply; None before the first."""
        return self._sum / self._count if self._count else None

    def kept(self, seconds: float) -> None:
        """Take note of a reply: the slowest one counts, and is slowly forgotten."""
        self._slow = max(seconds, self._slow * 0.99)
        self._sum += seconds
        self._count += 1
        self._patience = max(1.0, self._patience * 0.9)

    def missed(self) -> None:
        """Take note of a call that was given up: where many are, the endpoint has become slow."""
        self._patience = min(self._patience * 1.2, 30.0)


def retrying(tries: Tries, patience: Patience, rest: Callable[[float], Awaitable[None]]) -> tenacity.AsyncRetrying:
    """Return the tries of one ask; ``rest`` sleeps between them, in seconds."""
    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(PassingError),
        stop=tries,
        wait=_wait_unless_gated(tenacity.wait_random_exponential(patience.backoff, patience.longest_backoff)),
        sleep=rest,
        reraise=True,
    )


class Tries(tenacity.stop.stop_base):
    """Stop after so many faults, or so long after the first request left.

    Refusals for load, and of a form that was given up meanwhile, are no faults; nor does the time before the first
    request's turn count.
    """

    def __init__(self, patience: Patience) -> None:
        self._left = patience.tries
        self._patience = patience.paper
        self._until: float | None = None

    @property
    def begun(self) -> bool:
        """Whether a request has left."""
        return self._until is not None

    def begin(self) -> None:
        """Take note that a request leaves."""
        if self._until is None:
            self._until = time.monotonic() + self._patience

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        """Tell whether to give up after the try that ``retry_state`` describes."""
        self._left -= not _is_gated(retry_state)
        return self._left <= 0 or (self._until is not None and time.monotonic() >= self._until)


def _wait_unless_gated(wait: Callable[[tenacity.RetryCallState], float]) -> Callable[[tenacity.RetryCallState], float]:
    """Wait before another try, but not after a refusal that the gate holds the whole pool for."""
    return lambda state: 0.0 if _is_gated(state) else wait(state)


def _is_gated(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, PassingError) and error.rule.action in {Action.SLOW, Action.CHANGE}
