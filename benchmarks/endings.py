"""``python -m benchmarks.endings --times 50 --seed 1``: end a run again and again, and look at what is left of it.

A run over 300 papers is ended at random moments by SIGINT, SIGTERM and SIGKILL in turn, always on the same cache, until
its digest is whole; then the next begins with nothing. After each ending the database must be sound and no file cut,
and no reply may be asked for again that had arrived well before the end of the run that asked for it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from benchmarks import measure, papers
from tests.servers.openai import spawn
from tests.servers.openai_options import Options

PAPERS = 300
MODEL = "bench"
"""The last word of the page."""
SERVER = Options(delay=0.15, sigma=0.4)
CONCURRENCY = 8
"""Forty papers or so a second, so that a digest takes some eight endings."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
SOONEST_S, LATEST_S = 0.2, 4.0
"""Bounds of the moment of an ending, in seconds after the start; one or so goes by before its first call."""
GRACE_S = 0.5
"""Seconds before an ending within which a reply may still be lost."""
LONGEST_S = 120.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Ending:
    """One run, and how it ended."""

    number: int
    signal: signal.Signals | None
    """None where it was let run to its end."""
    began: float
    """In seconds since the epoch, as is the next."""
    ended: float
    """The moment of the signal, else of the end."""
    code: int

    @property
    def is_whole(self) -> bool:
        """Whether the run had reached its own end before the signal came."""
        return self.code == 0


@dataclass
class Account:
    """What all runs together have come to."""

    endings: int = 0
    by_signal: Counter[str] = field(default_factory=Counter)
    by_code: Counter[int] = field(default_factory=Counter)
    whole: int = 0
    """Digests that became whole."""
    replies: int = 0
    """Good replies that the server finished sending."""
    unanswered: int = 0
    """Calls in flight at an ending, before their reply was sent."""
    paid_twice: int = 0
    """Papers asked for again although a reply had been sent: just in at an ending, else it is a fault."""
    temporaries: int = 0
    """Hidden files that SIGKILL left between a write and its move."""
    faults: list[str] = field(default_factory=list)
    """What must never happen, each named."""

    def line(self) -> str:
        """Return the closing count."""
        signals = ", ".join(f"{count} by {name}" for name, count in sorted(self.by_signal.items()))
        codes = ", ".join(f"{count} with {code}" for code, count in sorted(self.by_code.items()))
        return (
            f"{self.endings} endings ({signals}; {codes}); {self.whole} digests whole of {PAPERS} papers each; "
            f"{self.replies} replies, {self.paid_twice} of them paid twice; {self.unanswered} calls were in flight; "
            f"{self.temporaries} hidden temporaries after SIGKILL; {len(self.faults)} faults"
        )


def endings(times: int, seed: int, folder: Path, say: Say = print) -> Account:
    """End runs ``times`` times at moments drawn from ``seed``, then let the last one run to its end."""
    draw = Random(seed)
    account = Account()
    source = papers.write(folder / "papers.jsonl", PAPERS)
    with spawn(source, SERVER) as url:
        life = _Life(folder, url, account)
        for number in range(times):
            ending = life.end(number, SIGNALS[number % len(SIGNALS)], draw.uniform(SOONEST_S, LATEST_S))
            say(life.line(ending))
            if ending.is_whole:
                life.close()
                life = _Life(folder, url, account)
        say(life.line(life.end(times, None, LONGEST_S)))
        life.close()
    say(account.line())
    return account


class _Life:
    """The runs on one cache, from an empty folder to a whole digest."""

    def __init__(self, folder: Path, url: str, account: Account) -> None:
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        self._source = folder / "papers.jsonl"
        self._url = url
        self._account = account
        self._endings: list[Ending] = []
        self._replies = 0
        self._hidden = 0
        _forget(url)

    def end(self, number: int, by: signal.Signals | None, after_s: float) -> Ending:
        """Start a run, end it after so many seconds, and look at what it left."""
        words = ("run", "--input", str(self._source), "--base-url", self._url, "--model", MODEL, "-q")
        with _start(*words, "--concurrency", str(CONCURRENCY), folder=self._folder) as process:
            ending = _end(process, number, by, after_s)
        self._endings.append(ending)
        self._account.endings += by is not None
        self._account.by_signal[by.name if by else "itself"] += 1
        self._account.by_code[ending.code] += 1
        # Python may end itself by SIGINT, which a shell shows as 130, where it was interrupted inside an import.
        allowed = {-signal.SIGKILL} if by is signal.SIGKILL else {130, -by, -signal.SIGINT} if by else set()
        if ending.code not in allowed | {0}:
            self._fault(f"it ended with {ending.code}")
        self._look()
        return ending

    def line(self, ending: Ending) -> str:
        """Return what is to be said of one ending."""
        name = ending.signal.name if ending.signal else "itself"
        seconds = ending.ended - ending.began
        return (
            f"{ending.number + 1:4} {name:8} after {seconds:5.2f} s  code {ending.code:4}  "
            f"{self._replies:4} of {PAPERS} replies kept"
        )

    def close(self) -> None:
        """Look at the whole digest and at what was asked for twice; leave nothing behind."""
        if sorted(name.partition(".")[2] for name in self._visible()) != ["html", "json", "md", "run.json", "xml"]:
            self._fault(f"a whole run left {self._visible()}")
        if self._replies != PAPERS:
            self._fault(f"a whole run left {self._replies} replies in the cache")
        self._account.whole += 1
        self._account.temporaries += self._hidden
        self._look_at_calls(measure.ask(self._url, "/_log"))
        shutil.rmtree(self._folder)

    def _fault(self, what: str) -> None:
        last = self._endings[-1]
        self._account.faults.append(f"{last.number + 1} {last.signal.name if last.signal else 'itself'}: {what}")

    def _look(self) -> None:
        for fault in (*self._faults_of_cache(), *self._faults_of_files()):
            self._fault(fault)

    def _faults_of_cache(self) -> Iterator[str]:
        """Look into a copy, so that the next run has to mend by itself what this one left."""
        if not (self._folder / "cache" / "digest.db").is_file():
            return
        with tempfile.TemporaryDirectory() as copies:
            copy = shutil.copytree(self._folder / "cache", Path(copies) / "cache")
            try:
                with closing(sqlite3.connect(copy / "digest.db")) as database:
                    (found,) = database.execute("PRAGMA integrity_check").fetchone()
                    kept = _replies(database)
            except sqlite3.DatabaseError as error:
                yield f"the database cannot be read: {error}"
                return
        if found != "ok":
            yield f"the database is not sound: {found}"
        if kept < self._replies:
            yield f"{self._replies - kept} replies went out of the cache"
        self._replies = kept

    def _faults_of_files(self) -> Iterator[str]:
        outputs = self._folder / "outputs"
        for name in self._visible():
            text = (outputs / "papers" / name).read_text("utf-8")
            if fault := _cut(name, text):
                yield f"{name} is cut: {fault}"
        hidden = [path for path in outputs.rglob("*") if path.is_file() and path.name.startswith(".")]
        killed = self._endings[-1].signal is signal.SIGKILL
        if len(hidden) > self._hidden + killed:
            yield f"it left {sorted(path.name for path in hidden)}"
        self._hidden = len(hidden)

    def _visible(self) -> list[str]:
        folder = self._folder / "outputs" / "papers"
        return sorted(path.name for path in folder.glob("[!.]*")) if folder.is_dir() else []

    def _look_at_calls(self, calls: Sequence[dict[str, Any]]) -> None:
        """Find what was paid for twice, and tell what was in flight from what was lost."""
        last_of: dict[str, dict[str, Any]] = {}
        for call in calls:
            self._account.replies += call["sent"] is not None
            if before := last_of.get(call["paper"]):
                self._compare(before, call)
            last_of[call["paper"]] = call

    def _compare(self, before: dict[str, Any], call: dict[str, Any]) -> None:
        """Judge two calls for one paper."""
        run, paper = self._run_of(before), call["paper"]
        if run is self._run_of(call):
            self._fault(f"{paper} was asked for twice in one run")
        elif before["sent"] is None:
            self._account.unanswered += 1
        else:
            self._account.paid_twice += 1
            if before["sent"] <= run.ended - GRACE_S:
                self._fault(
                    f"{paper} was asked for again, answered {run.ended - before['sent']:.2f} s before an ending"
                )

    def _run_of(self, call: dict[str, Any]) -> Ending:
        """Return the run that sent a call: the last one that had begun."""
        return next(one for one in reversed(self._endings) if one.began <= call["arrived"])


def _start(*arguments: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start the program in ``folder``; it says nothing."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI_", "ARXIV_DIGEST_", "COVERAGE_"))
    }
    environment = kept | {"PYTHONPATH": str(measure.ROOT)}
    words = [sys.executable, "-m", "pipeline", *arguments]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, cwd=folder, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)


def _forget(url: str) -> None:
    """Let the server forget the calls so far."""
    request = urllib.request.Request(f"{url.removesuffix('/v1')}/_reset", method="POST")
    with urllib.request.urlopen(request, timeout=30):
        pass


def _end(process: subprocess.Popen[bytes], number: int, by: signal.Signals | None, after_s: float) -> Ending:
    began = time.time()
    try:
        code = process.wait(timeout=after_s)
        return Ending(number, by, began, time.time(), code)
    except subprocess.TimeoutExpired:
        moment = time.time()
        process.send_signal(by or signal.SIGKILL)
        return Ending(number, by, began, moment, process.wait(timeout=LONGEST_S))


def _replies(database: sqlite3.Connection) -> int:
    """Return how many replies the cache has; a run that ended at its very beginning has made no table yet."""
    if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'replies'").fetchone():
        return 0
    (count,) = database.execute("SELECT count(*) FROM replies").fetchone()
    return int(count)


def _cut(name: str, text: str) -> str:
    """Return what shows that a file was not written to its end, nothing where it was."""
    if name.endswith(".md"):
        last = papers.record(PAPERS - 1)["abstract"]
        return "" if last in text and text.endswith("    \n\n") else f"it ends with {text[-40:]!r}"
    if end := {".html": "</html>\n", ".xml": "</feed>\n"}.get(Path(name).suffix):
        return "" if text.endswith(end) else f"it ends with {text[-40:]!r}"
    try:
        made = json.loads(text)
    except ValueError as error:
        return str(error)
    count = made["papers"] if name.endswith(".run.json") else len(made["entries"])
    return "" if count == PAPERS and text.endswith("\n") else f"it has {count} papers"


def main() -> int:
    """End runs as the options say, print a line for each and the closing count."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endings")
    parser.add_argument("--times", type=int, default=50, help="how often a run is ended")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    given = parser.parse_args()
    # A shell that runs this in the background has Ctrl-C ignored, and so would be the runs that are to end by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        account = endings(given.times, given.seed, Path(folder), lambda line: print(line, flush=True))
    for fault in account.faults:
        print(f"FAULT {fault}")
    return 1 if account.faults else 0


if __name__ == "__main__":
    sys.exit(main())
