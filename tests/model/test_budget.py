"""A hard cap on what a run may cost, on an event loop whose time only passes while everything waits."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BudgetError, FatalModelError
from pipeline.model.budget import Budget
from tests.model.virtual import run

Call = tuple[float, float, float]
"""Seconds before it reserves, its worst case, and the share of that which it costs."""


async def spend(budget: Budget, call: Call, random: Random) -> bool:
    """Reserve, take some time, settle; return whether the call could be paid."""
    rest, worst, share = call
    await asyncio.sleep(rest)
    try:
        await budget.reserve(worst)
    except BudgetError:
        return False
    assert budget.spent + budget.reserved <= budget.cap * (1 + 1e-12)
    await asyncio.sleep(random.random())
    await budget.settle(worst, worst * share)
    assert budget.spent + budget.reserved <= budget.cap * (1 + 1e-12)
    return True


_CALLS = st.lists(st.tuples(st.floats(0, 3), st.floats(0.001, 0.5), st.sampled_from([0.0, 0.1, 0.5, 1.0])), max_size=40)


@settings(deadline=None)
@given(_CALLS, st.floats(0.01, 5), st.integers())
def test_spent_and_reserved_never_pass_the_cap(calls: list[Call], cap: float, seed: int) -> None:
    """Whatever is reserved and settled when: nobody hangs, and in the end nothing is set aside any more."""

    async def story() -> None:
        budget, random = Budget(cap), Random(seed)
        paid = await asyncio.gather(*(spend(budget, call, random) for call in calls))
        cost = sum(worst * share for (_, worst, share), done in zip(calls, paid, strict=True) if done)
        assert budget.spent == pytest.approx(cost)
        assert budget.reserved == 0
        assert budget.spent <= cap * (1 + 1e-12)

    run(story())


@pytest.mark.parametrize(("worst", "paid"), [(0.99, True), (1.0, True), (1.01, False)])
def test_a_cap_may_be_spent_to_the_last_cent(worst: float, *, paid: bool) -> None:
    """And not beyond."""

    async def story() -> None:
        assert await spend(Budget(1.0), (0, worst, 1.0), Random(0)) is paid

    run(story())


def test_a_call_waits_for_others_where_what_they_leave_over_may_do() -> None:
    """Two calls of 0.6 under a cap of 1: the second leaves when the first has settled for less."""

    async def story() -> None:
        budget, clock = Budget(1.0), asyncio.get_running_loop().time
        await budget.reserve(0.6)
        second = asyncio.create_task(budget.reserve(0.6))
        await asyncio.sleep(5)
        assert not second.done()
        await budget.settle(0.6, 0.1)
        await second
        assert (clock(), budget.spent, budget.reserved) == (5, 0.1, 0.6)

    run(story())


def test_a_call_that_waited_in_vain_is_told() -> None:
    """Where the other one cost so much that nothing can help any more, the run ends and does not hang."""

    async def story() -> None:
        budget = Budget(1.0)
        await budget.reserve(0.6)
        waiting = [asyncio.create_task(budget.reserve(0.6)) for _ in range(3)]
        await asyncio.sleep(1)
        await budget.settle(0.6, 0.6)
        for task in waiting:
            with pytest.raises(BudgetError):
                await task
        assert (budget.spent, budget.reserved) == (0.6, 0)

    run(story())


def test_a_smaller_call_may_leave_while_a_larger_one_waits() -> None:
    """What is left is used."""

    async def story() -> None:
        budget = Budget(1.0)
        await budget.reserve(0.6)
        larger = asyncio.create_task(budget.reserve(0.9))
        await asyncio.sleep(0)
        await budget.reserve(0.3)
        await budget.settle(0.3, 0.0)
        await budget.settle(0.6, 0.0)
        await larger
        assert budget.reserved == 0.9

    run(story())


def test_a_call_that_no_waiting_helps_ends_the_run() -> None:
    """At once, though others are under way; the error says what was spent and how to go on."""

    async def story() -> None:
        budget = Budget(1.0)
        await budget.settle(0.0, 0.25)
        await budget.reserve(0.5)
        with pytest.raises(BudgetError) as caught:
            await budget.reserve(0.8)
        assert caught.value.message == "the budget of $1 ends here: $0.2500 spent, a call may cost $0.8000"
        assert "--budget" in caught.value.hint
        assert isinstance(caught.value, FatalModelError)

    run(story())


def test_what_rounding_leaves_of_reservations_is_nobodys() -> None:
    """0.08 + 0.43 + 0.38, taken off again, is not 0 in binary: a call that waited for the rest would wait for ever."""

    async def story() -> None:
        budget = Budget(0.9)
        parts = (0.08, 0.43, 0.38)
        for part in parts:
            await budget.reserve(part)
        for part in parts:
            await budget.settle(part, 0.0)
        await budget.reserve(0.9)
        assert budget.reserved == 0.9

    run(story())


def test_one_who_gives_up_waiting_has_reserved_nothing() -> None:
    """And the next one gets what is left."""

    async def story() -> None:
        budget = Budget(1.0)
        await budget.reserve(0.6)
        waiting = asyncio.create_task(budget.reserve(0.6))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert budget.reserved == 0.6
        await budget.settle(0.6, 0.0)
        assert await spend(budget, (0, 1.0, 1.0), Random(0))

    run(story())
