"""``doctor``: what is configured, what is reachable, what is missing; spends nothing."""

from __future__ import annotations

import urllib.error
import urllib.request

from pipeline import outputs
from pipeline.cache import Cache
from pipeline.cli import screen
from pipeline.cli.options import Given
from pipeline.cli.workshop import prompt_library, require_key, settings_for
from pipeline.errors import DigestError
from pipeline.exits import Exit
from pipeline.fetch import LOCK_FILE, Pacer
from pipeline.model.replay import ReplayModel
from pipeline.settings import Settings
from pipeline.text import plain

REACH_S = 5.0
"""Seconds to wait for an address."""


def doctor_command(given: Given) -> Exit:
    """Check everything that a run needs and say what is missing."""
    settings = settings_for(given)
    screen.say(f"model     {settings.model} at {settings.base_url}")
    screen.say(f"digests   {', '.join(settings.digests) or 'none in digest.toml; name categories'}")
    faults = [
        fault for fault in (_prompt(settings), _key(settings, given), _cache(settings), _output(settings)) if fault
    ]
    if not given.offline:
        faults += [fault for fault in (_arxiv(settings), _endpoint(settings)) if fault]
    for fault in faults:
        screen.say(f"missing   {fault}")
    screen.say("all is there" if not faults else f"{len(faults)} missing")
    return Exit.USAGE if faults else Exit.COMPLETE


def _prompt(settings: Settings) -> str:
    try:
        prompt = prompt_library().get(settings.prompt)
    except DigestError as error:
        return error.message
    screen.say(f"prompt    {prompt.label} ({prompt.sha256[:12]}) in {prompt.path}")
    return ""


def _key(settings: Settings, given: Given) -> str:
    try:
        if not given.offline:
            require_key(settings)
        if settings.replay_file:
            ReplayModel(settings.replay_file)
    except DigestError as error:
        return f"{error.message}\n{error.hint}"
    if settings.api_key and not settings.usable_key:
        screen.say("key       set, but not sent: digest.toml alone names the address")
    else:
        variable = "" if settings.replay_file else settings.preset.key_variable
        absent = f"none: {variable} is not set" if variable else "none, and none is needed"
        screen.say(f"key       {'set' if settings.usable_key else absent}")
    return ""


def _cache(settings: Settings) -> str:
    try:
        with Cache(settings.cache, warn=screen.warn) as cache:
            screen.say(f"cache     {cache.path}: {cache.info().replies} replies")
    except DigestError as error:
        return error.message
    return ""


def _output(settings: Settings) -> str:
    try:
        outputs.check_writable(settings.output)
    except DigestError as error:
        return error.message
    screen.say(f"output    {settings.output}")
    return ""


def _arxiv(settings: Settings) -> str:
    with Pacer(settings.arxiv_delay, lock=settings.cache / LOCK_FILE).turn():
        return _reach("arXiv", f"{settings.arxiv_api_url}?id_list=2404.02059&max_results=1")


def _endpoint(settings: Settings) -> str:
    return "" if settings.replay_file else _reach("model", f"{settings.base_url}/models")


def _reach(name: str, url: str) -> str:
    """Ask an address for anything; any answer over HTTP means that it is reachable."""
    try:
        with urllib.request.urlopen(url, timeout=REACH_S):  # noqa: S310 (http and https only, checked by the settings)
            pass
    except urllib.error.HTTPError:
        pass
    except (OSError, ValueError) as error:
        return f"{name}: {url.partition('?')[0]} cannot be reached: {plain(str(error))}"
    screen.say(f"reachable {name}: {url.partition('?')[0]}")
    return ""
