"""How long to wait for an endpoint, how often to try, and when to give up."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import tenacity

from pipeline.model.faults import Action, Rule
from pipeline.records import Usage


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

    def __init__(self, rule: Rule, message: str, *, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.usage = usage
        """Tokens that the endpoint counted all the same."""


class Deadline:
    """How long a call may take, by how long the endpoint's own replies have taken so far.

    What is under way is judged by it too: the first calls leave when nothing is known yet.
    """

    _ENOUGH = 8
    """Replies by which the next run can judge."""
    _TIMES, _TIMES_AT_FIRST = 1.5, 32.0
    """How often the slowest reply's time, and how much more often while few are known, shared among them."""
    _LEAST_S = 4.0
    _MANY = 4
    """Calls given up in a row that are more than single accidents."""
    _MOST_PATIENCE = 10.0

    def __init__(self, most: float) -> None:
        self._most = most
        self._slow = 0.0
        self._sum = 0.0
        self._count = 0
        self._patience = 1.0
        self._missed = 0
        self._raised = float("-inf")
        self._under_way: dict[asyncio.Timeout, float] = {}

    @property
    def seconds(self) -> float:
        """Seconds that a call may take, as far as is known now."""
        if not self._count:
            return self._most
        times = self._TIMES + self._TIMES_AT_FIRST / self._count
        return min(self._most, max(self._LEAST_S, times * self._slow) * self._patience)

    @property
    def is_sure(self) -> bool:
        """Whether enough replies were seen for the next run to judge by."""
        return self._count >= self._ENOUGH

    @property
    def mean(self) -> float | None:
        """Mean seconds of a reply; None before the first."""
        return self._sum / self._count if self._count else None

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Bound what is done within; replies that come meanwhile shorten or lengthen its time.

        Raises:
            TimeoutError: it took too long.
        """
        async with asyncio.timeout(self.seconds) as timer:
            self._under_way[timer] = asyncio.get_running_loop().time()
            try:
                yield
            finally:
                del self._under_way[timer]

    def kept(self, seconds: float) -> None:
        """Take note of a reply: the slowest one counts, and is slowly forgotten."""
        self._missed = 0
        self._patience = max(1.0, self._patience * 0.9)
        self._sum += seconds
        self._count += 1
        is_news = seconds > self._slow or self._count <= self._ENOUGH
        self._slow = max(seconds, self._slow * 0.99)
        if is_news:
            for timer, began in self._under_way.items():
                if not timer.expired():
                    timer.reschedule(began + self.seconds)

    def missed(self, began: float) -> None:
        """Take note that a call was given up: where many in a row are, the endpoint has become slow.

        Those that were under way together, by the monotonic clock when each ``began``, count once.
        """
        self._missed += 1
        if self._missed >= self._MANY and began >= self._raised:
            self._patience = min(self._patience * 1.5, self._MOST_PATIENCE)
            self._raised = time.monotonic()


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
