"""From the choice of a model to the model, and what is learned of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.compose.process import Runtime
from pipeline.model.budget import Budget
from pipeline.model.deferred import DeferredModel
from pipeline.model.interface import Model
from pipeline.model.limiter import MARGIN, Limiter, Patience
from pipeline.model.negotiation import Learned
from pipeline.model.prices import Tariff, is_local, price_of
from pipeline.model.replay import ReplayModel
from pipeline.model_choice import CallLimits, ModelChoice
from pipeline.store.cache import Cache

if TYPE_CHECKING:
    from pipeline.model.client import OpenAIModel
    from pipeline.model.connection import Endpoint

FAR_PROBE_S, PROBE_S = 1.0, 0.3
"""Seconds that the first call is alone at a far endpoint that was never seen before, and at any other: a refused key is
learned from one request if the refusal comes by then, also where this machine is busy."""
WITHHELD_HINT = (
    " The key was not sent, because digest.toml alone names this address; "
    "name it with --base-url or OPENAI_BASE_URL to send it."
)
NO_LIMITS, NOTHING_LEARNED = CallLimits(), Learned()


def model_for(
    choice: ModelChoice,
    runtime: Runtime,
    limits: CallLimits = NO_LIMITS,
    learned: Learned = NOTHING_LEARNED,
    budget: Budget | None = None,
) -> Model:
    """Return the model of a choice; it connects with the first ask, and begins with what is ``learned`` of it.

    Raises:
        InputError: the replay file cannot be read.
    """
    if choice.replay_file:
        return ReplayModel(choice.replay_file)

    def connect() -> OpenAIModel:
        # The client takes longer to import than a run that the cache answers.
        from pipeline.model.client import OpenAIModel, Terms  # noqa: PLC0415

        price = price_of(choice)
        patience = _patience(limits)
        tariff = Tariff(price, runtime.now) if price else None
        terms = Terms(runtime.now, learned, patience, tariff, budget, runtime.warn)
        return OpenAIModel(choice.name, _endpoint(choice, runtime), _limiter(choice, runtime, limits, learned), terms)

    return DeferredModel(choice.name, choice.host, connect, today=runtime.today)


def _endpoint(choice: ModelChoice, runtime: Runtime) -> Endpoint:
    from pipeline.model.connection import Endpoint  # noqa: PLC0415 (as the client)

    return Endpoint(
        choice.base_url,
        choice.usable_key,
        WITHHELD_HINT if choice.is_key_withheld else "",
        runtime.proxy_to(choice.base_url),
        is_bare=not choice.may_have_openai_secrets,
    )


def _limiter(choice: ModelChoice, runtime: Runtime, limits: CallLimits, learned: Learned) -> Limiter:
    probe = PROBE_S if is_local(choice.base_url) or learned.seconds else FAR_PROBE_S
    limiter = Limiter(limits.most_calls(choice), clock=runtime.clock, spread=runtime.spread, probe=probe)
    limiter.begin_with(width=learned.width, per_minute=learned.per_minute)
    limiter.limit_to(rpm=limits.rpm, tpm=limits.tpm)
    return limiter


def _patience(limits: CallLimits) -> Patience:
    if limits.is_single_try:
        return Patience(call=limits.deadline, paper=0.0, tries=1)
    return Patience(call=limits.deadline)


def learned_of(choice: ModelChoice, cache: Cache) -> Learned:
    """Return what earlier runs learned of the endpoint and model of a choice."""
    return Learned.read(cache.endpoints.learned(choice.host, choice.name))


def keep_learned(models: Iterable[Model], cache: Cache) -> None:
    """Keep what was learned of each endpoint and model that was asked."""
    for model in models:
        if isinstance(model, DeferredModel) and (learned := model.learned()):
            cache.endpoints.keep(model.endpoint, model.name, learned)


def slowed_by(models: Iterable[Model], rpm: float | None) -> str:
    """Return what makes the work slower than it could be: a limit, calls that failed; empty where nothing does."""
    wired = [model for model in models if isinstance(model, DeferredModel)]
    again = sum(model.asked_again for model in wired)
    said = [f"{again} asked again"] if again else []
    limits = [limit for model in wired if (limit := model.limit)]
    return "; ".join([*(_limit_in_words(limit, rpm) for limit in limits[:1]), *said])


def _limit_in_words(limit: float, rpm: float | None) -> str:
    is_users = rpm is not None and limit >= MARGIN * rpm
    most = f"{rpm:g} requests a minute by --rpm" if is_users else f"{limit:.0f} requests a minute by the endpoint"
    return f"limited to {most}"
