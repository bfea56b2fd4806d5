"""``estimate`` and ``run --dry-run``: papers, tokens, cost and time before anything is spent."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli import screen
from pipeline.cli.environment import now, prompt_library, settings_for, specs_for
from pipeline.cli.options import Given
from pipeline.compose.cost import Cost, cost_of
from pipeline.compose.models import learned_of
from pipeline.duration import rough_duration
from pipeline.exits import Exit, of_several
from pipeline.fetch import Tally, eastern_today
from pipeline.model.prices import mean_of
from pipeline.model.tokens import Counter, counter
from pipeline.model_choice import ModelChoice
from pipeline.prompts import Prompt
from pipeline.run import DigestSpec
from pipeline.settings import REPLAY_MODEL, Settings
from pipeline.store.cache import Cache
from pipeline.summarize import Estimate, Plan, estimate

SECONDS_A_REPLY = 8.0
"""Of a small model that writes some 700 tokens, where the endpoint has not been seen yet."""


def estimate_command(given: Given) -> Exit:
    """Say for each digest what it would take."""
    settings = settings_for(given)
    specs = specs_for(given, settings)
    prompt = prompt_library().get(settings.prompt)
    tokens = counter(tables())
    with Cache(settings.cache, warn=screen.warn) as cache:
        return of_several([_estimate(spec, given, _Context(settings, prompt, cache, tokens)) for spec in specs])


@dataclass(frozen=True)
class _Context:
    """What every estimate of a command needs."""

    settings: Settings
    prompt: Prompt
    cache: Cache
    tokens: Counter


def _estimate(spec: DigestSpec, given: Given, context: _Context) -> Exit:
    if spec.refusal:
        raise spec.refusal
    tally = Tally()
    papers = list(tally.papers(spec.items()))
    source = spec.identify(tally.source(), today=eastern_today(now()).isoformat())
    choice = context.settings.models[0]
    model = REPLAY_MODEL if choice.replay_file else choice.name
    plan = Plan(context.prompt, model, context.cache, refresh=given.refresh, offline=given.offline)
    found = estimate(papers, plan, context.tokens)
    minutes = _minutes(found, context)
    cost = cost_of_estimate(found, choice, minutes=minutes)
    figures = {
        "name": source.name,
        "date": source.date,
        "papers": found.papers,
        "cached": found.cached,
        "to_ask": found.to_ask,
        "tokens": {"prompt": found.tokens.prompt, "completion": found.tokens.completion},
        "approximate": found.approximate,
        "cost_usd": cost.now,
        "cost_usd_most": cost.most,
        "minutes": round(minutes, 2),
        "missing": source.missing,
    }
    screen.say(json.dumps(figures) if given.json else _words(figures, found, cost))
    return Exit.COMPLETE if papers else Exit.NOTHING


def _words(figures: Mapping[str, object], found: Estimate, cost: Cost) -> str:
    counted = (
        f"{figures['name']} {figures['date']}: {found.papers} papers, {found.cached} cached, {found.to_ask} to ask"
    )
    if not found.to_ask:
        return f"{counted}; nothing to pay for"
    minutes = figures["minutes"]
    assert isinstance(minutes, float)
    return f"{counted}; {price_in_words(found, cost)}, {rough_duration(60 * minutes)}"


def cost_of_estimate(found: Estimate, choice: ModelChoice, *, minutes: float = 0.0) -> Cost:
    """Return what a run costs that begins now."""
    mean = mean_of(found.tokens, found.to_ask) if found.to_ask else found.tokens
    return cost_of(mean, found.to_ask, choice, now(), minutes=minutes)


def price_in_words(found: Estimate, cost: Cost) -> str:
    """Return the tokens that asking takes, and the dollars."""
    dollars = "at a price that is not known" if cost.now is None else f"${cost.now:.4f}"
    if cost.now is not None and cost.most is not None and cost.most > cost.now:
        dollars += f" (up to ${cost.most:.4f} if it runs into the dear hours)"
    return f"about {found.tokens.prompt:,} prompt and {found.tokens.completion:,} completion tokens, {dollars}"


def _minutes(found: Estimate, context: _Context) -> float:
    """Return the minutes that the calls take, by what earlier runs saw of the endpoint and by what the user told."""
    choice, limits = context.settings.models[0], context.settings.call_limits
    if not found.to_ask or choice.replay_file:
        return 0.0
    learned = learned_of(choice, context.cache)
    at_once = min(found.to_ask, learned.width or limits.most_calls(choice))
    by_width = found.to_ask * (learned.seconds or SECONDS_A_REPLY) / at_once / 60
    requests, tokens = limits.rpm or learned.per_minute, limits.tpm
    by_requests = found.to_ask / requests if requests else 0.0
    by_tokens = (found.tokens.prompt + found.tokens.completion) / tokens if tokens else 0.0
    return max(by_width, by_requests, by_tokens)


def tables() -> Path:
    """Return the folder where tiktoken keeps its tables, found as tiktoken finds it."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    return Path(named) if named else Path(tempfile.gettempdir()) / "data-gym-cache"
