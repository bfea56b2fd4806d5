"""When arXiv announces what: https://info.arxiv.org/help/availability.html."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_EASTERN = ZoneInfo("America/New_York")
_DEADLINE = time(14, tzinfo=_EASTERN)
_DAYS_BACK = {0: (4, 3), 1: (4, 1), 2: (2, 1), 3: (2, 1), 4: (2, 1)}
"""For each weekday of an announcement, Monday first: how many days before it submissions opened and closed."""


def submission_window(day: date) -> tuple[datetime, datetime] | None:
    """Return when, in UTC, the papers announced on ``day`` were submitted: from the first moment to before the second.

    ``day`` is the feed's date, the day after the evening of the announcement. None on Saturday and Sunday, when arXiv
    announces nothing. Moderation holds some papers for days, so that they are announced later than their window.
    """
    back = _DAYS_BACK.get(day.weekday())
    if back is None:
        return None
    start, end = (datetime.combine(day - timedelta(days=days), _DEADLINE).astimezone(UTC) for days in back)
    return start, end


def eastern_today(now: datetime) -> date:
    """Return the date in US Eastern time at ``now``, by which arXiv dates its announcements."""
    return now.astimezone(_EASTERN).date()
