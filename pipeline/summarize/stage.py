"""Give each paper its summary, from the cache or from the model, or the failure that says why not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Generic

from pipeline.endpoints import REPLAY_MODEL
from pipeline.errors import BudgetError, CallError, DigestError, FatalModelError, UnkeptError
from pipeline.model.interface import UNANSWERED, Ask, Model
from pipeline.progress import Progress
from pipeline.prompts import Prompt
from pipeline.records import NOTHING_ASKED, Account, Failure, R, S, Settled, Subject
from pipeline.store.cache import Cache
from pipeline.store.replies import CachedReply
from pipeline.summarize.dialogue import Dialogue, OwnTexts, first_ask
from pipeline.summarize.keeper import Keeper
from pipeline.summarize.task import Task

MOST_UNANSWERED = 20
"""Papers in a row that got no answer, after which a run stops."""
MOST_FAILED = 100
"""Papers in a row without a summary, whatever the reason, after which a run stops."""
MOST_ALIKE = 5
"""Papers in a row that a model fails for one and the same reason, after which its fallback is asked instead."""
WINDOW = 4096
"""Papers that may be unfinished at once; bounds memory over months of papers."""
LOOK_UPS = 100
"""Papers that the cache is asked for in one query."""


@dataclass
class Carried:
    """What one digest of a job leaves to the next, and to whoever interrupts the job."""

    failed: dict[str, Failure] = field(default_factory=dict)
    """Failures that the model's replies are the reason of, by the key of the ask: it is not paid for them again."""
    own_texts: OwnTexts = field(default_factory=OwnTexts)
    """By which a reply that several subjects get is found."""
    abandoned: int = 0
    """Requests that were in flight when the job was interrupted."""


@dataclass(frozen=True)
class Job(Generic[S, R]):
    """What the subjects of a run have in common."""

    task: Task[S, R]
    prompt: Prompt
    model: Model
    cache: Cache
    progress: Progress[S, R]
    now: Callable[[], datetime]
    """The time of day."""
    clock: Callable[[], float]
    """Seconds, for how long it took."""
    fallback: tuple[Model, ...] = ()
    """Asked in turn about a paper that the models before have failed."""
    refresh: bool = False
    """Ask again for papers that the cache has."""
    offline: bool = False
    """Ask nothing; a paper that the cache lacks is a failure."""
    carried: Carried = field(default_factory=Carried)

    async def close(self) -> None:
        """Close every model."""
        for model in (self.model, *self.fallback):
            await model.close()


@dataclass
class _Asked(Generic[S]):
    """A subject that is asked about."""

    subject: S
    ask: Ask
    key: str
    account: Account = NOTHING_ASKED
    """Of all models that were asked so far."""


class Summarizer(Generic[S, R]):
    """Asks about subjects as they come; about papers, for their summaries."""

    def __init__(self, job: Job[S, R]) -> None:
        self.stopped: DigestError | None = None
        """What ended the run early."""
        self._job = job
        self._keeper = Keeper(job.cache, job.now, job.progress.warned)
        self._models = (job.model, *job.fallback)
        self._given_up: list[Model] = []
        self._unusable: dict[str, list[str]] = {}
        """Reasons for which a model's papers failed, since its last good reply."""
        self._in_a_row = {"failed": 0, "unanswered": 0}
        self._tasks: set[asyncio.Task[Settled[S, R]]] = set()

    async def settled(self, pages: AsyncIterable[Iterable[S]]) -> AsyncIterator[Settled[S, R]]:
        """Yield each paper with its outcome and what that took, in the papers' order.

        Calls for the first pages are under way while later pages are still awaited. After a fatal error no further page
        is read, and each paper that has no summary yet fails as ``stopped``.
        """
        waiting: deque[asyncio.Future[Settled[S, R]]] = deque()
        try:
            async for page in pages:
                for begun in self._begin_all(page):
                    waiting.append(begun)
                    while len(waiting) > WINDOW:
                        yield await _uncancelled(waiting.popleft())
                while waiting and waiting[0].done():
                    yield await waiting.popleft()
                if self.stopped:
                    break
            while waiting:
                yield await _uncancelled(waiting.popleft())
        finally:
            await self._leave_nothing_behind()

    def _begin_all(self, page: Iterable[S]) -> Iterator[asyncio.Future[Settled[S, R]]]:
        """Answer from the cache at once, which is asked for many at a time, else begin to ask."""
        job, subjects = self._job, iter(page)
        while some := list(islice(subjects, LOOK_UPS)):
            asks = [first_ask(subject, job.task, job.prompt) for subject in some]
            keys = [ask.key(job.model.name) for ask in asks]
            cached = {} if job.refresh else job.cache.replies.get_many(job.task.answer, keys)
            for subject, ask, key in zip(some, asks, keys, strict=True):
                kept = cached.get(key)
                yield _done(self._settle_cached(subject, kept)) if kept else self._begin(subject, ask, key)

    def _begin(self, subject: S, ask: Ask, key: str) -> asyncio.Future[Settled[S, R]]:
        """Begin to ask about a subject that the cache lacks."""
        job = self._job
        if failure := job.carried.failed.get(key):
            return _done(self._settle(subject, failure.model_copy(update={"paper_id": subject.id})))
        if job.offline:
            detail = "not in the cache, and --offline asks no model"
            return _done(self._settle(subject, Failure(paper_id=subject.id, reason="not_cached", detail=detail)))
        task = asyncio.create_task(self._ask(subject, ask, key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ask(self, subject: S, ask: Ask, key: str) -> Settled[S, R]:
        asked = _Asked(subject, ask, key)
        if not self._shares_asks:
            return await self._ask_models(asked)
        try:
            is_kept = await self._keeper.claim(key, is_over=lambda: self.stopped is not None)
            if is_kept and (reply := self._job.cache.replies.get_many(self._job.task.answer, (key,)).get(key)):
                return self._settle_cached(subject, reply)
            return await self._ask_models(asked)
        finally:
            self._keeper.release(key)

    @property
    def _shares_asks(self) -> bool:
        """Whether the reply to another run's ask would do: not where papers are to be asked again, or cost nothing."""
        return not self._job.refresh and self._job.model.endpoint != REPLAY_MODEL

    async def _ask_models(self, asked: _Asked[S]) -> Settled[S, R]:
        subject = asked.subject
        if self.stopped:
            return self._settle(subject, _stopped(subject, self.stopped))
        try:
            outcome = await self._outcome(asked)
        except FatalModelError as error:
            self._stop(error)
            return self._settle(subject, _stopped(subject, error), asked.account)
        if isinstance(outcome, Failure):
            if outcome.reason not in UNANSWERED:
                self._job.carried.failed[asked.key] = outcome
            return self._settle(subject, outcome, asked.account)
        return self._settle(subject, outcome.summary, asked.account)

    async def _keep(self, subject: S, reply: CachedReply[R]) -> None:
        """Keep a reply; where that is impossible it is on the page at least, and nothing more is paid for."""
        try:
            await self._keeper.keep(subject, reply)
        except UnkeptError as error:
            hint = "The page has what came until then. Make room, or choose another --cache DIR, and run again."
            self._stop(FatalModelError(f"replies cannot be kept, so no more are asked for: {error.message}", hint=hint))

    async def _outcome(self, asked: _Asked[S]) -> CachedReply[R] | Failure:
        """Ask one model after the other until one has a summary; return that, which is kept, or the last failure."""
        for model in self._asked_models():
            dialogue = self._dialogue(asked)
            try:
                outcome = await dialogue.hold(model, now=self._job.now, keep=partial(self._keep, asked.subject))
            except CallError as error:
                outcome = dialogue.failure(error.reason, error.message)
            except FatalModelError as error:
                if isinstance(error, BudgetError) or model is self._models[-1]:
                    raise
                self._pass_on(model, error)
                continue
            finally:
                asked.account += dialogue.account
            if isinstance(outcome, CachedReply):
                self._unusable.pop(model.name, None)
                break
            self._count_unusable(model, outcome)
        self._count(outcome)
        return outcome

    def _dialogue(self, asked: _Asked[S]) -> Dialogue[S, R]:
        job = self._job
        return Dialogue(asked.subject, job.task, job.prompt, asked.ask, asked.key, job.carried.own_texts)

    def _asked_models(self) -> Iterator[Model]:
        """Yield those that are asked in turn: the last one, and each before it that is not given up by then."""
        for model in self._models:
            if model is self._models[-1] or model not in self._given_up:
                yield model

    def _count_unusable(self, model: Model, failure: Failure) -> None:
        """Pass a model over, where there is another, once paper after paper fails for the same reason."""
        reasons = self._unusable.setdefault(model.name, [])
        reasons.append(failure.reason)
        last = reasons[-MOST_ALIKE:]
        if model is not self._models[-1] and failure.attempts and last == [failure.reason] * MOST_ALIKE:
            words = f"{model.name} at {model.endpoint}: the last {MOST_ALIKE} papers all failed as {failure.reason}"
            self._pass_on(model, FatalModelError(words))

    def _pass_on(self, model: Model, error: FatalModelError) -> None:
        """Say once that a model answers nobody any more, and that those after it are asked in its place."""
        if model not in self._given_up:
            self._given_up.append(model)
            self._job.progress.warned(f"{error.message}; the fallback is asked instead. {error.hint}".rstrip())

    def _count(self, outcome: CachedReply[R] | Failure) -> None:
        """Stop the run when the last papers all failed."""
        failed = isinstance(outcome, Failure)
        unanswered = isinstance(outcome, Failure) and outcome.reason in UNANSWERED
        row = self._in_a_row
        row["unanswered"] = row["unanswered"] + 1 if unanswered else 0
        row["failed"] = row["failed"] + 1 if failed else 0
        if self._job.model.endpoint == REPLAY_MODEL:
            return
        if row["unanswered"] >= MOST_UNANSWERED or row["failed"] >= MOST_FAILED:
            asked = f"{self._job.model.name} at {self._job.model.endpoint}"
            hint = "The reasons are in the report; 'arxiv-digest doctor' says what is reachable."
            self._stop(FatalModelError(f"{asked}: the last {row['failed']} papers all failed", hint=hint))

    def _settle_cached(self, subject: S, reply: CachedReply[R]) -> Settled[S, R]:
        """Settle a paper by a reply that was kept for the same ask, be it about this paper or one of the same text."""
        return self._settle(subject, reply.summary.model_copy(update={"paper_id": subject.id}), is_cached=True)

    def _settle(
        self, subject: S, outcome: R | Failure, account: Account = NOTHING_ASKED, *, is_cached: bool = False
    ) -> Settled[S, R]:
        if isinstance(outcome, Failure):
            cost = account.cost_usd if account.requests else None
            outcome = outcome.model_copy(update={"usage": account.usage, "cost_usd": cost})
        settled = Settled(subject, outcome, account, is_cached=is_cached)
        self._job.progress.settled(settled)
        return settled

    def _stop(self, error: FatalModelError) -> None:
        """End the run: nothing more is asked, and what is in flight may finish, because it is paid for."""
        if self.stopped is None:
            self.stopped = error
            for model in self._models:
                model.stop(error)

    async def _leave_nothing_behind(self) -> None:
        self._job.carried.abandoned += sum(model.in_flight for model in self._models)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._keeper.finish()


async def _uncancelled(settled: asyncio.Future[Settled[S, R]]) -> Settled[S, R]:
    """Wait for a paper; an interrupt must not end its call before those in flight are counted."""
    return await asyncio.shield(settled)


def _done(settled: Settled[S, R]) -> asyncio.Future[Settled[S, R]]:
    future: asyncio.Future[Settled[S, R]] = asyncio.get_running_loop().create_future()
    future.set_result(settled)
    return future


def _stopped(subject: Subject, error: DigestError) -> Failure:
    reason = "budget" if isinstance(error, BudgetError) else "stopped"
    return Failure(paper_id=subject.id, reason=reason, detail=error.message)
