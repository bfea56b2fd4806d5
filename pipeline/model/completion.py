"""Read a chat completion, whatever shape a compatible endpoint gave it."""

from __future__ import annotations

from typing import Any

from pipeline.model.interface import Reply
from pipeline.records import Usage
from pipeline.text import without_surrogates

_MOST_TOKENS = 1_000_000_000
"""No completion has more: a count beyond it is nonsense that no sum, price or database need hold."""


def read_completion(body: object) -> Reply | None:
    """Return the first choice of a chat completion.

    None where there is no choice, or where the endpoint says that it broke off for a reason of its own.
    """
    try:
        choice = body["choices"][0]  # type: ignore[index]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    finish = str(choice.get("finish_reason") or "stop")
    if finish in {"insufficient_system_resource", "error"}:
        return None
    usage = read_usage(body)
    if refusal and not content:
        return Reply(text=without_surrogates(str(refusal)), finish="refusal", usage=usage)
    return Reply(text=without_surrogates(_text(content)), finish=finish, usage=usage)


def read_usage(body: Any) -> Usage | None:
    """Return the tokens that an endpoint counted, made to agree with each other; None where it counted none.

    A prompt of no tokens is none: taken at its word it would be free.
    """
    counted = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(counted, dict):
        return None
    details = counted.get("prompt_tokens_details")
    prompt, completion = _count(counted.get("prompt_tokens")), _count(counted.get("completion_tokens"))
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return Usage(prompt=prompt, completion=completion, cached=min(cached, prompt)) if prompt else None


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _count(value: object) -> int:
    return min(value, _MOST_TOKENS) if isinstance(value, int) and value > 0 else 0
