"""Options → Settings → one call → screen. The only place that prints, reads the environment or exits."""

from __future__ import annotations

import gc
import sys

FEW_COLLECTIONS = 100_000
"""Objects between two searches for cycles: importing makes a million that stay, and a run hardly any cycles."""


def main() -> None:
    """Run ``arxiv-digest`` with the arguments of the process and exit."""
    gc.set_threshold(FEW_COLLECTIONS)
    from pipeline.cli.edge import guarded

    code = guarded(sys.argv[1:])
    # Python looks through all objects once more before it ends, a third of a second after a digest; they go with the
    # process anyway.
    gc.freeze()
    sys.exit(code)
