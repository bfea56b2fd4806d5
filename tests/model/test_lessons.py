"""Over real HTTP: each lesson in how to put a request costs one refused request, also when 64 calls start at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipeline.errors import CallError, FatalModelError
from pipeline.model.budget import Budget
from pipeline.model.client import OpenAIModel, Terms
from pipeline.model.error_rules import ErrorResponse
from pipeline.model.interface import Ask, Message, Reply
from pipeline.model.limiter import Limiter
from pipeline.model.rate_headers import RateHeaders
from tests.model import virtual
from tests.model.loopback import (
    ASK,
    NO_THINKING,
    QUICK,
    TEXT,
    USUAL,
    KnownEndpoint,
    answer,
    connected,
    failure,
    fatal,
    flat,
    terms_of,
)
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options
from tests.servers.openai_sample import WIDGETS

WARM = Ask(ASK.paper_id, ASK.messages, ASK.schema, temperature=0.3)
ALONE_S = 60.0
"""Time enough for the first call to be answered alone, however busy the machine is."""


def metered() -> Terms:
    """Return terms with a budget that is more than enough, so that completions are capped."""
    return terms_of(patience=QUICK, price=flat(lambda tokens: tokens.completion / 1e6), budget=Budget(1000.0))


def formats(server: OpenAIServer) -> list[str | None]:
    """Return how each request asked for an object."""
    return [call.request.get("response_format", {}).get("type") for call in server.log]


async def test_a_refused_temperature_costs_one_request(server: OpenAIServer) -> None:
    """64 asks start at once: one is refused, all are answered, and no later one sends a temperature."""
    server.reset(Options(refuse=("temperature",)))
    async with connected(server.base_url, probe=ALONE_S) as model:
        replies = await asyncio.gather(*(model.ask(WARM) for _ in range(64)))
        assert {reply.text for reply in replies} == {TEXT}
    assert [call.status for call in server.log] == [400, *[200] * 64]
    assert ["temperature" in call.request for call in server.log] == [True, *[False] * 64]


@pytest.mark.parametrize(
    ("refuse", "lessons"),
    [
        (("json_schema",), ["json_schema"]),
        (("json_schema", "json_object"), ["json_schema", "json_object"]),
        (("json_schema", "json_object", "temperature"), ["json_schema", "json_object", None]),
    ],
)
async def test_each_refused_form_costs_one_request(
    server: OpenAIServer, refuse: tuple[str, ...], lessons: list[str | None]
) -> None:
    """json_schema, then json_object, then text: 64 asks at once pay one refused request for each lesson."""
    server.reset(Options(refuse=refuse))
    last = None if "json_object" in refuse else "json_object"
    async with connected(server.base_url, probe=ALONE_S) as model:
        replies = await asyncio.gather(*(model.ask(WARM) for _ in range(64)))
        assert {reply.text for reply in replies} == {TEXT}
    assert [call.status for call in server.log].count(400) == len(refuse)
    assert formats(server) == [*lessons, *[last] * 64]


async def test_a_slow_refusal_costs_one_request_too(server: OpenAIServer) -> None:
    """64 asks at once, refused half a second later: one call tries form after form, others leave in the plainest."""
    server.reset(Options(refuse=("json_schema", "json_object", *NO_THINKING), refusal_delay=0.5))
    async with connected(server.base_url) as model:
        replies = await asyncio.gather(*(model.ask(ASK) for _ in range(64)))
        assert {reply.text for reply in replies} == {TEXT}
        assert sum(reply.account.requests for reply in replies) == 67
        assert (model.learned().mode, model.learned().thinking) == ("text", 1)
    assert [call.status for call in server.log].count(400) == 3
    assert formats(server).count("json_schema") + formats(server).count("json_object") <= 3


@pytest.mark.parametrize("terms", [USUAL, metered()], ids=["a temperature", "a temperature and a cap"])
async def test_what_was_asked_for_is_not_left_out_before_it_is_refused(server: OpenAIServer, terms: Terms) -> None:
    """Calls that have a temperature, or must have a cap, wait for the first answer, however late."""
    server.reset(Options(refuse=("temperature",), refusal_delay=0.5))
    async with connected(server.base_url, terms=terms) as model:
        await asyncio.gather(*(model.ask(WARM) for _ in range(16)))
    assert [call.status for call in server.log].count(400) == 1
    assert ["response_format" in call.request for call in server.log] == [True] * 17


async def test_whoever_waits_for_the_first_answer_sends_nothing_once_it_is_final(server: OpenAIServer) -> None:
    """A key that is refused half a second after all calls have left: none of those that wait for it asks."""
    server.reset(Options(script=[{**answer(401, {"error": {"message": "No."}}), "delay": 0.5}]))
    async with connected(server.base_url) as model:
        ended = await asyncio.gather(*(model.ask(WARM) for _ in range(16)), return_exceptions=True)
        assert {type(error) for error in ended} == {FatalModelError}
    assert len(server.log) == 1


async def test_a_paper_that_is_refused_in_the_plainest_form_fails(server: OpenAIServer) -> None:
    """There is nothing left to leave out; the call that tries the form is answered later."""
    slow, bad = {"fault": "ok", "delay": 0.8}, answer(400, {"error": {"message": "Bad request."}})
    server.reset(Options(script=[slow, bad]))
    async with connected(server.base_url, probe=0.05) as model:
        first, second = await asyncio.gather(model.ask(ASK), model.ask(ASK), return_exceptions=True)
        assert isinstance(first, Reply)
        assert isinstance(second, CallError)
        assert second.reason == "rejected"


class SlowRefusals:
    """Refuses formats after half a second of virtual time, and answers at once what it takes."""

    def __init__(self) -> None:
        self.formats: list[str | None] = []

    async def send(self, body: dict[str, Any]) -> tuple[Reply | ErrorResponse, RateHeaders]:
        """Refuse or answer."""
        kind = body.get("response_format", {}).get("type")
        self.formats.append(kind)
        if kind is None:
            return Reply(TEXT), RateHeaders()
        await asyncio.sleep(0.5)
        return ErrorResponse("h", 400, message=f"response_format {kind} is not supported"), RateHeaders()


def test_a_slow_refusal_of_a_service_may_be_one_of_many_but_the_next_lesson_costs_one() -> None:
    """A service's form is known but for this or that: what left before the refusal waits for one call's second try."""
    endpoint = SlowRefusals()

    async def story() -> None:
        limiter = Limiter(64, clock=asyncio.get_running_loop().time, spread=lambda: 0.0, probe=0.1)
        model = OpenAIModel("some-model", KnownEndpoint("http://127.0.0.1:9/v1", None), limiter, USUAL)
        await model.close()
        model._connection.send = endpoint.send  # type: ignore[method-assign]
        replies = await asyncio.gather(*(model.ask(ASK) for _ in range(64)))
        assert {reply.text for reply in replies} == {TEXT}

    virtual.run(story())
    asked = endpoint.formats
    assert asked.count("json_object") == 1
    assert asked.count("json_schema") == len(asked) - 65 > 1
    assert asked.count(None) == 64


async def test_a_slow_answer_is_no_slow_refusal(server: OpenAIServer) -> None:
    """An endpoint that refuses at once and takes half a second to answer: one refused request a lesson, 64 at once."""
    server.reset(Options(refuse=("json_schema", "temperature", *NO_THINKING), delay=0.5))
    async with connected(server.base_url, probe=1.0) as model:
        await asyncio.gather(*(model.ask(WARM) for _ in range(64)))
    assert [call.status for call in server.log] == [*[400] * 3, *[200] * 64]


@pytest.mark.parametrize(
    ("refuse", "left"),
    [
        ((*NO_THINKING,), {"response_format", "temperature"}),
        (("json_schema",), {"response_format", "temperature"}),
        ((*NO_THINKING, "json_schema", "json_object"), {"temperature"}),
    ],
    ids=["a switch", "a schema", "any form"],
)
async def test_a_form_that_is_refused_without_a_word_is_found(
    server: OpenAIServer, refuse: tuple[str, ...], left: set[str]
) -> None:
    """One part after another is left out until the endpoint answers; the next run begins with that."""
    server.reset(Options(refuse=refuse, mute=True))
    async with connected(server.base_url, probe=ALONE_S) as model:
        await asyncio.gather(*(model.ask(WARM) for _ in range(8)))
        kept = model.learned()
    said = {"model", "messages", "max_tokens"}
    assert server.log[-1].request.keys() - said == left
    assert [call.status for call in server.log].count(200) == 8
    assert len(server.log) <= 8 + 3
    server.reset(Options(refuse=refuse, mute=True))
    async with connected(server.base_url, terms=terms_of(learned=kept, patience=QUICK)) as model:
        await model.ask(WARM)
    assert [call.status for call in server.log] == [200]


async def test_what_no_guess_helps_is_the_papers_own_fault(server: OpenAIServer) -> None:
    """The first paper is refused in every form and fails; the second is asked in the strictest."""
    bad = answer(400, {"error": {"message": "Bad request."}})
    server.reset(Options(script=[bad] * 4))
    async with connected(server.base_url) as model:
        assert (await failure(model)).reason == "rejected"
        assert (await model.ask(ASK)).text == TEXT
        server.reset(Options(script=[bad]))
        assert (await failure(model)).reason == "rejected"
        assert len(server.log) == 1
        assert model.learned().mode == "json_schema"


async def test_an_answer_to_the_form_before_a_guess_takes_the_guess_back(server: OpenAIServer) -> None:
    """The first paper is refused without a word while the second is under way in the same form, and is answered."""
    bad = {**answer(400, {"error": {"message": "Bad request."}}), "delay": 0.3}
    slow = {"fault": "ok", "delay": 0.8}
    server.reset(Options(script=[bad, slow, {"fault": "ok", "delay": 1.5}]))
    async with connected(server.base_url, probe=0.05, kind=KnownEndpoint) as model:
        await asyncio.gather(model.ask(ASK), model.ask(ASK))
        assert model.learned().thinking == 0
        await model.ask(ASK)
    switches = [next(iter(NO_THINKING)) in call.request for call in server.log]
    assert switches == [True, True, False, True]


async def test_a_format_that_is_refused_in_other_words(server: OpenAIServer) -> None:
    """A prompt without the word json is refused json_object too, and is asked for plain text."""
    server.reset(Options(refuse=("json_schema",)))
    async with connected(server.base_url) as model:
        reply = await model.ask(Ask("2404.02059", (Message("user", WIDGETS),), {}))
    assert (reply.text, formats(server)) == (TEXT, ["json_schema", "json_object", None])


@pytest.mark.parametrize("calls", [1, 64])
async def test_a_refused_switch_against_thinking_costs_one_request(server: OpenAIServer, calls: int) -> None:
    """It is sent once, refused once, and left out from then on."""
    (switch,) = NO_THINKING
    server.reset(Options(refuse=(switch,)))
    async with connected(server.base_url, probe=ALONE_S) as model:
        replies = await asyncio.gather(*(model.ask(ASK) for _ in range(calls)))
        assert {reply.text for reply in replies} == {TEXT}
        kept = model.learned()
    assert [switch in call.request for call in server.log] == [True, *[False] * calls]
    assert kept.thinking == 1
    server.reset(Options(refuse=(switch,)))
    async with connected(server.base_url, terms=terms_of(learned=kept, patience=QUICK)) as model:
        await model.ask(ASK)
    assert [call.status for call in server.log] == [200]


def caps(server: OpenAIServer) -> list[list[str]]:
    """Return by which names each request capped its completion."""
    names = ("max_tokens", "max_completion_tokens")
    return [[name for name in names if name in call.request] for call in server.log]


async def test_a_refused_cap_is_sent_under_its_other_name(server: OpenAIServer) -> None:
    """64 asks at once under a budget: one is refused, and every later one is capped all the same."""
    server.reset(Options(refuse=("max_tokens",)))
    async with connected(server.base_url, probe=ALONE_S, terms=metered()) as model:
        await asyncio.gather(*(model.ask(ASK) for _ in range(64)))
    assert caps(server) == [["max_tokens"], *[["max_completion_tokens"]] * 64]


async def test_where_no_cap_is_taken_no_budget_is_kept(server: OpenAIServer) -> None:
    """Both names are refused: nothing leaves that might cost more than is left, and the error says what to do."""
    server.reset(Options(refuse=("max_tokens", "max_completion_tokens")))
    terms = metered()
    async with connected(server.base_url, terms=terms) as model:
        error = await fatal(model)
        with pytest.raises(FatalModelError):
            await model.ask(ASK)
    assert caps(server) == [["max_tokens"], ["max_completion_tokens"]]
    assert "--budget" in error.hint
    assert terms.budget is not None
    assert (terms.budget.spent, terms.budget.reserved) == (0, 0)


async def test_without_a_budget_a_completion_is_capped_too(server: OpenAIServer) -> None:
    """A reply that runs away costs time and memory as well."""
    async with connected(server.base_url, terms=USUAL) as model:
        await model.ask(ASK)
    assert caps(server) == [["max_tokens"]]
