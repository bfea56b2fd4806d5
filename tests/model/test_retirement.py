"""When a model ends, and how an endpoint is asked for it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import date

import pytest

from pipeline.endpoints import preset_named
from pipeline.model.client import OpenAIModel
from pipeline.model.connection import Endpoint
from pipeline.model.deferred import GRACE_S, DeferredModel
from pipeline.model.limiter.limiter import Limiter
from pipeline.model.negotiation import Learned
from pipeline.model.retirement import ANNOUNCED, NOTICE, Retirement, announced, read_shutdown
from pipeline.settings import DEFAULT_MODEL
from tests.model.loopback import ASK, KEY, USUAL, connected
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

TODAY = date(2026, 11, 24)
END = Retirement(date(2026, 12, 11), "gpt-6-luna")


@pytest.mark.parametrize(
    ("today", "says"),
    [
        (END.day - NOTICE, "m will be shut down on 2026-12-11: "),
        (date(2026, 12, 10), "m will be shut down on 2026-12-11: "),
        (date(2026, 12, 11), "m was shut down on 2026-12-11: "),
        (date(2027, 5, 1), "m was shut down on 2026-12-11: "),
    ],
)
def test_a_warning_names_the_day_and_what_to_do(today: date, says: str) -> None:
    """From sixty days before the end on."""
    words = END.warning("m", today=today)
    assert words.startswith(says)
    assert "gpt-6-luna" in words
    assert "--model" in words


def test_an_end_that_is_far_is_not_worth_a_word() -> None:
    """Sixty-one days before it, and with no successor known, too."""
    assert END.warning("m", today=date(2026, 10, 11)) == ""
    assert "such as" not in Retirement(END.day).warning("m", today=TODAY)


@pytest.mark.parametrize(
    ("model", "base_url", "successor"),
    [
        ("gpt-5-mini", "https://api.openai.com/v1", "gpt-6-luna or gpt-6.1-terra"),
        ("deepseek-chat", "https://api.deepseek.com", "deepseek-flash"),
        ("deepseek-reasoner", "https://gateway.example.com/v1", "deepseek-flash"),
        ("gpt-5-mini", "https://gateway.example.com/v1", "gpt-6-luna or gpt-6.1-terra"),
        ("gpt-5-mini", "https://api.deepseek.com", None),
        ("deepseek-chat", "http://localhost:11434/v1", None),
        (DEFAULT_MODEL, "https://api.openai.com/v1", None),
        ("deepseek-flash", "https://api.deepseek.com", None),
    ],
)
def test_what_providers_announced_is_known(model: str, base_url: str, successor: str | None) -> None:
    """At their own address and at a gateway; a server of one's own keeps what it has."""
    end = announced(model, base_url)
    assert (end and end.successor) == successor


def test_no_successor_has_ended_itself() -> None:
    """Who follows the advice is not warned again; the tables are those of known services."""
    for service, table in ANNOUNCED.items():
        assert preset_named(service)
        for end in table.values():
            assert not set(end.successor.split(" or ")) & set(table)


@pytest.mark.parametrize("body", ["{}", "[]", '{"shutdown_date": 5}', '{"shutdown_date": "soon"}', "null", '"2026"'])
def test_a_model_without_a_date_that_can_be_read_has_none(body: str) -> None:
    """Any endpoint may answer anything there."""
    assert read_shutdown(json.loads(body)) is None


async def test_an_endpoint_that_does_not_list_its_models_fails_nothing(server: OpenAIServer) -> None:
    """It answers 404, or nothing at all."""
    async with connected(server.base_url) as model:
        assert await model.shutdown_date() is None
    async with connected("http://127.0.0.1:9/v1") as model:
        assert await model.shutdown_date() is None


def deferred(server: OpenAIServer, learned: Learned | None = None) -> DeferredModel:
    """Return a model that is asked on `TODAY`."""
    terms = USUAL if learned is None else replace(USUAL, learned=learned)

    def make() -> OpenAIModel:
        limiter = Limiter(8, clock=time.monotonic, spread=lambda: 0.0)
        return OpenAIModel("some-model", Endpoint(server.base_url, None), limiter, terms)

    return DeferredModel("some-model", "127.0.0.1", make, today=TODAY)


async def test_the_end_is_asked_for_once_a_run_beside_the_first_calls(server: OpenAIServer) -> None:
    """However many calls there are; it is no request for a paper, and what was learned has it."""
    server.reset(Options(shutdown="2026-12-11"))
    model = deferred(server)
    replies = await asyncio.gather(*(model.ask(ASK) for _ in range(9)))
    await model.close()
    learned = Learned.read(model.learned())
    assert (learned.shutdown, learned.looked_up) == (date(2026, 12, 11), TODAY)
    assert (len(server.lookups), sum(reply.account.requests for reply in replies)) == (1, 9)


async def test_the_end_is_asked_for_once_a_day(server: OpenAIServer) -> None:
    """A second run of the day asks nothing, and keeps what the first one learned; the next day's asks again."""
    server.reset(Options(shutdown="2027-01-01"))
    known = Learned(shutdown=END.day, looked_up=TODAY)
    for before, wanted, lookups in ((known, END.day, 0), (Learned(looked_up=date(2026, 11, 23)), date(2027, 1, 1), 1)):
        model = deferred(server, before)
        await model.ask(ASK)
        await model.close()
        assert Learned.read(model.learned()).shutdown == wanted
        assert len(server.lookups) == lookups


async def test_a_model_that_is_not_asked_is_not_looked_up(server: OpenAIServer) -> None:
    """A run that the cache answers makes no request."""
    model = deferred(server)
    await model.close()
    assert (model.learned(), server.lookups) == (None, [])


async def test_a_look_up_is_bounded(server: OpenAIServer) -> None:
    """An answer that never ends fills no memory."""
    server.reset(Options(shutdown="2027-01-01", lookup_size=200_000))
    async with connected(server.base_url) as model:
        assert await model.shutdown_date() is None


async def test_an_endpoint_that_is_slow_to_tell_delays_nothing(server: OpenAIServer) -> None:
    """The run ends without it, with what was known before."""
    server.reset(Options(shutdown="2027-01-01", lookup_delay=30.0))
    model = deferred(server, Learned(shutdown=END.day))
    began = time.monotonic()
    await model.ask(ASK)
    await model.close()
    assert time.monotonic() - began < GRACE_S + 5
    learned = Learned.read(model.learned())
    assert (learned.shutdown, len(server.lookups)) == (END.day, 1)


OURS = {
    "OPENAI_CUSTOM_HEADERS": "X-Gateway: secret-1\nAuthorization: Bearer secret-2",
    "OPENAI_ORG_ID": "secret-3",
    "OPENAI_PROJECT_ID": "secret-4",
}


@pytest.mark.parametrize("key", [None, KEY], ids=["no key", "key"])
@pytest.mark.parametrize("is_bare", [True, False], ids=["bare", "trusted"])
async def test_headers_of_the_environment_go_only_where_the_user_said(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, key: str | None, is_bare: bool
) -> None:
    """What the openai client adds from its own variables does not go to an address that digest.toml alone names."""
    for name, value in OURS.items():
        monkeypatch.setenv(name, value)
    limiter = Limiter(1, clock=time.monotonic, spread=lambda: 0.0)
    model = OpenAIModel("m", Endpoint(server.base_url, key, is_bare=is_bare), limiter, USUAL)
    await model.ask(ASK)
    await model.shutdown_date()
    await model.close()
    (headers,), (looked_up,) = server.headers, server.lookups
    assert "secret-" not in str(looked_up)
    assert [any(secret in value for value in headers.values()) for secret in ("secret-1", "secret-3", "secret-4")] == (
        [not is_bare] * 3
    )
    if is_bare:
        assert headers.get("Authorization") == (f"Bearer {KEY}" if key else None)
        assert looked_up.get("Authorization") == headers.get("Authorization")
