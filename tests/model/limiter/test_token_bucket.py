"""A model of an endpoint's rate limit, on a clock that only the tests move."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.limiter.token_bucket import GROWTH, GROWTH_DOUBLES_S, MARGIN, TIMER_S, TokenBucket


def leave(pace: TokenBucket, now: float, cost: float = 1.0) -> float:
    """Let one departure wait its time and go; return when it went."""
    for _ in range(9):
        wait = pace.wait(cost, now)
        if not wait:
            break
        now += wait
    pace.take(cost, now)
    return now


def departures(pace: TokenBucket, number: int, *, now: float = 0.0, cost: float = 1.0) -> list[float]:
    """Return when each of so many departures goes, each as soon as it may."""
    times = []
    for _ in range(number):
        now = leave(pace, now, cost)
        times.append(now)
    return times


def refused_twice(taken: int, span: float) -> TokenBucket:
    """Return the pace after two refusals ``span`` seconds apart, so many departures having been let in between."""
    pace = TokenBucket()
    pace.take(1.0, 1000.0)
    pace.refuse(1.0, 1000.0)
    for _ in range(taken + 1):
        pace.take(1.0, 1000.0 + span / 2)
    pace.refuse(1.0, 1000.0 + span)
    return pace


def test_without_a_rate_nothing_waits() -> None:
    """However much leaves at once."""
    assert departures(TokenBucket(), 1000, cost=1e6) == [0.0] * 1000


@pytest.mark.parametrize("per_minute", [6, 60, 600, 60_000])
def test_a_told_rate_is_kept_with_a_margin(per_minute: float) -> None:
    """Over a minute a little less leaves than is allowed, and not much less."""
    pace = TokenBucket()
    pace.set_limit(per_minute, 1000.0, left=0.0)
    times = departures(pace, int(per_minute * 3), now=1000.0)
    held = len(times) / (times[-1] - 1000.0) * 60
    assert per_minute * MARGIN * 0.95 <= held <= per_minute


def test_a_told_rate_does_not_grow() -> None:
    """Who named it knows it."""
    pace = TokenBucket()
    pace.set_limit(60, 0.0)
    departures(pace, 500)
    assert pace.rate == MARGIN


@pytest.mark.parametrize(("left", "at_once"), [(0, 0), (1, 1), (20, 20)])
def test_what_is_left_of_a_limit_may_leave_at_once(left: float, at_once: int) -> None:
    """An unused burst is used, and nothing is waited for before it is."""
    pace = TokenBucket()
    pace.set_limit(60, 1000.0, left=left)
    assert departures(pace, 30, now=1000.0).count(1000.0) == at_once


def test_a_remainder_that_is_told_again_only_lowers_what_may_leave() -> None:
    """An answer tells what was left before those left that are under way now."""
    pace = TokenBucket()
    pace.set_limit(60, 0.0, left=5)
    for _ in range(5):
        pace.take(1.0, 0.0)
    pace.set_limit(60, 0.0, left=4)
    assert pace.level == 0
    pace.set_limit(60, 0.0, left=-3)
    assert pace.level == -3


def test_time_fills_up_to_what_a_second_brings_and_no_more() -> None:
    """After an hour of rest no burst leaves that nobody allowed."""
    pace = TokenBucket()
    pace.set_limit(600, 0.0, left=0)
    pace.wait(1.0, 3600.0)
    assert pace.level == pytest.approx(10 * MARGIN)


def test_what_was_left_is_not_lost_by_waiting() -> None:
    """A burst that was told stays, though it is more than a second brings."""
    pace = TokenBucket()
    pace.set_limit(60, 0.0, left=20)
    pace.wait(1.0, 100.0)
    assert pace.level == 20


def test_no_time_has_passed_before_the_first_look_at_the_clock() -> None:
    """A rate from an earlier run does not begin with the burst of all the time before."""
    pace = TokenBucket(rate=10.0, level=1.0)
    assert departures(pace, 3, now=1e6) == pytest.approx([1e6, 1e6 + 0.1, 1e6 + 0.2], abs=0.01)


def test_what_costs_more_than_a_second_brings_may_overdraw() -> None:
    """A call of 5,000 tokens leaves under 6,000 a minute when a second's worth is there; the rest is waited for."""
    pace = TokenBucket()
    pace.set_limit(6000, 0.0, left=0)
    first, second = departures(pace, 2, cost=5000)
    assert first == pytest.approx(1.0, abs=0.01)
    assert second - first == pytest.approx(5000 / (100 * MARGIN), abs=0.01)


@pytest.mark.parametrize(("used", "wait"), [(100, 1.0), (1000, 10.0), (3000, 30.0)])
def test_what_a_call_used_corrects_what_it_was_let_in_for(used: float, wait: float) -> None:
    """More than was estimated makes the next call wait for longer, less for shorter."""
    pace = TokenBucket()
    pace.set_limit(6000 / MARGIN, 0.0, left=100)
    pace.take(1000, 0.0)
    pace.settle(1000, used)
    assert pace.wait(1e9, 0.0) == pytest.approx(wait)


def test_one_refusal_names_no_rate() -> None:
    """How much was let in before it depends on a burst that nobody knows."""
    pace = TokenBucket()
    for _ in range(20):
        pace.take(1.0, 0.0)
    pace.refuse(1.0, 0.1)
    assert departures(pace, 20, now=1.1) == [1.1] * 20
    assert (pace.rate, pace.told) == (None, False)


@pytest.mark.parametrize(("taken", "span"), [(10, 1.0), (30, 2.0), (1, 5.0)])
def test_two_refusals_name_the_rate_that_held_between_them(taken: int, span: float) -> None:
    """What was let in over the time between; learned with the next departure, when all refused have said so."""
    pace = refused_twice(taken, span)
    unknown = pace.rate
    pace.take(1.0, 1000.0 + span + 1.0)
    assert (unknown, pace.told) == (None, False)
    assert pace.rate == pytest.approx(taken / span * MARGIN, rel=GROWTH * 1.01)


def test_all_who_are_refused_together_are_one_refusal() -> None:
    """The first of them ends the span; each of them was not let in."""
    pace = refused_twice(14, 1.0)
    for late in range(4):
        pace.refuse(1.0, 1001.01 + late / 100)
    pace.take(1.0, 1003.0)
    assert pace.rate == pytest.approx(10.0 * MARGIN, rel=GROWTH * 1.01)


def test_refusals_at_one_moment_name_no_rate() -> None:
    """Nothing is divided by no time."""
    pace = refused_twice(3, 0.0)
    pace.take(1.0, 1000.0)
    assert pace.rate is None


def test_refusals_with_nothing_let_in_between_name_no_rate() -> None:
    """An endpoint that was down for a moment is not asked once a minute from then on."""
    pace = refused_twice(0, 5.0)
    pace.take(1.0, 1006.0)
    assert pace.rate is None


def test_a_learned_rate_is_one_a_minute_at_least() -> None:
    """A slower one would never be tried again."""
    pace = refused_twice(1, 600.0)
    pace.take(1.0, 1601.0)
    assert pace.rate == pytest.approx(MARGIN / 60, rel=GROWTH * 1.01)


def test_a_learned_rate_grows_with_the_time_without_a_refusal() -> None:
    """By half a per cent a second at first and ever faster, so that a limit that was raised is found."""
    pace = refused_twice(10, 1.0)
    pace.take(1.0, 1002.0)
    learned = pace.rate
    assert learned is not None
    for second in range(60):
        pace.wait(1.0, 1003.0 + second)
    grown = math.prod(1 + GROWTH * (1 + calm / GROWTH_DOUBLES_S) for calm in range(1, 61))
    assert pace.rate == pytest.approx(learned * grown, rel=0.02)


def test_a_rest_is_no_evidence_for_a_faster_rate() -> None:
    """An hour without a call lets the rate grow by no more than a second of calls does."""
    pace = refused_twice(10, 1.0)
    pace.take(1.0, 1002.0)
    learned = pace.rate
    assert learned is not None
    pace.wait(1.0, 4602.0)
    assert pace.rate == pytest.approx(learned * (1 + GROWTH), rel=0.002)


def test_a_refusal_never_raises_a_learned_rate() -> None:
    """A burst between two refusals may look like more than the endpoint takes."""
    pace = refused_twice(10, 1.0)
    pace.take(1.0, 1002.0)
    learned = pace.rate
    assert learned is not None
    for _ in range(500):
        pace.take(1.0, 1003.0)
    pace.refuse(1.0, 1004.0)
    pace.take(1.0, 1006.0)
    assert pace.rate is not None
    assert pace.rate <= learned * (1 + GROWTH) ** 5


def test_a_refusal_empties_the_bucket_and_leaves_a_told_rate_alone() -> None:
    """The rate is known; only what may leave now was wrong."""
    pace = TokenBucket()
    pace.set_limit(60, 0.0, left=20)
    for moment in range(3):
        pace.take(1.0, moment)
        pace.refuse(1.0, moment)
    pace.take(1.0, 3.0)
    assert (pace.rate, pace.told) == (MARGIN, True)
    assert pace.level < 1


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 500)), min_size=1, max_size=60), st.floats(1, 6000))
def test_never_more_leaves_than_was_told(calls: list[tuple[float, float]], per_minute: float) -> None:
    """Whatever costs what and comes when: what left before a call is within the rate, as finely as timers go."""
    pace = TokenBucket()
    pace.set_limit(per_minute, 0.0, left=0.0)
    now = spent = 0.0
    for rest, cost in calls:
        now = leave(pace, now + rest, cost)
        assert spent <= (now + TIMER_S) * per_minute / 60 * (1 + 1e-9) + 1e-6
        spent += cost
