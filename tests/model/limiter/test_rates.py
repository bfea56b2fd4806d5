"""Rates and widths that a limiter is told, reads and finds, on a loop whose time only passes while all wait."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from pipeline.model.limiter import Limiter, Slot
from pipeline.model.limiter.token_bucket import MARGIN
from pipeline.model.rate_headers import RateHeaders
from tests.model.pool import Pool, saying
from tests.model.virtual import run


def test_told_requests_a_minute_are_kept_from_the_first_call() -> None:
    """One call leaves, and the others a little further apart than the limit asks for."""

    async def story() -> None:
        pool = Pool(64)
        pool.limiter.limit_to(rpm=60)
        await pool.send_all(*[pool.answered] * 4)
        assert pool.left == pytest.approx([number / MARGIN for number in range(4)], abs=1e-2)
        assert pool.limiter.per_minute == pytest.approx(60 * MARGIN)

    run(story())


def test_told_tokens_a_minute_are_kept_by_what_calls_used() -> None:
    """A call is let through by what it may cost; what it cost in the end is what the next ones wait for."""

    async def story() -> None:
        pool = Pool(64)
        pool.limiter.limit_to(tpm=6000)
        await pool.send(pool.answered, tokens=1000)
        await pool.send(pool.answered, tokens=1000)
        assert pool.left[1] - pool.left[0] == pytest.approx(1000 / (100 * MARGIN), abs=0.1)

        async def cheap(slot: Slot) -> None:
            pool.limiter.accepted(slot, 10, RateHeaders())

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
        assert pool.limiter.per_minute == pytest.approx(120 * MARGIN)

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
        assert pool.limiter.width == 64

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
        assert (pool.clock() - began, pool.limiter.per_minute) == (1, None)

    run(story())


def test_a_header_without_the_other_is_no_limit() -> None:
    """How much is left says nothing without of how much, nor the other way round."""

    async def story() -> None:
        pool = Pool(64)
        await pool.send(saying(pool, limit_requests="60"))
        await pool.send(saying(pool, remaining_requests="0"))
        assert pool.limiter.per_minute is None

    run(story())


@pytest.mark.parametrize(("said", "held"), [("6000", 60), ("30", 30)])
def test_an_endpoint_may_lower_the_users_limit_and_not_raise_it(said: str, held: float) -> None:
    """Whoever shares a limit with others tells a part of it."""

    async def story() -> None:
        pool = Pool(64)
        pool.limiter.limit_to(rpm=60)
        await pool.send(saying(pool, limit_requests=said, remaining_requests="9"))
        assert pool.limiter.per_minute == pytest.approx(held * MARGIN)

    run(story())


def test_a_run_begins_with_what_held_before() -> None:
    """Width and rate, without a burst, as nobody knows what left just before; the rate grows from the first second."""

    async def story() -> None:
        clock = pool_clock = asyncio.get_running_loop().time
        limiter = Limiter(64, clock=lambda: 1e6 + clock(), spread=lambda: 1.0, probe=0.0)
        limiter.begin_with(width=3, per_minute=120)
        left = []

        async def send() -> None:
            async with limiter.slot() as slot:
                left.append(pool_clock())
                limiter.accepted(slot, 0.0, RateHeaders())

        await asyncio.gather(*(send() for _ in range(4)))
        gaps = [later - earlier for earlier, later in itertools.pairwise(left)]
        assert all(0.2 < gap <= 0.5 for gap in gaps)
        assert 3 <= limiter.width < 5

    run(story())


def test_a_slow_rate_of_an_earlier_run_is_left_behind_within_seconds() -> None:
    """Seven a minute were learned where an endpoint refused by chance; today it answers all, and 200 calls pass."""

    async def story() -> None:
        pool = Pool(64)
        pool.limiter.begin_with(width=64, per_minute=7)
        await pool.send_all(*[pool.answered] * 200)
        assert pool.left[-1] < 12

    run(story())


@pytest.mark.parametrize(("width", "held"), [(None, 8), (3.5, 3.5), (0.1, 1), (400, 8)])
def test_a_width_from_an_earlier_run_is_within_bounds(width: float | None, held: float) -> None:
    """Never below one call, never above what is allowed now; a rate that never showed is none."""
    limiter = Limiter(8, clock=lambda: 0.0, spread=lambda: 1.0)
    limiter.begin_with(width=width, per_minute=None)
    assert (limiter.width, limiter.per_minute) == (held, None)


def test_what_the_user_tells_goes_before_what_was_learned() -> None:
    """In whichever order they come."""
    for first in (True, False):
        limiter = Limiter(8, clock=lambda: 0.0, spread=lambda: 1.0)
        if first:
            limiter.limit_to(rpm=60)
        limiter.begin_with(width=None, per_minute=600)
        if not first:
            limiter.limit_to(rpm=60)
        assert limiter.per_minute == pytest.approx(60 * MARGIN)


@pytest.mark.parametrize("burst", [10, 20, 40])
def test_an_unknown_rate_is_found_and_kept(burst: int) -> None:
    """An endpoint of ten calls a second that says only Retry-After refuses few, and little time is lost."""

    async def story() -> None:
        pool = Pool(64)
        level, filled, refusals = float(burst), 0.0, 0

        async def ask() -> None:
            nonlocal level, filled, refusals
            while True:
                async with pool.limiter.slot() as slot:
                    await asyncio.sleep(0.001)
                    now = pool.clock()
                    level, filled = min(burst, level + (now - filled) * 10), now
                    if level >= 1:
                        level -= 1
                        await asyncio.sleep(0.5)
                        pool.limiter.accepted(slot, 0.0, RateHeaders())
                        return
                    refusals += 1
                    pool.limiter.refused(slot, RateHeaders(retry_after=1.0, has_retry_after=True))

        await asyncio.gather(*(ask() for _ in range(200)))
        assert refusals <= 10
        assert pool.clock() <= 1.15 * (200 - burst) / 10 + 2
        assert pool.limiter.per_minute == pytest.approx(600, rel=0.1)

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
            async with pool.limiter.slot() as slot:
                asked.requests += 1
                await asyncio.sleep(0.001)
                now = pool.clock()
                level, filled = min(burst, level + (now - filled) * rate), now
                if level >= 1:
                    level -= 1
                    await asyncio.sleep(takes)
                    pool.limiter.accepted(slot, 0.0, RateHeaders())
                    return
                asked.refusals += 1
                pool.limiter.refused(slot, RateHeaders())

    await asyncio.gather(*(ask() for _ in range(number)))
    return asked


async def ask_crowd(pool: Pool, number: int, *, at_once: int, takes: float) -> Asked:
    """Ask an endpoint that takes so many at once, and refuses the others without another word."""
    asked, under_way = Asked(), 0

    async def ask() -> None:
        nonlocal under_way
        while True:
            async with pool.limiter.slot() as slot:
                asked.requests += 1
                await asyncio.sleep(0.001)
                if under_way < at_once:
                    under_way += 1
                    await asyncio.sleep(takes)
                    under_way -= 1
                    pool.limiter.accepted(slot, 0.0, RateHeaders())
                    return
                asked.refusals += 1
                pool.limiter.refused(slot, RateHeaders())

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
        assert pool.limiter.per_minute is None
        assert at_once - 1 <= pool.limiter.width < at_once + 1.1

    run(story())


def test_a_width_that_a_refusal_showed_grows_slowly_at_first() -> None:
    """Ten rounds for the first place, half as many for the next, at last as ever: a limit that was raised is found."""

    async def story() -> None:
        pool = Pool(64)
        await pool.warm()
        await pool.send_all(*[pool.refused(None)] * 5)
        assert pool.limiter.width < 5
        began, grown = pool.limiter.width, []
        for _ in range(40):
            await pool.send_all(*[pool.answered] * int(pool.limiter.width))
            grown.append(pool.limiter.width)
        assert grown[4] < began + 1
        assert pool.limiter.width > began + 12

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
