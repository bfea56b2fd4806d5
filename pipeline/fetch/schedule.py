"""When arXiv announces what: https://info.arxiv.org/help/availability.html."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipeline.settings import HOLIDAYS

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


def eastern_today(now: datetime) -> date:
    """Return the date in US Eastern time at ``now``, by which arXiv dates its announcements."""
    return now.astimezone(_EASTERN).date()


def _announces(evening: date, holidays: frozenset[date]) -> bool:
    return evening.weekday() not in {_FRIDAY, _SATURDAY} and evening not in holidays


def _deadline(evening: date) -> datetime:
    """Return until when what is announced on ``evening`` was submitted: that afternoon, on Sunday that of Friday."""
    closing = evening - 2 * _DAY if evening.weekday() == _SUNDAY else evening
    return datetime.combine(closing, _DEADLINE).astimezone(UTC)
