"""``estimate`` and ``run --dry-run``: papers, tokens, cost and time before anything is spent."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pipeline.cache import Cache
from pipeline.cli import screen
from pipeline.cli.compose import now, price_for, prompt_library, settings_for
from pipeline.cli.options import Given
from pipeline.cli.selection import digests_for
from pipeline.exits import Exit, of_several
from pipeline.fetch import Tally, eastern_today
from pipeline.model.negotiation import Learned
from pipeline.model.prices import dearest, mean_of
from pipeline.model.tokens import Counter, counter
from pipeline.prompts import Prompt
from pipeline.run import DEFAULT_NAME, DigestSpec
from pipeline.settings import REPLAY_MODEL, Settings
from pipeline.summarize import Estimate, Plan, estimate

SECONDS_A_REPLY = 8.0
"""Of a small model that writes some 700 tokens, where the endpoint has not been seen yet."""
SOON = timedelta(hours=1)
"""A run may begin so much later than its estimate, or take so much longer."""


def estimate_command(given: Given) -> Exit:
    """Say for each digest what it would take."""
    settings = settings_for(given)
    orders = digests_for(given, settings, now=now())
    prompt = prompt_library().get(settings.prompt)
    tokens = counter(token_tables())
    with Cache(settings.cache, warn=screen.warn) as cache:
        return of_several([_estimate(order, given, _Desk(settings, prompt, cache, tokens)) for order in orders])


@dataclass(frozen=True)
class _Desk:
    """What every estimate of a command needs."""

    settings: Settings
    prompt: Prompt
    cache: Cache
    tokens: Counter


@dataclass(frozen=True)
class _Cost:
    """US dollars for a run; None where the price is not known."""

    now: float | None
    most: float | None
    """If all of it falls into the dearest hour that the run may touch."""


def _estimate(order: DigestSpec, given: Given, desk: _Desk) -> Exit:
    if order.refusal:
        raise order.refusal
    tally = Tally()
    papers = list(tally.papers(order.items()))
    source = tally.source()
    model = REPLAY_MODEL if desk.settings.replay_file else desk.settings.model
    plan = Plan(desk.prompt, model, desk.cache, refresh=given.refresh, offline=given.offline)
    found = estimate(papers, plan, desk.tokens)
    name = order.name or source.name or DEFAULT_NAME
    date = order.date or source.date or eastern_today(now()).isoformat()
    minutes = _minutes(found, desk)
    cost = _cost(found, minutes, desk.settings)
    figures = {
        "name": name,
        "date": date,
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


def _words(figures: Mapping[str, object], found: Estimate, cost: _Cost) -> str:
    counted = (
        f"{figures['name']} {figures['date']}: {found.papers} papers, {found.cached} cached, {found.to_ask} to ask"
    )
    if not found.to_ask:
        return f"{counted}; nothing to pay for"
    dollars = "at a price that is not known" if cost.now is None else f"${cost.now:.4f}"
    if cost.now is not None and cost.most is not None and cost.most > cost.now:
        dollars += f" (up to ${cost.most:.4f} if it runs into the dear hours)"
    minutes = figures["minutes"]
    assert isinstance(minutes, float)
    return (
        f"{counted}; about {found.tokens.prompt:,} prompt and {found.tokens.completion:,} completion tokens, "
        f"{dollars}, {in_words(minutes)}"
    )


def in_words(minutes: float) -> str:
    """Return a time in the unit that suits it."""
    for amount, unit in ((minutes / 60, "hour"), (minutes, "minute"), (minutes * 60, "second")):
        if round(amount) > 1:
            return f"{round(amount)} {unit}s"
    return "1 second"


def _cost(found: Estimate, minutes: float, settings: Settings) -> _Cost:
    """Return what a run costs that begins now, at the price of this moment and at the dearest on its way."""
    if settings.replay_file or not found.to_ask:
        return _Cost(0.0, 0.0)
    price = price_for(settings)
    if price is None:
        return _Cost(None, None)
    begins, mean = now(), mean_of(found.tokens, found.to_ask)
    ends = begins + max(SOON, 2 * timedelta(minutes=minutes))
    return _Cost(
        round(price(mean, begins) * found.to_ask, 6), round(dearest(price, mean, begins, ends) * found.to_ask, 6)
    )


def _minutes(found: Estimate, desk: _Desk) -> float:
    """Return the minutes that the calls take, by what earlier runs saw of the endpoint and by what the user told."""
    if not found.to_ask or desk.settings.replay_file:
        return 0.0
    learned = Learned.read(desk.cache.learned(desk.settings.host, desk.settings.model))
    at_once = min(found.to_ask, learned.width or desk.settings.most_calls)
    by_width = found.to_ask * (learned.seconds or SECONDS_A_REPLY) / at_once / 60
    requests, tokens = desk.settings.rpm or learned.per_minute, desk.settings.tpm
    by_requests = found.to_ask / requests if requests else 0.0
    by_tokens = (found.tokens.prompt + found.tokens.completion) / tokens if tokens else 0.0
    return max(by_width, by_requests, by_tokens)


def token_tables() -> Path:
    """Return the folder where tiktoken keeps its tables, found as tiktoken finds it."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    return Path(named) if named else Path(tempfile.gettempdir()) / "data-gym-cache"
