"""What the headers of an answer say of an endpoint's limits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from pipeline.retry_after import finite_number, retry_after, server_time

_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?)(ms|[dhms])")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIX_TIME = 1e9
"""From here on a number is a moment, and from a thousandfold on in milliseconds: no limit lasts so many seconds."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit a minute, and what is left of it now."""

    per_minute: float
    left: float


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """The limits that one answer names; None stands for what it does not."""

    retry_after: float | None = None
    """Seconds that it asks to wait, else until a limit is renewed that may have refused it."""
    renewed_in: float | None = None
    """Seconds until all limits are renewed of which nothing is left."""
    requests: Limit | None = None
    tokens: Limit | None = None
    has_retry_after: bool = False
    """Whether ``Retry-After`` itself says how long to wait."""

    @classmethod
    def read(cls, headers: Mapping[str, str], *, now: datetime) -> Self:
        """Read ``retry-after-ms``, ``Retry-After`` and ``x-ratelimit-*``; ``now`` counts where there is no ``Date``."""
        if not headers.keys() & _NAMES:
            return cls()
        milliseconds = finite_number(headers.get("retry-after-ms", ""))
        asked = max(0.0, milliseconds / 1000) if milliseconds is not None else retry_after(headers, now=now)
        return cls(
            retry_after=_reset_after(headers, now=now, refused=True) if asked is None else asked,
            renewed_in=_reset_after(headers, now=now, refused=False),
            requests=_limit(headers, "requests"),
            tokens=_limit(headers, "tokens"),
            has_retry_after=not headers.keys().isdisjoint({"retry-after", "retry-after-ms"}),
        )

    @property
    def names_limit(self) -> bool:
        """Whether a limit is named, of requests or of tokens."""
        return self.requests is not None or self.tokens is not None


_NAMES = {"retry-after", "retry-after-ms"} | {
    f"x-ratelimit-{what}{unit}" for what in ("limit", "remaining", "reset") for unit in ("", "-requests", "-tokens")
}


def duration(text: str) -> float | None:
    """Return the seconds of a duration such as ``6m0s`` or ``437ms``; None where it is not one."""
    if not _DURATION.fullmatch(text):
        return None
    seconds = sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))
    return seconds if math.isfinite(seconds) else None


def _limit(headers: Mapping[str, str], unit: str) -> Limit | None:
    limit = finite_number(headers.get(f"x-ratelimit-limit-{unit}", ""))
    left = finite_number(headers.get(f"x-ratelimit-remaining-{unit}", ""))
    # Some servers write 0 or -1 where there is no limit.
    return Limit(limit, left) if limit and limit > 0 and left is not None and left >= 0 else None


def _reset_after(headers: Mapping[str, str], *, now: datetime, refused: bool) -> float | None:
    """Return the seconds until all limits are renewed of which nothing remains; None where no header says so.

    Of a refusal a limit counts too of which no header says what remains. OpenAI writes ``6m0s``, others seconds, and
    OpenRouter the Unix time in milliseconds.
    """
    waits = []
    for unit in ("", "-requests", "-tokens"):
        left = finite_number(headers.get(f"x-ratelimit-remaining{unit}", ""))
        wait = _until(headers.get(f"x-ratelimit-reset{unit}", ""), server_time(headers, now=now))
        if wait is not None and (left == 0 or (refused and left is None)):
            waits.append(wait)
    return max(waits, default=None)


def _until(text: str, now: datetime) -> float | None:
    """Return the seconds until a moment that is written as a duration, in seconds, or as Unix time."""
    if (parts := duration(text)) is not None:
        return parts
    seconds = finite_number(text)
    if seconds is None or seconds < _UNIX_TIME:
        return None if seconds is None else max(0.0, seconds)
    then = seconds / 1000 if seconds >= _UNIX_TIME * 1000 else seconds
    try:
        return max(0.0, (datetime.fromtimestamp(then, UTC) - now).total_seconds())
    except (ValueError, OverflowError, OSError):
        return None
