"""How an endpoint wants to be asked, learned from its own refusals, not guessed from names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.endpoints import Mode, Preset
from pipeline.model.error_rules import Action, ErrorResponse, Rule, judge
from pipeline.model.interface import Ask, Reply

_NEXT_MODE: dict[Mode, Mode] = {"json_schema": "json_object", "json_object": "text"}
_TOO_LONG_TOGETHER = "in the completion"
"""Words of a refusal of a prompt that would fit without the cap on its reply."""
_NEXT_CAP = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


class Learned(BaseModel):
    """What was learned of one endpoint and model, as it is kept from run to run."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mode: Mode | None = None
    dropped: tuple[str, ...] = ()
    """Parameters that are refused."""
    thinking: int = 0
    """How many ways to stop it from thinking were refused."""
    width: float | None = None
    """Calls in flight that held."""
    per_minute: float | None = None
    """Requests a minute that held."""
    seconds: float | None = None
    """Mean time of an answer."""
    shutdown: date | None = None
    """First day on which the model answers no more; None where the endpoint names none."""
    looked_up: date | None = None
    """Day on which the endpoint was asked for that."""

    @classmethod
    def read(cls, kept: str | None) -> Learned:
        """Return what an earlier run kept; nothing where that cannot be read."""
        try:
            return cls.model_validate_json(kept or "{}")
        except ValidationError:
            return cls()


class _Form(NamedTuple):
    """What guesses change of a request."""

    mode: Mode
    thinking: int


@dataclass(slots=True)
class Capabilities:
    """How to put a request to one endpoint and model."""

    preset: Preset
    mode: Mode
    cap: str
    """Name of the parameter that caps a completion; empty where none is taken."""
    thinking: int = 0
    dropped: set[str] = field(default_factory=set)
    settled: bool = False
    """Whether the endpoint has answered, or guessing was in vain: then a refusal without a word of the form is of what
    the request says."""
    lessons: int = 0
    """Counts what was learned; a request that left before the last lesson is not evidence for another."""
    _before_guesses: _Form | None = None

    @classmethod
    def of(cls, preset: Preset, learned: Learned) -> Capabilities:
        """Begin with what the table says of the service and what earlier runs learned of it."""
        caps = [name for name in (preset.cap, _NEXT_CAP[preset.cap]) if name not in learned.dropped]
        known = cls(preset, learned.mode or preset.mode, next(iter(caps), ""), learned.thinking, set(learned.dropped))
        known.settled = learned.seconds is not None
        return known

    @property
    def proven(self) -> bool:
        """Whether the service is known, or has answered in some form: then any number of calls may try the next one."""
        return self.settled or bool(self.preset.name)

    def learned(self) -> Learned:
        """Return what is to be kept for the next run: nothing that is only guessed."""
        form = self._before_guesses or self._form
        return Learned(mode=form.mode, dropped=tuple(sorted(self.dropped)), thinking=form.thinking)

    def answered(self, *, is_old: bool = False) -> None:
        """Note that the endpoint answered: what was guessed is known from now on.

        ``is_old`` says that the request left before the last lesson: if that was a guess, it was wrong.
        """
        if is_old:
            self._take_back()
        self.settled, self._before_guesses = True, None

    def body(self, model: str, ask: Ask, *, plain: bool = False) -> dict[str, Any]:
        """Return the request body for ``ask`` in the form that the endpoint takes; ``plain`` has only what all take."""
        body: dict[str, Any] = {"model": model, "messages": [message.as_json() for message in ask.messages]}
        if plain:
            return body
        if ask.temperature is not None and "temperature" not in self.dropped:
            body["temperature"] = ask.temperature
        if self.cap:
            body[self.cap] = ask.most_tokens
        if self.mode == "json_schema":
            shape = {"name": "summary", "strict": True, "schema": ask.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif self.mode == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body | dict(self._without_thinking())

    def learn(self, answer: ErrorResponse, *, guess: bool = False) -> bool:
        """Change the form of requests after a refusal; return whether asking again makes sense.

        ``guess`` says that the refusal names nothing of the form, so that it can only be found by leaving out one part
        after another.
        """
        words = answer.param or answer.message
        understood = self._drop_thinking(words) or self._drop_parameter(words) or self._loosen(words, answer.message)
        if not understood and guess and not self.settled:
            understood = self._guess()
        self.lessons += understood
        return understood

    @property
    def _form(self) -> _Form:
        return _Form(self.mode, self.thinking)

    def _guess(self) -> bool:
        """Leave out what fewest endpoints know; where nothing is left to leave out, go back and guess no more."""
        self._before_guesses = self._before_guesses or self._form
        if self._without_thinking():
            self.thinking = len(self.preset.without_thinking)
        elif self.mode in _NEXT_MODE:
            self.mode = _NEXT_MODE[self.mode]
        else:
            self.answered(is_old=True)
            return False
        return True

    def _take_back(self) -> None:
        """Undo guesses; those that are refused in a guessed form are asked once more as they were before."""
        if self._before_guesses:
            self.mode, self.thinking = self._before_guesses
            self.lessons += 1

    def _without_thinking(self) -> dict[str, Any]:
        ways = self.preset.without_thinking
        return dict(ways[self.thinking]) if self.thinking < len(ways) else {}

    def _drop_thinking(self, words: str) -> bool:
        if not any(name in words for name in self._without_thinking()):
            return False
        self.thinking += 1
        return True

    def _drop_parameter(self, words: str) -> bool:
        if "temperature" in words and "temperature" not in self.dropped:
            self.dropped.add("temperature")
            return True
        if self.cap and (self.cap in words or _TOO_LONG_TOGETHER in words):
            self.dropped.add(self.cap)
            other = _NEXT_CAP[self.cap]
            self.cap = "" if other in self.dropped else other
            return True
        return False

    def _loosen(self, words: str, message: str) -> bool:
        about_form = "response_format" in words or "json" in message.lower()
        if not about_form or self.mode not in _NEXT_MODE:
            return False
        self.mode = _NEXT_MODE[self.mode]
        return True


Send = Callable[[dict[str, Any]], Awaitable[Reply | ErrorResponse]]
"""Sends one request body and gives what comes back."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that no other form of the request would mend."""

    answer: ErrorResponse
    rule: Rule
    is_old: bool
    """Whether the form was changed while the request was under way."""
    took: float
    """Seconds until it came."""


class Negotiator:
    """Finds the form of request that one endpoint and model take; each lesson costs one request.

    While no reply has proven a form, one call at a time tries it; the others leave in the plainest form, or wait where
    that would leave out what was asked for.
    """

    def __init__(
        self, model: str, capabilities: Capabilities, *, check: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        """``check`` raises where nothing may be sent any more; ``clock`` is monotonic."""
        self.capabilities = capabilities
        self._model = model
        self._check = check
        self._clock = clock
        self._trying = asyncio.Lock()
        """Held by the one call that tries a form which no reply has proven."""

    async def exchange(
        self, ask: Ask, send: Send, *, may_be_plain: bool, on_change: Callable[[float], None]
    ) -> Reply | Refusal:
        """Send an ask in the form that the endpoint takes, again where a refusal changed the form.

        ``on_change`` is told the seconds that such a refusal took.
        """
        may_be_plain = may_be_plain and ask.temperature is None
        while not self.capabilities.proven:
            if self._trying.locked() and may_be_plain:
                return await self._send(ask, send, on_change, plain=True)
            async with self._trying:
                # While this call waited, the one before it may have ended the run.
                self._check()
                if not self.capabilities.proven:
                    return await self._send(ask, send, on_change)
        return await self._send(ask, send, on_change)

    async def _send(
        self, ask: Ask, send: Send, on_change: Callable[[float], None], *, plain: bool = False
    ) -> Reply | Refusal:
        known = self.capabilities
        while True:
            lessons, began = known.lessons, self._clock()
            answer = await send(known.body(self._model, ask, plain=plain))
            took = self._clock() - began
            # What left before the last lesson, or in the plainest form, is not evidence for another lesson.
            is_old = lessons < known.lessons and not plain
            if isinstance(answer, Reply):
                if not plain:
                    known.answered(is_old=is_old)
                return answer
            rule = judge(answer)
            may_learn = rule.action is Action.CHANGE and not is_old and not plain
            if not (may_learn and known.learn(answer, guess=not rule.is_named)):
                return Refusal(answer, rule, is_old, took)
            on_change(took)
