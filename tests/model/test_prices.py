"""What tokens cost, where that is known."""

from __future__ import annotations

import pytest

from pipeline.model.prices import Price, cost_usd, price_of
from pipeline.records import Usage
from pipeline.settings import PriceSection

OPENAI = "https://api.openai.com/v1"
MILLION = 1_000_000
OWN = {"m": PriceSection(input=1.0, output=4.0, cached=0.25), "plain": PriceSection(input=2.0, output=0.0)}


def published(model: str) -> Price:
    """Return OpenAI's price of a model."""
    price = price_of(model, OPENAI, {})
    assert price is not None
    return price


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        (Usage(prompt=MILLION), 0.25),
        (Usage(completion=MILLION), 2.0),
        (Usage(prompt=MILLION, cached=MILLION), 0.025),
        (Usage(prompt=MILLION, completion=MILLION // 2, cached=MILLION // 5), 0.2 + 1.0 + 0.005),
        (Usage(), 0.0),
    ],
    ids=["prompt", "completion", "cached", "all", "nothing"],
)
def test_prompt_completion_and_cached_tokens_have_each_their_price(tokens: Usage, dollars: float) -> None:
    """gpt-6-luna: 0.25, 2 and 0.025 dollars a million; cached tokens are part of the prompt and not paid twice."""
    assert published("gpt-6-luna")(tokens) == pytest.approx(dollars)
    assert cost_usd(published("gpt-6-luna"), tokens, 1) == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("no-such-model", OPENAI),
        ("gpt-6-luna", "http://localhost:11434/v1"),
        ("gpt-6-luna", "http://127.0.0.1:8000/v1"),
        ("gpt-6-luna", "http://[::1]:8000/v1"),
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
    assert price_of(model, base_url, {}) is None
    assert cost_usd(price_of(model, base_url, {}), Usage(prompt=MILLION), 1) is None


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
    price = price_of(model, base_url, OWN)
    assert price is not None
    assert price(tokens) == pytest.approx(dollars)


def test_a_price_of_ones_own_goes_before_a_published_one() -> None:
    """What one pays is not always what is published."""
    price = price_of("gpt-6-luna", OPENAI, {"gpt-6-luna": PriceSection(input=7.0, output=7.0)})
    assert price is not None
    assert price(Usage(prompt=MILLION)) == pytest.approx(7.0)


def test_a_price_of_ones_own_is_for_that_model_alone() -> None:
    """Another model is not priced by it."""
    assert price_of("other", "http://localhost/v1", OWN) is None


def test_the_price_is_that_of_the_mean_call() -> None:
    """A price may rise with the length of one call: a thousand short calls are not one long one."""

    def rising(tokens: Usage) -> float:
        return tokens.prompt * (1e-6 if tokens.prompt <= 1000 else 2e-6)

    used = Usage(prompt=MILLION, completion=MILLION, cached=MILLION // 2)
    assert cost_usd(rising, used, 1000) == pytest.approx(1.0)
    assert cost_usd(rising, used, 10) == pytest.approx(2.0)


@pytest.mark.parametrize("price", [None, lambda tokens: 1.0])
def test_no_call_costs_nothing(price: Price | None) -> None:
    """With or without a price."""
    assert cost_usd(price, Usage(), 0) == 0.0
