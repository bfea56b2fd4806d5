"""What is said of a digest once it is made: figures, warnings, failures, and where its page is."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from pipeline.cli import screen
from pipeline.cli.options import Given
from pipeline.exits import Exit
from pipeline.records import RunReport
from pipeline.run import Outcome
from pipeline.settings import REPLAY_MODEL
from pipeline.text import plain

DEMO_NAME = "demo"
MOST_FAILURES_SHOWN = 10
WARNINGS = {
    "from_feed": "arXiv's query API does not have {count} papers yet; they were made from the feed's own items",
    "full_feed": "the feed has {count} items, which is arXiv's limit: the lowest new ids may have been left out",
    "api_failed": "the records come from the feed's own items: {detail}",
    "stale_feed": "arXiv's feed is still that of {day}, whose pages have all of its papers: run again later",
    "repeated": "{count} papers were left out, because pages of other days have them",
    "not_yet": "arXiv has not made the feed of {day} yet, its feed is that of {feed}: run again after {again}",
    "unknown_holidays": "arXiv's holidays in {year} are not known: days around them may be wrong",
    "limited": "{count} of {total} papers were taken, as --limit says",
}
"""Notes of a source that the screen repeats; the page says them in its own language."""


OF_THE_DAY = frozenset({"not_yet", "stale_feed", "unknown_holidays"})
"""Of these, what holds for every digest of a command alike; said once, without a digest's name."""


class Shown:
    """Says what became of the digests of one command, and nothing twice."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._said: set[str] = set()

    def show(self, outcome: Outcome) -> None:
        """Say what became of a digest: the report as JSON, or lines to read.

        Raises:
            OutputLostError: the report cannot be written to standard output.
        """
        report, given = outcome.report, self._given
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
                said = plain(text.format_map(defaultdict(lambda: "?", note.figures)))
                line = said if note.key in OF_THE_DAY else f"{report.name} {report.date}: {said}"
                if line not in self._said:
                    self._said.add(line)
                    yield f"arxiv-digest: warning: {line}"


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
    yield (
        f"{report.name} {report.date}: {report.papers} papers, {report.summarized} new, {report.cached} cached, "
        f"{len(report.failed)} without summary, {report.source.missing} missing; "
        f"{report.requests} requests{cost}, {screen.duration(report.wall_s)}"
    )
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
