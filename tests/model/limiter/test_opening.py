"""How calls leave until an endpoint has answered, told in moments alone."""

from __future__ import annotations

import itertools

from pipeline.model.limiter.opening import Opening

PROBE = 0.3
"""Seconds that the first call is alone in these tests."""


def begun() -> Opening:
    """Return an opening whose first call waits for the network since moment 0."""
    opening = Opening(PROBE)
    opening.departed(0.0, knows_rate=False)
    opening.begin_probe(0.0)
    return opening


def departures(opening: Opening, now: float, count: int) -> list[float]:
    """Let calls leave as early as they may, while others are in flight; return when each did."""
    left = []
    for _ in range(count):
        now = opening.earliest(now, in_flight=1)
        opening.departed(now, knows_rate=False)
        left.append(now)
    return left


def test_only_the_first_departure_is_the_first() -> None:
    """Its time alone is begun by whoever sent it, once."""
    opening = Opening(PROBE)
    assert [opening.departed(moment, knows_rate=False) for moment in (0.0, 1.0)] == [True, False]


def test_until_the_first_call_waits_for_the_network_nobody_else_leaves() -> None:
    """However long it takes to prepare: no answer could have come."""
    opening = Opening(PROBE)
    opening.departed(0.0, knows_rate=False)
    assert opening.earliest(60.0, in_flight=1) == float("inf")
    opening.begin_probe(60.0)
    opening.begin_probe(90.0)
    assert opening.earliest(60.0, in_flight=1) == 60.0 + PROBE


def test_unanswered_calls_leave_one_after_another() -> None:
    """A refusal of one stops those behind it."""
    left = departures(begun(), 0.0, 4)
    assert left[0] == PROBE
    assert all(earlier < later for earlier, later in itertools.pairwise(left))


def test_after_an_answer_they_leave_together() -> None:
    """From then on only width and rates hold them."""
    opening = begun()
    opening.answered()
    assert departures(opening, 0.1, 3) == [0.1] * 3


def test_where_nobody_is_in_flight_somebody_else_tries() -> None:
    """The call that was alone is gone without an answer, and would be waited for in vain."""
    assert begun().earliest(0.1, in_flight=0) == 0.1


def test_careful_calls_leave_apart_until_the_rate_is_known() -> None:
    """The next refusal stops those behind it; a known rate keeps them apart by itself."""
    opening = begun()
    opening.refused(careful=True)
    first, second = departures(opening, 1.0, 2)
    assert first < second
    opening.departed(2.0, knows_rate=True)
    assert opening.earliest(2.0, in_flight=1) == 2.0


def test_a_call_in_a_new_form_is_alone_for_twice_as_long_as_a_refusal_took() -> None:
    """Its own refusal may take as long as the last one, on a machine that is busy; at least for the probe."""
    opening = begun()
    opening.answered()
    opening.form_changed(5.0, 1.0)
    assert opening.earliest(5.0, in_flight=1) == 7.0
    opening.form_was_old(6.0, 0.01)
    assert opening.earliest(6.0, in_flight=1) == 6.0 + PROBE


def test_an_old_form_that_is_refused_late_holds_nobody_who_is_free() -> None:
    """Once the new form was answered, what is refused in the old one teaches nothing."""
    opening = begun()
    opening.answered()
    opening.form_was_old(5.0, 1.0)
    assert opening.earliest(5.0, in_flight=9) == 5.0


def test_a_failure_begins_again_with_one_call_after_the_pause() -> None:
    """What the endpoint answers to that one is known before others leave."""
    opening = begun()
    opening.answered()
    opening.failed(until=8.0, took=0.5)
    assert opening.earliest(2.0, in_flight=1) == 9.0


def test_a_late_loop_gives_the_first_call_longer_but_not_for_ever() -> None:
    """Its answer may be there and unread; a loop that is always late must not hold the others."""
    opening, now = begun(), PROBE
    for _ in range(1000):
        opening.late(now, by=PROBE / 2)
        if (until := opening.earliest(now, in_flight=1)) <= now:
            break
        now = until
    assert PROBE < now < 20 * PROBE


def test_a_loop_that_is_hardly_late_is_on_time() -> None:
    """No timer comes to the microsecond."""
    opening = begun()
    opening.late(PROBE, by=0.0001)
    assert opening.earliest(PROBE, in_flight=1) == PROBE
