"""``python -m benchmarks.pace [--delay S] [--stopped S]``: how processes share the pace of arXiv, one of them stopped.

Two, three and five processes fetch one announcement each from a loopback arXiv: first undisturbed, then with the first
one stopped (SIGSTOP) in the middle of a request. The server says how close two requests ever came.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Timer

from benchmarks import measure
from pipeline.fetch.arxiv.pacer import LONGEST_REQUEST
from tests.fetch.samples import papers
from tests.servers.arxiv import ArxivServer, Fault

PROCESSES = (2, 3, 5)
PAPERS = 150
"""Papers of each announcement: a request for the feed and two for records."""
MINUTE = 60.0


@dataclass(frozen=True)
class Pace:
    """How far apart requests are kept, and how long one process is stopped, in seconds."""

    delay: float = 0.3
    stopped: float = MINUTE

    @property
    def longest(self) -> float:
        """Seconds after which a process is taken for stopped, in proportion to those of a minute."""
        return LONGEST_REQUEST * self.stopped / MINUTE


@dataclass(frozen=True)
class Kept:
    """What came of processes that shared their pace."""

    seconds: float
    """From the first start to the last end."""
    gap: float
    """Smallest distance of two requests at the server, in seconds."""


def share(pace: Pace, count: int, folder: Path, *, stop: bool) -> Kept:
    """Let ``count`` processes fetch at once; where asked to, ``stop`` the first in its first request.

    Raises:
        RuntimeError: one did not get all papers.
    """
    with ArxivServer(papers(PAPERS), [Fault(manner="stall-once")] if stop else []) as server:
        began = time.perf_counter()
        first = _start(server, pace, folder / "0")
        if stop:
            _stop(first, server, pace.stopped)
        others = [_start(server, pace, folder / str(number)) for number in range(1, count)]
        for process in (*others, first):
            out, said = process.communicate()
            if out.split()[:1] != [str(PAPERS)]:
                raise RuntimeError(f"exit {process.returncode}: {out}{said}")
        times = sorted(seen.at for seen in server.requests)
        gap = min(later - earlier for earlier, later in pairwise(times))
        return Kept(time.perf_counter() - began, gap)


def _start(server: ArxivServer, pace: Pace, folder: Path) -> subprocess.Popen[str]:
    options = [server.api_url, server.root, str(folder), str(pace.delay), str(pace.longest)]
    command = [sys.executable, "-m", "tests.fetch.fetching", *options]
    return subprocess.Popen(command, cwd=measure.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _stop(process: subprocess.Popen[str], server: ArxivServer, seconds: float) -> None:
    """Stop a process once its first request has arrived, and let it go on after some ``seconds``."""
    while not server.requests:
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)

    def go_on() -> None:
        process.send_signal(signal.SIGCONT)
        server.go_on.set()

    Timer(seconds, go_on).start()


def main() -> int:
    """Measure as the options say, and print a row for each number of processes; 1 if requests came too close."""
    usual = Pace()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pace")
    parser.add_argument("--delay", type=float, default=usual.delay, help="seconds between two requests")
    parser.add_argument("--stopped", type=float, default=usual.stopped, help="seconds that one process is stopped")
    given = parser.parse_args()
    pace = Pace(given.delay, given.stopped)
    print(f"delay {pace.delay:g} s, one process stopped for {pace.stopped:g} s\n")
    print("| processes | smallest gap, s | with one stopped, s | seconds | with one stopped | lost |")
    print("|---|---|---|---|---|---|")
    closest = []
    for count in PROCESSES:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            plain, held = share(pace, count, Path(one), stop=False), share(pace, count, Path(other), stop=True)
        times = f"{plain.seconds:.1f} | {held.seconds:.1f} | {held.seconds - plain.seconds:.1f}"
        print(f"| {count} | {plain.gap:.3f} | {held.gap:.3f} | {times} |", flush=True)
        closest += [plain.gap, held.gap]
    return 0 if min(closest) >= pace.delay else 1


if __name__ == "__main__":
    sys.exit(main())
