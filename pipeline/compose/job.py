"""From settings to a job: prompts, cache and models, opened and closed together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pipeline.assemble import FeedStyle
from pipeline.compose.budgets import budget_for, require_cap
from pipeline.compose.models import keep_learned, learned_of, model_for
from pipeline.compose.process import Runtime
from pipeline.compose.refusals import require_keys
from pipeline.compose.retirements import warn_of_announced, warn_of_shutdowns
from pipeline.progress import Progress
from pipeline.prompts import Prompt, PromptLibrary
from pipeline.run import Output
from pipeline.settings import Settings
from pipeline.store.cache import Cache
from pipeline.store.memory import remembering
from pipeline.summarize import TEMPLATES, Job, task_of


@dataclass(frozen=True)
class Asking:
    """Whether the model is asked beyond what the cache lacks."""

    refresh: bool = False
    """Ask again for papers that the cache has."""
    offline: bool = False
    """Ask nothing."""


def prompt_library(own: Path | None = None) -> PromptLibrary:
    """Return the prompts of the folder ``own``, then the package's."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_prompts"
    # A checkout has no copy: there the package's own prompts are the tree's.
    folders = [*([own] if own else []), packed if packed.is_dir() else package.parent / "prompts"]
    return PromptLibrary(list(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir())), TEMPLATES)


def output_for(settings: Settings, runtime: Runtime, *, replace: bool = False) -> Output:
    """Return where digests are written, and how; ``replace`` drops what earlier runs of a day wrote."""

    def feed(name: str) -> FeedStyle:
        return FeedStyle(settings.feed_of(name), settings.site_url)

    memory = partial(remembering, settings.cache, warn=runtime.warn)
    return Output(settings.output, settings.format, feed, memory, runtime.warn, replace=replace)


@contextlib.contextmanager
def open_job(settings: Settings, prompt: Prompt, progress: Progress, runtime: Runtime, asking: Asking) -> Iterator[Job]:
    """Open the cache and the models for the papers of one command; keep what is learned of the endpoints.

    Raises:
        SettingsError: there is no key where one is needed, or no price where a budget is to be kept.
        UncappedError: no model takes the cap that a budget needs.
        CacheError: the cache cannot be used.
    """
    chain, told = settings.models, frozenset[str]()
    if not asking.offline:
        require_keys(chain)
    budget = None if asking.offline else budget_for(chain, settings.budget)
    with Cache(settings.cache, warn=progress.warned) as cache:
        if budget:
            require_cap(chain, cache)
        lent = replace(runtime, warn=progress.warned)
        models = [model_for(one, lent, settings.call_limits, learned_of(one, cache), budget) for one in chain]
        if not asking.offline:
            told = warn_of_announced(chain, runtime.today, progress.warned)
        first, *others = models
        job = Job(task_of(prompt), prompt, first, cache, progress, runtime.now, runtime.clock, tuple(others))
        try:
            yield replace(job, refresh=asking.refresh, offline=asking.offline)
        finally:
            keep_learned(models, cache)
            if not asking.offline:
                warn_of_shutdowns(chain, cache, told, runtime.today, progress.warned)
