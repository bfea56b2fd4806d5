"""The headers in which endpoints name their limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.rate_headers import RateHeaders

NOW = datetime(2026, 4, 27, 12, 0, 0, tzinfo=UTC)


def read(headers: Mapping[str, str]) -> RateHeaders:
    """Return what headers say at noon."""
    return RateHeaders.read(headers, now=NOW)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=9), usegmt=True), "date": format_datetime(NOW)}, 9.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=9), usegmt=True), "date": format_datetime(NOW)}, 0.0),
        ({"retry-after": format_datetime(NOW, usegmt=True), "date": "yesterday"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, 0.0),
    ],
)
def test_how_long_an_endpoint_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds before seconds before a date, which is counted from the endpoint's own clock."""
    assert read(headers).retry_after == seconds


UNIX = NOW.timestamp()


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("0m5.1s", 5.1),
        ("1d", 86400.0),
        ("59.7", 59.7),
        ("0", 0.0),
        ("-5", 0.0),
        (f"{UNIX + 7:.0f}", 7.0),
        (f"{UNIX * 1000 + 7250:.0f}", 7.25),
        (f"{UNIX - 7:.0f}", 0.0),
        ("9" * 400 + "s", None),
        ("9" * 30, None),
        ("soon", None),
        ("1 s", None),
        ("5x", None),
        ("", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_when_a_limit_is_renewed(reset: str, seconds: float | None) -> None:
    """A duration, seconds, or Unix time in seconds or milliseconds, counted from the endpoint's own clock."""
    headers = {"x-ratelimit-reset-requests": reset, "date": format_datetime(NOW)}
    assert read(headers).retry_after == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("limits", "refused", "answered"),
    [
        ({"reset-requests": "1s", "reset-tokens": "9s"}, 9.0, None),
        ({"reset-requests": "1s", "reset-tokens": "9s", "remaining-tokens": "7"}, 1.0, None),
        ({"reset-requests": "1s", "reset-tokens": "9s", "remaining-requests": "0"}, 9.0, 1.0),
        ({"reset": "4s", "remaining": "0"}, 4.0, 4.0),
        ({"reset": "4s", "remaining": "1"}, None, None),
        ({"remaining": "0"}, None, None),
    ],
)
def test_what_remains_of_a_limit_says_whether_it_is_waited_for(
    limits: dict[str, str], refused: float | None, answered: float | None
) -> None:
    """A refusal waits for what it does not say to remain; an answer holds back only where nothing does."""
    headers = {f"x-ratelimit-{name}": value for name, value in limits.items()}
    assert (read(headers).retry_after, read(headers).renewed_in) == (refused, answered)


def test_retry_after_goes_before_the_reset_of_a_limit() -> None:
    """It says when to come again; a limit may be renewed as a whole long after that."""
    assert read({"retry-after": "2", "x-ratelimit-reset-requests": "6m0s"}).retry_after == 2


WRITTEN = st.text() | st.from_regex(r"[0-9]{1,400}(?:\.[0-9]*)?(?:ms|[smhd])?", fullmatch=True)


@given(WRITTEN, WRITTEN, st.text(), WRITTEN)
def test_no_header_breaks_it(seconds: str, milliseconds: str, date: str, reset: str) -> None:
    """Whatever an endpoint writes, the answer is none or a time that is not negative and not endless."""
    headers = {"retry-after": seconds, "retry-after-ms": milliseconds, "date": date, "x-ratelimit-reset": reset}
    told = read(headers).retry_after
    assert told is None or 0 <= told < math.inf
