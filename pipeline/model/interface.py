"""What is asked of a language model and what it answers, whichever wire carries it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pipeline.errors import FatalModelError
from pipeline.records import NOTHING_ASKED, Account, Usage

Role = Literal["system", "user", "assistant"]

UNANSWERED = frozenset({"timeout", "unavailable", "rate_limited"})
"""Reasons that say something of the endpoint, not of the paper."""
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
"""Made once: `json.dumps` would make one for each key."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str

    def as_json(self) -> dict[str, str]:
        """Return the message as the chat completions API takes it."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class Ask:
    """A question about one paper."""

    paper_id: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    """JSON Schema of the object that is to be answered."""
    temperature: float | None = None
    most_tokens: int = 4096
    """Cap on the completion, where the endpoint takes one; not part of what is asked."""

    def key(self, model: str) -> str:
        """Return the sha256, hexadecimal, of everything asked and of nothing else: the cache key of a first ask."""
        asked = {
            "messages": [message.as_json() for message in self.messages],
            "model": model,
            "sampling": {} if self.temperature is None else {"temperature": self.temperature},
            "schema": self.schema,
        }
        return hashlib.sha256(_CANONICAL.encode(asked).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion: the words, why they ended, and what asking for them took."""

    text: str
    finish: str = "stop"
    """``finish_reason`` as the endpoint gave it; ``refusal`` where the message carried one."""
    usage: Usage | None = None
    """Tokens of this completion; None where the endpoint did not count them."""
    account: Account = NOTHING_ASKED
    """Every request of the ask together."""


class Model(Protocol):
    """Something that answers asks: an endpoint over HTTP, or a file of replies."""

    name: str
    """Recorded with each summary and part of the cache key."""
    endpoint: str
    """Host of the endpoint."""

    @property
    def in_flight(self) -> int:
        """Requests that wait for their answer now."""

    async def ask(self, ask: Ask) -> Reply:
        """Answer one ask; the reply, or the error, carries what it took.

        Raises:
            FatalModelError: no further ask can succeed.
            CallError: this ask failed for good.
        """

    def stop(self, error: FatalModelError) -> None:
        """Send nothing more: whoever waits gets ``error``, and what is in flight may finish."""

    async def close(self) -> None:
        """Give back connections."""
