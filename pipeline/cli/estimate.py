"""``estimate`` and ``run --dry-run``: papers, tokens, cost and time before anything is spent."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pipeline.cache import Cache
from pipeline.cli import screen
from pipeline.cli.options import Given
from pipeline.cli.orders import orders_for
from pipeline.cli.workshop import now, price_for, prompt_library, settings_for
from pipeline.exits import Exit, of_several
from pipeline.fetch import eastern_today
from pipeline.model.negotiation import Learned
from pipeline.model.prices import cost_usd
from pipeline.model.tokens import Counter, counter
from pipeline.prompts import Prompt
from pipeline.records import Paper, Source
from pipeline.run import DEFAULT_NAME, Order
from pipeline.settings import REPLAY_MODEL, Settings
from pipeline.summarize import Estimate, Plan, estimate

SECONDS_A_REPLY = 8.0
"""Of a small model that writes some 700 tokens, where the endpoint has not been seen yet."""


def estimate_command(given: Given) -> Exit:
    """Say for each digest what it would take."""
    settings = settings_for(given)
    orders = orders_for(given, settings, now=now())
    prompt = prompt_library().get(settings.prompt)
    tokens = counter(_tables())
    with Cache(settings.cache, warn=screen.warn) as cache:
        return of_several([_estimate(order, given, _Desk(settings, prompt, cache, tokens)) for order in orders])


class _Desk:
    """What every estimate of a command needs."""

    def __init__(self, settings: Settings, prompt: Prompt, cache: Cache, tokens: Counter) -> None:
        self.settings = settings
        self.prompt = prompt
        self.cache = cache
        self.tokens = tokens


def _estimate(order: Order, given: Given, desk: _Desk) -> Exit:
    papers: list[Paper] = []
    source = Source()
    for page in order.pages():
        papers += page.papers
        source = page.source
    model = REPLAY_MODEL if desk.settings.replay_file else desk.settings.model
    plan = Plan(desk.prompt, model, desk.cache, refresh=given.refresh, offline=given.offline)
    found = estimate(papers, plan, desk.tokens)
    name = order.name or source.name or DEFAULT_NAME
    date = order.date or source.date or eastern_today(now()).isoformat()
    dollars = 0.0 if desk.settings.replay_file else cost_usd(price_for(desk.settings), found.tokens, found.to_ask)
    figures = {
        "name": name,
        "date": date,
        "papers": found.papers,
        "cached": found.cached,
        "to_ask": found.to_ask,
        "tokens": {"prompt": found.tokens.prompt, "completion": found.tokens.completion},
        "approximate": found.approximate,
        "cost_usd": dollars,
        "minutes": round(_minutes(found, desk), 2),
        "missing": source.missing,
    }
    screen.say(json.dumps(figures) if given.json else _words(figures, found, dollars))
    return Exit.COMPLETE if papers else Exit.NOTHING


def _words(figures: dict[str, object], found: Estimate, dollars: float | None) -> str:
    about = "about " if found.approximate else ""
    cost = "a price that is not known" if dollars is None else f"about ${dollars:.4f}"
    return (
        f"{figures['name']} {figures['date']}: {found.papers} papers, {found.cached} cached, {found.to_ask} to ask; "
        f"{about}{found.tokens.prompt:,} prompt and about {found.tokens.completion:,} completion tokens"
        f"{' (approximate)' if found.approximate else ''}, {cost}, about {figures['minutes']} minutes"
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


def _tables() -> Path:
    """Return the folder where tiktoken keeps its tables, found as tiktoken finds it."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    return Path(named) if named else Path(tempfile.gettempdir()) / "data-gym-cache"
