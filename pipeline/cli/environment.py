"""What this process gives to a command: its options as settings and selection, its environment, clock and screen."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from pipeline.cli import screen
from pipeline.cli.display import progress_for
from pipeline.cli.options import Given
from pipeline.compose import Asking, Runtime, Selection, digests_for, open_job
from pipeline.compose import prompt_library as library_with
from pipeline.compose.models import slowed_by
from pipeline.compose.refusals import require_keys
from pipeline.digest_spec import DigestSpec
from pipeline.errors import SettingsError
from pipeline.prompts import Prompt, PromptLibrary
from pipeline.settings import CONFIG_FILE, Settings, load
from pipeline.summarize import Job

PROMPTS = Path("prompts")
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_NO_PROXY_TEXT = re.compile(r"[^\x21-\x7e]")


def now() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


def runtime() -> Runtime:
    """Return what this process lends to the work."""
    return Runtime(now, prompts=PROMPTS, warn=screen.warn, proxy_to=_proxy_to)


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
    return library_with(PROMPTS)


def specs_for(given: Given, settings: Settings) -> tuple[DigestSpec, ...]:
    """Return the digests that a command asks for, in order.

    Raises:
        UsageError: the words contradict each other or name what does not exist; nothing was sent.
        SettingsError: a proxy of the environment is not an address.
    """
    selection = _selection(given)
    specs = digests_for(selection, settings, runtime())
    if selection.asks_arxiv:
        check_proxies()
    return specs


def _selection(given: Given) -> Selection:
    from_input: Path | BinaryIO | None = None
    if given.input is not None:
        from_input = sys.stdin.buffer if given.input == "-" else Path(given.input)
    return Selection(
        names=given.names or (),
        date=given.date,
        first=given.first,
        last=given.last,
        query=given.query,
        ids=given.ids or (),
        input=from_input,
        announce=None if given.announce is None else [word.strip() for word in given.announce.split(",")],
        limit=given.limit,
        name=given.name,
        refetch=given.refetch,
    )


@contextlib.contextmanager
def job_for(given: Given, settings: Settings, prompt: Prompt) -> Iterator[Job]:
    """Open the screen and the job for the papers of one command.

    Raises:
        SettingsError: there is no key where one is needed, or no price where a budget is to be kept.
        CacheError: the cache cannot be used.
    """
    if not given.offline:
        # Before a bar is drawn.
        require_keys(settings.models)
        check_proxies()
    asking = Asking(refresh=given.refresh, offline=given.offline)
    progress = progress_for(quiet=given.quiet, verbose=given.verbose)
    with contextlib.closing(progress), open_job(settings, prompt, progress, runtime(), asking) as job:
        progress.watches(lambda: slowed_by((job.model, *job.fallback), settings.rpm))
        yield job


def check_proxies() -> None:
    """Refuse a proxy that is not an address, before a request finds out.

    Raises:
        SettingsError: names the variable.
    """
    for name, value in os.environ.items():
        if name.lower() in _PROXIES and value and not _is_address(value):
            raise SettingsError(
                f"{name} does not hold the address of a proxy",
                hint=f"Write it as http://HOST:PORT, or unset it: unset {name}",
            )


def _is_address(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
        return bool(parts.hostname) and (parts.port or 1) > 0 and not _NO_PROXY_TEXT.search(proxy)
    except ValueError:
        return False


def _proxy_to(base_url: str) -> str:
    """Return host and port of the proxy that the environment names for an address; empty where there is none."""
    parts = urlsplit(base_url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    named = urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
    return "" if urllib.request.proxy_bypass(parts.hostname or "") else named
