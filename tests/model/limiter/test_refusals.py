"""Refusals that no pace makes fewer: a run must not slow down for them."""

from __future__ import annotations

import asyncio
import random

import pytest

from pipeline.model.error_rules import Action, Rule
from pipeline.model.limiter import PassingError, Patience, Tries
from pipeline.model.limiter.refusals import Refusals
from pipeline.model.rate_headers import RateHeaders
from tests.model.pool import Pool
from tests.model.virtual import run

BUSY = Rule(Action.SLOW, "rate_limited")


async def ask_at_random(pool: Pool, number: int, share: float, *, retry_after: float | None, seed: int) -> int:
    """Ask an endpoint that refuses a share of the requests, whatever the pace; return how many asks were given up."""
    chance, given_up = random.Random(seed), 0
    headers = RateHeaders(retry_after=retry_after, has_retry_after=retry_after is not None)
    answered = 0

    async def ask() -> None:
        nonlocal answered, given_up
        tries, refusals = Tries(Patience(), clock=pool.clock, spread=chance.random, answered=lambda: answered), 0
        try:
            async for attempt in tries.retrying(pool.limiter.rest):
                with attempt:
                    async with pool.limiter.slot(refused_before=refusals) as slot:
                        tries.begin()
                        await asyncio.sleep(0.01)
                        if chance.random() < share:
                            refusals += 1
                            own = pool.limiter.refused(slot, headers, overloaded=retry_after is None)
                            raise PassingError(BUSY, "busy", wait=own)  # noqa: TRY301 (an attempt ends so)
                        await asyncio.sleep(0.3)
                        answered += 1
                        pool.limiter.accepted(slot, 0.0, RateHeaders())
        except PassingError:
            given_up += 1

    await asyncio.gather(*(ask() for _ in range(number)))
    return given_up


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("share", "retry_after"), [(0.1, 1.0), (0.2, 1.0), (0.3, 1.0), (0.1, None), (0.2, None)])
def test_a_share_that_does_not_fall_with_the_pace_is_not_a_limit(
    share: float, retry_after: float | None, seed: int
) -> None:
    """A hundred papers of which each request may be refused take seconds, not minutes, and hardly one is lost."""

    async def story() -> None:
        pool = Pool(64, spread=0.5)
        given_up = await ask_at_random(pool, 100, share, retry_after=retry_after, seed=seed)
        assert pool.clock() < 20
        assert given_up <= 1

    run(story())


def test_what_was_slowed_for_chance_is_not_kept() -> None:
    """The next run would begin with a pace that nobody asked for."""

    async def story() -> None:
        pool = Pool(64, spread=0.5)
        await ask_at_random(pool, 400, 0.3, retry_after=1.0, seed=1)
        assert pool.limiter.per_minute is None

    run(story())


def tried(refusals: Refusals, *, answered: float) -> None:
    """Refuse at a learned pace until calls may leave together, and answer such a share of those."""
    while not refusals.free:
        refusals.refused_at_pace(waiting=50)
    groups = []
    while refusals.free:
        groups.append(refusals.departed())
    for number, group in enumerate(groups):
        refusals.ended(group, answered=number < answered * len(groups))


def test_one_refusal_is_no_reason_to_try() -> None:
    """A pace that was learned is a little too fast now and then."""
    refusals = Refusals()
    refusals.refused_at_pace(waiting=50)
    assert (refusals.free, refusals.departed()) == (0, None)


def test_refusals_long_apart_are_no_reason_to_try() -> None:
    """Many replies in between show that the pace holds."""
    refusals = Refusals()
    for _ in range(9):
        refusals.refused_at_pace(waiting=50)
        for _ in range(100):
            refusals.ended(None, answered=True)
    assert refusals.free == 0


def test_no_more_leave_together_than_there_are() -> None:
    """The one that was refused and the others that wait."""
    refusals = Refusals()
    while not refusals.free:
        refusals.refused_at_pace(waiting=1)
    assert refusals.free == 2


@pytest.mark.parametrize(("answered", "is_futile"), [(0.0, False), (0.2, False), (0.8, True), (1.0, True)])
def test_calls_that_leave_together_show_whether_the_pace_matters(answered: float, *, is_futile: bool) -> None:
    """A limit that has just refused answers one of them or two; chance answers most."""
    refusals = Refusals()
    tried(refusals, answered=answered)
    assert refusals.is_futile is is_futile


def test_a_limit_that_comes_later_is_found_at_full_pace() -> None:
    """Calls go on being watched, and few replies among them put slowing down in its place again."""
    refusals = Refusals()
    tried(refusals, answered=1.0)
    changed: list[bool] = []
    while not any(changed):
        changed.append(refusals.ended(refusals.departed(), answered=False))
    assert not refusals.is_futile
    assert len(changed) < 50
