"""What tokens cost, where that is known."""

from __future__ import annotations

import pytest

from pipeline.model.prices import cost_usd
from pipeline.records import Usage

OPENAI = "https://api.openai.com/v1"
MILLION = 1_000_000


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
    """gpt-5-mini: 0.25, 2 and 0.025 dollars a million; cached tokens are part of the prompt and not paid twice."""
    assert cost_usd("gpt-5-mini", OPENAI, tokens) == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("no-such-model", OPENAI),
        ("gpt-5-mini", "http://localhost:11434/v1"),
        ("gpt-5-mini", "https://gateway.example.com/v1"),
        ("gpt-5-mini", "https://gateway.example.com/?of=https://api.openai.com/v1"),
        ("gpt-5-mini", "https://api.deepseek.com"),
        ("", OPENAI),
    ],
    ids=["model", "local", "gateway", "gateway-that-names-openai", "other-provider", "no-model"],
)
def test_a_price_that_nobody_published_is_unknown_and_not_0(model: str, base_url: str) -> None:
    """The same model costs something else at another address."""
    assert cost_usd(model, base_url, Usage(prompt=MILLION)) is None


def test_tokens_that_contradict_themselves_have_no_known_price() -> None:
    """An endpoint that counts more cached tokens than there are in the prompt does not end the run."""
    assert cost_usd("gpt-5-mini", OPENAI, Usage(prompt=10, cached=20)) is None
