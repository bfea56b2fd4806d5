"""Options → Settings → one call → screen. The only place that prints, reads the environment or exits."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.exits import Exit

FEW_COLLECTIONS = 100_000
"""Objects between two searches for cycles, of which a run makes hardly any."""


def main() -> None:
    """Run ``arxiv-digest`` with the arguments of the process and exit."""
    gc.disable()
    gc.set_threshold(FEW_COLLECTIONS)
    try:
        # Else SIGTERM would end it without a word wherever no event loop runs.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from pipeline.cli.edge import guarded

        code = guarded(sys.argv[1:])
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    # Python looks through all objects once more before it ends, which takes a third of a second after a digest; with
    # the process all of them go anyway.
    gc.freeze()
    sys.exit(code)


@contextmanager
def importing() -> Iterator[None]:
    """Import without searches for cycles: the million objects that come stay, and no later search goes through them."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
