"""What the terminal shows: progress, results and errors, as plain text whatever a paper says."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

from pipeline.records import Account, Settled, Source
from pipeline.text import plain

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

PLAIN_EVERY_S = 10.0
"""Seconds between two lines of progress where the output is no terminal."""


def say(text: str, *, to: TextIO | None = None) -> None:
    """Write one line to standard output (or ``to``), whatever characters that can show."""
    stream = to or sys.stdout
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()


def unread() -> None:
    """Send standard output nowhere once its reader went away, else Python complains once more when it closes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def error(message: str, hint: str = "") -> None:
    """Say what went wrong and what to do, on standard error."""
    say(f"arxiv-digest: {plain(message)}", to=sys.stderr)
    for line in hint.splitlines():
        say(f"  {line}", to=sys.stderr)


def warn(message: str) -> None:
    """Say on standard error what went wrong and was got over."""
    say(f"arxiv-digest: warning: {plain(message)}", to=sys.stderr)


class Counts:
    """How many papers of a digest are where, and what they took."""

    def __init__(self) -> None:
        self.source = Source()
        self.new = self.cached = self.failed = 0
        self.account = Account()

    def add(self, settled: Settled) -> None:
        """Count one settled paper."""
        self.failed += settled.entry.failure is not None
        self.cached += settled.is_cached
        self.new += settled.entry.summary is not None and not settled.is_cached
        self.account += settled.account

    @property
    def done(self) -> int:
        """Papers with a summary or a failure."""
        return self.new + self.cached + self.failed

    def words(self) -> str:
        """Return the counts as one line."""
        tokens = self.account.tokens.prompt + self.account.tokens.completion
        cost = "" if self.account.cost_usd is None else f", ${self.account.cost_usd:.4f}"
        return f"{self.new} new, {self.cached} cached, {self.failed} failed, {tokens:,} tokens{cost}"


class QuietProgress:
    """Shows warnings and nothing else."""

    def begins(self) -> None:
        """Show nothing."""

    def fetched(self, source: Source) -> None:
        """Show nothing."""

    def settled(self, settled: Settled) -> None:
        """Show nothing."""

    def warned(self, message: str) -> None:
        """Show the warning."""
        warn(message)

    def close(self) -> None:
        """Leave the screen as it is."""


class PlainProgress(QuietProgress):
    """A line now and then on standard error, for logs; with ``every_paper``, a line a paper."""

    def __init__(self, *, every_paper: bool) -> None:
        self._counts = Counts()
        self._every_paper = every_paper
        self._said = time.monotonic()

    def begins(self) -> None:
        """Count anew."""
        self._counts = Counts()

    def fetched(self, source: Source) -> None:
        """Say how many papers came."""
        self._counts.source = source
        announced = "" if source.announced is None else f" of {source.announced}"
        say(f"fetched {source.fetched}{announced} papers", to=sys.stderr)

    def settled(self, settled: Settled) -> None:
        """Say how far the run is, if it has been silent for a while."""
        self._counts.add(settled)
        if self._every_paper:
            entry = settled.entry
            outcome = entry.failure.reason if entry.failure else "cached" if settled.is_cached else "new"
            say(f"{entry.paper.id} {outcome}: {plain(entry.paper.title)}", to=sys.stderr)
        elif time.monotonic() - self._said >= PLAIN_EVERY_S:
            self._said = time.monotonic()
            counted = f"{self._counts.done} of {self._counts.source.fetched}"
            say(f"{counted} papers: {self._counts.words()}", to=sys.stderr)


class BarProgress(QuietProgress):
    """A bar for each stage on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._counts = Counts()
        self._bars: Bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[counts]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._fetch: TaskID = self._bars.add_task("fetch", total=None, counts="")
        self._summarize: TaskID = self._bars.add_task("summarize", total=None, counts="")
        self._bars.start()

    def begins(self) -> None:
        """Count anew, with empty bars."""
        self._counts = Counts()
        self._bars.reset(self._fetch, total=None, counts="")
        self._bars.reset(self._summarize, total=None, counts="")

    def fetched(self, source: Source) -> None:
        """Move the bar of the fetch stage."""
        self._counts.source = source
        self._bars.update(self._fetch, completed=source.fetched, total=source.announced or source.fetched)
        self._bars.update(self._summarize, total=source.announced or source.fetched)

    def settled(self, settled: Settled) -> None:
        """Move the bar of the summarize stage."""
        self._counts.add(settled)
        self._bars.update(self._summarize, completed=self._counts.done, counts=self._counts.words())

    def warned(self, message: str) -> None:
        """Show the warning above the bars."""
        self._bars.console.print(f"warning: {plain(message)}", markup=False, highlight=False)

    def close(self) -> None:
        """Take the bars off the screen."""
        self._bars.stop()


AnyProgress = QuietProgress | PlainProgress | BarProgress


def progress(*, quiet: bool, verbose: bool) -> AnyProgress:
    """Return what shows progress here: bars on a terminal, lines elsewhere."""
    if quiet:
        return QuietProgress()
    if sys.stderr.isatty() and not verbose:
        return BarProgress()
    return PlainProgress(every_paper=verbose)
