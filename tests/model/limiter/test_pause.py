"""How long nobody leaves after a refusal, told in moments alone."""

from __future__ import annotations

import pytest

from pipeline.model.limiter.pause import Pause


def pause() -> Pause:
    """Return a pause that always takes the longest that chance allows."""
    return Pause(lambda: 1.0)


def refused_in_a_row(held: Pause, times: int, asked: float | None) -> list[float]:
    """Refuse as soon as each pause is over; return how long each was."""
    now, lengths = 0.0, []
    for _ in range(times):
        held.refused(now, asked)
        lengths.append(held.until - now)
        now = held.until
    return lengths


def test_it_holds_nobody_at_first() -> None:
    """Whatever the clock says."""
    assert pause().until < -1e300


def test_what_nobody_named_doubles_up_to_a_minute() -> None:
    """An endpoint that is down is not asked more often than that, and not less."""
    lengths = refused_in_a_row(pause(), 12, None)
    expected = [min(60.0, lengths[0] * 2**number) for number in range(12)]
    assert lengths == pytest.approx(expected)


def test_those_that_are_refused_together_are_one_refusal() -> None:
    """A whole wave into an overload doubles nothing."""
    held = pause()
    held.refused(0.0, None)
    until = held.until
    for late in range(50):
        held.refused(late / 1000, None)
    assert held.until < until + 0.1


def test_a_named_time_is_kept_to() -> None:
    """Neither more nor less, as long as the endpoint seems to know it."""
    assert refused_in_a_row(pause(), 3, 2.0) == [2.0] * 3


def test_an_endpoint_that_does_not_know_its_own_time_is_asked_less_and_less() -> None:
    """It names a moment again and again, and refuses after it: then its word and the doubling both count."""
    lengths = refused_in_a_row(pause(), 12, 0.1)
    assert lengths[:3] == pytest.approx([0.1] * 3)
    assert lengths[3:] == pytest.approx([min(60.0, lengths[3] * 2**number) for number in range(9)])


def test_a_shorter_pause_never_cuts_a_longer_one() -> None:
    """The longer one was asked for too."""
    held = pause()
    held.refused(0.0, 30.0)
    held.refused(1.0, 2.0)
    held.hold(1.0, 5.0)
    assert held.until == 30.0


def test_an_answer_makes_the_next_pause_short_again() -> None:
    """What was before it is over."""
    held = pause()
    first = refused_in_a_row(held, 6, None)[0]
    held.answered()
    held.refused(1000.0, None)
    assert held.until - 1000.0 == pytest.approx(first)


def test_failures_before_any_answer_pause_longer_and_longer() -> None:
    """An endpoint that has answered nobody is asked by one call at a time, and ever more rarely."""
    held, now, lengths = pause(), 0.0, []
    for _ in range(4):
        held.failed(now)
        lengths.append(held.until - now)
        now = held.until
    assert lengths == pytest.approx([lengths[0] * factor for factor in (1, 2, 4, 8)])


def test_chance_spreads_what_nobody_named_and_nothing_else() -> None:
    """Several processes do not come back together; a time that was named is kept by all."""
    held = Pause(lambda: 0.0)
    assert refused_in_a_row(held, 2, None) == [0.0, 0.0]
    held.refused(5.0, 3.0)
    assert held.until == 8.0
