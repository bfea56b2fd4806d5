"""Options → Settings → one call → screen. The only place that prints, reads the environment or exits."""

from __future__ import annotations

import gc
import os
import signal
import sys

from pipeline.exits import Exit

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a command as Ctrl-C does."""

FEW_COLLECTIONS = 100_000
"""Objects between two searches for cycles. A run makes hardly any cycles, and importing the client makes a million
objects that stay: with Python's 700 a quarter of its import is searching them."""


def main() -> None:
    """Run ``arxiv-digest`` with the arguments of the process and exit."""
    gc.set_threshold(FEW_COLLECTIONS)
    _open_missing_streams()
    try:
        for number in ENDING:
            # One that is ignored stays ignored, as nohup wants.
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)
        from pipeline.cli.edge import guarded

        code = guarded(sys.argv[1:])
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    # Python searches all objects once more before it ends, for nothing: with the process all of them go.
    gc.freeze()
    sys.exit(code)


def _open_missing_streams() -> None:
    """Put nothing in the place of a standard stream that is closed, else the next file that is opened takes it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 (open until the end)
