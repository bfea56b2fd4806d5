"""``run`` and ``demo``: make digests and say what became of them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from pipeline import outputs
from pipeline.cli import screen
from pipeline.cli.estimate import estimate_command
from pipeline.cli.options import Given
from pipeline.cli.orders import orders_for
from pipeline.cli.workshop import desk_for, job_for, now, prompt_library, settings_for
from pipeline.errors import FatalModelError, SettingsError
from pipeline.exits import Exit, of_several
from pipeline.fetch import read_file
from pipeline.records import Note, RunReport
from pipeline.run import Desk, Order, Outcome, run
from pipeline.settings import REPLAY, REPLAY_MODEL, Settings
from pipeline.summarize import Job
from pipeline.text import plain

DEMO_NAME = "demo"
DEMO_DATE = "2026-11-23"
"""The announcement that the sample's papers would have been in."""
SAMPLE = Path(__file__).resolve().parent.parent / "sample"
MOST_FAILURES_SHOWN = 10
WARNINGS = {
    "from_feed": "{count} papers are not in arXiv's query API yet and were made from the feed's own items",
    "full_feed": "the feed has {count} items, which is arXiv's limit: the lowest new ids may have been left out",
    "api_failed": "the records come from the feed's own items: {detail}",
    "stale_feed": "the feed is still that of {day}, whose page has all of its papers: run again later",
    "repeated": "{count} papers were left out, because pages of other days have them",
}
"""Notes of a source that the screen repeats; the page says them in its own language."""

T = TypeVar("T")


def run_command(given: Given) -> Exit:
    """Make every digest that the command asks for; return how it ended."""
    if given.dry_run:
        return estimate_command(given)
    settings = settings_for(given)
    if given.site and "json" not in settings.format:
        raise SettingsError("--site: the site is built from the json files", hint="Add json to --format.")
    if given.site:
        _check_site(settings.output)
    return make(orders_for(given, settings, now=now()), given, settings)


def _check_site(output: Path) -> None:
    """See, before anything is spent, that a site that is there can be written; none is made yet."""
    from pipeline.site import FOLDER

    if (output / FOLDER).exists():
        outputs.check_writable(output / FOLDER)


def demo_command(given: Given) -> Exit:
    """Make the digest of the embedded sample: the same stages, with the sample's own replies."""
    settings = settings_for(given)
    sample = settings.model_copy(update={"base_url": f"{REPLAY}{SAMPLE / 'replies.jsonl'}"})
    pages = read_file(SAMPLE / "papers.atom.xml", announce=None, limit=None)
    return make((Order(lambda: pages, DEMO_NAME, DEMO_DATE, (Note(key="sample"),)),), given, sample)


def make(orders: Sequence[Order], given: Given, settings: Settings) -> Exit:
    """Make digests one after the other and say of each what became of it."""
    prompt = prompt_library().get(settings.prompt)
    outputs.check_writable(settings.output)
    outcomes: list[Outcome] = []
    try:
        with job_for(given, settings, prompt) as job, kept_on_interrupt(job):
            desk = desk_for(settings, job.cache)
            run_loop(lambda: _make_each(orders, job, desk, outcomes))
    finally:
        for outcome in outcomes:
            show(outcome, given)
    codes = [outcome.exit for outcome in outcomes]
    if given.site and any(outcome.files for outcome in outcomes):
        from pipeline.cli.site import build_site

        codes.append(build_site(settings, given))
    return of_several(codes)


async def _make_each(orders: Sequence[Order], job: Job, desk: Desk, outcomes: list[Outcome]) -> None:
    """Make one digest after the other; each is in ``outcomes`` as soon as it is made."""
    try:
        for order in orders:
            job.progress.begins()
            outcome = await run(order, job, desk)
            outcomes.append(outcome)
            if outcome.exit is not Exit.NOTHING:
                job.cache.keep_run(outcome.report, finished=job.now())
            if isinstance(outcome.error, FatalModelError):
                break
    finally:
        await job.close()


def run_loop(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run an event loop that SIGTERM ends as Ctrl-C does."""

    async def with_signals() -> T:
        task = asyncio.current_task()
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel if task else lambda: None)
        return await main()

    return asyncio.run(with_signals())


@contextlib.contextmanager
def kept_on_interrupt(job: Job) -> Iterator[None]:
    """Say, when a run is interrupted, what is kept and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        kept = job.cache.info().replies
        screen.error(
            "interrupted; nothing that was paid for is lost",
            f"{kept} replies are kept in {job.cache.path}; run the same command again to go on.",
        )
        raise SystemExit(Exit.INTERRUPTED) from None


def show(outcome: Outcome, given: Given) -> None:
    """Say what became of a digest: the report as JSON, or lines to read."""
    report = outcome.report
    if given.json:
        screen.say(report.model_dump_json())
    if outcome.error:
        screen.error(outcome.error.message, outcome.error.hint)
    most = None if given.verbose else MOST_FAILURES_SHOWN
    for line in chain(_warnings(report), _missing(report, most=most), _failures(report, most=most)):
        screen.say(line, to=sys.stderr)
    if not (given.json or given.quiet):
        for line in _result(outcome):
            screen.say(line)


def _warnings(report: RunReport) -> Iterator[str]:
    for note in report.notes:
        if text := WARNINGS.get(note.key):
            said = plain(text.format_map(defaultdict(lambda: "?", note.figures)))
            yield f"arxiv-digest: warning: {report.name} {report.date}: {said}"


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


def _result(outcome: Outcome) -> Iterator[str]:
    report = outcome.report
    if outcome.exit is Exit.NOTHING:
        but = f" but {count} papers that other days' pages have" if (count := report.source.fetched) else ""
        yield f"{report.name} {report.date}: nothing was announced{but}"
        return
    cost = "" if report.cost_usd is None else f", ${report.cost_usd:.4f}"
    yield (
        f"{report.name} {report.date}: {report.papers} papers, {report.summarized} new, {report.cached} cached, "
        f"{len(report.failed)} without summary, {report.source.missing} missing; {report.requests} requests{cost}"
    )
    yield f"  {outcome.files[0]}" if outcome.files else "  nothing was written: no paper has a summary"
    if report.model == REPLAY_MODEL:
        origin = "were written for the sample" if report.name == DEMO_NAME else "come from a replay file"
        yield f"  its replies {origin}; no model was asked"
