"""Build what a command works with from its options: settings, prompt, cache, model."""

from __future__ import annotations

import contextlib
import os
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.assemble import FeedStyle
from pipeline.cache import Cache
from pipeline.cli import screen
from pipeline.cli.display import progress_for
from pipeline.cli.ends import warn_of_announced, warn_of_shutdowns
from pipeline.cli.environment import check_proxies, require_key
from pipeline.cli.options import Given
from pipeline.errors import SettingsError, UncappedError
from pipeline.model.budget import Budget
from pipeline.model.deferred import DeferredModel
from pipeline.model.interface import Model
from pipeline.model.prices import Price, Tariff, is_local, price_of
from pipeline.model.replay import ReplayModel
from pipeline.prompts import Prompt, PromptLibrary
from pipeline.run import Output
from pipeline.settings import CONFIG_FILE, Settings, load
from pipeline.store.days import remembering

if TYPE_CHECKING:
    from pipeline.model.client import OpenAIModel
    from pipeline.summarize import Job

FAR_PROBE_S, PROBE_S = 1.0, 0.3
"""Seconds that the first call is alone at a far endpoint that was never seen before, and at any other: a refused key is
learned from one request if the refusal comes by then, also where this machine is busy."""
WITHHELD_HINT = (
    " The key was not sent, because digest.toml alone names this address; "
    "name it with --base-url or OPENAI_BASE_URL to send it."
)


def now() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


def settings_for(given: Given) -> Settings:
    """Return the settings after digest.toml, the environment and the options.

    Raises:
        SettingsError: one of them is wrong.
    """
    default = Path(CONFIG_FILE)
    config = given.config or (default if default.is_file() else None)
    return load(config, os.environ, given.settings)


def prompt_library() -> PromptLibrary:
    """Return the prompts of ``./prompts``, then the package's own."""
    from pipeline.summarize import TEMPLATES

    package = Path(__file__).resolve().parent.parent
    own = package / "_prompts"
    # A checkout has no copy: there the package's own prompts are the tree's.
    folders = [Path("prompts"), own if own.is_dir() else package.parent / "prompts"]
    return PromptLibrary(list(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir())), TEMPLATES)


def model_for(
    settings: Settings,
    cache: Cache,
    budget: Budget | None = None,
    *,
    warn: Callable[[str], None] = lambda _: None,
    once: bool = False,
) -> Model:
    """Return the model that the settings name; it connects with the first ask, and tries ``once`` or again and again.

    ``warn`` is given what to say of long pauses.

    Raises:
        InputError: the replay file cannot be read.
    """
    if settings.replay_file:
        return ReplayModel(settings.replay_file)

    def make() -> OpenAIModel:
        return _connect(settings, cache, budget, warn, once=once)

    return DeferredModel(settings.model, settings.host, make, today=now().date())


def output_for(given: Given, settings: Settings) -> Output:
    """Return where digests are written, and how."""

    def feed(name: str) -> FeedStyle:
        return FeedStyle(settings.feed_of(name), settings.site_url)

    memory = partial(remembering, settings.cache, warn=screen.warn)
    return Output(settings.output, settings.format, feed, memory, screen.warn, replace=given.replace)


def price_for(settings: Settings) -> Price | None:
    """Return the price of the model that the settings name."""
    return price_of(settings.model, settings.base_url, settings.prices)


def _connect(
    settings: Settings, cache: Cache, budget: Budget | None, warn: Callable[[str], None], *, once: bool
) -> OpenAIModel:
    import random
    import time

    from pipeline.model.client import OpenAIModel, Terms
    from pipeline.model.connection import Endpoint
    from pipeline.model.limiter import Limiter, Patience
    from pipeline.model.negotiation import Learned

    withheld = settings.api_key is not None and settings.usable_key is None
    endpoint = Endpoint(
        settings.base_url,
        settings.usable_key,
        WITHHELD_HINT if withheld else "",
        _proxy_to(settings.base_url),
        is_bare=not settings.may_have_openai_secrets,
    )
    learned = Learned.read(cache.learned(settings.host, settings.model))
    probe = PROBE_S if is_local(settings.base_url) or learned.seconds else FAR_PROBE_S
    limiter = Limiter(settings.most_calls, clock=time.monotonic, spread=random.random, probe=probe)
    limiter.begin_with(width=learned.width, per_minute=learned.per_minute)
    limiter.limit_to(rpm=settings.rpm, tpm=settings.tpm)
    patience = Patience(call=settings.deadline, paper=0.0, tries=1) if once else Patience(call=settings.deadline)
    price = price_for(settings)
    terms = Terms(learned, patience, Tariff(price, now) if price else None, budget, warn, now, random.random)
    return OpenAIModel(settings.model, endpoint, limiter, terms)


def _proxy_to(base_url: str) -> str:
    """Return host and port of the proxy that the environment names for an address; empty where there is none."""
    parts = urlsplit(base_url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    named = urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
    return "" if urllib.request.proxy_bypass(parts.hostname or "") else named


@contextlib.contextmanager
def job_for(given: Given, settings: Settings, prompt: Prompt) -> Iterator[Job]:
    """Open the cache and the screen for the papers of one command; keep what is learned of the endpoint.

    Raises:
        SettingsError: there is no key where one is needed, or no price where a budget is to be kept.
        CacheError: the cache cannot be used.
    """
    from pipeline.summarize import Job, task_of

    if not given.offline:
        require_key(settings)
        check_proxies()
    budget = None if given.offline else budget_for(settings)
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(contextlib.closing(progress_for(quiet=given.quiet, verbose=given.verbose)))
        cache = stack.enter_context(Cache(settings.cache, warn=progress.warned))
        if budget:
            require_cap(settings, cache)
        chain = (settings, *settings.fallbacks)
        models = [model_for(each, cache, budget, warn=progress.warned) for each in chain]
        told = frozenset() if given.offline else warn_of_announced(chain, now().date(), progress.warned)
        progress.watches(lambda: _troubles(models, settings.rpm))
        fallback = tuple(models[1:])
        try:
            asked = (task_of(prompt), prompt, models[0], cache, progress, now, fallback)
            yield Job(*asked, refresh=given.refresh, offline=given.offline)
        finally:
            keep_learned(models, cache)
            if not given.offline:
                warn_of_shutdowns(chain, cache, told, now().date(), progress.warned)


def keep_learned(models: Sequence[Model], cache: Cache) -> None:
    """Keep what was learned of each endpoint and model that was asked."""
    for model in models:
        if isinstance(model, DeferredModel) and (learned := model.learned()):
            cache.keep_learned(model.endpoint, model.name, learned)


def budget_for(settings: Settings) -> Budget | None:
    """Return the cap on spending, if there is one.

    Raises:
        SettingsError: the price of a model is not known, so that no cap could be kept.
    """
    if settings.budget is None or settings.replay_file:
        return None
    for each in (settings, *settings.fallbacks):
        if price_for(each) is None:
            raise SettingsError(
                f"--budget: the price of {each.model} at {each.host} is not known",
                hint=_two_ways_without_a_price(each.model),
            )
    return Budget(settings.budget)


def _two_ways_without_a_price(model: str) -> str:
    return (
        "Two ways on:\n"
        f"  give the price in digest.toml, in dollars for a million tokens:\n"
        f'    [prices."{model}"]\n    input = 0.25\n    output = 2.0\n'
        "  or run without a budget: no --budget, and no line 'budget' in digest.toml (in the Action: BUDGET = none)"
    )


def require_cap(settings: Settings, cache: Cache) -> None:
    """Refuse a budget where earlier runs learned that no model of the settings takes a cap on its replies.

    Raises:
        UncappedError: no budget can be kept.
    """
    from pipeline.model.negotiation import Capabilities, Learned

    for each in (settings, *settings.fallbacks):
        learned = Learned.read(cache.learned(each.host, each.model))
        if Capabilities.of(each.preset, learned).cap:
            return
    raise UncappedError(settings.host)


def _troubles(models: Sequence[Model], rpm: float | None) -> str:
    """Return what makes the work slower than it could be: a limit, calls that failed; empty where nothing does."""
    wired = [model for model in models if isinstance(model, DeferredModel)]
    again = sum(model.asked_again for model in wired)
    said = [f"{again} asked again"] if again else []
    limits = [limit for model in wired if (limit := model.limit)]
    return "; ".join([*(_in_words(limit, rpm) for limit in limits[:1]), *said])


def _in_words(limit: float, rpm: float | None) -> str:
    from pipeline.model.limiter import MARGIN

    is_users = rpm is not None and limit >= MARGIN * rpm
    most = f"{rpm:g} requests a minute by --rpm" if is_users else f"{limit:.0f} requests a minute by the endpoint"
    return f"limited to {most}"
