"""Options → Settings → one call → screen. The only place that prints, reads the environment or exits."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run ``arxiv-digest`` with the arguments of the process and exit."""
    # Else SIGTERM would end it without a word wherever no event loop runs.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from pipeline.cli.edge import guarded

    sys.exit(guarded(sys.argv[1:]))
