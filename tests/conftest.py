"""How the tests are run."""

from __future__ import annotations

import os
import signal

import pytest

from tests.ending import skipped_line

# A shell that runs the tests in the background has Ctrl-C ignored, nohup a closed terminal, and so would every process
# that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: many tests wait for a server, a clock or a process."""
    return (os.cpu_count() or 1) + 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with what was skipped and how to run it."""
    skips = [report.longrepr for report in terminalreporter.getreports("skipped")]
    if line := skipped_line(skips):
        terminalreporter.write_line(line)
