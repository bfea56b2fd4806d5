"""A length of time as all outputs write it."""

from __future__ import annotations

import math


def duration(seconds: float) -> str:
    """Return a time that was measured: ``0.4 s``, ``45 s``, ``3 min 20 s``, ``26 h 40 min``."""
    return f"{seconds:.1f} s" if seconds < 9.95 else _in_units(round(seconds))


def rough_duration(seconds: float) -> str:
    """Return a time that is only expected, in whole seconds below two minutes and else in whole minutes."""
    return f"{math.ceil(seconds) or 1} s" if seconds < 120 else _in_units(60 * round(seconds / 60))


def _in_units(seconds: int) -> str:
    """Return the time in two units at most, without those of which there is nothing."""
    minutes, rest = divmod(seconds, 60)
    parts = ((minutes, "min"), (rest, "s"))
    if minutes >= 60:
        hours, minutes = divmod(round(seconds / 60), 60)
        parts = ((hours, "h"), (minutes, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
