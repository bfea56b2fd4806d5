"""Answers of a chat-completions endpoint: the good one and each way to go wrong, as a table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from .openai_papers import Paper, message_json, tokens_in


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over the wire, and how."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] | None = None
    manner: Literal["whole", "reset", "silence", "drip"] = "whole"
    interval: float = 0.0
    """Seconds between two bytes of a dripping answer."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answer is made from."""

    paper: Paper
    serial: int
    model: str
    prompt_tokens: int
    cached_tokens: int
    item: Mapping[str, Any]
    """The fault's name and parameters."""

    @property
    def content(self) -> str:
        """The reply as recorded, as JSON text."""
        return json.dumps(self.paper.fields, ensure_ascii=False)


def error(
    status: int, message: str, code: str | None, *, kind: str = "invalid_request_error", param: str = ""
) -> Answer:
    """Return an error in OpenAI's form."""
    said = {"message": message, "type": kind, "param": param or None, "code": code}
    return Answer(json.dumps({"error": said}).encode(), status)


def _completion(draft: Draft, message: bytes, tokens: int, finish: str = "stop") -> Answer:
    total = draft.prompt_tokens + tokens
    return Answer(
        b'{"id":"chatcmpl-%d","object":"chat.completion","created":%d,"model":%s,"choices":[{"index":0,"message":%s,'
        b'"logprobs":null,"finish_reason":"%s"}],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
        b'"prompt_tokens_details":{"cached_tokens":%d}}}'
        % (
            *(draft.serial, time.time(), json.dumps(draft.model).encode(), message, finish.encode()),
            *(draft.prompt_tokens, tokens, total, min(draft.cached_tokens, draft.prompt_tokens)),
        )
    )


def _saying(draft: Draft, content: str, finish: str = "stop", **more: object) -> Answer:
    return _completion(draft, message_json(content, **more), tokens_in(content), finish)


def good(draft: Draft) -> Answer:
    """Return the recorded reply."""
    return _completion(draft, draft.paper.message, draft.paper.tokens)


def _altered(draft: Draft, **changes: object) -> Answer:
    completion = json.loads(good(draft).body)
    kept = {name: value for name, value in {**completion, **changes}.items() if value is not ...}
    return Answer(json.dumps(kept, ensure_ascii=False).encode())


def _status(draft: Draft) -> Answer:
    status = draft.item.get("status", 500)
    body = draft.item.get("body")
    if isinstance(body, str):
        return Answer(body.encode(), status, draft.item.get("content_type", "text/html"), draft.item.get("headers"))
    plain = error(status, f"scripted {status}", code=None, kind="server_error")
    scripted = plain.body if body is None else json.dumps(body).encode()
    return replace(plain, body=scripted, headers=draft.item.get("headers"))


def _malformed(draft: Draft) -> Answer:
    body = good(draft).body
    return Answer(body[: len(body) // 2])


def _wrong_language(draft: Draft) -> Answer:
    title, abstract = draft.paper.title, draft.paper.abstract
    first = abstract.partition(". ")[0]
    said = {"translated_title": title, "tldr": first, "tldr_en": first, "translated_abstract": abstract}
    return _saying(draft, json.dumps(said, ensure_ascii=False))


def _refusal(draft: Draft) -> Answer:
    return _completion(draft, message_json(None, refusal="I'm sorry, but I can't help with that request."), 12)


def _control_characters(draft: Draft) -> Answer:
    def broken(name: str, value: object) -> object:
        middle = len(value) // 2 if isinstance(value, str) else 0
        mark = "\ue000" if name == "translated_abstract" else "\ue001"
        return value[:middle] + mark + value[middle:] if isinstance(value, str) else value

    content = json.dumps({name: broken(name, value) for name, value in draft.paper.fields.items()}, ensure_ascii=False)
    return _saying(draft, content.replace("\ue000", "\n").replace("\ue001", "\t"))


def _reasoning(draft: Draft) -> Answer:
    thought = {draft.item.get("field", "reasoning_content"): "The reader wants the point first."}
    return _completion(draft, message_json(draft.content, **thought), draft.paper.tokens + 8)


def _drip(draft: Draft) -> Answer:
    return replace(good(draft), manner="drip", interval=draft.item.get("interval", 0.2))


_HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
_UPSTREAM = b'{"error":{"message":"Provider returned error","code":502,"metadata":{"provider_name":"Upstream"}}}'

FAULTS: dict[str, Callable[[Draft], Answer]] = {
    "ok": good,
    "status": _status,
    "server_error": lambda _: error(500, "The server had an error", code=None, kind="server_error"),
    "reset": lambda _: Answer(manner="reset"),
    "silence": lambda _: Answer(manner="silence"),
    "drip": _drip,
    "malformed": _malformed,
    "html": lambda _: Answer(_HTML, content_type="text/html"),
    "error_in_200": lambda _: Answer(_UPSTREAM),
    "no_choices": lambda draft: _altered(draft, choices=None),
    "no_usage": lambda draft: _altered(draft, usage=...),
    "wrong_language": _wrong_language,
    "content_filter": lambda draft: _saying(draft, "", "content_filter"),
    "length": lambda draft: _saying(draft, draft.content[: len(draft.content) // 2], "length"),
    "finish": lambda draft: _saying(draft, "", draft.item.get("reason", "insufficient_system_resource")),
    "empty": lambda draft: _saying(draft, ""),
    "refusal": _refusal,
    "content": lambda draft: _saying(draft, draft.item["content"]),
    "fenced": lambda draft: _saying(draft, f"```json\n{draft.content}\n```"),
    "thinking": lambda draft: _saying(draft, f"<think>\nThe reader wants {{the point}}.\n</think>\n\n{draft.content}"),
    "reasoning": _reasoning,
    "trailing": lambda draft: _saying(draft, f"{draft.content}\n\nI hope this helps!"),
    "prose": lambda draft: _saying(draft, f"Here is the summary:\n\n{draft.content}\n\nI hope this helps!"),
    "control_characters": _control_characters,
}
"""Fault name → answer. Parameters: ``status`` takes status, body, headers and content_type, ``drip`` interval,
``finish`` reason, ``content`` content, ``reasoning`` field."""
