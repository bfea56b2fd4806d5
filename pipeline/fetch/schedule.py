"""When arXiv announces what: https://info.arxiv.org/help/availability.html."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOLIDAYS = frozenset(
    date(2026, month, day)
    for month, day in ((1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31))
)
"""Dates on whose evening arXiv announces nothing; what was due then is taken to come with the next announcement."""

_EASTERN = ZoneInfo("America/New_York")
_DEADLINE = time(14, tzinfo=_EASTERN)
_DAY = timedelta(days=1)
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


def submission_window(day: date, holidays: frozenset[date] = HOLIDAYS) -> tuple[datetime, datetime] | None:
    """Return when, in UTC, the papers announced on ``day`` were submitted: from the first moment to before the second.

    ``day`` is the feed's date, the day after the evening of the announcement. None where arXiv announces nothing that
    evening. Moderation holds some papers for days, so that they are announced later than their window.
    """
    evening = day - _DAY
    if not _announces(evening, holidays):
        return None
    before = evening - _DAY
    while not _announces(before, holidays):
        before -= _DAY
    return _deadline(before), _deadline(evening)


def announcement_days(first: date, last: date, holidays: frozenset[date] = HOLIDAYS) -> tuple[date, ...]:
    """Return the days from ``first`` to ``last``, both included, that have an announcement."""
    days = (first + number * _DAY for number in range((last - first).days + 1))
    return tuple(day for day in days if _announces(day - _DAY, holidays))


def eastern_today(now: datetime) -> date:
    """Return the date in US Eastern time at ``now``, by which arXiv dates its announcements."""
    return now.astimezone(_EASTERN).date()


def _announces(evening: date, holidays: frozenset[date]) -> bool:
    return evening.weekday() not in {_FRIDAY, _SATURDAY} and evening not in holidays


def _deadline(evening: date) -> datetime:
    """Return until when what is announced on ``evening`` was submitted: that afternoon, on Sunday that of Friday."""
    closing = evening - 2 * _DAY if evening.weekday() == _SUNDAY else evening
    return datetime.combine(closing, _DEADLINE).astimezone(UTC)
