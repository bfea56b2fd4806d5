"""A budget over real HTTP: what leaves was reserved before, and what it cost is known or counts as reserved."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from pipeline.errors import BudgetError, ModelError
from pipeline.model.budget import Budget
from pipeline.model.client import Terms
from pipeline.model.limiter import Patience
from pipeline.model.prices import Tariff
from pipeline.records import Usage
from tests.model.loopback import ASK, NOON, OK, TEXT, USED, KnownEndpoint, answer, connected, flat, saying, terms_of
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
    return terms_of(patience=Patience(call=call, tries=tries, backoff=0.001), price=flat(price), budget=budget)


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

    async with connected(server.base_url, terms=terms_of(price=flat(remembering), budget=Budget(1.0))) as model:
        await model.ask(ASK)
    reserved, used = seen[0], seen[-1]
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
    once = terms_of(patience=Patience(call=call, paper=0.0, tries=1), price=flat(price), budget=budget)
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


class Clock:
    """A time of day that is set by hand."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        """Return it."""
        return self.moment


def doubled_from_six(tokens: Usage, moment: datetime) -> float:
    """Twice `price` from six o'clock on."""
    return price(tokens) * (2 if moment.hour >= 6 else 1)


SHORTLY_BEFORE_SIX = datetime(2026, 11, 24, 5, 59, tzinfo=UTC)


@pytest.mark.parametrize(("call", "dearer"), [(30.0, 1), (120.0, 2)], ids=["answered before", "may be answered after"])
async def test_a_call_is_reserved_at_the_dearest_hour_that_it_may_touch(
    server: OpenAIServer, call: float, dearer: int
) -> None:
    """At 05:59 with two minutes for an answer it is set aside at the price of six o'clock."""
    server.reset(Options(script=[{"fault": "no_usage"}]))
    budget = Budget(1.0)
    tariff = Tariff(doubled_from_six, Clock(SHORTLY_BEFORE_SIX))
    async with connected(
        server.base_url, terms=terms_of(patience=Patience(call=call), price=tariff, budget=budget)
    ) as model:
        await model.ask(ASK)
    assert budget.spent == pytest.approx(dearer * WORST)


class WatchedBudget(Budget):
    """Counts how often something was to be set aside."""

    asked = 0

    async def reserve(self, worst: float) -> None:
        """Count, and set aside."""
        self.asked += 1
        await super().reserve(worst)


async def test_a_call_that_waited_for_room_into_a_dear_hour_is_reckoned_again(server: OpenAIServer) -> None:
    """There is room for it at the price at which it began to wait, not at that of the hour in which it would leave."""
    server.reset(Options(script=[{**GOOD, "delay": 1.0}, GOOD]))
    clock, budget = Clock(SHORTLY_BEFORE_SIX.replace(hour=4)), WatchedBudget(WORST * 1.9)
    terms = terms_of(patience=Patience(call=30.0), price=Tariff(doubled_from_six, clock), budget=budget)
    async with connected(server.base_url, terms=terms, probe=0.0, kind=KnownEndpoint) as model:
        first, second = (asyncio.create_task(model.ask(ASK)) for _ in range(2))
        while budget.asked < 2:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.01)
        clock.moment = SHORTLY_BEFORE_SIX.replace(hour=7)
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
    assert isinstance(outcomes[1], BudgetError)
    assert len(server.log) == 1
    assert budget.spent == pytest.approx(2 * COST)


@pytest.mark.parametrize(("left", "answered", "report"), [((5, 59), (6, 1), 2), ((6, 59), (7, 1), 1)])
async def test_a_call_over_the_turn_of_a_price_counts_dear_for_the_budget(
    server: OpenAIServer, left: tuple[int, int], answered: tuple[int, int], report: int
) -> None:
    """No provider says which end of a call counts; the report has the hour of the answer."""
    server.reset(Options(script=[{**GOOD, "delay": 0.3}]))

    def doubled_at_six(tokens: Usage, moment: datetime) -> float:
        return price(tokens) * (2 if moment.hour == 6 else 1)

    clock, budget = Clock(NOON.replace(hour=left[0], minute=left[1])), Budget(1.0)
    async with connected(server.base_url, terms=terms_of(price=Tariff(doubled_at_six, clock), budget=budget)) as model:
        asked = asyncio.create_task(model.ask(ASK))
        while not server.log:  # noqa: ASYNC110 (the server is in another thread)
            await asyncio.sleep(0.01)
        clock.moment = NOON.replace(hour=answered[0], minute=answered[1])
        reply = await asked
    assert budget.spent == pytest.approx(2 * COST)
    assert reply.account.cost_usd == pytest.approx(report * COST)


async def test_a_report_prices_each_call_when_it_was_answered(server: OpenAIServer) -> None:
    """One before six and one after it: three times the lower price."""
    server.reset(Options(script=[GOOD, GOOD]))
    clock = Clock(SHORTLY_BEFORE_SIX)
    async with connected(server.base_url, terms=terms_of(price=Tariff(doubled_from_six, clock))) as model:
        before = await model.ask(ASK)
        clock.moment = SHORTLY_BEFORE_SIX.replace(hour=6)
        after = await model.ask(ASK)
    assert (before.account + after.account).cost_usd == pytest.approx(3 * COST)


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
        server.base_url, terms=terms_of(price=flat(cheap_where_cached), budget=budget, patience=Patience(tries=1))
    ) as model:
        reply = await model.ask(ASK)
    assert reply.text == TEXT
    assert budget.spent == reply.account.cost_usd
    assert budget.spent > 0


@pytest.mark.parametrize("cap", [1.0, None])
async def test_without_a_price_there_is_no_reservation(server: OpenAIServer, cap: float | None) -> None:
    """Nor without a budget; a call is made and costs what nobody knows."""
    budget = None if cap is None else Budget(cap)
    async with connected(server.base_url, terms=terms_of(budget=budget)) as model:
        assert (await model.ask(ASK)).account.cost_usd is None
    assert budget is None or budget.spent == 0


async def test_an_endpoint_that_ignores_the_cap_passes_the_budget_by_one_reply_at_most(server: OpenAIServer) -> None:
    """The first reply is three times as long as its cap: from then on so much, and as much again, is set aside."""
    used = {"prompt_tokens": 100, "completion_tokens": 3 * ASK.most_tokens}
    server.reset(Options(script=[answer(200, saying(TEXT, usage=used))] * 40))
    budget = Budget(WORST * 20)
    async with connected(server.base_url, terms=terms(budget), probe=60.0) as model:
        outcomes = await asyncio.gather(*(model.ask(ASK) for _ in range(40)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes if isinstance(outcome, Exception)} == {BudgetError}
    assert budget.spent <= budget.cap
    assert len(server.log) > 3
    budget = Budget(WORST)
    async with connected(server.base_url, terms=terms(budget), probe=60.0) as model:
        await asyncio.gather(*(model.ask(ASK) for _ in range(40)), return_exceptions=True)
    assert budget.spent == pytest.approx(3 * WORST)
