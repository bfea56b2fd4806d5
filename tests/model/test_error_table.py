"""Every row of the table of errors over real HTTP: the endpoint's own name, its answer, and what is done about it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from pipeline.endpoints import PRESETS, Preset
from pipeline.errors import FatalModelError
from pipeline.model.client import OpenAIModel, Terms
from pipeline.model.error_rules import RULES, Action, ErrorResponse, Rule, judge
from pipeline.model.interface import Ask
from pipeline.model.limiter import Patience
from tests.model.loopback import ASK, OK, QUICK, TEXT, USUAL, answer, connected, failure, terms_of
from tests.model.test_error_rules import FACTS
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Item, Options

WARM = Ask(ASK.paper_id, ASK.messages, ASK.schema, temperature=0.3)
ONCE = terms_of(patience=dataclasses.replace(QUICK, tries=1, paper=0.0))
Connect = Callable[..., AbstractAsyncContextManager[OpenAIModel]]


@pytest.fixture
def known_as(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Connect to the loopback server under any host name: it stands where the proxy of that host would."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", server.base_url.removesuffix("/v1"))

    @asynccontextmanager
    async def connect(host: str, terms: Terms = USUAL) -> AsyncIterator[OpenAIModel]:
        async with connected(f"http://{host}/v1", terms=terms) as model:
            yield model

    return connect


def said(told: ErrorResponse) -> Item:
    """Return the error as its endpoint sends it."""
    fields = {"message": told.message, "type": told.type, "code": told.code or None, "param": told.param or None}
    return answer(told.status, {"error": fields})


def cases(rule: Rule) -> list[ErrorResponse]:
    """Return the known errors that fall under a row."""
    return [told for told, _, _ in FACTS if judge(told) is rule]


def label(rule: Rule) -> str:
    """Return what a row is about, in short."""
    about = (rule.host, *map(str, rule.statuses[:2]), *rule.codes[:1], rule.text[:20])
    return f"{rule.action.name} {' '.join(filter(None, about)) or 'anything else'}"


async def stops(server: OpenAIServer, connect: Connect, told: ErrorResponse, rule: Rule) -> None:
    """One request, and the run is over: the next ask sends none."""
    server.reset(Options(script=[said(told)] * 9))
    async with connect(told.host) as model:
        for _ in range(2):
            with pytest.raises(FatalModelError) as caught:
                await model.ask(WARM)
        assert (caught.value.message.startswith(told.host), bool(caught.value.hint)) == (True, True)
    assert len(server.log) == 1


async def fails(server: OpenAIServer, connect: Connect, told: ErrorResponse, rule: Rule) -> None:
    """One request, the paper has the row's reason, and the next is answered."""
    server.reset(Options(script=[said(told)]))
    async with connect(told.host) as model:
        error = await failure(model, WARM)
        assert (error.reason, error.message.startswith(told.host)) == (rule.reason, True)
        assert (await model.ask(WARM)).text == TEXT
    assert len(server.log) == 2


async def tries_again(server: OpenAIServer, connect: Connect, told: ErrorResponse, rule: Rule) -> None:
    """The same request goes out once more; where there are no more tries, the paper has the row's reason."""
    server.reset(Options(script=[said(told)]))
    async with connect(told.host) as model:
        reply = await model.ask(WARM)
        assert (reply.text, reply.account.requests) == (TEXT, 2)
    assert server.log[0].request == server.log[1].request
    server.reset(Options(script=[OK, *[said(told)] * 9]))
    async with connect(told.host, ONCE) as model:
        await model.ask(WARM)
        assert (await failure(model, WARM)).reason == rule.reason
    assert len(server.log) == 2


async def slows_down(server: OpenAIServer, connect: Connect, told: ErrorResponse, rule: Rule) -> None:
    """As for another try, which is no try of the paper's; and overload makes the pool half as wide."""
    await tries_again(server, connect, told, rule)
    server.reset(Options(script=[said(told)]))
    patience = Patience(tries=1, backoff=0.001)
    async with connect(told.host, terms_of(patience=patience)) as model:
        assert (await model.ask(WARM)).text == TEXT
        assert model.learned().width == pytest.approx(32 if rule.reason == "unavailable" else 64, abs=0.1)


async def changes(server: OpenAIServer, connect: Connect, told: ErrorResponse, rule: Rule) -> None:
    """The next request is put otherwise, and its answer is the paper's; what was learned is kept."""
    server.reset(Options(script=[said(told)]))
    async with connect(told.host) as model:
        assert (await model.ask(WARM)).text == TEXT
        kept = model.learned()
    refused, taken = [call.request for call in server.log]
    assert refused != taken
    server.reset(Options())
    async with connect(told.host, terms_of(learned=kept, patience=QUICK)) as model:
        await model.ask(WARM)
    assert [call.request for call in server.log] == [taken]


SHOWN = {
    Action.STOP: stops,
    Action.FAIL: fails,
    Action.RETRY: tries_again,
    Action.SLOW: slows_down,
    Action.CHANGE: changes,
}


@pytest.mark.parametrize("rule", RULES, ids=label)
async def test_every_row_does_over_the_wire_what_it_says(server: OpenAIServer, known_as: Connect, rule: Rule) -> None:
    """Each known error of the row is answered by the endpoint of that name; a row without one fails here."""
    known = cases(rule)
    assert known, f"no known error falls under {rule}"
    for told in known:
        await SHOWN[rule.action](server, known_as, told, rule)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
async def test_each_service_is_asked_first_as_its_table_says(
    server: OpenAIServer, known_as: Connect, preset: Preset
) -> None:
    """Over the wire: the structured form that it takes, and its own switch against thinking."""
    own = {"azure": "https://mine.openai.azure.com/openai/v1"}
    host = (preset.address or own[preset.name]).split("/")[2]
    async with known_as(host) as model:
        await model.ask(ASK)
    (call,) = server.log
    extras: dict[str, Any] = dict(preset.without_thinking[0]) if preset.without_thinking else {}
    assert call.request.pop("response_format")["type"] == preset.mode
    extras[preset.cap] = ASK.most_tokens
    assert call.request == {"model": "some-model", "messages": call.request["messages"], **extras}
