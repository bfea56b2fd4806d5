"""Options → Settings → one call → screen. The only place that prints, reads the environment or exits."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run ``arxiv-digest`` with the arguments of the process and exit."""
    from pipeline.cli.edge import guarded

    code = guarded(sys.argv[1:])
    # Python looks through all objects once more before it ends, a third of a second after a digest; they go with the
    # process anyway.
    gc.freeze()
    sys.exit(code)
