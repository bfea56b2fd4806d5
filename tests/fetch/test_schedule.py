"""When arXiv announces what."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from pipeline.fetch import HOLIDAYS, Schedule, eastern_today

submission_window = Schedule().window


def _windows(first: date, last: date) -> dict[date, tuple[datetime, datetime]]:
    """The days of a span, both ends included, that have an announcement, with their windows."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return {day: window for day in days if (window := submission_window(day))}


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-04-27", "2026-04-23T18:00", "2026-04-24T18:00"),
        ("2026-04-28", "2026-04-24T18:00", "2026-04-27T18:00"),
        ("2026-04-29", "2026-04-27T18:00", "2026-04-28T18:00"),
        ("2026-04-30", "2026-04-28T18:00", "2026-04-29T18:00"),
        ("2026-05-01", "2026-04-29T18:00", "2026-04-30T18:00"),
        ("2026-01-14", "2026-01-12T19:00", "2026-01-13T19:00"),
        ("2026-03-10", "2026-03-06T19:00", "2026-03-09T18:00"),
        ("2026-11-03", "2026-10-30T18:00", "2026-11-02T19:00"),
        ("2026-11-02", "2026-10-29T18:00", "2026-10-30T18:00"),
        ("2026-03-09", "2026-03-05T19:00", "2026-03-06T19:00"),
        ("2026-01-21", "2026-01-16T19:00", "2026-01-20T19:00"),
        ("2026-11-30", "2026-11-25T19:00", "2026-11-27T19:00"),
        ("2026-12-31", "2026-12-28T19:00", "2026-12-30T19:00"),
        ("2026-06-22", "2026-06-18T18:00", "2026-06-19T18:00"),
    ],
)
def test_each_announcement_has_its_window_of_submission(day: str, start: str, end: str) -> None:
    """Monday to Friday in summer, a day in winter, the weekends on which the clocks change, and after holidays.

    All in GMT.
    """
    window = tuple(datetime.fromisoformat(f"{moment}+00:00") for moment in (start, end))
    assert submission_window(date.fromisoformat(day)) == window


def test_five_windows_make_a_week_without_gap_or_overlap() -> None:
    """Each ends when the next begins."""
    windows = [submission_window(date(2026, 4, day)) for day in (20, 21, 22, 23, 24, 27)]
    ends, starts = ([window[part] for window in windows if window] for part in (1, 0))
    assert ends[:-1] == starts[1:]


@pytest.mark.parametrize("day", [date(2026, 4, 25), date(2026, 4, 26)])
def test_nothing_is_announced_on_saturday_and_sunday(day: date) -> None:
    """The evenings before are without announcement."""
    assert submission_window(day) is None


@pytest.mark.parametrize("holiday", sorted(HOLIDAYS))
def test_nothing_is_announced_on_the_evening_of_a_holiday(holiday: date) -> None:
    """What was due then comes with the next announcement, so that no paper falls between two windows."""
    assert submission_window(holiday + timedelta(days=1)) is None
    windows = _windows(holiday - timedelta(days=9), min(holiday + timedelta(days=9), date(2027, 1, 9))).values()
    assert all(earlier[1] == later[0] for earlier, later in pairwise(windows))


def test_holidays_are_the_callers() -> None:
    """Without any, the days of the week alone decide."""
    day = date(2026, 1, 20)
    assert submission_window(day) is None
    assert Schedule(frozenset()).window(day) is not None
    assert Schedule(frozenset({date(2026, 4, 27)})).window(date(2026, 4, 28)) is None


def test_the_days_of_a_span_that_have_an_announcement() -> None:
    """Both ends included; neither weekends nor the day after a holiday."""
    days = _windows(date(2026, 11, 23), date(2026, 11, 30))
    assert [day.day for day in days] == [23, 24, 25, 26, 30]
    assert _windows(date(2026, 4, 25), date(2026, 4, 26)) == {}


@pytest.mark.parametrize(("hour", "day"), [(3, date(2026, 4, 27)), (4, date(2026, 4, 28))])
def test_the_day_of_arxiv_begins_at_midnight_in_the_east_of_the_us(hour: int, day: date) -> None:
    """Four in the morning, GMT, in summer."""
    assert eastern_today(datetime(2026, 4, 28, hour, tzinfo=UTC)) == day
