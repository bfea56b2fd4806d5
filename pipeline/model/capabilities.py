"""How an endpoint wants to be asked, learned from its own refusals, not guessed from names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.endpoints import Mode, Preset
from pipeline.model.faults import Answer
from pipeline.model.wire import Ask

_NEXT_MODE: dict[Mode, Mode] = {"json_schema": "json_object", "json_object": "text"}
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

    @classmethod
    def read(cls, kept: str | None) -> Learned:
        """Return what an earlier run kept; nothing where that cannot be read."""
        try:
            return cls.model_validate_json(kept or "{}")
        except ValidationError:
            return cls()


@dataclass(slots=True)
class Capabilities:
    """How to put a request to one endpoint and model."""

    preset: Preset
    mode: Mode
    cap: str
    """Name of the parameter that caps a completion; empty where none is taken."""
    thinking: int = 0
    dropped: set[str] = field(default_factory=set)
    lessons: int = 0
    """Counts what was learned; a request that left before the last lesson is not evidence for another."""

    @classmethod
    def of(cls, preset: Preset, learned: Learned) -> Capabilities:
        """Begin with what the table says of the service and what earlier runs learned of it."""
        caps = [name for name in (preset.cap, _NEXT_CAP[preset.cap]) if name not in learned.dropped]
        return cls(preset, learned.mode or preset.mode, next(iter(caps), ""), learned.thinking, set(learned.dropped))

    def learned(self) -> Learned:
        """Return what is to be kept for the next run."""
        return Learned(mode=self.mode, dropped=tuple(sorted(self.dropped)), thinking=self.thinking)

    def body(self, model: str, ask: Ask, *, most_tokens: int | None) -> dict[str, Any]:
        """Return the request body for ``ask`` in the form that the endpoint takes."""
        body: dict[str, Any] = {"model": model, "messages": [message.as_json() for message in ask.messages]}
        if ask.temperature is not None and "temperature" not in self.dropped:
            body["temperature"] = ask.temperature
        if most_tokens is not None and self.cap:
            body[self.cap] = most_tokens
        if self.mode == "json_schema":
            shape = {"name": "summary", "strict": True, "schema": ask.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif self.mode == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body | dict(self._without_thinking())

    def learn(self, answer: Answer, *, lessons_then: int) -> bool:
        """Change the form of requests after a refusal; return whether asking again makes sense.

        ``lessons_then`` is the count of lessons when the refused request left.
        """
        if lessons_then < self.lessons:
            return True
        words = answer.param or answer.message
        understood = self._drop_thinking(words) or self._drop_parameter(words) or self._loosen(words, answer.message)
        self.lessons += understood
        return understood

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
        if self.cap and self.cap in words:
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
