"""What the tests over real HTTP share: one ask, scripted answers, and a client of the loopback server."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.endpoints import UNKNOWN, Preset
from pipeline.errors import CallError, FatalModelError
from pipeline.model.client import OpenAIModel, Terms
from pipeline.model.connection import Endpoint
from pipeline.model.interface import Ask, Message
from pipeline.model.limiter import PROBE_S, Limiter, Patience
from pipeline.model.prices import Tariff
from pipeline.records import Usage
from tests.servers.openai_options import Item
from tests.servers.openai_sample import WELL, WIDGETS

KEY = "sk-test-0123456789abcdef"
QUICK = Patience(connect=10, call=20, paper=60, tries=4, backoff=0.001, longest_backoff=0.01)
ASK = Ask("2404.02059", (Message("system", "Answer in json."), Message("user", WIDGETS)), {"type": "object"})
TEXT = json.dumps(WELL, ensure_ascii=False)
USED = Usage(prompt=100, completion=20, cached=64)
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 64}}
NO_THINKING = dict(UNKNOWN.without_thinking[0])
"""What is added for a server that nobody knows, as the loopback server is."""
OK: Item = {"fault": "ok"}


def terms_of(**more: Any) -> Terms:
    """Return the terms of a model, at the time of day."""
    return Terms(now=lambda: datetime.now(UTC), **more)


USUAL = terms_of(patience=QUICK)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def flat(price: Callable[[Usage], float]) -> Tariff:
    """Return a price that is the same at any hour, at noon."""
    return Tariff(lambda tokens, _: price(tokens), lambda: NOON)


def saying(content: object, **changes: object) -> dict[str, Any]:
    """Return a chat completion as an endpoint sends it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return {"choices": [choice], "usage": USAGE} | changes


def answer(status: int, body: object = None, **headers: str) -> Item:
    """Return a scripted answer: a status, a body, and headers with ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"fault": "status", "status": status, "body": body, "headers": named}


class KnownEndpoint(Endpoint):
    """The loopback server as a service that has a row in the table."""

    @property
    def preset(self) -> Preset:
        """That of an unknown server, with a name."""
        return replace(UNKNOWN, name="known")


@asynccontextmanager
async def connected(
    url: str,
    *,
    key: str | None = None,
    width: int = 64,
    terms: Terms = USUAL,
    probe: float = PROBE_S,
    spread: Callable[[], float] = lambda: 0.0,
    kind: type[Endpoint] = Endpoint,
    rpm: float | None = None,
) -> AsyncIterator[OpenAIModel]:
    """Give a client of the endpoint at ``url`` and close it."""
    limiter = Limiter(width, clock=time.monotonic, spread=spread, probe=probe)
    limiter.limit_to(rpm=rpm)
    model = OpenAIModel("some-model", kind(url, key, hint=" Or try the demo."), limiter, terms)
    try:
        yield model
    finally:
        await model.close()


async def failure(model: OpenAIModel, ask: Ask = ASK) -> CallError:
    """Ask in vain and return the error."""
    with pytest.raises(CallError) as caught:
        await model.ask(ask)
    return caught.value


async def fatal(model: OpenAIModel) -> FatalModelError:
    """Ask where nothing can succeed and return the error."""
    with pytest.raises(FatalModelError) as caught:
        await model.ask(ASK)
    return caught.value
