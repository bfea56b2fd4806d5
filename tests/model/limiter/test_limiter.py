"""The queue before an endpoint, on an event loop whose time only passes while everything waits."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from pipeline.model.limiter.limiter import Slot
from pipeline.model.limiter.opening import CAREFUL_S, PROBE_S, STAGGER_S
from pipeline.model.limiter.pause import FIRST_PAUSE_S, LONGEST_PAUSE_S
from pipeline.model.rate_headers import RateHeaders
from tests.model.pool import REFUSAL_S, Call, Pool
from tests.model.virtual import pass_time, run


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
            pool.limiter.accepted(slot, 0.0, RateHeaders())

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
            pool.limiter.form_changed(0.0)
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
            pool.limiter.form_changed(took)
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
        assert pool.limiter.width == 9

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
            async with pool.limiter.slot():
                pauses.append(pool.clock() - began)
        expected = [min(LONGEST_PAUSE_S, spread * FIRST_PAUSE_S * 2**power) for power in range(1, 10)]
        assert pauses == pytest.approx(expected, abs=1e-5)
        await pool.send(pool.answered)
        await pool.send(pool.overloaded)
        began = pool.clock()
        async with pool.limiter.slot():
            assert pool.clock() - began == pytest.approx(expected[0], abs=1e-5)

    run(story())


def test_the_width_is_halved_once_a_pause_and_grows_by_one_a_round() -> None:
    """Eight refusals for overload at once are one; after it each round of answers adds about one, up to the first."""

    async def story() -> None:
        pool = Pool(16)
        await pool.warm()
        await pool.send_all(*[pool.overloaded] * 8)
        assert pool.limiter.width == 8
        await pool.send(pool.overloaded)
        assert pool.limiter.width == 4
        pool.most = 0
        await pool.send_all(*[pool.answered] * 4)
        assert (pool.most, int(pool.limiter.width)) == (4, 4)
        assert pool.limiter.width == pytest.approx(4.9, abs=0.1)
        await pool.send_all(*[pool.answered] * 300)
        assert (pool.most, pool.limiter.width) == (16, 16)

    run(story())


def test_the_width_never_falls_below_one() -> None:
    """However often an endpoint refuses, one call at a time still goes."""

    async def story() -> None:
        pool = Pool(3)
        for _ in range(6):
            await pool.send(pool.overloaded)
        assert pool.limiter.width == 1
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
        async with pool.limiter.slot():
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


def test_after_a_fault_an_endpoint_that_has_answered_nobody_is_asked_by_one_call_at_a_time() -> None:
    """The pauses double, with full jitter; a call that has no fault soon lets the rest leave, one after another."""

    async def story() -> None:
        pool = Pool(64)
        await pool.send_all(*[pool.faulty] * 4, *[pool.answered] * 8)
        pauses = [later - earlier for earlier, later in itertools.pairwise(pool.left[:5])]
        assert pauses == pytest.approx([FIRST_PAUSE_S * 2**fault + REFUSAL_S for fault in range(4)])
        assert pool.left[5:] == pytest.approx([pool.left[4] + PROBE_S + STAGGER_S * after for after in range(7)])

    run(story())
