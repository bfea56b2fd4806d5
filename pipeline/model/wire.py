"""What is asked of a language model and what it answers, whichever wire carries it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pipeline.errors import FatalModelError
from pipeline.records import Usage

Role = Literal["system", "user", "assistant"]

UNANSWERED = frozenset({"timeout", "unavailable", "rate_limited"})
"""Reasons that say something of the endpoint, not of the paper."""


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
    again: bool = False
    """Whether an earlier reply about the same paper was refused; not part of what is asked."""

    def key(self, model: str) -> str:
        """Return the sha256, hexadecimal, of everything asked and of nothing else: the cache key of a first ask."""
        asked = {
            "messages": [message.as_json() for message in self.messages],
            "model": model,
            "sampling": {} if self.temperature is None else {"temperature": self.temperature},
            "schema": self.schema,
        }
        canonical = json.dumps(asked, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion: the words, why they ended, and what they cost."""

    text: str
    finish: str = "stop"
    """``finish_reason`` as the endpoint gave it; ``refusal`` where the message carried one."""
    usage: Usage | None = None


@dataclass(slots=True)
class Meter:
    """What has been sent and used so far; counted on the one event loop thread."""

    requests: int = 0
    """Requests sent, retries included."""
    retries: int = 0
    """Requests beyond the first about the same paper."""
    counted: int = 0
    """Replies whose tokens the endpoint counted."""
    uncounted: int = 0
    """Replies that came without a count of tokens."""
    tokens: Usage = field(default_factory=Usage)
    dollars: float = 0.0
    """What the counted replies cost, each at the time at which it came; 0 without a price."""
    price: Callable[[Usage], float] | None = field(default=None, repr=False, compare=False)
    """US dollars for a reply that comes now."""
    in_flight: int = 0
    """Requests that wait for their answer now."""

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Count one request, and that it is in flight until it is answered."""
        self.requests += 1
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    def count(self, usage: Usage | None) -> None:
        """Count the tokens of one reply; None where the endpoint did not say."""
        if usage and self.price:
            self.dollars += self.price(usage)
        self.counted += usage is not None
        self.uncounted += usage is None
        self.tokens += usage or Usage()

    def since(self, then: Meter) -> Meter:
        """Return what was added after ``then``."""
        tokens = Usage(
            prompt=self.tokens.prompt - then.tokens.prompt,
            completion=self.tokens.completion - then.tokens.completion,
            cached=self.tokens.cached - then.tokens.cached,
        )
        return Meter(
            self.requests - then.requests,
            self.retries - then.retries,
            self.counted - then.counted,
            self.uncounted - then.uncounted,
            tokens,
            self.dollars - then.dollars,
        )


class Model(Protocol):
    """Something that answers asks: an endpoint over HTTP, or a file of replies."""

    name: str
    """Recorded with each summary and part of the cache key."""
    endpoint: str
    """Host of the endpoint."""

    @property
    def meter(self) -> Meter:
        """What has been sent and used so far."""

    def cost_usd(self, used: Meter) -> float | None:
        """Return US dollars for what was used; None where the price or the count is not known."""

    async def ask(self, ask: Ask) -> Reply:
        """Answer one ask.

        Raises:
            FatalModelError: no further ask can succeed.
            CallError: this ask failed for good.
        """

    def stop(self, error: FatalModelError) -> None:
        """Send nothing more: whoever waits gets ``error``, and what is in flight may finish."""

    async def close(self) -> None:
        """Give back connections."""
