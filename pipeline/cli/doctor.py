"""``doctor``: what is configured, what is reachable, what is missing, and what one short call shows of each model."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

from pipeline import outputs
from pipeline.cache import Cache
from pipeline.cli import screen
from pipeline.cli.deliver import addresses_of
from pipeline.cli.options import Given
from pipeline.cli.trial import PAPER, Trial, try_out
from pipeline.cli.workshop import budget_for, prompt_library, require_key, settings_for
from pipeline.errors import DigestError, SettingsError
from pipeline.exits import Exit
from pipeline.fetch import LOCK_FILE, Pacer
from pipeline.model.budget import Budget
from pipeline.model.interface import Ask
from pipeline.model.replay import ReplayModel
from pipeline.settings import Settings
from pipeline.summarize import first_ask, read_object
from pipeline.text import plain

REACH_S = 5.0
"""Seconds to wait for an address."""


def doctor_command(given: Given) -> Exit:
    """Check everything that a run needs and say what is missing."""
    settings = settings_for(given)
    screen.say(f"model     {settings.model} at {settings.base_url}")
    screen.say(f"digests   {', '.join(settings.digests) or 'none in digest.toml; name categories'}")
    here = (_prompt(settings), _key(settings, given), *_replays(settings), _cache(settings), _output(settings))
    faults = [fault for fault in (*here, _delivery(settings)) if fault]
    if not given.offline:
        faults += [fault for fault in (_arxiv(settings), *_models(settings)) if fault]
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
    except DigestError as error:
        return _words(error)
    if settings.api_key and not settings.usable_key:
        screen.say("key       set, but not sent: digest.toml alone names the address")
    else:
        variable = "" if settings.replay_file else settings.preset.key_variable
        absent = f"none: {variable} is not set" if variable else "none, and none is needed"
        screen.say(f"key       {'set' if settings.usable_key else absent}")
    return ""


def _replays(settings: Settings) -> Iterator[str]:
    """Say which files answer in the place of a model, which is not asked then."""
    for each in (settings, *settings.fallbacks):
        try:
            if each.replay_file:
                ReplayModel(each.replay_file)
                screen.say(f"replay    {each.replay_file} has the replies; no model is asked")
        except DigestError as error:
            yield _words(error)


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


def _delivery(settings: Settings) -> str:
    """Say how many addresses there are and of which services; nothing is sent, and no address is shown."""
    try:
        to = addresses_of(settings)
    except SettingsError as error:
        return _words(error)
    named = f"{len(to)} address{'es' if len(to) > 1 else ''}: {', '.join(each.name for each in to)}"
    screen.say(f"delivery  {named if to else 'none: ARXIV_DIGEST_DELIVER is not set'}")
    return ""


def _arxiv(settings: Settings) -> str:
    with Pacer(settings.arxiv_delay, lock=settings.cache / LOCK_FILE).turn():
        return _reach("arXiv", f"{settings.arxiv_api_url}?id_list=2404.02059&max_results=1")


def _models(settings: Settings) -> Iterator[str]:
    """Say of the model and of each fallback what one call shows; where none can be made, whether it is reachable."""
    asked = [each for each in (settings, *settings.fallbacks) if not each.replay_file]
    try:
        ask = first_ask(PAPER, prompt_library().get(settings.prompt))
        with Cache(settings.cache, warn=screen.warn) as cache:
            budget = budget_for(settings)
            for each in asked:
                yield from _model(each, ask, cache, budget)
    except DigestError as error:
        # A prompt or a cache that cannot be used was named before.
        yield _words(error) if isinstance(error, SettingsError) else ""
        yield from map(_endpoint, asked)


def _model(settings: Settings, ask: Ask, cache: Cache, budget: Budget | None) -> Iterator[str]:
    variable = settings.preset.key_variable
    if variable and not settings.usable_key:
        # OpenAI's was named before.
        yield "" if settings.is_openai else f"a key for {settings.host}: {variable} is not set"
        yield _endpoint(settings)
        return
    try:
        trial = try_out(settings, ask, cache, budget)
    except DigestError as error:
        yield f"a reply of {settings.model}: {_words(error)}"
        return
    screen.say(f"answered  {settings.model} at {settings.host} in {trial.seconds:.1f} s: {_used(trial)}")
    screen.say(f"form      {_form(settings, trial)}")


def _endpoint(settings: Settings) -> str:
    return _reach("model", f"{settings.base_url}/models")


def _used(trial: Trial) -> str:
    account = trial.reply.account
    tokens, requests = account.tokens, account.requests
    counted = f"{tokens.prompt} prompt and {tokens.completion} completion tokens"
    cached = f" ({tokens.cached} of them cached)" if tokens.cached else ""
    cost = "a price that is not known" if account.cost_usd is None else f"${account.cost_usd:.6f}"
    sent = "1 request" if requests == 1 else f"{requests} requests"
    return f"{counted + cached if account.usage else 'tokens that were not counted'}, {cost}, {sent}"


def _form(settings: Settings, trial: Trial) -> str:
    """Return how the endpoint wants to be asked."""
    learned, ways = trial.learned, settings.preset.without_thinking
    held = "" if read_object(trial.reply.text, source=PAPER.abstract) else ", but its answer holds no such object"
    refused = f"; refused: {', '.join(learned.dropped)}" if learned.dropped else ""
    switch = "every switch was refused" if ways else "no switch is known"
    if learned.thinking < len(ways):
        switch = f"{json.dumps(ways[learned.thinking])} is taken"
    return f"{learned.mode}{held}{refused}; against thinking: {switch}"


def _words(error: DigestError) -> str:
    return "\n".join([error.message, *(f"  {line}" for line in error.hint.splitlines())])


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
