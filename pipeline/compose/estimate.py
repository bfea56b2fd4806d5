"""What a digest would take: papers, tokens, cost and time, before anything is spent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.compose.cost import Cost, cost_of
from pipeline.compose.job import Asking, prompt_library
from pipeline.compose.models import learned_of
from pipeline.compose.process import Runtime
from pipeline.digest_spec import DigestSpec
from pipeline.fetch import Tally, eastern_today
from pipeline.model.tokens import Counter, counter
from pipeline.records import Source
from pipeline.settings import Settings
from pipeline.store.cache import Cache
from pipeline.summarize import Estimate, Plan, estimate

SECONDS_A_REPLY = 8.0
"""Of a small model that writes some 700 tokens, where the endpoint has not been seen yet."""


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
    model = settings.models[0].recorded_name
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
    cost = cost_of(asks.mean, asks.to_ask, settings.models[0], runtime.now(), minutes=minutes)
    return DigestEstimate(source, asks, minutes, cost)


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
