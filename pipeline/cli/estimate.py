"""``estimate`` and ``run --dry-run``: papers, tokens, cost and time before anything is spent."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pipeline.cli import screen
from pipeline.cli.environment import runtime, settings_for, specs_for
from pipeline.cli.options import Given
from pipeline.compose import Asking, Cost, DigestEstimate, estimate_digests
from pipeline.duration import rough_duration
from pipeline.exits import Exit, of_several
from pipeline.summarize import Estimate


def estimate_command(given: Given) -> Exit:
    """Say for each digest what it would take."""
    settings = settings_for(given)
    specs = specs_for(given, settings)
    asking = Asking(refresh=given.refresh, offline=given.offline)
    codes = []
    for found in estimate_digests(specs, settings, runtime(), asking, tables()):
        screen.say(_as_json(found) if given.json else _words(found))
        codes.append(Exit.COMPLETE if found.asks.papers else Exit.NOTHING)
    return of_several(codes)


def _as_json(found: DigestEstimate) -> str:
    asks = found.asks
    figures = {
        "name": found.source.name,
        "date": found.source.date,
        "papers": asks.papers,
        "cached": asks.cached,
        "to_ask": asks.to_ask,
        "tokens": {"prompt": asks.tokens.prompt, "completion": asks.tokens.completion},
        "approximate": asks.approximate,
        "cost_usd": found.cost.now,
        "cost_usd_most": found.cost.most,
        "minutes": round(found.minutes, 2),
        "missing": found.source.missing,
    }
    return json.dumps(figures)


def _words(found: DigestEstimate) -> str:
    asks = found.asks
    counted = (
        f"{found.source.name} {found.source.date}: {asks.papers} papers, {asks.cached} cached, {asks.to_ask} to ask"
    )
    if not asks.to_ask:
        return f"{counted}; nothing to pay for"
    return f"{counted}; {price_in_words(asks, found.cost)}, {rough_duration(60 * round(found.minutes, 2))}"


def price_in_words(asks: Estimate, cost: Cost) -> str:
    """Return the tokens that asking takes, and the dollars."""
    dollars = "at a price that is not known" if cost.now is None else f"${cost.now:.4f}"
    if cost.now is not None and cost.most is not None and cost.most > cost.now:
        dollars += f" (up to ${cost.most:.4f} if it runs into the dear hours)"
    return f"about {asks.tokens.prompt:,} prompt and {asks.tokens.completion:,} completion tokens, {dollars}"


def tables() -> Path:
    """Return the folder where tiktoken keeps its tables, found as tiktoken finds it."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    return Path(named) if named else Path(tempfile.gettempdir()) / "data-gym-cache"
