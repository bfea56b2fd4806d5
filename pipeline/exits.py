"""Exit codes, as the contract of the commands has them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    COMPLETE = 0
    FAILED = 1
    """No paper has a summary; nothing was written."""
    USAGE = 2
    """Wrong usage or settings, said before anything was spent."""
    PARTIAL = 3
    """Written, but some papers have no summary or are missing, or the run was stopped early; or a page is due, and
    arXiv's feed is not there yet."""
    BUDGET = 4
    """The budget ended it; what was paid for is written."""
    NOTHING = 5
    """Nothing was announced, or nothing that no page has; no file was touched."""
    INTERRUPTED = 130


_GRAVEST_FIRST = (Exit.INTERRUPTED, Exit.USAGE, Exit.FAILED, Exit.BUDGET, Exit.PARTIAL)


def of_several(exits: Iterable[Exit]) -> Exit:
    """Return the exit code of several digests or days: the gravest that occurred; NOTHING only if all are."""
    occurred = set(exits)
    for code in _GRAVEST_FIRST:
        if code in occurred:
            return code
    return Exit.NOTHING if occurred == {Exit.NOTHING} else Exit.COMPLETE
