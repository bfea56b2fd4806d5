"""How a length of time is written."""

from __future__ import annotations

import pytest

from pipeline.duration import duration, rough_duration


@pytest.mark.parametrize(
    ("seconds", "measured", "expected"),
    [
        (0.0, "0.0 s", "1 s"),
        (0.42, "0.4 s", "1 s"),
        (9.96, "10 s", "10 s"),
        (84.0, "1 min 24 s", "84 s"),
        (200.0, "3 min 20 s", "3 min"),
        (300.0, "5 min", "5 min"),
        (3569.9, "59 min 30 s", "59 min"),
        (3599.0, "59 min 59 s", "1 h"),
        (96_000.0, "26 h 40 min", "26 h 40 min"),
    ],
)
def test_a_time_is_written_in_the_units_that_suit_it(seconds: float, measured: str, expected: str) -> None:
    """At most two of them; what is only expected is not said to the second."""
    assert (duration(seconds), rough_duration(seconds)) == (measured, expected)
