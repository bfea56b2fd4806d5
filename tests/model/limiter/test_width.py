"""How many calls may be in flight at once, by replies and refusals alone."""

from __future__ import annotations

import pytest

from pipeline.model.limiter.width import Width


def after(width: Width, *, replies: int) -> float:
    """Return the width after replies to calls that left while all places were taken."""
    for _ in range(replies):
        width.accepted(int(width.value))
    return width.value


def replies_for_a_place(width: Width) -> int:
    """Count the replies until there is one place more."""
    places, replies = int(width.value), 0
    while int(width.value) == places:
        after(width, replies=1)
        replies += 1
    return replies


def test_it_begins_with_all_places() -> None:
    """Nothing is held back before an endpoint has refused anything."""
    assert Width(64).value == 64


@pytest.mark.parametrize(("kept", "value"), [(0.2, 1), (20, 20), (500, 64)])
def test_what_an_earlier_run_held_counts_within_the_bounds_of_this_one(kept: float, value: float) -> None:
    """At least one place, at most as many as the user allows."""
    width = Width(64)
    width.begin_with(kept)
    assert width.value == value


def test_a_refusal_leaves_one_place_less_than_was_refused() -> None:
    """However many the bounds allow: the number that was refused is known."""
    width = Width(64)
    width.refused(20)
    assert width.value == 19


def test_a_later_refusal_of_more_takes_nothing_back() -> None:
    """Calls that left before the width fell are refused for what held then."""
    width = Width(64)
    width.refused(20)
    width.refused(60)
    assert width.value == 19


def test_a_place_that_was_refused_is_tried_again_late_and_the_next_ones_sooner() -> None:
    """After ten rounds of replies or so, then half as many, until a round gains a place."""
    width = Width(64)
    width.refused(21)
    rounds = [replies_for_a_place(width) / int(width.value - 1) for _ in range(6)]
    assert 6 < rounds[0] < 11
    assert rounds == sorted(rounds, reverse=True)
    assert rounds[-1] == pytest.approx(1, abs=0.2)


def test_an_overload_halves_and_each_round_gains_a_place() -> None:
    """It names no number, so that there is none to keep clear of."""
    width = Width(64)
    width.halve()
    assert width.value == 32
    assert after(width, replies=32) == pytest.approx(33, abs=0.1)


def test_there_is_always_a_place_and_never_more_than_allowed() -> None:
    """Without one nothing would ever be answered again."""
    width = Width(4)
    for _ in range(9):
        width.halve()
    width.refused(1)
    assert width.value == 1
    assert after(width, replies=1000) == 4


def test_restored_it_has_all_places_and_grows_as_ever() -> None:
    """Where refusals turned out to be chance, nothing of what they taught holds."""
    width = Width(20)
    width.refused(2)
    width.restore()
    assert width.value == 20
    width.halve()
    assert after(width, replies=10) == pytest.approx(11, abs=0.1)


@pytest.mark.parametrize(("among", "is_below"), [(1, True), (10, True), (11, False), (40, False)])
def test_twice_as_many_calls_that_held_speak_for_the_number(among: int, *, is_below: bool) -> None:
    """Then it is something else that is refused; a single call is never too many."""
    width = Width(64)
    width.accepted(20)
    assert width.is_below_what_held(among) is is_below
