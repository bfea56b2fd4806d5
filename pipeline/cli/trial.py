"""One short call to a model, as a run would make it, and what it showed of the endpoint."""

from __future__ import annotations

import asyncio
import importlib
import time
from dataclasses import dataclass, replace

from pipeline.cli.environment import runtime
from pipeline.compose import model_for
from pipeline.compose.models import keep_learned, learned_of
from pipeline.errors import FatalModelError
from pipeline.model.budget import Budget
from pipeline.model.interface import Ask, Model, Reply
from pipeline.model.negotiation import Learned
from pipeline.model_choice import CallLimits, ModelChoice
from pipeline.records import Paper
from pipeline.store.cache import Cache

LONGEST_S = 30.0
"""Seconds that the call may take, its lessons included; less where ``deadline`` is less."""
PAPER = Paper(
    id="2611.99000",
    title="Sorting Widgets by Weight",
    abstract="We sort widgets by weight in half the time that earlier methods take, and need no labels.",
)
"""What is asked about: invented, and as short as a paper can be."""


@dataclass(frozen=True)
class Trial:
    """A call that was answered."""

    reply: Reply
    seconds: float
    learned: Learned
    """What this call and earlier runs learned of the endpoint and model."""


def try_out(choice: ModelChoice, limits: CallLimits, ask: Ask, cache: Cache, budget: Budget | None) -> Trial:
    """Ask once, without a second try; keep what is learned as a run does, but not the reply.

    Raises:
        ModelError: there was no answer; says what to do.
    """
    once = replace(limits, is_single_try=True)
    # What it would warn of, the error says.
    silent = replace(runtime(), warn=lambda _: None)
    model = model_for(choice, silent, once, learned_of(choice, cache), budget)
    # What the first ask would import is none of the endpoint's time.
    importlib.import_module("pipeline.model.client")
    began = time.monotonic()
    try:
        reply = asyncio.run(_answer(model, ask, limits.deadline))
    finally:
        keep_learned([model], cache)
    took = time.monotonic() - began
    return Trial(reply, took, learned_of(choice, cache))


async def _answer(model: Model, ask: Ask, deadline: float) -> Reply:
    longest = min(deadline, LONGEST_S)
    try:
        async with asyncio.timeout(longest):
            return await model.ask(ask)
    except TimeoutError as error:
        raise FatalModelError(
            f"{model.endpoint} gave no whole answer within {longest:g} s",
            hint=f"Check the address; a slow model has {deadline:g} s in a run ('deadline' in digest.toml).",
        ) from error
    finally:
        await model.close()
