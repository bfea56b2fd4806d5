"""A model whose client is imported and connected by the first ask, not before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from pipeline.errors import FatalModelError
from pipeline.model.interface import Ask, Reply

if TYPE_CHECKING:
    from pipeline.model.client import OpenAIModel


GRACE_S = 0.5
"""Seconds that the end of a run waits for the date on which the model ends."""


class DeferredModel:
    """Stands for a model until it is asked: importing its client takes longer than a run that the cache answers.

    Once it has answered, the endpoint is asked for the day on which it ends, beside the other calls; not if that was
    asked ``today`` before.
    """

    def __init__(self, name: str, endpoint: str, make: Callable[[], OpenAIModel], *, today: date | None = None) -> None:
        self.name = name
        self.endpoint = endpoint
        self._make = make
        self._today = today
        self._look_up: asyncio.Task[date | None] | None = None
        self._model: OpenAIModel | None = None

    @property
    def in_flight(self) -> int:
        """Requests that wait for their answer now."""
        return self._model.in_flight if self._model else 0

    @property
    def limit(self) -> float | None:
        """Requests a minute that calls are waiting for; see `Limiter.limit`."""
        return self._model.limit if self._model else None

    @property
    def asked_again(self) -> int:
        """Times that a paper was asked for beyond the first."""
        return self._model.asked_again if self._model else 0

    def learned(self) -> str | None:
        """Return what was learned of the endpoint, as JSON to keep; None where it was not asked."""
        if self._model is None:
            return None
        learned = self._model.learned()
        if self._look_up and self._look_up.done():
            is_known = not self._look_up.cancelled() and self._look_up.exception() is None
            known = {"shutdown": self._look_up.result()} if is_known else {}
            learned = learned.model_copy(update={"looked_up": self._today} | known)
        return learned.model_dump_json()

    async def ask(self, ask: Ask) -> Reply:
        """Answer one ask; see `Model.ask`."""
        if self._model is None:
            self._model = self._make()
        reply = await self._model.ask(ask)
        if self._look_up is None and self._today and self._model.learned().looked_up != self._today:
            self._look_up = asyncio.create_task(self._model.shutdown_date())
        return reply

    def stop(self, error: FatalModelError) -> None:
        """Send nothing more; see `Model.stop`."""
        if self._model:
            self._model.stop(error)

    async def close(self) -> None:
        """Close the client, if there ever was one."""
        if self._look_up:
            await asyncio.wait([self._look_up], timeout=GRACE_S)
            self._look_up.cancel()
        if self._model:
            await self._model.close()
