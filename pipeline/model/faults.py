"""What an endpoint's error means, as a table of rules and what to do."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any


class Action(Enum):
    """What to do about an error."""

    STOP = "stop the run"
    FAIL = "fail this paper"
    RETRY = "try again"
    SLOW = "slow down, then try again"
    CHANGE = "change the request"


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as an endpoint said it, over HTTP or inside a 200."""

    host: str
    status: int
    type: str = ""
    code: str = ""
    param: str = ""
    message: str = ""
    retry_after: float | None = None
    """Seconds that the endpoint asked to wait."""

    @classmethod
    def read(cls, host: str, status: int, body: object, headers: Mapping[str, str]) -> Answer:
        """Read an error body in any of the shapes that compatible endpoints use."""
        error: Any = (body.get("error") or body) if isinstance(body, dict) else body
        fields = error if isinstance(error, dict) else {"message": error}
        code = fields.get("code")
        inner = code if isinstance(code, int) and 400 <= code < 600 else None
        return cls(
            host=host,
            status=inner if status == 200 and inner else status,
            type=str(fields.get("type") or ""),
            code="" if code is None else str(code),
            param=str(fields.get("param") or ""),
            message=str(fields.get("message") or fields.get("detail") or "")[:2000],
            retry_after=retry_after(headers),
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: the answers it is about, and what to do. An empty column matches everything."""

    action: Action
    reason: str
    host: str = ""
    """Regular expression for the end of the host."""
    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    """Matched against code and type, without case."""
    text: str = ""
    """Regular expression searched in the message, without case."""

    @property
    def is_named(self) -> bool:
        """Whether a code or a word says what is wrong, not the status alone."""
        return bool(self.codes or self.text)

    def matches(self, answer: Answer) -> bool:
        """Return whether every column that is filled fits."""
        said = {answer.code.lower(), answer.type.lower()}
        return (
            (not self.host or re.search(rf"(?:{self.host})$", answer.host.lower().partition(":")[0]) is not None)
            and (not self.statuses or answer.status in self.statuses)
            and (not self.codes or not said.isdisjoint(code.lower() for code in self.codes))
            and (not self.text or re.search(self.text, answer.message, re.IGNORECASE) is not None)
        )


_DASHSCOPE = r"dashscope[a-z-]*\.aliyuncs\.com"
_ZHIPU = r"bigmodel\.cn|(?:^|\.)z\.ai"
_SERVER_ERRORS = tuple(status for status in range(500, 600) if status != 501)
_FORM = (
    r"response_format|json_schema|json_object|temperature|max_(?:completion_)?tokens|reasoning|thinking|"
    r"chat_template_kwargs|(?:unrecognized|unknown|unsupported|extra).{0,20}(?:argument|parameter|field|input)"
)
"""Words of a refusal of the form of a request, not of what it says."""

RULES = (
    # One service's own meaning before the general one.
    Rule(Action.SLOW, "rate_limited", host=_DASHSCOPE, codes=("insufficient_quota", "limit_requests", "Throttling")),
    Rule(Action.STOP, "rejected", host=_ZHIPU, codes=("1113", "1304", "1308", "1310")),
    Rule(Action.SLOW, "rate_limited", host=_ZHIPU, codes=("1302", "1303", "1305", "1312")),
    Rule(Action.FAIL, "refused", host=_ZHIPU, codes=("1301",)),
    Rule(Action.FAIL, "rejected", host=_ZHIPU, codes=("1261",)),
    # Codes that several services share.
    Rule(Action.STOP, "rejected", codes=("insufficient_quota", "billing_hard_limit_reached", "Arrearage")),
    Rule(Action.STOP, "rejected", codes=("invalid_api_key", "model_not_found", "account_deactivated")),
    Rule(Action.CHANGE, "rejected", statuses=(400, 422), codes=("unsupported_parameter", "unsupported_value")),
    Rule(Action.FAIL, "refused", codes=("content_filter", "content_policy_violation", "data_inspection_failed")),
    Rule(Action.FAIL, "rejected", codes=("context_length_exceeded", "string_above_max_length")),
    # Statuses that say enough.
    Rule(Action.STOP, "rejected", statuses=(401, 402, 403, 404)),
    Rule(Action.SLOW, "rate_limited", statuses=(429,)),
    Rule(Action.SLOW, "unavailable", statuses=(503, 529)),
    Rule(Action.RETRY, "unavailable", statuses=(408, 409, 425, *_SERVER_ERRORS)),
    # The words, last.
    Rule(Action.STOP, "rejected", statuses=(400,), text=r"arrear|overdue|insufficient.balance|欠费|余额不足"),
    Rule(Action.STOP, "rejected", statuses=(400,), text=r"api.?key|model .*(?:not exist|not found|invalid)"),
    Rule(Action.FAIL, "refused", statuses=(400,), text=r"content (?:filter|management|policy)|inappropriate|敏感|安全"),
    Rule(Action.FAIL, "rejected", statuses=(400,), text=r"context length|maximum context|too long|too many tokens"),
    Rule(Action.CHANGE, "rejected", statuses=(400, 422, 501), text=_FORM),
    # Without a word of what is wrong: an endpoint that has answered nobody may not know the form.
    Rule(Action.CHANGE, "rejected", statuses=(400, 422)),
    Rule(Action.FAIL, "rejected", statuses=tuple(range(400, 500))),
    # An error inside a 200 without a status of its own, or a status that HTTP does not know.
    Rule(Action.RETRY, "unavailable"),
)
"""First match wins. Sources: the error pages of OpenAI, Azure, DeepSeek, DashScope, Zhipu and OpenRouter."""


def judge(answer: Answer) -> Rule:
    """Return the row of the table that an error falls under."""
    return next(rule for rule in RULES if rule.matches(answer))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``retry-after-ms`` or ``Retry-After`` (seconds or HTTP date) ask for; None if neither."""
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / divisor)
        except (KeyError, ValueError):
            continue
    try:
        moment = email.utils.parsedate_to_datetime(headers["retry-after"])
        sent = email.utils.parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (moment - sent).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None
