"""What a run shows while it works: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from pipeline.cli.screen import Sturdy, say, warn
from pipeline.duration import duration
from pipeline.records import NOTHING_ASKED, Entry, Settled, Source
from pipeline.text import plain

if TYPE_CHECKING:
    from typing import IO

    from rich.progress import TaskID

PLAIN_EVERY_S = 10.0
"""Seconds between two lines of progress where the output is no terminal."""


class Counts:
    """How many papers of a digest are where, and what they took."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self.source = Source()
        self.new = self.cached = self.failed = 0
        self.account = NOTHING_ASKED
        self._began = time.monotonic()

    def add(self, settled: Settled) -> None:
        """Count one settled paper."""
        self.failed += settled.is_failure
        self.cached += settled.is_cached
        self.new += not settled.is_failure and not settled.is_cached
        self.account += settled.account

    @property
    def done(self) -> int:
        """Papers with a summary or a failure."""
        return self.new + self.cached + self.failed

    @property
    def elapsed(self) -> float:
        """Seconds since the digest began."""
        return time.monotonic() - self._began

    def words(self) -> str:
        """Return the digest, the counts, the pace, tokens and cost as one line."""
        named = self.name or self.source.name
        asked = self.new + self.failed
        pace = f", {asked / self.elapsed:.1f} papers/s" if asked and self.elapsed > 1 else ""
        counted = f"{self.new} new, {self.cached} cached, {self.failed} failed"
        tokens = self.account.tokens.prompt + self.account.tokens.completion
        cost = "" if self.account.cost_usd is None else f", ${self.account.cost_usd:.4f}"
        return f"{f'{named}: ' if named else ''}{counted}{pace}, {tokens:,} tokens{cost}"


class QuietProgress:
    """Shows warnings and nothing else."""

    def __init__(self) -> None:
        self.troubles: Callable[[], str] = str

    def watches(self, troubles: Callable[[], str]) -> None:
        """Show what makes the work slower than it could be, which this names."""
        self.troubles = troubles

    def begins(self, name: str | None) -> None:
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
    """A line now and then on standard error, for logs; with ``every_paper``, two lines a paper."""

    def __init__(self, *, every_paper: bool) -> None:
        super().__init__()
        self._counts = Counts()
        self._every_paper = every_paper
        self._said = time.monotonic()

    def begins(self, name: str | None) -> None:
        """Count from zero."""
        self._counts = Counts(name)

    def fetched(self, source: Source) -> None:
        """Say how many papers came."""
        self._counts.source = source
        announced = "" if source.announced is None else f" of {source.announced}"
        say(f"fetched {source.fetched}{announced} papers", to=sys.stderr)

    def settled(self, settled: Settled) -> None:
        """Say how far the run is, if it has been silent for a while."""
        self._counts.add(settled)
        if self._every_paper:
            for line in _lines(settled.entry, cached=settled.is_cached):
                say(line, to=sys.stderr)
        elif time.monotonic() - self._said >= PLAIN_EVERY_S:
            self._said = time.monotonic()
            counted = f"{self._counts.done} of {self._counts.source.fetched} papers in {duration(self._counts.elapsed)}"
            said = filter(None, (counted, self._counts.words(), self.troubles()))
            say("; ".join(said), to=sys.stderr)


class BarProgress(QuietProgress):
    """A bar for each stage on a terminal, and below them counts, pace and cost."""

    def __init__(self) -> None:
        from rich.console import Console

        from pipeline.cli.bars import Bars

        super().__init__()
        self._counts = Counts()
        console = Console(file=cast("IO[str]", Sturdy(sys.stderr)))
        self._bars = Bars(self._status, console)
        self._fetch: TaskID = self._bars.add_task("fetch", total=None)
        self._summarize: TaskID = self._bars.add_task("summarize", total=None)
        self._bars.start()

    def begins(self, name: str | None) -> None:
        """Count from zero, with empty bars, which `close` may have taken off the screen."""
        self._counts = Counts(name)
        self._bars.reset(self._fetch, total=None)
        self._bars.reset(self._summarize, total=None)
        self._bars.start()

    def fetched(self, source: Source) -> None:
        """Move the bar of the fetch stage."""
        self._counts.source = source
        self._bars.update(self._fetch, completed=source.fetched, total=source.announced or source.fetched)
        self._bars.update(self._summarize, total=source.announced or source.fetched)

    def settled(self, settled: Settled) -> None:
        """Move the bar of the summarize stage."""
        self._counts.add(settled)
        self._bars.update(self._summarize, completed=self._counts.done)

    def warned(self, message: str) -> None:
        """Show the warning above the bars."""
        self._bars.console.print(f"warning: {plain(message)}", markup=False, highlight=False)

    def close(self) -> None:
        """Take the bars off the screen, until another digest begins."""
        self._bars.stop()

    def _status(self) -> list[str]:
        return [line for line in (self._counts.words(), self.troubles()) if line]


AnyProgress = QuietProgress | PlainProgress | BarProgress


def progress_for(*, quiet: bool, verbose: bool) -> AnyProgress:
    """Return what shows progress here: bars on a terminal, lines elsewhere."""
    if quiet:
        return QuietProgress()
    if sys.stderr.isatty() and not verbose:
        return BarProgress()
    return PlainProgress(every_paper=verbose)


def _lines(entry: Entry, *, cached: bool) -> tuple[str, ...]:
    """Return what became of a paper, in the reader's language where it has a summary."""
    if entry.failure:
        return (f"{entry.paper.id} {entry.failure.reason}: {plain(entry.paper.title)}",)
    summary = entry.summary
    assert summary, "an entry has a summary or a failure"
    outcome = "cached" if cached else "new"
    return (f"{entry.paper.id} {outcome}: {plain(summary.translated_title)}", f"  {plain(summary.tldr)}")
