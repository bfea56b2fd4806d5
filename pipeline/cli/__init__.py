"""Options → Settings → one call → screen. The only place that prints, reads the environment or exits."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``arxiv-digest`` with the arguments of the process and exit."""
    from pipeline.cli.edge import guarded

    sys.exit(guarded(sys.argv[1:]))
