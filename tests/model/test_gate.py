"""The queue before an endpoint, on an event loop whose time only passes while everything waits."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from pipeline.model.gate import CAREFUL_S, FIRST_PAUSE_S, LONGEST_PAUSE_S, PROBE_S, STAGGER_S, Gate, Slot
from pipeline.model.pace import MARGIN
from tests.model.virtual import pass_time, run

Call = Callable[[Slot], Awaitable[None]]
REFUSAL_S = 0.01
"""Seconds until an endpoint refuses."""


class Pool:
    """Calls that go through one gate, and when each left."""

    def __init__(self, width: int, *, spread: float = 1.0) -> None:
        self.clock = asyncio.get_running_loop().time
        self.gate = Gate(width, clock=self.clock, spread=lambda: spread)
        self.left: list[float] = []
        self.under_way = 0
        self.most = 0

    async def send(self, call: Call, tokens: float = 0.0) -> None:
        """Pass the gate and make one call."""
        async with self.gate.slot(tokens) as slot:
            self.left.append(round(self.clock(), 6))
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            try:
                await call(slot)
            finally:
                self.under_way -= 1

    async def answered(self, slot: Slot) -> None:
        """Take a second and be answered."""
        await asyncio.sleep(1)
        self.gate.accepted(slot, slot.tokens, {})

    async def send_all(self, *calls: Call) -> None:
        """Send calls that all come at once."""
        await asyncio.gather(*(self.send(call) for call in calls))

    async def warm(self) -> None:
        """Let the endpoint answer once, so that only width and pauses hold the next calls."""
        await self.send(self.answered)
        self.left.clear()
        self.most = 0

    def refused(self, retry_after: float | None, **more: str) -> Call:
        """Return a call that is refused for load, with headers as keywords, ``_`` for ``-``."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        if retry_after is not None:
            headers["retry-after"] = str(retry_after)

        async def call(slot: Slot) -> None:
            await asyncio.sleep(REFUSAL_S)
            self.gate.refused(slot, headers)

        return call

    async def overloaded(self, slot: Slot) -> None:
        """Be refused because the endpoint has no room for anybody."""
        await asyncio.sleep(REFUSAL_S)
        self.gate.refused(slot, {}, overloaded=True)


def test_no_more_calls_than_the_width_are_under_way() -> None:
    """Twenty calls of a second through a width of 5 take four seconds once the endpoint has answered."""

    async def story() -> None:
        pool = Pool(5)
        await pool.warm()
        began = pool.clock()
        await pool.send_all(*[pool.answered] * 20)
        assert (pool.most, round(pool.clock() - began, 6)) == (5, 4)

    run(story())


def test_calls_leave_in_the_order_in_which_they_came() -> None:
    """Nobody overtakes."""

    async def story() -> None:
        pool, order = Pool(2), list[int]()

        def numbered(number: int) -> Call:
            async def call(slot: Slot) -> None:
                order.append(number)
                await pool.answered(slot)

            return call

        await pool.send_all(*map(numbered, range(9)))
        assert order == list(range(9))

    run(story())


def test_the_first_call_goes_alone_and_the_next_ones_one_after_another() -> None:
    """Until the first answer the second call waits for the probe, and each later one for its stagger."""

    async def story() -> None:
        pool = Pool(8)
        await pool.send_all(*[pool.answered] * 5)
        expected = [0.0, *(PROBE_S + number * STAGGER_S for number in range(4))]
        assert pool.left == pytest.approx(expected, abs=1e-5)

    run(story())


def test_the_first_answer_lets_the_rest_leave_at_once() -> None:
    """An endpoint that answers before the probe is over is waited for no longer."""

    async def story() -> None:
        pool = Pool(8)

        async def quick(slot: Slot) -> None:
            await asyncio.sleep(PROBE_S / 2)
            pool.gate.accepted(slot, 0.0, {})

        await pool.send_all(quick, *[pool.answered] * 5)
        assert pool.left == pytest.approx([0.0, *[PROBE_S / 2] * 5], abs=1e-5)

    run(story())


def test_a_first_call_that_ends_unheard_makes_room_for_one_other() -> None:
    """Where the first call failed without an answer, the next leaves, and the others after it."""

    async def story() -> None:
        pool = Pool(8)

        async def lost(slot: Slot) -> None:
            await asyncio.sleep(PROBE_S / 2)

        await pool.send_all(lost, *[pool.answered] * 2)
        assert pool.left[:2] == pytest.approx([0.0, PROBE_S / 2], abs=1e-5)
        assert pool.left[2] >= PROBE_S / 2 + STAGGER_S - 1e-5

    run(story())


def test_a_call_that_is_sent_again_in_another_form_is_alone_for_another_probe() -> None:
    """Else the next lesson would be paid for by every call that left beside it."""

    async def story() -> None:
        pool = Pool(8)

        async def told_to_change_its_form(slot: Slot) -> None:
            await asyncio.sleep(PROBE_S * 0.8)
            pool.gate.learned(0.0)
            await pool.answered(slot)

        await pool.send_all(told_to_change_its_form, *[pool.answered] * 2)
        assert pool.left[0] == 0
        assert pool.left[1] >= PROBE_S * 1.8 - 1e-5

    run(story())


def test_what_the_first_call_prepares_is_no_time_alone() -> None:
    """The probe begins when it waits for the wire: before, no answer could have come."""

    async def story() -> None:
        pool = Pool(8)

        async def slow_to_leave(slot: Slot) -> None:
            pass_time(10 * PROBE_S)
            await pool.answered(slot)

        await pool.send_all(slow_to_leave, *[pool.answered] * 2)
        assert pool.left == pytest.approx([0.0, 11 * PROBE_S, 11 * PROBE_S + STAGGER_S], abs=1e-5)

    run(story())


@pytest.mark.parametrize(("took", "alone"), [(0.0, PROBE_S), (PROBE_S / 4, PROBE_S), (0.4, 0.8)])
def test_after_a_lesson_a_call_is_alone_for_twice_as_long_as_the_refusal_took(took: float, alone: float) -> None:
    """At least for the probe."""

    async def story() -> None:
        pool = Pool(8)

        async def told_to_change_its_form(slot: Slot) -> None:
            pool.gate.learned(took)
            await pool.answered(slot)

        await pool.send_all(told_to_change_its_form, pool.answered)
        assert pool.left == pytest.approx([0.0, alone], abs=1e-5)

    run(story())


@pytest.mark.parametrize("seconds", [0.2, 3.0, 45.0])
def test_retry_after_holds_the_whole_pool(seconds: float) -> None:
    """After one refusal nothing leaves until the endpoint's own time is over, then what fits, carefully, does."""

    async def story() -> None:
        pool = Pool(4)
        await pool.warm()
        began = pool.clock()
        await pool.send_all(pool.refused(seconds), *[pool.answered] * 6)
        waited = [moment - began for moment in pool.left]
        assert waited[:4] == pytest.approx([0.0] * 4)
        assert waited[4] == pytest.approx(seconds + REFUSAL_S, abs=1e-5)
        assert min(waited[4:]) == waited[4]

    run(story())


def test_after_a_refusal_with_a_pause_calls_leave_one_after_another() -> None:
    """Until the rate shows, so that the next refusal stops those behind it; the width is not at fault and stays."""

    async def story() -> None:
        pool = Pool(9)
        await pool.warm()
        await pool.send(pool.refused(2.0))
        pool.left.clear()
        await pool.send_all(*[pool.answered] * 5)
        steps = [later - earlier for earlier, later in itertools.pairwise(pool.left)]
        assert steps == pytest.approx([CAREFUL_S] * 4, abs=1e-5)
        assert pool.gate.width == 9

    run(story())


def test_nobody_who_comes_during_a_pause_gets_through() -> None:
    """A pause holds for calls that did not exist when it began."""

    async def story() -> None:
        pool = Pool(4)
        await pool.warm()
        await pool.send(pool.refused(2.0))
        began = pool.clock()
        await asyncio.sleep(0.5)
        await pool.send(pool.answered)
        assert pool.left[-1] - began == pytest.approx(2.0, abs=1e-5)

    run(story())


def test_a_pause_that_is_asked_for_is_slept_whole() -> None:
    """However long: whoever would not wait so long must give up."""

    async def story() -> None:
        pool = Pool(1)
        await pool.warm()
        began = pool.clock()
        await pool.send_all(pool.refused(3600), pool.answered)
        assert pool.left[-1] - began == pytest.approx(REFUSAL_S + 3600, abs=1e-5)

    run(story())


def test_a_shorter_pause_never_cuts_a_longer_one() -> None:
    """Two calls under way are refused with 5 and 1 seconds: the pool waits 5."""

    async def story() -> None:
        pool = Pool(2)
        await pool.warm()
        began = pool.clock()
        await pool.send_all(pool.refused(5), pool.refused(1), pool.answered)
        assert pool.left[-1] - began == pytest.approx(REFUSAL_S + 5, abs=1e-5)

    run(story())


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
def test_without_retry_after_the_pause_doubles_with_full_jitter(spread: float) -> None:
    """Each refusal in a row doubles what the random number is a share of, up to a minute; an answer begins anew."""

    async def story() -> None:
        pool = Pool(1, spread=spread)
        await pool.warm()
        pauses = []
        for _ in range(9):
            await pool.send(pool.overloaded)
            began = pool.clock()
            async with pool.gate.slot():
                pauses.append(pool.clock() - began)
        expected = [min(LONGEST_PAUSE_S, spread * FIRST_PAUSE_S * 2**power) for power in range(1, 10)]
        assert pauses == pytest.approx(expected, abs=1e-5)
        await pool.send(pool.answered)
        await pool.send(pool.overloaded)
        began = pool.clock()
        async with pool.gate.slot():
            assert pool.clock() - began == pytest.approx(expected[0], abs=1e-5)

    run(story())


def test_the_width_is_halved_once_a_pause_and_grows_by_one_a_round() -> None:
    """Eight refusals for overload at once are one; after it each round of answers adds about one, up to the first."""

    async def story() -> None:
        pool = Pool(16)
        await pool.warm()
        await pool.send_all(*[pool.overloaded] * 8)
        assert pool.gate.width == 8
        await pool.send(pool.overloaded)
        assert pool.gate.width == 4
        pool.most = 0
        await pool.send_all(*[pool.answered] * 4)
        assert (pool.most, int(pool.gate.width)) == (4, 4)
        assert pool.gate.width == pytest.approx(4.9, abs=0.1)
        await pool.send_all(*[pool.answered] * 300)
        assert (pool.most, pool.gate.width) == (16, 16)

    run(story())


def test_the_width_never_falls_below_one() -> None:
    """However often an endpoint refuses, one call at a time still goes."""

    async def story() -> None:
        pool = Pool(3)
        for _ in range(6):
            await pool.send(pool.overloaded)
        assert pool.gate.width == 1
        pool.most = 0
        await pool.send_all(*[pool.answered] * 2)
        assert pool.most == 1

    run(story())


@pytest.mark.parametrize("which", [slice(0, 1), slice(1, 2), slice(0, 5), slice(2, 9, 2)])
def test_those_who_give_up_waiting_leave_no_hole(which: slice) -> None:
    """Whoever is cancelled, in the queue or under way, the others get through and the width stays whole."""

    async def story() -> None:
        pool = Pool(2)
        await pool.warm()
        tasks = [asyncio.create_task(pool.send(pool.answered)) for _ in range(10)]
        await asyncio.sleep(0.5)
        for task in tasks[which]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        cancelled = [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes]
        assert [number for number, gone in enumerate(cancelled) if gone] == list(range(10))[which]
        pool.most = 0
        await pool.send_all(*[pool.answered] * 6)
        assert pool.most == 2

    run(story())


def test_a_turn_given_to_someone_who_is_gone_passes_to_the_next() -> None:
    """A call cancelled in the very moment in which it was let through gives its place back."""

    async def story() -> None:
        pool = Pool(1)
        await pool.warm()
        async with pool.gate.slot():
            unlucky, lucky = (asyncio.create_task(pool.send(pool.answered)) for _ in range(2))
            await asyncio.sleep(0)
        unlucky.cancel()
        await asyncio.wait_for(lucky, 5)
        assert unlucky.cancelled()
        pool.most = 0
        await pool.send_all(*[pool.answered] * 3)
        assert pool.most == 1

    run(story())


def test_a_call_that_raises_gives_its_place_back() -> None:
    """An error in a call is the caller's, and the next call goes."""

    async def story() -> None:
        pool = Pool(1)

        async def breaks(slot: Slot) -> None:
            raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            await pool.send(breaks)
        await asyncio.wait_for(pool.send(pool.answered), 5)

    run(story())


def saying(pool: Pool, **headers: str) -> Call:
    """Return a call that is answered after a second with headers, ``_`` for ``-``."""
    named = {f"x-ratelimit-{name.replace('_', '-')}": value for name, value in headers.items()}

    async def call(slot: Slot) -> None:
        await asyncio.sleep(1)
        pool.gate.accepted(slot, slot.tokens, named)

    return call


def test_told_requests_a_minute_are_kept_from_the_first_call() -> None:
    """One call leaves, and the others a little further apart than the limit asks for."""

    async def story() -> None:
        pool = Pool(64)
        pool.gate.tell(rpm=60)
        await pool.send_all(*[pool.answered] * 4)
        assert pool.left == pytest.approx([number / MARGIN for number in range(4)], abs=1e-2)
        assert pool.gate.per_minute == pytest.approx(60 * MARGIN)

    run(story())


def test_told_tokens_a_minute_are_kept_by_what_calls_used() -> None:
    """A call is let through by what it may cost; what it cost in the end is what the next ones wait for."""

    async def story() -> None:
        pool = Pool(64)
        pool.gate.tell(tpm=6000)
        await pool.send(pool.answered, tokens=1000)
        await pool.send(pool.answered, tokens=1000)
        assert pool.left[1] - pool.left[0] == pytest.approx(1000 / (100 * MARGIN), abs=0.1)

        async def cheap(slot: Slot) -> None:
            pool.gate.accepted(slot, 10, {})

        began = pool.clock()
        await asyncio.sleep(100)
        for _ in range(20):
            await pool.send(cheap, tokens=1000)
        assert pool.clock() - began < 110

    run(story())


def test_headers_pace_the_pool() -> None:
    """Limit and remainder of the first answer hold for the calls behind it, which leave as the limit refills."""

    async def story() -> None:
        pool = Pool(64)
        await pool.send(saying(pool, limit_requests="120", remaining_requests="2"))
        began = pool.clock()
        await pool.send_all(*[pool.answered] * 6)
        waited = [moment - began for moment in pool.left[1:]]
        step = 0.5 / MARGIN
        assert waited == pytest.approx([0, 0, *(step * number for number in range(1, 5))], abs=1e-2)
        assert pool.gate.per_minute == pytest.approx(120 * MARGIN)

    run(story())


def test_headers_of_a_refusal_pace_the_pool_and_its_width_stays() -> None:
    """A refusal that names the rate is no reason to be narrower."""

    async def story() -> None:
        pool = Pool(64)
        await pool.warm()
        headers = {"x_ratelimit_limit_requests": "60", "x_ratelimit_remaining_requests": "0"}
        await pool.send(pool.refused(0.5, **headers))
        began = pool.clock()
        await pool.send_all(*[pool.answered] * 2)
        waited = [moment - began for moment in pool.left[1:]]
        assert waited == pytest.approx([1 / MARGIN, 2 / MARGIN], abs=0.02)
        assert pool.gate.width == 64

    run(story())


@pytest.mark.parametrize(
    ("limit", "left"),
    [("-1", "-1"), ("0", "0"), ("", ""), ("many", "few"), ("nan", "1"), ("inf", "inf"), ("60", "-1"), ("60", "nan")],
)
def test_headers_that_say_no_limit_hold_nobody_back(limit: str, left: str) -> None:
    """Some servers write -1 for none; nothing of it is kept for the next run."""

    async def story() -> None:
        pool = Pool(64)
        await pool.send(saying(pool, limit_requests=limit, remaining_requests=left))
        began = pool.clock()
        await pool.send_all(*[pool.answered] * 9)
        assert (pool.clock() - began, pool.gate.per_minute) == (1, None)

    run(story())


def test_a_header_without_the_other_is_no_limit() -> None:
    """How much is left says nothing without of how much, nor the other way round."""

    async def story() -> None:
        pool = Pool(64)
        await pool.send(saying(pool, limit_requests="60"))
        await pool.send(saying(pool, remaining_requests="0"))
        assert pool.gate.per_minute is None

    run(story())


@pytest.mark.parametrize(("said", "held"), [("6000", 60), ("30", 30)])
def test_an_endpoint_may_lower_the_users_limit_and_not_raise_it(said: str, held: float) -> None:
    """Whoever shares a limit with others tells a part of it."""

    async def story() -> None:
        pool = Pool(64)
        pool.gate.tell(rpm=60)
        await pool.send(saying(pool, limit_requests=said, remaining_requests="9"))
        assert pool.gate.per_minute == pytest.approx(held * MARGIN)

    run(story())


def test_a_run_begins_with_what_held_before() -> None:
    """Width and rate; without a burst, as nobody knows what left just before."""

    async def story() -> None:
        clock = pool_clock = asyncio.get_running_loop().time
        gate = Gate(64, clock=lambda: 1e6 + clock(), spread=lambda: 1.0, probe=0.0)
        gate.begin_with(width=3, per_minute=120)
        left = []

        async def send() -> None:
            async with gate.slot() as slot:
                left.append(pool_clock())
                gate.accepted(slot, 0.0, {})

        await asyncio.gather(*(send() for _ in range(4)))
        assert left == pytest.approx([0, 0.5, 1.0, 1.5], abs=0.02)
        assert 3 <= gate.width < 5

    run(story())


@pytest.mark.parametrize(("width", "held"), [(None, 8), (3.5, 3.5), (0.1, 1), (400, 8)])
def test_a_width_from_an_earlier_run_is_within_bounds(width: float | None, held: float) -> None:
    """Never below one call, never above what is allowed now; a rate that never showed is none."""
    gate = Gate(8, clock=lambda: 0.0, spread=lambda: 1.0)
    gate.begin_with(width=width, per_minute=None)
    assert (gate.width, gate.per_minute) == (held, None)


def test_what_the_user_tells_goes_before_what_was_learned() -> None:
    """In whichever order they come."""
    for first in (True, False):
        gate = Gate(8, clock=lambda: 0.0, spread=lambda: 1.0)
        if first:
            gate.tell(rpm=60)
        gate.begin_with(width=None, per_minute=600)
        if not first:
            gate.tell(rpm=60)
        assert gate.per_minute == pytest.approx(60 * MARGIN)


@pytest.mark.parametrize("burst", [10, 20, 40])
def test_an_unknown_rate_is_found_and_kept(burst: int) -> None:
    """An endpoint of ten calls a second that says only Retry-After refuses few, and little time is lost."""

    async def story() -> None:
        pool = Pool(64)
        level, filled, refusals = float(burst), 0.0, 0

        async def ask() -> None:
            nonlocal level, filled, refusals
            while True:
                async with pool.gate.slot() as slot:
                    await asyncio.sleep(0.001)
                    now = pool.clock()
                    level, filled = min(burst, level + (now - filled) * 10), now
                    if level >= 1:
                        level -= 1
                        await asyncio.sleep(0.5)
                        pool.gate.accepted(slot, 0.0, {})
                        return
                    refusals += 1
                    pool.gate.refused(slot, {"retry-after": "1"})

        await asyncio.gather(*(ask() for _ in range(200)))
        assert refusals <= 10
        assert pool.clock() <= 1.15 * (200 - burst) / 10 + 2
        assert pool.gate.per_minute == pytest.approx(600, rel=0.1)

    run(story())


class Asked:
    """How often an endpoint of the tests was asked, and refused."""

    def __init__(self) -> None:
        self.requests = 0
        self.refusals = 0

    @property
    def share(self) -> float:
        """Share of the requests that were refused."""
        return self.refusals / self.requests


async def ask_bucket(pool: Pool, number: int, *, rate: float, burst: int, takes: float) -> Asked:
    """Ask an endpoint that takes so many a second, and refuses the others without another word."""
    asked, level, filled = Asked(), float(burst), pool.clock()

    async def ask() -> None:
        nonlocal level, filled
        while True:
            async with pool.gate.slot() as slot:
                asked.requests += 1
                await asyncio.sleep(0.001)
                now = pool.clock()
                level, filled = min(burst, level + (now - filled) * rate), now
                if level >= 1:
                    level -= 1
                    await asyncio.sleep(takes)
                    pool.gate.accepted(slot, 0.0, {})
                    return
                asked.refusals += 1
                pool.gate.refused(slot, {})

    await asyncio.gather(*(ask() for _ in range(number)))
    return asked


async def ask_crowd(pool: Pool, number: int, *, at_once: int, takes: float) -> Asked:
    """Ask an endpoint that takes so many at once, and refuses the others without another word."""
    asked, under_way = Asked(), 0

    async def ask() -> None:
        nonlocal under_way
        while True:
            async with pool.gate.slot() as slot:
                asked.requests += 1
                await asyncio.sleep(0.001)
                if under_way < at_once:
                    under_way += 1
                    await asyncio.sleep(takes)
                    under_way -= 1
                    pool.gate.accepted(slot, 0.0, {})
                    return
                asked.refusals += 1
                pool.gate.refused(slot, {})

    await asyncio.gather(*(ask() for _ in range(number)))
    return asked


@pytest.mark.parametrize("spread", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("burst", "takes"), [(20, 0.2), (20, 1.0), (10, 0.5), (40, 0.5)])
def test_refusals_without_a_word_show_a_rate_where_more_have_been_in_flight(
    burst: int, takes: float, spread: float
) -> None:
    """Of two hundred calls few are refused, and the rate of ten a second is about what is kept."""

    async def story() -> None:
        pool = Pool(64, spread=spread)
        asked = await ask_bucket(pool, 200, rate=10, burst=burst, takes=takes)
        assert asked.share < 0.1
        assert pool.clock() <= 2 * (200 - burst) / 10

    run(story())


@pytest.mark.parametrize("spread", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("at_once", "takes"), [(8, 0.3), (4, 1.0), (30, 0.5), (2, 0.3)])
def test_refusals_without_a_word_show_a_number_where_fewer_have_been_in_flight(
    at_once: int, takes: float, spread: float
) -> None:
    """Few of three hundred calls are refused, hardly any time is lost, and no rate is made up."""

    async def story() -> None:
        pool = Pool(64, spread=spread)
        asked = await ask_crowd(pool, 300, at_once=at_once, takes=takes)
        assert asked.share < 0.1
        assert pool.clock() <= 1.3 * 300 * takes / at_once + 2
        assert pool.gate.per_minute is None
        assert at_once - 1 <= pool.gate.width < at_once + 1.1

    run(story())


def test_a_width_that_a_refusal_showed_grows_slowly_at_first() -> None:
    """Ten rounds for the first place, half as many for the next, at last as ever: a limit that was raised is found."""

    async def story() -> None:
        pool = Pool(64)
        await pool.warm()
        await pool.send_all(*[pool.refused(None)] * 5)
        assert pool.gate.width < 5
        began, grown = pool.gate.width, []
        for _ in range(40):
            await pool.send_all(*[pool.answered] * int(pool.gate.width))
            grown.append(pool.gate.width)
        assert grown[4] < began + 1
        assert pool.gate.width > began + 12

    run(story())


@pytest.mark.parametrize("unit", ["", "_requests", "_tokens"])
def test_an_answer_that_says_nothing_is_left_holds_the_pool_until_the_limit_is_renewed(unit: str) -> None:
    """No refusal is needed to learn that the next one would be refused."""

    async def story() -> None:
        pool = Pool(64)
        await pool.send(saying(pool, **{f"remaining{unit}": "0", f"reset{unit}": "7s"}))
        began = pool.clock()
        await pool.send_all(*[pool.answered] * 3)
        assert [moment - began for moment in pool.left[1:]] == pytest.approx([7.0] * 3, abs=1e-5)

    run(story())


@pytest.mark.parametrize(("left", "reset"), [("1", "7s"), ("0", "2h0m0s"), ("0", "soon")])
def test_an_answer_that_leaves_something_or_names_no_near_moment_holds_nobody(left: str, reset: str) -> None:
    """What is renewed in hours is for a refusal to say, which ends the run by name."""

    async def story() -> None:
        pool = Pool(64)
        await pool.send(saying(pool, remaining=left, reset=reset))
        began = pool.clock()
        await pool.send_all(*[pool.answered] * 3)
        assert [moment - began for moment in pool.left[1:]] == pytest.approx([0.0] * 3, abs=1e-5)

    run(story())


@pytest.mark.parametrize(("told", "waited"), [(None, 6.0), (0.5, 1.0)])
def test_where_a_limit_is_named_its_window_is_kept_once_it_was_the_reason_of_a_refusal(
    told: float | None, waited: float
) -> None:
    """An endpoint that says when to come again refills all the time: waiting for all of it would waste it."""

    async def story() -> None:
        pool = Pool(64)
        await pool.warm()
        limits = {"limit_requests": "60", "remaining_requests": "0", "reset_requests": "6s"}
        named = {f"x_ratelimit_{name}": value for name, value in limits.items()}
        await pool.send(pool.refused(told, **named))
        await pool.send(saying(pool, **limits))
        began = pool.clock()
        await pool.send(pool.answered)
        assert pool.left[-1] - began == pytest.approx(waited, abs=0.1)

    run(story())
