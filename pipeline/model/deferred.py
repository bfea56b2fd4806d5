"""A model whose client is imported and connected by the first ask, not before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.errors import FatalModelError
from pipeline.model.interface import Ask, Reply

if TYPE_CHECKING:
    from pipeline.model.client import OpenAIModel


class DeferredModel:
    """Stands for a model until it is asked: importing its client takes longer than a run that the cache answers."""

    def __init__(self, name: str, endpoint: str, make: Callable[[], OpenAIModel]) -> None:
        self.name = name
        self.endpoint = endpoint
        self._make = make
        self._model: OpenAIModel | None = None

    def learned(self) -> str | None:
        """Return what was learned of the endpoint, as JSON to keep; None where it was not asked."""
        return self._model.learned().model_dump_json() if self._model else None

    async def ask(self, ask: Ask) -> Reply:
        """Answer one ask; see `Model.ask`."""
        if self._model is None:
            self._model = self._make()
        return await self._model.ask(ask)

    def stop(self, error: FatalModelError) -> None:
        """Send nothing more; see `Model.stop`."""
        if self._model:
            self._model.stop(error)

    async def close(self) -> None:
        """Close the client, if there ever was one."""
        if self._model:
            await self._model.close()
