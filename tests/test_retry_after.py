"""What a server asks to wait, in all the ways it may say so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.retry_after import retry_after

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WRITTEN: dict[str, tuple[dict[str, str], float | None]] = {
    "nothing": ({}, None),
    "seconds": ({"retry-after": "30"}, 30.0),
    "a fraction": ({"retry-after": "0.25"}, 0.25),
    "blanks around": ({"retry-after": " 7 "}, 7.0),
    "less than nothing": ({"retry-after": "-5"}, 0.0),
    "no number": ({"retry-after": "nan"}, None),
    "without end": ({"retry-after": "inf"}, None),
    "words": ({"retry-after": "soon"}, None),
    "a date by its own clock": (
        {"retry-after": "Tue, 24 Nov 2026 03:00:09 GMT", "date": "Tue, 24 Nov 2026 03:00:00 GMT"},
        9.0,
    ),
    "a date by ours": ({"retry-after": "Tue, 24 Nov 2026 12:00:20 GMT"}, 20.0),
    "a date beside an unreadable clock": ({"retry-after": "Tue, 24 Nov 2026 12:00:20 GMT", "date": "noon"}, 20.0),
    "a past date": ({"retry-after": "Tue, 24 Nov 2020 12:00:00 GMT"}, 0.0),
    "a date without a zone": ({"retry-after": "Tue, 24 Nov 2026 12:00:20 -0000"}, 20.0),
}


@pytest.mark.parametrize(("headers", "seconds"), WRITTEN.values(), ids=WRITTEN)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds and dates are both allowed, and nonsense is as if nothing were said."""
    assert retry_after(headers, now=NOW) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text(max_size=40)))
def test_any_header_can_be_read(headers: dict[str, Any]) -> None:
    """Whatever a server writes, the wait is a finite number of seconds or unknown."""
    seconds = retry_after(headers, now=NOW)
    assert seconds is None or 0 <= seconds < float("inf")
