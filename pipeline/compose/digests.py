"""Make the digests of a selection, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, TypeVar

from pipeline import outputs
from pipeline.compose.job import Asking, open_job, output_for, prompt_library
from pipeline.compose.large import unless_large
from pipeline.compose.process import Runtime
from pipeline.compose.selection import Selection, digests_for
from pipeline.digest_spec import DigestSpec
from pipeline.errors import FatalModelError, FetchError, UsageError
from pipeline.exits import Exit
from pipeline.progress import NoProgress, Progress
from pipeline.run import Outcome, Output, run
from pipeline.settings import Settings
from pipeline.summarize import Job

T = TypeVar("T")


def make_digests(
    settings: Settings,
    selection: Selection,
    runtime: Runtime,
    progress: Progress | None = None,
    *,
    may_be_large: bool = False,
) -> tuple[Outcome, ...]:
    """Make the digests of a selection and return what became of each; also in a notebook, whose loop runs already.

    A query without a limit that gives more than 1,000 papers is refused unless it ``may_be_large``.

    Raises:
        DigestError: the selection or the settings are wrong, or a file cannot be written; says what to do.
    """
    return _finish(make_digests_async(settings, selection, runtime, progress, may_be_large=may_be_large))


async def make_digests_async(
    settings: Settings,
    selection: Selection,
    runtime: Runtime,
    progress: Progress | None = None,
    *,
    may_be_large: bool = False,
) -> tuple[Outcome, ...]:
    """Do the same on the running event loop.

    Raises:
        DigestError: as `make_digests`.
    """
    specs = digests_for(selection, settings, runtime)
    if refusal := next((spec.refusal for spec in specs if spec.refusal), None):
        raise refusal
    if selection.query and not (selection.limit or may_be_large):
        specs = tuple(unless_large(spec, settings, runtime) for spec in specs)
    prompt = prompt_library(runtime.prompts).get(settings.prompt)
    outputs.check_writable(settings.output)
    with open_job(settings, prompt, progress or NoProgress(), runtime, Asking()) as job:
        outcomes = []
        async with aclosing(make_each(specs, job, output_for(settings, runtime))) as made:
            async for one in made:
                if isinstance(one, UsageError):
                    raise one
                outcomes.append(one)
    return tuple(outcomes)


async def make_each(specs: Iterable[DigestSpec], job: Job, output: Output) -> AsyncGenerator[Outcome | UsageError]:
    """Make one digest after the other, and close the job; yield what became of each, or why it could not be begun.

    A day that arXiv does not serve ends the days of its digest, and a model that answers nobody ends all.
    """
    unserved: set[str | None] = set()
    try:
        for spec in specs:
            if spec.name in unserved:
                continue
            job.progress.begins(spec.name)
            try:
                outcome = await run(spec, job, output)
            except UsageError as error:
                yield error
                continue
            job.progress.close()
            if outcome.exit is not Exit.NOTHING:
                job.cache.runs.keep(outcome.report, finished=job.now())
            yield outcome
            if isinstance(outcome.error, FatalModelError):
                break
            if isinstance(outcome.error, FetchError):
                unserved.add(spec.name)
    finally:
        await job.close()


def _finish(work: Coroutine[Any, Any, T]) -> T:
    """Return what some work gives, on a loop of its own: where this thread has one already, on another thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
