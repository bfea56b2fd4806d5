"""Limits of an endpoint over real HTTP: every paper is answered, and few requests are refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from pipeline.errors import CallError
from pipeline.model.client import OpenAIModel
from pipeline.model.interface import Ask, Message
from pipeline.model.limiter import Patience
from tests.model.loopback import answer, connected, terms_of
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

PAPERS: list[dict[str, Any]] = [
    {
        "id": f"2404.{number:05}",
        "title": f"Paper {number}",
        "abstract": f"We show that the number {number} is larger than all those before it, and smaller than others.",
        "tldr": f"{number} 更大。",
    }
    for number in range(60)
]
ASKS = [
    Ask(paper["id"], (Message("system", "json"), Message("user", f"{paper['title']}\n{paper['abstract']}")), {})
    for paper in PAPERS
]
PATIENT = terms_of(patience=Patience(call=60, paper=120, backoff=0.001))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[OpenAIServer]:
    """A server that knows sixty papers."""
    with OpenAIServer(PAPERS) as server:
        yield server


async def answer_all(model: OpenAIModel) -> float:
    """Ask about every paper at once, check that each has its own answer, and return the seconds it took."""
    began = time.monotonic()
    replies = await asyncio.gather(*(model.ask(ask) for ask in ASKS))
    for number, reply in enumerate(replies):
        assert f'"{number} 更大。"' in reply.text
    return time.monotonic() - began


async def test_headers_pace_the_pool(endpoint: OpenAIServer) -> None:
    """600 a minute and 20 at once, said by each answer: hardly a request is refused, though nothing was told."""
    endpoint.reset(Options(rpm=600, burst=20, headers=("x-ratelimit", "retry-after-ms")))
    async with connected(endpoint.base_url, terms=PATIENT, probe=60.0) as model:
        assert await answer_all(model) < 60
        assert model.learned().per_minute == pytest.approx(600, rel=0.03)
    stats = endpoint.stats()
    assert (stats["ok"], stats["refused"] <= 5) == (60, True)


async def test_a_rate_is_learned_from_retry_after_alone(endpoint: OpenAIServer) -> None:
    """Whole seconds and no other header: the first refusal stops the rest, and the second names the rate."""
    endpoint.reset(Options(rpm=600, burst=20, headers=("retry-after",), delay=1.0))
    async with connected(endpoint.base_url, terms=PATIENT) as model:
        assert await answer_all(model) < 60
    stats = endpoint.stats()
    # On a busy machine more calls leave before the first refusal is read; how few may be is shown in virtual time.
    assert (stats["ok"], stats["refused"] <= 30) == (60, True)


async def test_a_rate_is_learned_from_refusals_that_say_nothing(endpoint: OpenAIServer) -> None:
    """A bare 429, with far fewer calls in flight than had been taken: it is the pace that the endpoint minds."""
    endpoint.reset(Options(rpm=600, burst=20, delay=0.2))
    async with connected(endpoint.base_url, terms=PATIENT, spread=Random(0).random) as model:
        assert await answer_all(model) < 60
        assert model.learned().per_minute is not None
    # How few are refused depends on the machine; it is shown in virtual time.
    assert endpoint.stats()["ok"] == 60


async def test_a_number_is_learned_from_refusals_that_say_nothing(endpoint: OpenAIServer) -> None:
    """A bare 429, with more calls in flight than had been taken: so many are kept, and hardly one is tried beyond."""
    endpoint.reset(Options(concurrency=8, delay=0.2))
    async with connected(endpoint.base_url, terms=PATIENT, spread=Random(0).random) as model:
        assert await answer_all(model) < 60
        assert (model.learned().width or 64) < 20
    assert endpoint.stats()["ok"] == 60


async def test_a_told_rate_is_never_refused(endpoint: OpenAIServer) -> None:
    """Told 1,200 a minute, from the first request on."""
    endpoint.reset(Options(rpm=1200, burst=10, headers=("retry-after",)))
    async with connected(endpoint.base_url, terms=PATIENT, rpm=1200) as model:
        assert await answer_all(model) < 60
    assert (endpoint.stats()["ok"], endpoint.stats()["refused"]) == (60, 0)


async def test_an_endpoint_that_limits_only_what_is_under_way(endpoint: OpenAIServer) -> None:
    """Four at once and a 429 without any header beyond: the pool narrows until they fit, and all are answered."""
    endpoint.reset(Options(concurrency=4, delay=0.01))
    async with connected(endpoint.base_url, terms=PATIENT, spread=Random(0).random) as model:
        assert await answer_all(model) < 100
        kept = model.learned()
    assert endpoint.stats()["ok"] == 60
    assert kept.per_minute is None
    assert kept.width is not None
    assert kept.width < 64


async def test_a_paper_without_hope_ends_after_a_few_tries_once_others_are_answered(endpoint: OpenAIServer) -> None:
    """It is always answered 503, while the others get their replies: eight refusals more are enough."""
    hopeless, *others = ASKS[:20]
    endpoint.reset(Options(by_paper={hopeless.paper_id: [answer(503)] * 500}))
    async with connected(endpoint.base_url, terms=terms_of(patience=Patience(backoff=0.0))) as model:
        asked = asyncio.create_task(model.ask(hopeless))
        await asyncio.gather(*(model.ask(one) for one in others))
        before = sum(call.status == 503 for call in endpoint.log)
        with pytest.raises(CallError) as caught:
            await asyncio.wait_for(asked, 30)
    assert caught.value.reason == "unavailable"
    assert sum(call.status == 503 for call in endpoint.log) <= before + Patience().refusals
