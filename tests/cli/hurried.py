"""The program in a process whose time to arXiv passes quicker: ``TIMES ARGUMENT...``.

Its pauses take, and its patience counts, so many times less; requests take what they take.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from pipeline import fetch
from pipeline.cli.edge import guarded


def main() -> None:
    """Run one command."""
    times = float(sys.argv[1])

    class Hurried(fetch.Pacer):
        """The pacer, on a clock that runs so many times as fast."""

        def __init__(self, delay: float, _clock: object, _sleep: object, **more: Any) -> None:
            super().__init__(
                delay, lambda: time.monotonic() * times, lambda seconds: time.sleep(seconds / times), **more
            )

    fetch.Pacer = Hurried  # type: ignore[assignment, misc]
    sys.exit(guarded(sys.argv[2:]))


if __name__ == "__main__":
    main()
