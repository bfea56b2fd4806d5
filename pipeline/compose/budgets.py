"""The budget of a run, and when none can be kept."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.compose.models import learned_of
from pipeline.errors import SettingsError, UncappedError
from pipeline.model.budget import Budget
from pipeline.model.negotiation import Capabilities
from pipeline.model.prices import price_of
from pipeline.model_choice import ModelChoice
from pipeline.store.cache import Cache


def budget_for(choices: Sequence[ModelChoice], dollars: float | None) -> Budget | None:
    """Return the cap on spending, if there is one.

    Raises:
        SettingsError: the price of a model is not known, so that no cap could be kept.
    """
    if dollars is None or choices[0].replay_file:
        return None
    for choice in choices:
        if price_of(choice) is None:
            raise SettingsError(
                f"--budget: the price of {choice.name} at {choice.host} is not known",
                hint=_two_ways_without_a_price(choice.name),
            )
    return Budget(dollars)


def _two_ways_without_a_price(model: str) -> str:
    return (
        "Two ways on:\n"
        f"  give the price in digest.toml, in dollars for a million tokens:\n"
        f'    [prices."{model}"]\n    input = 0.25\n    output = 2.0\n'
        "  or run without a budget: no --budget, and no line 'budget' in digest.toml (in the Action: BUDGET = none)"
    )


def require_cap(choices: Sequence[ModelChoice], cache: Cache) -> None:
    """Refuse a budget where earlier runs learned that none of the models takes a cap on its replies.

    Raises:
        UncappedError: no budget can be kept.
    """
    if not any(Capabilities.of(choice.preset, learned_of(choice, cache)).cap for choice in choices):
        raise UncappedError(choices[0].host)
