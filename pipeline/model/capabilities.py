"""What an endpoint can do, learned from its own refusals, not guessed from names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.model.faults import Answer
from pipeline.model.wire import Ask

MODES = ("json_schema", "json_object", "text")
"""Ways to ask for a JSON object, the strictest first."""
_DROPPABLE = ("temperature",)


@dataclass(slots=True)
class Capabilities:
    """How to put a request to one endpoint and model."""

    mode: str = MODES[0]
    dropped: set[str] = field(default_factory=set)
    """Parameters that the model refuses."""
    lessons: int = 0
    """Counts what was learned; a request that left before the last lesson is not evidence for another."""

    def body(self, model: str, ask: Ask) -> dict[str, Any]:
        """Return the request body for ``ask`` in the form that the endpoint takes."""
        body: dict[str, Any] = {"model": model, "messages": [message.as_json() for message in ask.messages]}
        if ask.temperature is not None and "temperature" not in self.dropped:
            body["temperature"] = ask.temperature
        if self.mode == "json_schema":
            shape = {"name": "summary", "strict": True, "schema": ask.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif self.mode == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def learn(self, answer: Answer, *, lessons_then: int) -> bool:
        """Change the form of requests after a refusal; return whether asking again makes sense.

        ``lessons_then`` is the count of lessons when the refused request left.
        """
        if lessons_then < self.lessons:
            return True
        words = f"{answer.param} {answer.message}".lower()
        for name in _DROPPABLE:
            if name in words and name not in self.dropped:
                self.dropped.add(name)
                self.lessons += 1
                return True
        if self.mode != MODES[-1] and ("response_format" in words or "json" in words):
            self.mode = MODES[MODES.index(self.mode) + 1]
            self.lessons += 1
            return True
        return False
