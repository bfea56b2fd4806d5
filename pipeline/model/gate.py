"""How many calls may be in flight at once, and when the next one may leave."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from pipeline.errors import FatalModelError
from pipeline.model.faults import number, reset_after, retry_after
from pipeline.model.pace import Pace

PROBE_S = 0.1
"""Seconds that the first call is alone, so that a refused key or parameter is learned from one request."""
STAGGER_S = 0.002
"""Seconds between departures until the endpoint has answered once, so that its first refusal stops the rest."""
CAREFUL_S = 0.004
"""The same after a refusal, until the rate that the endpoint takes is known."""
AT_A_TIME = 16
"""Departures in one turn of the loop: what they send is on its way before the next ones take up the processor."""
LATE_S = 0.01
"""A timer that is later than this shows that the loop has work that it did not get to."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
"""Longest pause that nobody asked for."""
CAUTION = 0.1
"""Share of its usual growth that the width has after a refusal showed it; the share doubles with each place gained."""


@dataclass(slots=True, eq=False)
class Slot:
    """One call's place: what it may cost, and the turn that it waits for."""

    tokens: float
    turn: asyncio.Future[None]
    among: int = 0
    """Calls in flight when it left, itself included."""


class Gate:
    """A queue before an endpoint that finds by itself how much the endpoint takes.

    Its width falls when the endpoint refuses more calls at once than it has taken before, or is overloaded, and grows
    again (AIMD); requests and tokens are paced to the limits that the user told, that headers say, or that refusals
    show. All of it runs on one event loop.
    """

    def __init__(
        self, most: int, *, clock: Callable[[], float], spread: Callable[[], float], probe: float = PROBE_S
    ) -> None:
        """Let at most ``most`` calls be in flight, the first alone for ``probe`` seconds or until it is answered.

        ``spread`` gives random numbers in [0, 1).
        """
        self.width = float(most)
        self.requests = Pace()
        self.tokens = Pace()
        self._own: dict[str, float] = {}
        self._most = most
        self._clock = clock
        self._spread = spread
        self._probe = probe
        self._in_flight = 0
        self._held = 0
        """Most calls in flight among which one was accepted."""
        self._growth = 1.0
        self._windowed = False
        """Whether the endpoint refuses by what its headers say to be left, and nothing else."""
        self._lateness = 0.0
        """Seconds that the first call was given because the loop was late."""
        self._shut: FatalModelError | None = None
        self._shutting = asyncio.Event()
        self._waiting: deque[Slot] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._heard = False
        self._careful = False
        self._last_left = float("-inf")
        self._probe_ends: float | None = None
        self._paused_until = float("-inf")
        self._pauses = 0

    @property
    def per_minute(self) -> float | None:
        """Requests a minute that the endpoint takes; None where no limit showed."""
        return None if self.requests.rate is None else 60 * self.requests.rate

    @property
    def limit(self) -> float | None:
        """Requests a minute that calls are waiting for; None while nothing waits, or waits for a place only."""
        return self.per_minute if self._waiting and self._in_flight < int(self.width) else None

    def begin_with(self, *, width: float | None, per_minute: float | None) -> None:
        """Begin with what held in an earlier run."""
        if width is not None:
            self.width = max(1.0, min(width, self._most))
        if per_minute is not None and not self.requests.told:
            self.requests = Pace(rate=per_minute / 60, level=1.0)

    def tell(self, *, rpm: float | None = None, tpm: float | None = None) -> None:
        """Take limits a minute from the user; what the endpoint says may lower them, not raise them."""
        for pace, unit, limit in ((self.requests, "requests", rpm), (self.tokens, "tokens", tpm)):
            if limit is not None:
                self._own[unit] = limit
                pace.tell(limit, self._clock(), left=1.0)

    def shut(self, error: FatalModelError) -> None:
        """Let nobody through any more: whoever waits, or comes, gets ``error``; who has left may come back."""
        self._shut = self._shut or error
        self._shutting.set()
        while self._waiting:
            slot = self._waiting.popleft()
            if not slot.turn.done():
                slot.turn.set_exception(self._shut)

    def check(self) -> None:
        """Raise what shut the gate, if it is shut."""
        if self._shut:
            raise self._shut

    async def rest(self, seconds: float) -> None:
        """Sleep, but no longer than until the gate is shut."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._shutting.wait(), seconds)

    @contextlib.asynccontextmanager
    async def slot(self, tokens: float = 0.0) -> AsyncIterator[Slot]:
        """Wait for a place for a call of about so many tokens, and hold it.

        Raises:
            FatalModelError: the gate is shut.
        """
        self.check()
        slot = Slot(tokens, asyncio.get_running_loop().create_future())
        self._waiting.append(slot)
        self._admit()
        try:
            await slot.turn
        except asyncio.CancelledError:
            if slot.turn.done() and not slot.turn.cancelled():
                self._leave()
            raise
        try:
            yield slot
        except FatalModelError as error:
            self.shut(error)  # before the place is given back, or the next would leave for it
            raise
        finally:
            self._leave()

    def accepted(self, slot: Slot, used: float, headers: Mapping[str, str]) -> None:
        """Take note that a call was answered, having used so many tokens."""
        self._heard = True
        self._pauses = 0
        self._held = max(self._held, slot.among)
        gained = self._growth / self.width
        self.width = min(self._most, self.width + gained)
        self._growth = min(1.0, self._growth * 2**gained)
        self.tokens.settle(slot.tokens, used)
        named, renewed = self._read(headers), reset_after(headers)
        if renewed is not None and renewed <= LONGEST_PAUSE_S and (self._windowed or not named):
            self._hold(renewed)

    def learned(self, took: float) -> None:
        """Take note that the form of the request changed: the call that learned it goes on alone.

        It does so for twice as long as the refusal ``took``, in seconds, so that another one costs one request as well.
        """
        self._heard = False
        self.outdated(took)

    def outdated(self, took: float) -> None:
        """Take note that a refusal of the form before came after ``took`` seconds: so long may the next one take."""
        if not self._heard:
            self._probe_ends = self._clock() + max(self._probe, 2 * took)

    def faulted(self, took: float) -> None:
        """Take note of a fault, after ``took`` seconds, of an endpoint that has answered nobody.

        Calls leave one by one until it answers, after a pause that doubles with each fault, with full jitter.
        """
        self._heard = False
        self._hold(self._backoff())
        self._pauses += 1
        self._probe_ends = self._paused_until + max(self._probe, 2 * took)

    def refused(self, slot: Slot, headers: Mapping[str, str], *, overloaded: bool = False) -> None:
        """Take note of a refusal for load: nothing leaves until the pause that the endpoint asked for is over.

        Where it asks for none the pause doubles with each refusal in a row, with full jitter. What it minds shows by
        how many calls were in flight: the rate, where at least twice as many have held, else their number. If it is
        ``overloaded`` the width is halved, once a pause.
        """
        now = self._clock()
        self._heard = True
        asked = retry_after(headers)
        named = self._read(headers) or asked is not None
        self._windowed |= named and headers.keys().isdisjoint({"retry-after", "retry-after-ms"})
        self._pauses += not named and now >= self._paused_until
        if named or (not overloaded and slot.among <= max(1, self._held / 2)):
            self.requests.refuse(1.0, now)
            self.tokens.refuse(slot.tokens, now)
            self._careful = self.requests.rate is None
        elif not overloaded:
            self.width = max(1.0, min(self.width, slot.among - 1))
            self._growth, self._careful = CAUTION, True
        elif now >= self._paused_until:
            self.width = max(1.0, self.width / 2)
        if asked is None:
            asked = self._backoff()
        self._hold(asked)

    def _backoff(self) -> float:
        """Return the seconds of a pause that nobody named: they double with each in a row, with full jitter."""
        return min(LONGEST_PAUSE_S, self._spread() * FIRST_PAUSE_S * 2.0**self._pauses)

    def _hold(self, seconds: float) -> None:
        """Let nobody leave for so long; a longer pause stays."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _read(self, headers: Mapping[str, str]) -> bool:
        """Read the limits that headers name; return whether they named any."""
        named = False
        for pace, unit in ((self.requests, "requests"), (self.tokens, "tokens")):
            limit = _amount(headers.get(f"x-ratelimit-limit-{unit}", ""))
            left = _amount(headers.get(f"x-ratelimit-remaining-{unit}", ""))
            if limit and left is not None:
                pace.tell(min(limit, self._own.get(unit, limit)), self._clock(), left=left)
                named = True
        return named

    def _leave(self) -> None:
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        """Let those leave whose time has come, a few in this turn of the loop; set a timer for the next."""
        left = 0
        while self._waiting and self._in_flight < int(self.width):
            if left == AT_A_TIME:
                asyncio.get_running_loop().call_soon(self._admit)
                return
            slot = self._waiting[0]
            if slot.turn.cancelled():
                self._waiting.popleft()
                continue
            wait = self._wait(slot)
            if wait > 0:
                if wait < math.inf:
                    self._set_timer(wait)
                return
            self._waiting.popleft()
            self._depart(slot)
            left += 1

    def _depart(self, slot: Slot) -> None:
        now = self._clock()
        self._last_left = now
        self._in_flight += 1
        slot.among = self._in_flight
        self.requests.take(1.0, now)
        self.tokens.take(slot.tokens, now)
        self._careful = self._careful and self.requests.rate is None
        slot.turn.set_result(None)
        if self._probe_ends is None:
            # After its turn, which comes at once: what the first request prepares until it waits for the wire may take
            # longer than the probe, and is no time in which an answer could have come.
            self._probe_ends = math.inf
            asyncio.get_running_loop().call_soon(self._start_probe)

    def _start_probe(self) -> None:
        if self._probe_ends == math.inf:
            self._probe_ends = self._clock() + self._probe
            self._admit()

    def _wait(self, slot: Slot) -> float:
        """Return the seconds until a call may leave."""
        now = self._clock()
        not_before = self._paused_until
        if not self._heard:
            alone_until = self._probe_ends if self._probe_ends is not None and self._in_flight else not_before
            not_before = max(not_before, alone_until, self._last_left + STAGGER_S)
        elif self._careful:
            not_before = max(not_before, self._last_left + CAREFUL_S)
        return max(not_before - now, self.requests.wait(1.0, now), self.tokens.wait(slot.tokens, now))

    def _set_timer(self, wait: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait, self._on_time, self._clock() + wait)

    def _on_time(self, meant: float) -> None:
        """Go on when a wait is over.

        Where the loop itself is late, the first answer may be there and unread: it is given as long again.
        """
        late = self._clock() - meant
        if late > LATE_S and not self._heard and self._probe_ends is not None and self._lateness < self._probe * 5:
            self._lateness += late
            self._probe_ends = self._clock() + late
        self._admit()


def _amount(text: str) -> float | None:
    amount = number(text)
    return None if amount is None or amount < 0 else amount
