"""The queue before an endpoint, on an event loop whose time only passes while everything waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from pipeline.model.gate import FIRST_PAUSE_S, LONGEST_PAUSE_S, PROBE_S, STAGGER_S, Gate, Slot
from tests.model.virtual import run

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
            pool.gate.learned()
            await pool.answered(slot)

        await pool.send_all(told_to_change_its_form, *[pool.answered] * 2)
        assert pool.left[0] == 0
        assert pool.left[1] >= PROBE_S * 1.8 - 1e-5

    run(story())


@pytest.mark.parametrize("seconds", [0.2, 3.0, 45.0])
def test_retry_after_holds_the_whole_pool(seconds: float) -> None:
    """After one refusal nothing leaves until the endpoint's own time is over, then everything that fits does."""

    async def story() -> None:
        pool = Pool(4)
        await pool.warm()
        began = pool.clock()
        await pool.send_all(pool.refused(seconds), *[pool.answered] * 6)
        waited = [moment - began for moment in pool.left]
        assert waited[:4] == pytest.approx([0.0] * 4)
        assert waited[4] == pytest.approx(max(1.0, seconds + REFUSAL_S), abs=1e-5)

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


def test_a_pause_that_is_asked_for_is_not_longer_than_the_longest() -> None:
    """An endpoint that asks for an hour is asked again after a minute."""

    async def story() -> None:
        pool = Pool(1)
        await pool.warm()
        began = pool.clock()
        await pool.send_all(pool.refused(3600), pool.answered)
        assert pool.left[-1] - began == pytest.approx(REFUSAL_S + LONGEST_PAUSE_S, abs=1e-5)

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
            await pool.send(pool.refused(None))
            began = pool.clock()
            async with pool.gate.slot():
                pauses.append(pool.clock() - began)
        expected = [spread * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**power) for power in range(1, 10)]
        assert pauses == pytest.approx(expected, abs=1e-5)
        await pool.send(pool.answered)
        await pool.send(pool.refused(None))
        began = pool.clock()
        async with pool.gate.slot():
            assert pool.clock() - began == pytest.approx(expected[0], abs=1e-5)

    run(story())


def test_the_width_is_halved_once_a_pause_and_grows_by_one_a_round() -> None:
    """Eight refusals at once are one refusal; after it each round of answers adds about one, never beyond the first."""

    async def story() -> None:
        pool = Pool(16)
        await pool.warm()
        await pool.send_all(*[pool.refused(1.0)] * 8)
        assert pool.gate.width == 8
        await pool.send(pool.refused(1.0))
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
            await pool.send(pool.refused(0.1))
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
