"""What tokens cost, where that is known, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from genai_prices import data_snapshot
from genai_prices.types import TimeOfDateConstraint

from pipeline.endpoints import PRESETS
from pipeline.model.prices import Price, dearest, mean_of, price_of
from pipeline.model_choice import ModelChoice, PriceSection
from pipeline.records import Usage

OPENAI = "https://api.openai.com/v1"
DEEPSEEK = "https://api.deepseek.com"
MILLION = 1_000_000
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""Of a Tuesday."""
OWN = {"m": PriceSection(input=1.0, output=4.0, cached=0.25), "plain": PriceSection(input=2.0, output=0.0)}


def published(model: str) -> Price:
    """Return OpenAI's price of a model."""
    price = price_of(ModelChoice(model, OPENAI))
    assert price is not None
    return price


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        (Usage(prompt=MILLION // 10), 0.01),
        (Usage(completion=MILLION), 0.5),
        (Usage(prompt=MILLION // 10, cached=MILLION // 10), 0.001),
        (Usage(prompt=MILLION // 10, completion=MILLION // 2, cached=MILLION // 50), 0.008 + 0.25 + 0.0002),
        (Usage(), 0.0),
    ],
    ids=["prompt", "completion", "cached", "all", "nothing"],
)
def test_prompt_completion_and_cached_tokens_have_each_their_price(tokens: Usage, dollars: float) -> None:
    """gpt-6-luna: 0.1, 0.5 and 0.01 dollars a million; cached tokens are part of the prompt and not paid twice."""
    assert published("gpt-6-luna")(tokens, NOON) == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("no-such-model", OPENAI),
        ("gpt-6-luna", "http://localhost:4000/v1"),
        ("gpt-6-luna", "http://127.0.0.1:80/v1"),
        ("gpt-6-luna", "http://[::1]:8000/v1"),
        ("gpt-6-luna", "http://192.168.0.7:11434/v1"),
        ("gpt-6-luna", "http://192.168.0.7/v1"),
        ("gpt-6-luna", "http://gpu.local/v1"),
        ("gpt-6-luna", "http://gpu.internal/v1"),
        ("gpt-6-luna", "https://gateway.example.com/v1"),
        ("gpt-6-luna", "https://gateway.example.com/?of=https://api.openai.com/v1"),
        ("gpt-6-luna", "https://api.deepseek.com"),
        ("qwen-plus", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        ("", OPENAI),
    ],
    ids=[
        "model",
        "local",
        "loopback",
        "loopback-6",
        "private-with-a-known-port",
        "private",
        "mdns",
        "internal",
        "gateway",
        "gateway-that-names-openai",
        "other-provider",
        "dashscope",
        "no-model",
    ],
)
def test_a_price_that_nobody_published_is_unknown_and_not_0(model: str, base_url: str) -> None:
    """The same model costs something else at another address."""
    assert price_of(ModelChoice(model, base_url)) is None


@pytest.mark.parametrize("base_url", [OPENAI, "http://localhost:11434/v1", "https://gateway.example.com/v1"])
@pytest.mark.parametrize(
    ("model", "tokens", "dollars"),
    [
        ("m", Usage(prompt=MILLION), 1.0),
        ("m", Usage(completion=MILLION), 4.0),
        ("m", Usage(prompt=MILLION, cached=MILLION), 0.25),
        ("m", Usage(prompt=MILLION, completion=MILLION, cached=MILLION // 2), 0.5 + 0.125 + 4.0),
        ("plain", Usage(prompt=MILLION, completion=MILLION, cached=MILLION), 2.0),
    ],
)
def test_a_price_of_ones_own_holds_at_any_address(base_url: str, model: str, tokens: Usage, dollars: float) -> None:
    """Also where nobody published one; cached tokens cost as much as others where no price for them is named."""
    price = price_of(ModelChoice(model, base_url, price=OWN[model]))
    assert price is not None
    assert price(tokens, NOON) == pytest.approx(dollars)


@pytest.mark.parametrize(
    "base_url",
    [
        *(preset.address for preset in PRESETS if preset.address and not preset.key_variable),
        "http://127.0.0.1:11434/v1",
        "http://127.0.0.1:8000/v1/",
    ],
)
def test_a_server_on_this_machine_that_needs_no_key_costs_nothing(base_url: str) -> None:
    """Ollama, vLLM, llama.cpp and LM Studio at their own ports are free, whatever the model is called."""
    price = price_of(ModelChoice("gpt-6-luna", base_url))
    assert price is not None
    assert price(Usage(prompt=MILLION, completion=MILLION), NOON) == 0.0


def test_a_price_of_ones_own_goes_before_a_free_server() -> None:
    """A machine has costs, too, and [prices] may name them."""
    price = price_of(ModelChoice("m", "http://localhost:11434/v1", price=OWN["m"]))
    assert price is not None
    assert price(Usage(prompt=MILLION), NOON) == pytest.approx(1.0)


def test_a_price_of_ones_own_goes_before_a_published_one() -> None:
    """What one pays is not always what is published."""
    price = price_of(ModelChoice("gpt-6-luna", OPENAI, price=PriceSection(input=7.0, output=7.0)))
    assert price is not None
    assert price(Usage(prompt=MILLION), NOON) == pytest.approx(7.0)


def test_a_price_holds_for_the_mean_call() -> None:
    """A price may rise with the length of one call: a thousand short calls are not one long one."""
    used = Usage(prompt=MILLION, completion=MILLION // 2, cached=MILLION // 4)
    assert mean_of(used, 1000) == Usage(prompt=1000, completion=500, cached=250)


@pytest.mark.parametrize(
    ("moment", "dear"),
    [
        ("2026-11-24T00:59:59", False),
        ("2026-11-24T01:00:00", True),
        ("2026-11-24T03:59:59", True),
        ("2026-11-24T04:00:00", False),
        ("2026-11-24T06:00:00", True),
        ("2026-11-24T09:59:59", True),
        ("2026-11-24T10:00:00", False),
        ("2026-11-27T07:00:00", True),
        ("2026-11-28T07:00:00", False),
        ("2026-11-29T02:00:00", False),
        ("2026-11-30T02:00:00", True),
    ],
)
@pytest.mark.parametrize("model", ["deepseek-flash", "deepseek-v4-pro"])
def test_deepseek_doubles_its_prices_at_certain_hours_of_weekdays(model: str, moment: str, dear: bool) -> None:
    """From 01:00 to 04:00 and from 06:00 to 10:00 UTC; all of Saturday and Sunday is cheap."""
    price = price_of(ModelChoice(model, DEEPSEEK))
    assert price is not None
    used = Usage(prompt=MILLION, completion=MILLION, cached=MILLION // 2)
    at = price(used, datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert at == pytest.approx(price(used, NOON) * (2 if dear else 1))


def test_a_moment_counts_whatever_its_zone() -> None:
    """Eight in the evening of a Sunday in New York is Monday, one o'clock, in UTC."""
    price = price_of(ModelChoice("deepseek-flash", DEEPSEEK))
    assert price is not None
    moment = datetime(2026, 11, 29, 20, tzinfo=timezone(timedelta(hours=-5)))
    assert price(Usage(prompt=MILLION), moment) == pytest.approx(0.3)


def doubled_from_six(tokens: Usage, moment: datetime) -> float:
    """A dollar for each token of the prompt, and two from six to seven."""
    return tokens.prompt * (2.0 if moment.hour == 6 else 1.0)


@pytest.mark.parametrize(
    ("begins", "minutes", "dollars"),
    [
        ((5, 59), 0, 1),
        ((5, 59), 0.5, 1),
        ((5, 59), 1, 2),
        ((5, 0), 180, 2),
        ((6, 59), 0, 2),
        ((6, 59), 5, 2),
        ((7, 0), 60, 1),
    ],
)
def test_the_dearest_moment_between_two_is_found(begins: tuple[int, int], minutes: float, dollars: float) -> None:
    """Both ends count, and every quarter of an hour between them."""
    first = datetime(2026, 11, 24, *begins, tzinfo=UTC)
    assert dearest(doubled_from_six, Usage(prompt=1), first, first + timedelta(minutes=minutes)) == dollars


def test_published_prices_change_on_the_quarter_hour() -> None:
    """So that none is missed where every quarter of an hour is looked at."""
    windows = [
        price.constraint
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list)
        for price in model.prices
        if isinstance(price.constraint, TimeOfDateConstraint)
    ]
    edges = [edge for window in windows for edge in (window.start_time, window.end_time)]
    assert edges
    assert {(edge.minute % 15, edge.second, edge.microsecond, edge.utcoffset()) for edge in edges} == {
        (0, 0, 0, timedelta(0))
    }


def test_a_price_of_ones_own_is_the_same_at_any_hour() -> None:
    """Who writes one knows what he pays."""
    price = price_of(ModelChoice("deepseek-flash", DEEPSEEK, price=PriceSection(input=1.0, output=1.0)))
    assert price is not None
    assert price(Usage(prompt=MILLION), NOON) == price(Usage(prompt=MILLION), NOON.replace(hour=7)) == 1.0
