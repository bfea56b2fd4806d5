"""What a digest would take: papers, tokens, cost and time, before anything is spent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.compose.job import Asking, prompt_library
from pipeline.compose.models import learned_of
from pipeline.compose.runtime import Runtime
from pipeline.fetch import Tally, eastern_today
from pipeline.model.prices import dearest, mean_of, price_of
from pipeline.model.tokens import Counter, counter
from pipeline.model_choice import ModelChoice
from pipeline.records import Source
from pipeline.run import DigestSpec
from pipeline.settings import REPLAY_MODEL, Settings
from pipeline.store.cache import Cache
from pipeline.summarize import Estimate, Plan, estimate

SECONDS_A_REPLY = 8.0
"""Of a small model that writes some 700 tokens, where the endpoint has not been seen yet."""
SOON = timedelta(hours=1)
"""A run may begin so much later than its estimate, or take so much longer."""


@dataclass(frozen=True)
class Cost:
    """US dollars for a run; None where the price is not known."""

    now: float | None
    most: float | None
    """If all of it falls into the dearest hour that the run may touch."""


@dataclass(frozen=True)
class DigestEstimate:
    """What one digest would take."""

    source: Source
    """With its name and day."""
    asks: Estimate
    minutes: float
    cost: Cost


def estimate_digests(
    specs: Iterable[DigestSpec], settings: Settings, runtime: Runtime, asking: Asking, tables: Path
) -> Iterator[DigestEstimate]:
    """Fetch the papers of each digest and yield what it would take; no model is asked.

    ``tables`` is the folder where tiktoken keeps its tables; where the one that is needed is not there, tokens are
    estimated.

    Raises:
        DigestError: a digest cannot be made, or arXiv did not answer.
    """
    prompt, count = prompt_library(runtime.prompts).get(settings.prompt), counter(tables)
    choice = settings.models[0]
    model = REPLAY_MODEL if choice.replay_file else choice.name
    with Cache(settings.cache, warn=runtime.warn) as cache:
        plan = Plan(prompt, model, cache, refresh=asking.refresh, offline=asking.offline)
        for spec in specs:
            yield _estimate(spec, settings, runtime, plan, count)


def _estimate(spec: DigestSpec, settings: Settings, runtime: Runtime, plan: Plan, count: Counter) -> DigestEstimate:
    if spec.refusal:
        raise spec.refusal
    tally = Tally()
    papers = list(tally.papers(spec.items()))
    source = spec.identify(tally.source(), today=eastern_today(runtime.now()).isoformat())
    asks = estimate(papers, plan, count)
    minutes = _minutes(asks, settings, plan.cache)
    return DigestEstimate(source, asks, minutes, cost_of(asks, minutes, settings.models[0], runtime.now()))


def cost_of(asks: Estimate, minutes: float, choice: ModelChoice, begins: datetime) -> Cost:
    """Return what a run costs that ``begins`` then, at the price of that moment and at the dearest on its way."""
    if choice.replay_file or not asks.to_ask:
        return Cost(0.0, 0.0)
    if (price := price_of(choice)) is None:
        return Cost(None, None)
    mean = mean_of(asks.tokens, asks.to_ask)
    ends = begins + max(SOON, 2 * timedelta(minutes=minutes))
    now, most = price(mean, begins), dearest(price, mean, begins, ends)
    return Cost(round(now * asks.to_ask, 6), round(most * asks.to_ask, 6))


def _minutes(asks: Estimate, settings: Settings, cache: Cache) -> float:
    """Return the minutes that the calls take, by what earlier runs saw of the endpoint and by what the user told."""
    choice, limits = settings.models[0], settings.call_limits
    if not asks.to_ask or choice.replay_file:
        return 0.0
    learned = learned_of(choice, cache)
    at_once = min(asks.to_ask, learned.width or limits.most_calls(choice))
    by_width = asks.to_ask * (learned.seconds or SECONDS_A_REPLY) / at_once / 60
    requests, tokens = limits.rpm or learned.per_minute, limits.tpm
    by_requests = asks.to_ask / requests if requests else 0.0
    by_tokens = (asks.tokens.prompt + asks.tokens.completion) / tokens if tokens else 0.0
    return max(by_width, by_requests, by_tokens)
