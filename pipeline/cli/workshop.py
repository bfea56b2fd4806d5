"""Build what a command works with from its options: settings, prompt, cache, model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.cache import Cache
from pipeline.cli import screen
from pipeline.cli.options import Given
from pipeline.errors import SettingsError
from pipeline.model.deferred import DeferredModel
from pipeline.model.replay import ReplayModel
from pipeline.model.wire import Meter, Model
from pipeline.prompts import Prompt, PromptLibrary
from pipeline.settings import CONFIG_FILE, Settings, load

if TYPE_CHECKING:
    from pipeline.summarize import Job

NO_KEY_HINT = """\
Three ways on:
  set a key:            export OPENAI_API_KEY=...
  use a local server:   arxiv-digest run --base-url http://localhost:11434/v1 --model MODEL   (Ollama, vLLM, ...)
  try it without:       arxiv-digest demo"""

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
    package = Path(__file__).resolve().parent.parent
    own = package / "_prompts"
    # A checkout has no copy: there the package's own prompts are the tree's.
    folders = [Path("prompts"), own if own.is_dir() else package.parent / "prompts"]
    return PromptLibrary(list(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir())))


def model_for(settings: Settings, *, offline: bool) -> Model:
    """Return the model that the settings name; it connects with the first ask.

    Raises:
        SettingsError: there is no key where one is needed.
        InputError: the replay file cannot be read.
    """
    if settings.replay_file:
        return ReplayModel(settings.replay_file)
    if settings.is_openai and not settings.usable_key and not offline:
        raise SettingsError("no key: OPENAI_API_KEY is not set", hint=NO_KEY_HINT)
    host = urlsplit(settings.base_url).netloc
    return DeferredModel(settings.model, host, lambda: _connect(settings))


def _connect(settings: Settings) -> Model:
    import random
    import time

    from pipeline.model.client import Endpoint, OpenAIModel
    from pipeline.model.gate import Gate

    withheld = settings.api_key is not None and settings.usable_key is None
    hint = WITHHELD_HINT if withheld else ""
    endpoint = Endpoint(settings.base_url, settings.usable_key, hint)
    gate = Gate(settings.concurrency, clock=time.monotonic, spread=random.random)
    return OpenAIModel(settings.model, endpoint, gate)


@contextlib.contextmanager
def job_for(given: Given, settings: Settings, prompt: Prompt, model: Model) -> Iterator[Job]:
    """Open the cache and the screen for the papers of one command.

    Raises:
        CacheError: the cache cannot be used.
    """
    from pipeline.summarize import Job

    def spending() -> tuple[Meter, float | None]:
        return model.meter, None

    progress = screen.progress(spending, quiet=given.quiet, verbose=given.verbose)
    with contextlib.closing(progress), Cache(settings.cache, warn=progress.warned) as cache:
        yield Job(prompt, model, cache, progress, now, refresh=given.refresh, offline=given.offline)
