"""When arXiv announces what: https://info.arxiv.org/help/availability.html."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOLIDAYS = frozenset(
    date(2026, month, day)
    for month, day in ((1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31))
)
"""Dates on whose evening arXiv announces nothing: https://info.arxiv.org/help/availability.html.

What was due then is taken to come with the next announcement. arXiv publishes them year by year.
"""
_EASTERN = ZoneInfo("America/New_York")
_DEADLINE = time(14, tzinfo=_EASTERN)
_DAY = timedelta(days=1)
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_FIRST = date(1991, 8, 14)
"""Day of arXiv's first paper."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When arXiv announces what was submitted when; a day is the feed's date, the day after the evening it came out."""

    holidays: frozenset[date] = HOLIDAYS

    def window(self, day: date) -> tuple[datetime, datetime] | None:
        """Return when, in UTC, what was announced on ``day`` was submitted: from the first moment to before the second.

        None where arXiv announces nothing that evening. Moderation holds some papers for days, so that they are
        announced later than their window.
        """
        if day <= _FIRST or not self._announces(day - _DAY):
            return None
        evening = day - _DAY
        before = evening - _DAY
        while not self._announces(before):
            before -= _DAY
        return _deadline(before), _deadline(evening)

    def unknown_year(self, day: date) -> int | None:
        """Return the year of the evening before ``day`` where its holidays are not in a list; None where they are."""
        years = {holiday.year for holiday in self.holidays}
        year = (max(day, _FIRST) - _DAY).year
        return year if years and year not in years else None

    def _announces(self, evening: date) -> bool:
        return evening.weekday() not in {_FRIDAY, _SATURDAY} and evening not in self.holidays


def eastern_today(now: datetime) -> date:
    """Return the date in US Eastern time at ``now``, by which arXiv dates its announcements."""
    return now.astimezone(_EASTERN).date()


def _deadline(evening: date) -> datetime:
    """Return until when what is announced on ``evening`` was submitted: that afternoon, on Sunday that of Friday."""
    closing = evening - 2 * _DAY if evening.weekday() == _SUNDAY else evening
    return datetime.combine(closing, _DEADLINE).astimezone(UTC)
