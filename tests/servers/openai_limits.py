"""What a chat-completions endpoint refuses: keys, models, parameters, and more than its limits."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any

from .openai_faults import Answer, error
from .openai_options import Options

_DEEPSEEK = {
    "message": "This response_format type is unavailable now",
    "type": "invalid_request_error",
    "param": None,
    "code": "invalid_request_error",
}


def refusal(options: Options, body: Mapping[str, Any], authorization: str, raw: bytes) -> Answer | None:
    """Return the error for a request that can never be answered, None for one that can."""
    if options.key is not None and authorization != f"Bearer {options.key}":
        return error(401, f"Incorrect API key provided: ***{authorization[-4:]}.", "invalid_api_key")
    model = body.get("model")
    if options.models and model not in options.models:
        message = f"The model `{model}` does not exist or you do not have access to it."
        return error(404, message, "model_not_found", param="model")
    refused = _format_refused(options, body, raw) or _parameter_refused(options, body)
    return error(400, "Bad request.", code=None) if refused and options.mute else refused


def _format_refused(options: Options, body: Mapping[str, Any], raw: bytes) -> Answer | None:
    wanted = body.get("response_format")
    form = wanted.get("type") if isinstance(wanted, dict) else None
    if form in {"json_schema", "json_object"} and form in options.refuse:
        return Answer(json.dumps({"error": dict(options.format_error or _DEEPSEEK)}).encode(), 400)
    # OpenAI and DeepSeek both: https://platform.openai.com/docs/guides/structured-outputs#json-mode.
    if form == "json_object" and b"json" not in raw.lower().replace(b"json_object", b""):
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
        return error(400, message, code=None, param="messages")
    return None


def _parameter_refused(options: Options, body: Mapping[str, Any]) -> Answer | None:
    for name in options.refuse:
        if name in body:
            advice = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
            message = f"Unsupported parameter: '{name}' is not supported with this model.{advice}"
            return error(400, message, "unsupported_parameter", param=name)
    return None


class Bucket:
    """An allowance refilled continuously up to a capacity."""

    def __init__(self, per_minute: float, capacity: float) -> None:
        self.per_minute = per_minute
        self.capacity = capacity
        self.level = capacity
        self._filled = time.monotonic()

    def wait(self, amount: float) -> float:
        """Return the seconds until ``amount`` may be taken; more than the capacity is taken for the capacity."""
        now = time.monotonic()
        self.level = min(self.capacity, self.level + (now - self._filled) * self.per_minute / 60)
        self._filled = now
        # A client that sleeps what it was told must not be a rounding error too early.
        missing = min(amount, self.capacity) - self.level
        return missing * 60 / self.per_minute if missing > 1e-6 else 0.0

    def take(self, amount: float) -> None:
        """Take ``amount``."""
        self.level = max(0.0, self.level - amount)

    @property
    def until_full(self) -> float:
        """Seconds until the bucket is full again."""
        return (self.capacity - self.level) * 60 / self.per_minute


class Limits:
    """Requests at once, requests a minute and tokens a minute."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._buckets: dict[str, Bucket] = {}
        if options.rpm:
            self._buckets["requests"] = Bucket(options.rpm, options.burst)
        if options.tpm:
            self._buckets["tokens"] = Bucket(options.tpm, options.tpm)

    def refusal(self, in_flight: int, tokens: int) -> Answer | None:
        """Return the 429 for one request too many, None, and take its allowance, where there is room."""
        at_once = self._options.concurrency
        if at_once is not None and in_flight > at_once:
            message = f"Too many concurrent requests: the limit is {at_once}."
            return error(429, message, "rate_limit_exceeded", kind="concurrency")
        amounts = {"requests": 1, "tokens": tokens}
        waits = {name: bucket.wait(amounts[name]) for name, bucket in self._buckets.items()}
        short = max(waits, key=lambda name: waits[name], default=None)
        if short and waits[short]:
            message = f"Rate limit reached for {short} per minute. Please try again in {duration(waits[short])}."
            refused = error(429, message, "rate_limit_exceeded", kind=short)
            return replace(refused, headers=dict(self._told(waits[short])) | self.headers())
        for name, bucket in self._buckets.items():
            bucket.take(amounts[name])
        return None

    def headers(self) -> dict[str, str]:
        """Return the ``x-ratelimit-*`` headers of any answer, where they are wanted."""
        if "x-ratelimit" not in self._options.headers:
            return {}
        told = {}
        for name, bucket in self._buckets.items():
            told[f"x-ratelimit-limit-{name}"] = f"{bucket.per_minute:.0f}"
            told[f"x-ratelimit-remaining-{name}"] = f"{math.floor(bucket.level)}"
            told[f"x-ratelimit-reset-{name}"] = duration(bucket.until_full)
        return told

    def _told(self, seconds: float) -> Iterator[tuple[str, str]]:
        if "retry-after-ms" in self._options.headers:
            yield "retry-after-ms", str(math.ceil(seconds * 1000))
        if "retry-after" in self._options.headers:
            yield "Retry-After", str(math.ceil(seconds))
        elif "retry-after-date" in self._options.headers:
            yield "Retry-After", formatdate(math.ceil(time.time() + seconds), usegmt=True)


def duration(seconds: float) -> str:
    """Return seconds as OpenAI writes them: ``120ms``, ``1.5s``, ``6m0s``."""
    milliseconds = math.ceil(seconds * 1000 - 1e-6)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}m{rest / 1000:g}s" if minutes else f"{rest / 1000:g}s"
