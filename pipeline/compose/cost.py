"""What asking about some papers costs, before it is paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.model.prices import dearest, price_of
from pipeline.model_choice import ModelChoice
from pipeline.records import Usage

SOON = timedelta(hours=1)
"""A run may begin so much later than its estimate, or take so much longer."""


@dataclass(frozen=True)
class Cost:
    """US dollars for a run; None where the price is not known."""

    now: float | None
    most: float | None
    """If all of it falls into the dearest hour that the run may touch."""


def cost_of(mean: Usage, papers: int, choice: ModelChoice, begins: datetime, *, minutes: float = 0.0) -> Cost:
    """Return what a run about ``papers`` costs, at the price when it ``begins`` and at the dearest on its way.

    ``mean`` are the tokens of one paper, ``minutes`` those that the calls take.
    """
    if choice.replay_file or not papers:
        return Cost(0.0, 0.0)
    price = price_of(choice)
    if price is None:
        return Cost(None, None)
    ends = begins + max(SOON, 2 * timedelta(minutes=minutes))
    return Cost(round(price(mean, begins) * papers, 6), round(dearest(price, mean, begins, ends) * papers, 6))
