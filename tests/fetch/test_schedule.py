"""When arXiv announces what."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipeline.fetch import eastern_today, submission_window


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
    ],
)
def test_each_announcement_has_its_window_of_submission(day: str, start: str, end: str) -> None:
    """Monday to Friday in summer, a day in winter, and the weekends on which the clocks change; all in GMT."""
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


@pytest.mark.parametrize(("hour", "day"), [(3, date(2026, 4, 27)), (4, date(2026, 4, 28))])
def test_the_day_of_arxiv_begins_at_midnight_in_the_east_of_the_us(hour: int, day: date) -> None:
    """Four in the morning, GMT, in summer."""
    assert eastern_today(datetime(2026, 4, 28, hour, tzinfo=UTC)) == day
