"""Give each paper its summary, from the cache or from the model, or the failure that says why not."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline.cache import Cache
from pipeline.errors import CallError, DigestError, FatalModelError
from pipeline.model.wire import Model
from pipeline.progress import Progress
from pipeline.prompts import Prompt
from pipeline.records import Entry, Failure, Paper, Spent, Summary
from pipeline.summarize.dialogue import Dialogue, first_ask

WINDOW = 4096
"""Papers that may be unfinished at once; bounds memory over months of papers."""


@dataclass(frozen=True)
class Job:
    """What the papers of a run have in common."""

    prompt: Prompt
    model: Model
    cache: Cache
    progress: Progress
    now: Callable[[], datetime]
    refresh: bool = False
    """Ask again for papers that the cache has."""
    offline: bool = False
    """Ask nothing; what the cache has not is a failure."""


class Summarizer:
    """Summarizes papers as they come and counts how they came out."""

    def __init__(self, job: Job) -> None:
        self.cached = 0
        self.summarized = 0
        self.stopped: DigestError | None = None
        """What ended the run early."""
        self._job = job
        self._began = time.monotonic()
        self._meter_then = dataclasses.replace(job.model.meter)
        self._tasks: set[asyncio.Task[Entry]] = set()

    async def entries(self, pages: AsyncIterable[Iterable[Paper]]) -> AsyncIterator[Entry]:
        """Yield one entry for each paper, in the papers' order.

        Calls for the first pages are under way while later pages are still awaited. After a fatal error no further page
        is read, and each paper that has no summary yet fails as ``stopped``.
        """
        waiting: deque[asyncio.Future[Entry]] = deque()
        try:
            async for page in pages:
                for paper in page:
                    waiting.append(self._begin(paper))
                    while len(waiting) > WINDOW:
                        yield await waiting.popleft()
                while waiting and waiting[0].done():
                    yield await waiting.popleft()
                if self.stopped:
                    break
            while waiting:
                yield await waiting.popleft()
        finally:
            await self._leave_nothing_behind()

    def spent(self) -> Spent:
        """Return what was used since the beginning."""
        model = self._job.model
        used = model.meter.since(self._meter_then)
        return Spent(
            cached=self.cached,
            summarized=self.summarized,
            requests=used.requests,
            retries=used.retries,
            tokens=used.tokens,
            cost_usd=model.cost_usd(used),
            wall_s=round(time.monotonic() - self._began, 3),
            model=model.name,
            prompt=self._job.prompt.reference,
        )

    def _begin(self, paper: Paper) -> asyncio.Future[Entry]:
        """Answer from the cache at once, else begin to ask."""
        job = self._job
        ask = first_ask(paper, job.prompt)
        key = ask.key(job.model.name)
        if not job.refresh and (reply := job.cache.reply(key)):
            return _done(self._settle(paper, reply.summary.model_copy(update={"paper_id": paper.id}), cached=True))
        if job.offline:
            detail = "not in the cache, and the run was told to stay offline"
            return _done(self._settle(paper, Failure(paper_id=paper.id, reason="not_cached", detail=detail)))
        task = asyncio.create_task(self._ask(Dialogue(paper, job.prompt, ask, key)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ask(self, dialogue: Dialogue) -> Entry:
        paper, job = dialogue.paper, self._job
        try:
            if self.stopped:
                return self._settle(paper, _stopped(paper, self.stopped))
            outcome = await dialogue.hold(job.model, now=job.now)
        except FatalModelError as error:
            self._stop(error)
            return self._settle(paper, _stopped(paper, error))
        except CallError as error:
            return self._settle(paper, dialogue.failure(error.reason, error.message))
        except asyncio.CancelledError:
            if self.stopped is None:
                raise
            return self._settle(paper, _stopped(paper, self.stopped))
        if isinstance(outcome, Failure):
            return self._settle(paper, outcome)
        job.cache.keep_reply(paper, outcome)
        return self._settle(paper, outcome.summary)

    def _settle(self, paper: Paper, outcome: Summary | Failure, *, cached: bool = False) -> Entry:
        if isinstance(outcome, Failure):
            entry = Entry(paper=paper, failure=outcome)
        else:
            entry = Entry(paper=paper, summary=outcome)
            self.cached += cached
            self.summarized += not cached
        self._job.progress.settled(entry, cached=cached)
        return entry

    def _stop(self, error: DigestError) -> None:
        """End the run: every other paper under way fails as stopped."""
        if self.stopped is None:
            self.stopped = error
            for task in self._tasks - {asyncio.current_task()}:
                task.cancel()

    async def _leave_nothing_behind(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _done(entry: Entry) -> asyncio.Future[Entry]:
    future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
    future.set_result(entry)
    return future


def _stopped(paper: Paper, error: DigestError) -> Failure:
    return Failure(paper_id=paper.id, reason="stopped", detail=error.message)
