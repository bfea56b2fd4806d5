"""A budget over real HTTP: what leaves was reserved before, and what it cost is known or counts as reserved."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.errors import BudgetError, ModelError
from pipeline.model.budget import Budget
from pipeline.model.client import Terms
from pipeline.model.limiter import Patience
from pipeline.records import Usage
from tests.model.loopback import ASK, OK, TEXT, USED, answer, connected, saying
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Item, Options

WORST = ASK.most_tokens / 1e6
"""Dollars that one call may cost by `price`."""
GOOD = answer(200, saying(TEXT))
COST = USED.completion / 1e6


def price(tokens: Usage) -> float:
    """A dollar for a million tokens of completion; the prompt is free."""
    return tokens.completion / 1e6


def terms(budget: Budget, *, tries: int = 1, call: float = 20.0) -> Terms:
    """Return terms with a budget."""
    return Terms(patience=Patience(call=call, tries=tries, backoff=0.001), price=price, budget=budget)


async def test_a_call_is_reserved_while_it_is_under_way_and_settled_after(server: OpenAIServer) -> None:
    """The cap on its completion is what was reserved for."""
    server.reset(Options(script=[{**GOOD, "delay": 0.5}]))
    budget = Budget(1.0)
    async with connected(server.base_url, terms=terms(budget)) as model:
        asked = asyncio.create_task(model.ask(ASK))
        while not server.log:  # noqa: ASYNC110 (the server is in another thread)
            await asyncio.sleep(0.01)
        assert (budget.spent, budget.reserved) == (0, WORST)
        await asked
    assert (budget.spent, budget.reserved) == (COST, 0)
    assert server.log[0].request["max_tokens"] == ASK.most_tokens


async def test_the_prompt_is_reserved_for_as_well(server: OpenAIServer) -> None:
    """By the most tokens that the request could have, its schema included."""
    seen: list[Usage] = []

    def remembering(tokens: Usage) -> float:
        seen.append(tokens)
        return 0.0

    async with connected(server.base_url, terms=Terms(price=remembering, budget=Budget(1.0))) as model:
        await model.ask(ASK)
    reserved, used = seen
    assert reserved.completion == ASK.most_tokens
    assert reserved.prompt >= sum(len(message.content.encode()) for message in ASK.messages)
    assert reserved.prompt > used.prompt


@pytest.mark.parametrize(
    ("item", "spent"),
    [
        (GOOD, COST),
        ({"fault": "no_usage"}, WORST),
        (answer(200, saying(TEXT, usage={})), WORST),
        ({"fault": "server_error"}, WORST),
        (answer(503), WORST),
        ({"fault": "reset"}, WORST),
        ({"fault": "silence"}, WORST),
        ({"fault": "malformed"}, WORST),
        ({"fault": "html"}, WORST),
        ({"fault": "no_choices"}, WORST),
        ({"fault": "error_in_200"}, WORST),
        (answer(200, {"error": "upstream"}), WORST),
        (answer(200, {"error": {"code": 401, "message": "No auth."}}), 0.0),
        (answer(400, {"error": {"code": "content_filter", "message": "Filtered."}}), 0.0),
        (answer(401), 0.0),
        *((answer(status), 0.0) for status in (403, 404, 429)),
        (answer(422, {"error": {"code": "content_filter"}}), 0.0),
        (answer(413), WORST),
        (answer(418), WORST),
    ],
)
async def test_a_call_costs_what_is_known_else_what_was_reserved(
    server: OpenAIServer, item: Item, spent: float
) -> None:
    """An endpoint that refuses a request has not worked for it; one that broke off, or did not count, may have."""
    server.reset(Options(script=[item]))
    budget = Budget(WORST * 1.5)
    call = 0.5 if item["fault"] == "silence" else 20.0
    once = Terms(patience=Patience(call=call, paper=0.0, tries=1), price=price, budget=budget)
    async with connected(server.base_url, terms=once) as model:
        outcome = await asyncio.wait_for(asyncio.gather(model.ask(ASK), return_exceptions=True), 60)
    assert isinstance(outcome[0], ModelError) == (item["fault"] != "no_usage" and "'choices'" not in str(item))
    assert budget.spent == pytest.approx(spent)
    assert budget.reserved == 0


async def test_a_cancelled_call_counts_as_reserved(server: OpenAIServer) -> None:
    """Nobody knows what it cost."""
    server.reset(Options(script=[{"fault": "silence"}]))
    budget = Budget(1.0)
    async with connected(server.base_url, terms=terms(budget)) as model:
        asked = asyncio.create_task(model.ask(ASK))
        while not server.log:  # noqa: ASYNC110 (the server is in another thread)
            await asyncio.sleep(0.01)
        asked.cancel()
        await asyncio.wait([asked])
    assert (budget.spent, budget.reserved) == (WORST, 0)


async def test_a_refusal_for_load_costs_nothing(server: OpenAIServer) -> None:
    """It is waited out, and the try that is answered is paid."""
    server.reset(Options(script=[answer(429, retry_after_ms="1"), GOOD]))
    budget = Budget(WORST)
    async with connected(server.base_url, terms=terms(budget)) as model:
        await model.ask(ASK)
    assert budget.spent == pytest.approx(COST)


async def test_no_request_leaves_beyond_the_cap(server: OpenAIServer) -> None:
    """Each of 40 calls costs its worst: as many reach the server as are paid for, then the run ends."""
    server.reset(Options(script=[{"fault": "no_usage", "delay": 0.02}] * 99))
    budget = Budget(WORST * 7.5)
    async with connected(server.base_url, terms=terms(budget)) as model:
        outcomes = await asyncio.gather(*(model.ask(ASK) for _ in range(40)), return_exceptions=True)
        with pytest.raises(BudgetError):
            await model.ask(ASK)
    assert server.stats()["requests"] == 7
    assert server.stats()["concurrent_max"] <= 7
    assert [type(outcome) for outcome in outcomes].count(BudgetError) == 33
    assert budget.spent == pytest.approx(7 * WORST)


async def test_what_calls_leave_over_pays_for_others(server: OpenAIServer) -> None:
    """Room for three at once is enough for forty that cost little: they wait for each other, and all are answered."""
    server.reset(Options(script=[GOOD] * 40))
    budget = Budget(WORST * 3 + 40 * COST)
    async with connected(server.base_url, terms=terms(budget)) as model:
        replies = await asyncio.gather(*(model.ask(ASK) for _ in range(40)))
    assert {reply.text for reply in replies} == {TEXT}
    assert server.stats()["concurrent_max"] <= 3
    assert budget.spent == pytest.approx(40 * COST)


async def test_tries_that_fail_are_paid_for_too(server: OpenAIServer) -> None:
    """Two tries broke off: each counts as reserved, and the third does not leave."""
    server.reset(Options(script=[{"fault": "server_error"}] * 9))
    budget = Budget(WORST * 2.5)
    async with connected(server.base_url, terms=terms(budget, tries=9)) as model:
        with pytest.raises(BudgetError):
            await model.ask(ASK)
    assert len(server.log) == 2


ODD = [
    {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 10**6}},
    {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 10**400}},
    {"prompt_tokens": 10, "completion_tokens": 10**400},
]


@pytest.mark.parametrize("usage", ODD, ids=["cached", "cached-beyond-reason", "beyond-reason"])
async def test_a_count_that_cannot_be_true_ends_no_run_and_earns_no_money(
    server: OpenAIServer, usage: dict[str, object]
) -> None:
    """More cached tokens than prompt would make what is spent fall, and a huge count would be no number of dollars."""
    server.reset(Options(script=[answer(200, saying(TEXT, usage=usage)), OK]))
    budget = Budget(1.0)

    def cheap_where_cached(tokens: Usage) -> float:
        return ((tokens.prompt - tokens.cached) * 1.0 + tokens.cached * 0.1 + tokens.completion) / 1e9

    async with connected(
        server.base_url, terms=Terms(price=cheap_where_cached, budget=budget, patience=Patience(tries=1))
    ) as model:
        reply = await model.ask(ASK)
    assert reply.text == TEXT
    assert budget.spent == reply.account.cost_usd
    assert budget.spent > 0


@pytest.mark.parametrize("cap", [1.0, None])
async def test_without_a_price_there_is_no_reservation(server: OpenAIServer, cap: float | None) -> None:
    """Nor without a budget; a call is made and costs what nobody knows."""
    budget = None if cap is None else Budget(cap)
    async with connected(server.base_url, terms=Terms(budget=budget)) as model:
        assert (await model.ask(ASK)).account.cost_usd is None
    assert budget is None or budget.spent == 0
