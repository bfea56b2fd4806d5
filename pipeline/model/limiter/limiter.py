"""The queue before an endpoint, which finds by itself how much the endpoint takes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from pipeline.errors import FatalModelError
from pipeline.model.limiter.opening import PROBE_S, Opening
from pipeline.model.limiter.pause import LONGEST_PAUSE_S, Pause
from pipeline.model.limiter.refusals import Group, Refusals
from pipeline.model.limiter.token_bucket import TokenBucket
from pipeline.model.limiter.width import Width
from pipeline.model.rate_headers import Limit, RateHeaders

AT_A_TIME = 16
"""Departures in one turn of the loop: what they send is on its way before the next ones take up the processor."""
LONGEST_OWN_PAUSE_S = 8.0
"""Longest pause of one call alone that nobody asked for."""


@dataclass(slots=True, eq=False)
class Slot:
    """One call's place: what it may cost, and the turn that it waits for."""

    tokens: float
    turn: asyncio.Future[None]
    among: int = 0
    """Calls in flight when it left, itself included."""
    group: Group | None = None
    """Calls by which it is tried whether slowing down helps; see `Refusals`."""
    refused_before: int = 0
    """How often the same ask was refused before."""


class Limiter:
    """Lets calls leave as its parts allow: width, rates, opening and pauses. All of it runs on one event loop."""

    def __init__(
        self, most: int, *, clock: Callable[[], float], spread: Callable[[], float], probe: float = PROBE_S
    ) -> None:
        """Let at most ``most`` calls be in flight, the first alone for ``probe`` seconds or until it is answered.

        ``spread`` gives random numbers in [0, 1).
        """
        self.clock = clock
        self.spread = spread
        self._width = Width(most)
        self._requests, self._tokens = TokenBucket(), TokenBucket()
        self._opening = Opening(probe)
        self._pause = Pause(spread)
        self._refusals = Refusals()
        self._users_limits: dict[str, float] = {}
        self._is_windowed = False
        """Whether the endpoint refuses by what its headers say to be left, and nothing else."""
        self._in_flight = 0
        self._waiting: deque[Slot] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._shut: FatalModelError | None = None
        self._shutting = asyncio.Event()

    @property
    def width(self) -> float:
        """Calls that may be in flight at once; a whole number of them is."""
        return self._width.value

    @property
    def per_minute(self) -> float | None:
        """Requests a minute that the endpoint takes; None where no limit showed."""
        return None if self._requests.rate is None else 60 * self._requests.rate

    @property
    def in_flight(self) -> int:
        """Calls that have left and are not back."""
        return self._in_flight

    @property
    def limit(self) -> float | None:
        """Requests a minute that calls are waiting for; None while nothing waits, or waits for a place only."""
        return self.per_minute if self._waiting and self._in_flight < int(self.width) else None

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return len(self._waiting)

    def paused_for(self) -> float:
        """Return the seconds for which nobody leaves."""
        return max(0.0, self._pause.until - self.clock())

    def begin_with(self, *, width: float | None, per_minute: float | None) -> None:
        """Begin with what held in an earlier run."""
        if width is not None:
            self._width.begin_with(width)
        if per_minute is not None:
            self._requests.begin_with(per_minute)

    def limit_to(self, *, rpm: float | None = None, tpm: float | None = None) -> None:
        """Take limits a minute from the user; what the endpoint says may lower them, not raise them."""
        for bucket, unit, limit in ((self._requests, "requests", rpm), (self._tokens, "tokens", tpm)):
            if limit is not None:
                self._users_limits[unit] = limit
                bucket.set_limit(limit, self.clock(), left=1.0)

    def shut(self, error: FatalModelError) -> None:
        """Let nobody through any more: whoever waits, or comes, gets ``error``; who has left may come back."""
        self._shut = self._shut or error
        self._shutting.set()
        while self._waiting:
            slot = self._waiting.popleft()
            # Whoever gave up waiting is still in the queue, with a turn that is over.
            if not slot.turn.done():
                slot.turn.set_exception(self._shut)

    def check(self) -> None:
        """Raise what shut the limiter, if it is shut."""
        if self._shut:
            raise self._shut

    async def rest(self, seconds: float) -> None:
        """Sleep, but no longer than until the limiter is shut."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._shutting.wait(), seconds)

    @contextlib.asynccontextmanager
    async def slot(self, tokens: float = 0.0, *, refused_before: int = 0) -> AsyncIterator[Slot]:
        """Wait for a place for a call of about so many tokens, and hold it.

        Raises:
            FatalModelError: the limiter is shut.
        """
        self.check()
        slot = Slot(tokens, asyncio.get_running_loop().create_future(), refused_before=refused_before)
        self._waiting.append(slot)
        self._admit()
        try:
            await slot.turn
        except asyncio.CancelledError:
            # The turn came in the same moment as the end of the wait: its place is the next one's.
            if slot.turn.done() and not slot.turn.cancelled():
                self._give_back()
            raise
        try:
            yield slot
        except FatalModelError as error:
            self.shut(error)  # before the place is given back, or the next would leave for it
            raise
        finally:
            self._give_back()

    def accepted(self, slot: Slot, used: float, headers: RateHeaders) -> None:
        """Note that a call was answered, having used so many tokens."""
        self._opening.answered()
        self._pause.answered()
        self._width.accepted(slot.among)
        self._tokens.settle(slot.tokens, used)
        self._take_limits(headers)
        self._weigh(slot, answered=True)
        # Most endpoints that name a limit refill it all the time: only one that refused at the end of its window is
        # waited for. And a window of hours is no reason to hold what may well be let through.
        wait = headers.renewed_in
        if wait is not None and wait <= LONGEST_PAUSE_S and (self._is_windowed or not headers.names_limit):
            self._pause.hold(self.clock(), wait)

    def form_changed(self, took: float) -> None:
        """Note that the form of requests changed after a refusal that took so many seconds."""
        self._opening.form_changed(self.clock(), took)

    def form_was_old(self, took: float) -> None:
        """Note that a request of the form before was refused after so many seconds."""
        self._opening.form_was_old(self.clock(), took)

    def failed(self, took: float) -> None:
        """Note a failure, after so many seconds, of an endpoint that has answered nobody: calls leave one by one."""
        self._pause.failed(self.clock())
        self._opening.failed(self._pause.until, took)

    def refused(
        self, slot: Slot, headers: RateHeaders, *, asked: float | None = None, overloaded: bool = False
    ) -> float | None:
        """Note a refusal for load; return the seconds for which this call alone is to wait, None where the pool does.

        ``asked`` is the time that the words of the refusal ask for, ``overloaded`` says that the endpoint has no room
        for anybody.
        """
        asked = headers.retry_after if asked is None else asked
        names_limit = self._take_limits(headers)
        self._weigh(slot, answered=False)
        # Where refusals come by chance, or a call left to show whether they do, the others need not wait for this one;
        # an endpoint that names its limit means all of them.
        if (self._refusals.is_futile or slot.group) and not names_limit:
            return self._own_pause(slot) if asked is None else asked
        self._slow_down(slot, names_time=names_limit or asked is not None, overloaded=overloaded)
        # A refusal that says only when its limit is renewed came at the end of a window; one with Retry-After need not.
        self._is_windowed |= (names_limit or asked is not None) and not headers.has_retry_after
        self._pause.refused(self.clock(), asked)
        return None

    def _slow_down(self, slot: Slot, *, names_time: bool, overloaded: bool) -> None:
        """Learn from a refusal what the endpoint minds."""
        now = self.clock()
        # An endpoint that knows when to come again counts requests; and where twice as many calls at once have held,
        # their number is not what it minds.
        if names_time or (not overloaded and self._width.is_below_what_held(slot.among)):
            # A rate that was told is right: only one that was learned may be slower than it needs to be.
            if self._requests.is_learned:
                self._refusals.refused_at_pace(len(self._waiting))
            self._requests.refuse(1.0, now)
            self._tokens.refuse(slot.tokens, now)
            self._opening.refused(careful=self._requests.rate is None)
        elif not overloaded:
            self._width.refused(slot.among)
            self._opening.refused(careful=True)
        else:
            # Those that were under way together are refused together: one halving is for all of them.
            if now >= self._pause.until:
                self._width.halve()
            self._opening.answered()

    def _weigh(self, slot: Slot, *, answered: bool) -> None:
        """Compare the share of refusals; where slowing down did not help, take it back."""
        changed = self._refusals.ended(slot.group, answered=answered)
        # Once, when it shows: what is learned after that is of an endpoint that has changed.
        if changed and self._refusals.is_futile:
            self._width.restore()
            self._requests.forget()
            self._tokens.forget()
            self._pause.until = self.clock()

    def _own_pause(self, slot: Slot) -> float:
        return min(LONGEST_OWN_PAUSE_S, self._pause.backoff(slot.refused_before))

    def _take_limits(self, headers: RateHeaders) -> bool:
        """Take the limits that headers name; return whether they name any."""
        named: tuple[tuple[TokenBucket, str, Limit | None], ...] = (
            (self._requests, "requests", headers.requests),
            (self._tokens, "tokens", headers.tokens),
        )
        for bucket, unit, limit in named:
            if limit:
                most = min(limit.per_minute, self._users_limits.get(unit, limit.per_minute))
                bucket.set_limit(most, self.clock(), left=limit.left)
        return headers.names_limit

    def _give_back(self) -> None:
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        """Let those leave whose time has come, a few in this turn of the loop; set a timer for the next."""
        left = 0
        while self._waiting and self._in_flight < int(self._width.value):
            # In between the loop sends what has left, and reads answers.
            if left == AT_A_TIME:
                asyncio.get_running_loop().call_soon(self._admit)
                return
            slot = self._waiting[0]
            # It gave up waiting; nobody took it out of the middle of the queue.
            if slot.turn.cancelled():
                self._waiting.popleft()
                continue
            wait = self._wait(slot)
            if wait > 0:
                # Until the first call waits for the network nobody knows when: `_begin_probe` looks again.
                if wait < float("inf"):
                    self._set_timer(wait)
                return
            self._waiting.popleft()
            self._depart(slot)
            left += 1

    def _depart(self, slot: Slot) -> None:
        now = self.clock()
        self._in_flight += 1
        slot.among, slot.group = self._in_flight, self._refusals.departed()
        self._requests.take(1.0, now)
        self._tokens.take(slot.tokens, now)
        slot.turn.set_result(None)
        if self._opening.departed(now, knows_rate=self._requests.rate is not None):
            # After its turn, which comes at once.
            asyncio.get_running_loop().call_soon(self._begin_probe)

    def _begin_probe(self) -> None:
        self._opening.begin_probe(self.clock())
        self._admit()

    def _wait(self, slot: Slot) -> float:
        """Return the seconds until a call may leave."""
        now = self.clock()
        earliest = self._opening.earliest(self._pause.until, in_flight=self._in_flight)
        # Calls that leave together to show whether the pace matters are held by no pace.
        if self._refusals.free:
            return earliest - now
        return max(earliest - now, self._requests.wait(1.0, now), self._tokens.wait(slot.tokens, now))

    def _set_timer(self, wait: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait, self._on_time, self.clock() + wait)

    def _on_time(self, meant: float) -> None:
        now = self.clock()
        self._opening.late(now, now - meant)
        self._admit()
