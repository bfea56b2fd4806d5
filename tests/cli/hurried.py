"""The program in a process whose time to arXiv passes quicker: ``TIMES ARGUMENT...``.

Its pauses take, and its patience counts, so many times less; requests take what they take.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from pipeline import fetch
from pipeline.cli.edge import guarded


def main() -> None:
    """Run one command."""
    times = float(sys.argv[1])
    fetch.Pacer = partial(  # type: ignore[assignment, misc]
        fetch.Pacer, clock=lambda: time.monotonic() * times, sleep=lambda seconds: time.sleep(seconds / times)
    )
    sys.exit(guarded(sys.argv[2:]))


if __name__ == "__main__":
    main()
