"""What is said of a digest once it is made: figures, warnings, failures, and where its page is."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from pipeline.cli import screen
from pipeline.cli.options import Given
from pipeline.cli.screen import Colour
from pipeline.duration import duration
from pipeline.endpoints import REPLAY_MODEL
from pipeline.errors import SettingsError
from pipeline.exits import Exit
from pipeline.records import RunReport
from pipeline.run import Outcome
from pipeline.settings import Settings
from pipeline.text import plain

DEMO_NAME = "demo"
MOST_FAILURES_SHOWN = 10
WARNINGS = {
    "from_feed": "arXiv's query API does not have {count} papers yet; they were made from the feed's own items",
    "full_feed": "the feed has {count} items, which is arXiv's limit: the lowest new ids may have been left out",
    "api_failed": "the records come from the feed's own items: {detail}",
    "stale_feed": "arXiv's feed is still that of {day}, and its papers are all on pages already. Run again later",
    "repeated": "{count} papers were left out, because pages of other days have them",
    "not_yet": "arXiv has not made the feed of {day} yet; its feed is still that of {feed}. Run again after {again}",
    "unknown_holidays": "arXiv's holidays in {year} are not known: days around them may be wrong",
    "limited": "{count} of {total} papers were taken, as --limit says",
}
"""Notes of a source that the screen repeats; the page says them in its own language."""


COLOURS = {
    Exit.COMPLETE: Colour.GREEN,
    Exit.PARTIAL: Colour.YELLOW,
    Exit.BUDGET: Colour.YELLOW,
    Exit.FAILED: Colour.RED,
    Exit.USAGE: Colour.RED,
}
"""Of the line that says how a digest ended."""
OF_THE_DAY = frozenset({"not_yet", "stale_feed", "unknown_holidays"})
"""Of these, what may hold for several digests of a command alike; said once, when all are made."""


class Shown:
    """Says what became of the digests of one command, and nothing twice."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._digests: list[str] = []
        self._of_the_day: dict[str, list[str]] = {}
        """The digests for which a warning holds."""

    def show(self, outcome: Outcome) -> None:
        """Say what became of a digest: the report as JSON, or lines to read.

        Raises:
            OutputLostError: the report cannot be written to standard output.
        """
        report, given = outcome.report, self._given
        self._digests.append(f"{report.name} {report.date}")
        if outcome.error:
            screen.error(outcome.error.message, outcome.error.hint)
        most = None if given.verbose else MOST_FAILURES_SHOWN
        for line in chain(self._warnings(report), _missing(report, most=most), _failures(report, most=most)):
            screen.say(line, to=sys.stderr)
        if given.json:
            screen.emit(report.model_dump_json())
        elif not given.quiet:
            for line in _result(outcome, given):
                screen.say(line)

    def _warnings(self, report: RunReport) -> Iterator[str]:
        for note in report.notes:
            if text := WARNINGS.get(note.key):
                said, digest = text.format_map(defaultdict(lambda: "?", note.figures)), self._digests[-1]
                if note.key in OF_THE_DAY:
                    self._of_the_day.setdefault(said, []).append(digest)
                else:
                    yield f"arxiv-digest: warning: {plain(f'{digest}: {said}')}"

    def end(self) -> None:
        """Say what holds for several digests alike, with their names unless it holds for all."""
        for said, digests in self._of_the_day.items():
            screen.warn(said if digests == self._digests else f"{', '.join(digests)}: {said}")


def check_open(given: Given, settings: Settings) -> None:
    """See, before anything is spent, that there will be a page to open.

    Raises:
        SettingsError: ``--open`` is given, but no page for a browser is written.
    """
    if given.open and "html" not in settings.format:
        raise SettingsError("--open: without html, no page can be opened", hint="Add html to --format.")


def open_page(outcomes: Sequence[Outcome]) -> None:
    """Open the page of the last digest that was written in the browser."""
    import webbrowser

    pages = [page for outcome in outcomes if (page := _page(outcome))]
    if pages and not webbrowser.open(pages[-1].absolute().as_uri()):
        screen.warn("--open: this machine has no browser to open the page with")


def _page(outcome: Outcome) -> Path | None:
    """Return the page for a browser."""
    return next((path for path in outcome.files if path.suffix == ".html"), None)


def _missing(report: RunReport, *, most: int | None) -> Iterator[str]:
    """Say which papers did not come, and why."""
    for paper in report.missing_papers[:most]:
        yield f"  {plain(paper.id)}  missing: {plain(paper.reason)[:200]}"
    if most is not None and len(report.missing_papers) > most:
        yield f"  and {len(report.missing_papers) - most} other missing papers; -v or the report names all"


def _failures(report: RunReport, *, most: int | None) -> Iterator[str]:
    """Say each failure, those for one and the same reason together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for failed in report.failed:
        alike.setdefault((failed.reason, failed.detail), []).append(failed.id)
    for (reason, detail), ids in list(alike.items())[:most]:
        who = ids[0] if len(ids) == 1 else f"{len(ids)} papers, from {ids[0]}"
        yield f"  {who}  {reason}: {plain(detail)[:200]}"
    if most is not None and len(alike) > most:
        yield f"  and {len(alike) - most} other reasons; -v or the report names all"


def _result(outcome: Outcome, given: Given) -> Iterator[str]:
    report = outcome.report
    if outcome.exit is Exit.NOTHING:
        yield f"{report.name} {report.date}: {_nothing(report, given)}"
        return
    cost = "" if report.cost_usd is None else f", ${report.cost_usd:.4f}"
    line = (
        f"{report.name} {report.date}: {report.papers} papers, {report.summarized} new, {report.cached} cached, "
        f"{len(report.failed)} without summary, {report.source.missing} missing; "
        f"{report.requests} requests{cost}, {duration(report.wall_s)}"
    )
    yield screen.coloured(line, COLOURS[outcome.exit])
    if report.marked_papers:
        by_check = ", ".join(f"{count} {check.replace('_', ' ')}" for check, count in report.marked.items())
        yield f"  {report.marked_papers} of {report.papers} with a mark: {by_check}"
    if report.kept:
        yield f"  {len(report.kept)} of them are from earlier runs of the day; --replace keeps only what this run found"
    page = _page(outcome) or next(iter(outcome.files), None)
    yield f"  {screen.link(page)}" if page else "  nothing was written: no paper has a summary"
    if report.model == REPLAY_MODEL:
        origin = "were written for the sample" if report.name == DEMO_NAME else "come from a replay file"
        yield f"  its replies {origin}; no model was asked"


def _nothing(report: RunReport, given: Given) -> str:
    if count := report.source.fetched:
        return f"nothing new: pages of other days have all {count} papers"
    return "no paper was found" if given.query or given.ids or given.input else "nothing was announced"
