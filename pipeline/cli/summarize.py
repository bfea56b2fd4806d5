"""``summarize``: papers as JSON Lines in, each with its summary or failure out."""

from __future__ import annotations

import sys
from collections import Counter

from pipeline.cli import screen
from pipeline.cli.environment import job_for, prompt_library, settings_for, specs_for
from pipeline.cli.loop import kept_on_interrupt, run_loop
from pipeline.cli.options import Given
from pipeline.digest_spec import DigestSpec
from pipeline.errors import UsageError
from pipeline.exits import Exit
from pipeline.fetch import Fetching, eastern_today, read_stage
from pipeline.records import NOTHING_SPENT, End, Spent
from pipeline.run import described, ending_of, spent_by
from pipeline.stream import EndLine, line
from pipeline.summarize import Job, Summarizer


def summarize_command(given: Given) -> Exit:
    """Write each paper with its summary or failure as a line, in the papers' order, then the end line."""
    settings = settings_for(given)
    spec = _from_stage_before(given) if given.input in {None, "-"} else specs_for(given, settings)[0]
    prompt = prompt_library().get(settings.prompt)
    with job_for(given, settings, prompt) as job, kept_on_interrupt(job):
        return run_loop(lambda: _summarize(spec, job))


def _from_stage_before(given: Given) -> DigestSpec:
    if sys.stdin.isatty():
        raise UsageError(
            "no papers: standard input is the keyboard", hint="Pipe 'arxiv-digest fetch' in, or --input F."
        )
    return DigestSpec(lambda: read_stage(sys.stdin.buffer, limit=given.limit))


async def _summarize(spec: DigestSpec, job: Job) -> Exit:
    fetching = Fetching(spec.items, job.progress)
    summarizer = Summarizer(job)
    # Counted as they pass, for they may be more than memory holds.
    outcomes, spent = Counter[bool](), NOTHING_SPENT
    began = job.clock()
    try:
        async for one in summarizer.settled(fetching):
            screen.emit(line(one.entry))
            outcomes[one.entry.summary is not None] += 1
            spent += Spent.of(one)
    finally:
        await job.close()
    if fetching.error and not outcomes:
        raise fetching.error
    source = described(spec, fetching, summarizer, today=eastern_today(job.now()).isoformat())
    code = ending_of(outcomes, source, summarizer.stopped)
    spent = spent_by(job, spent, seconds=job.clock() - began)
    screen.emit(line(EndLine(end=End(source=source, exit=code, spent=spent))))
    for error in (fetching.error, summarizer.stopped):
        if error:
            screen.error(error.message, error.hint)
    return code
