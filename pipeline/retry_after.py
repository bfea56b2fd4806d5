"""How long a server asks to wait before the next request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait, at least 0; None where it is absent or cannot be read.

    ``headers`` ignore case, as those of HTTP clients do. A date counts from the response's own ``Date``, so that a
    wrong clock on either side does no harm, else from ``now``. Source: RFC 9110, section 10.2.3.
    """
    written = headers.get("retry-after", "").strip()
    seconds = finite_number(written)
    if seconds is None:
        then = http_date(written)
        seconds = None if then is None else (then - server_time(headers, now=now)).total_seconds()
    return None if seconds is None else max(0.0, seconds)


def server_time(headers: Mapping[str, str], *, now: datetime) -> datetime:
    """Return the time of day by the server's own clock where the response has a ``Date``, else ``now``."""
    return http_date(headers.get("date", "")) or now


def http_date(written: str) -> datetime | None:
    """Return the moment that an HTTP date names; None where it is not one."""
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def finite_number(written: str) -> float | None:
    """Return the number that a header holds; None where it is not a number, or not a finite one."""
    try:
        number = float(written)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
