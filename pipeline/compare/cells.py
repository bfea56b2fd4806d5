"""Run one column of a comparison: the papers through the same stage as any digest, with what each took."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from pipeline.compare.comparison import Cell
from pipeline.errors import FatalModelError
from pipeline.model.interface import Ask, Model, Reply
from pipeline.records import Paper, Settled, Usage
from pipeline.summarize import Job, Summarizer, first_ask

PriceOf = Callable[[Usage], float | None]
"""Gives US dollars for tokens; None where the price is not known."""


async def cells(job: Job, papers: Sequence[Paper], price: PriceOf, clock: Callable[[], float]) -> list[Cell]:
    """Return a cell for each paper, in order; what the cache of the job has is not asked for."""
    timed = _TimedModel(job.model, clock)
    # A fallback's words would count as this column's.
    alone = dataclasses.replace(job, model=timed, fallback=())
    try:
        return [
            _cell(settled, alone, price, timed.seconds.get(settled.entry.paper.id))
            async for settled in Summarizer(alone).settled(_pages(papers))
        ]
    finally:
        await alone.close()


class _TimedModel:
    """A model whose answers are timed by paper, the wait for the endpoint's limits included."""

    def __init__(self, model: Model, clock: Callable[[], float]) -> None:
        self._model, self._clock = model, clock
        self.name, self.endpoint = model.name, model.endpoint
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """By the paper's id."""

    @property
    def in_flight(self) -> int:
        return self._model.in_flight

    async def ask(self, ask: Ask) -> Reply:
        began = self._clock()
        try:
            return await self._model.ask(ask)
        finally:
            self.seconds[ask.paper_id] += self._clock() - began

    def stop(self, error: FatalModelError) -> None:
        self._model.stop(error)

    async def close(self) -> None:
        await self._model.close()


async def _pages(papers: Iterable[Paper]) -> AsyncIterator[Iterable[Paper]]:
    yield papers


def _cell(settled: Settled, job: Job, price: PriceOf, seconds: float | None) -> Cell:
    entry, failure = settled.entry, settled.entry.failure
    seconds = None if settled.is_cached or seconds is None else round(seconds, 3)
    if failure or entry.summary is None:
        faults = (failure.reason,) if failure else ()
        attempts, cost = (failure.attempts, failure.cost_usd) if failure else (0, None)
        usage = failure.usage if failure else None
        return Cell(failure=failure, replies=attempts, faults=faults, usage=usage, cost_usd=cost, seconds=seconds)
    kept = job.cache.replies.get(first_ask(entry.paper, job.task, job.prompt).key(job.model.name))
    asked = kept.asked if kept else {}
    usage = entry.summary.usage
    return Cell(
        summary=entry.summary,
        is_cached=settled.is_cached,
        replies=int(asked.get("replies", 1)),
        faults=tuple(asked.get("faults", ())),
        usage=usage,
        cost_usd=price(usage) if usage else None,
        seconds=seconds,
    )
