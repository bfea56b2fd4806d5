"""``doctor``: what is configured, what is reachable, what is missing, and what one short call shows of each model."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException

from pipeline import outputs
from pipeline.cli import screen
from pipeline.cli.deliver import addresses_of
from pipeline.cli.environment import check_proxies, now, prompt_library, runtime, settings_for
from pipeline.cli.options import Given
from pipeline.cli.trial import PAPER, Trial, try_out
from pipeline.compose.budgets import budget_for
from pipeline.compose.refusals import require_key, require_keys
from pipeline.compose.retirements import end_of
from pipeline.errors import DigestError, SettingsError
from pipeline.exits import Exit
from pipeline.fetch import LOCK_FILE, Pacer, SharedPace
from pipeline.model.budget import Budget
from pipeline.model.replay import ReplayModel
from pipeline.model_choice import CallLimits, ModelChoice
from pipeline.prompts import Prompt
from pipeline.settings import Settings
from pipeline.store.cache import Cache
from pipeline.summarize import first_ask, judge, refusals, task_of
from pipeline.text import plain

REACH_S = 5.0
"""Seconds to wait for an address."""
_BEGINS = 4096
"""Bytes of an answer that show what it is."""
ANY_CATEGORY = "cs.CL"
"""Whose feed is asked for where digest.toml names no digest."""


def doctor_command(given: Given) -> Exit:
    """Check everything that a run needs and say what is missing."""
    settings = settings_for(given)
    screen.say(f"model     {settings.model} at {settings.base_url}")
    screen.say(f"digests   {', '.join(settings.digests) or 'none in digest.toml; name categories'}")
    is_online = not given.offline
    faults = [*_here(settings)]
    if is_online and (proxy := _fault_of(check_proxies)):
        faults.append(proxy)
        is_online = False
    if is_online:
        faults += [*_arxiv(settings), *_models(settings)]
    else:
        why = "--offline" if given.offline else "the proxy"
        screen.say(f"not asked arXiv and the model, because of {why}")
    faults += _ends(settings)
    for fault in filter(None, faults):
        screen.say(f"missing   {fault}")
    return _verdict(len([*filter(None, faults)]), is_online=is_online)


def _verdict(missing: int, *, is_online: bool) -> Exit:
    if missing:
        screen.say(f"{missing} missing")
        return Exit.USAGE
    screen.say("everything is in place" if is_online else "nothing is missing here; the network was not tried")
    return Exit.COMPLETE


def _here(settings: Settings) -> Iterator[str]:
    """Say what is missing on this machine."""
    yield _prompt(settings)
    yield from _keys(settings)
    yield from _replays(settings)
    yield _cache(settings)
    yield _output(settings)
    yield _delivery(settings)


def _fault_of(check: Callable[[], None]) -> str:
    """Return what a check complains of; nothing where it passes."""
    try:
        check()
    except DigestError as error:
        return _words(error)
    return ""


def _prompt(settings: Settings) -> str:
    try:
        prompt = prompt_library().get(settings.prompt)
    except DigestError as error:
        return error.message
    screen.say(f"prompt    {prompt.label} ({prompt.sha256[:12]}) in {prompt.path}")
    return ""


def _keys(settings: Settings) -> Iterator[str]:
    yield _fault_of(lambda: require_keys(settings.models))
    for each in settings.models:
        if _lacks_key(each) and not each.is_openai:
            yield f"a key for {each.host}: {each.preset.key_variable} is not set"
    _say_key(settings.models[0])


def _say_key(choice: ModelChoice) -> None:
    if choice.is_key_withheld:
        screen.say("key       set, but not sent: digest.toml alone names the address")
    else:
        variable = "" if choice.replay_file else choice.preset.key_variable
        absent = f"none: {variable} is not set" if variable else "none, and none is needed"
        screen.say(f"key       {'set' if choice.usable_key else absent}")


def _lacks_key(choice: ModelChoice) -> bool:
    """Return whether the service is known to want a key and there is none."""
    return bool(choice.preset.key_variable) and not choice.usable_key and not choice.replay_file


def _replays(settings: Settings) -> Iterator[str]:
    """Say which files answer in the place of a model, which is not asked then."""
    for each in settings.models:
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


def _arxiv(settings: Settings) -> Iterator[str]:
    """Ask the query API and the feed, at arXiv's pace: a day's digest needs both."""
    digest = next(iter(settings.digests.values()), None)
    category = digest.categories[0] if digest else ANY_CATEGORY
    lent = runtime()
    shared = SharedPace(settings.cache / LOCK_FILE, tell=screen.warn)
    pacer = Pacer(settings.arxiv_delay, lent.clock, lent.sleep, shared=shared)
    for address in (
        f"{settings.arxiv_api_url}?id_list=2404.02059&max_results=1",
        f"{settings.arxiv_feed_url}/rss/{category}",
    ):
        with pacer.turn():
            yield _reach("arXiv", address, wanted=(b"<feed", b"<rss"))


def _models(settings: Settings) -> Iterator[str]:
    """Say of the model and of each fallback what one call shows; where none can be made, whether it is reachable."""
    asked = [each for each in settings.models if not each.replay_file]
    try:
        prompt = prompt_library().get(settings.prompt)
        with Cache(settings.cache, warn=screen.warn) as cache:
            budget = budget_for(settings.models, settings.budget)
            for each in asked:
                yield from _model(each, settings.call_limits, prompt, cache, budget)
    except DigestError as error:
        # A prompt or a cache that cannot be used was named before.
        yield _words(error) if isinstance(error, SettingsError) else ""
        yield from map(_endpoint, asked)


def _model(
    choice: ModelChoice, limits: CallLimits, prompt: Prompt, cache: Cache, budget: Budget | None
) -> Iterator[str]:
    if _lacks_key(choice) or _fault_of(lambda: require_key(choice)):
        # Named before.
        yield _endpoint(choice)
        return
    try:
        trial = try_out(choice, limits, first_ask(PAPER, task_of(prompt), prompt), cache, budget)
    except DigestError as error:
        yield f"a reply of {choice.name}: {_words(error)}"
        return
    screen.say(f"answered  {choice.name} at {choice.host} in {trial.seconds:.1f} s: {_used(trial)}")
    screen.say(f"form      {_form(choice, trial)}")
    for fault in refusals(judge(trial.reply, PAPER, task_of(prompt), prompt)[1])[:1]:
        yield (
            f"a reply of {choice.name} that a digest can use: {plain(fault.detail)} ({fault.check})\n"
            "  Try once more: a run asks again too. If it stays so, name another model."
        )


def _ends(settings: Settings) -> Iterator[str]:
    """Warn of models that end soon; one whose end by the endpoint's own word has passed is missing."""
    try:
        with Cache(settings.cache, warn=screen.warn) as cache:
            ends = [(each.name, end_of(each, cache)) for each in settings.models]
    except DigestError:
        # Named before.
        return
    today = now().date()
    for model, end in ends:
        words = end.warning(model, today=today) if end else ""
        if end and end.is_certain and today >= end.day:
            yield words
        elif words:
            screen.say(f"warning   {words}")


def _endpoint(choice: ModelChoice) -> str:
    return _reach("model", f"{choice.base_url}/models")


def _used(trial: Trial) -> str:
    account = trial.reply.account
    tokens, requests = account.tokens, account.requests
    counted = f"{tokens.prompt} prompt and {tokens.completion} completion tokens"
    cached = f" ({tokens.cached} of them cached)" if tokens.cached else ""
    cost = "an unknown price" if account.cost_usd is None else f"${account.cost_usd:.6f}"
    sent = "1 request" if requests == 1 else f"{requests} requests"
    return f"{counted + cached if account.usage else 'tokens that were not counted'}, {cost}, {sent}"


def _form(choice: ModelChoice, trial: Trial) -> str:
    """Return how the endpoint wants to be asked."""
    learned, ways = trial.learned, choice.preset.without_thinking
    refused = f"; refused: {', '.join(learned.dropped)}" if learned.dropped else ""
    switch = "every switch was refused" if ways else "no switch is known"
    if learned.thinking < len(ways):
        switch = f"{json.dumps(ways[learned.thinking])} is taken"
    return f"{learned.mode}{refused}; against thinking: {switch}"


def _words(error: DigestError) -> str:
    return "\n".join([error.message, *(f"  {line}" for line in error.hint.splitlines())])


def _reach(name: str, url: str, *, wanted: tuple[bytes, ...] = ()) -> str:
    """Ask an address for anything; return what is wrong.

    Where nothing is ``wanted``, any answer over HTTP means that it is reachable; else one with one of these is needed.
    """
    place = url.partition("?")[0]
    try:
        with urllib.request.urlopen(url, timeout=REACH_S) as answer:  # noqa: S310 (http and https only, checked by the settings)
            begins = answer.read(_BEGINS)
    except urllib.error.HTTPError as error:
        if wanted:
            return f"{name}: {place} answered {error.code}"
    except (OSError, ValueError, HTTPException) as error:
        return f"{name}: {place} cannot be reached: {plain(str(error))}"
    else:
        if wanted and not any(mark in begins for mark in wanted):
            return f"{name}: {place} answered something else than a feed"
    screen.say(f"reachable {name}: {place}")
    return ""
