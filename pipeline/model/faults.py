"""What an endpoint's error means, as a table of rules and what to do."""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?)(ms|[dhms])")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIX_TIME = 1e9
"""From here on a number is a moment, and from a thousandfold on in milliseconds: no limit lasts so many seconds."""


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
    """Host name, and the path of the base URL where it is known."""
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
        inner = int(str(code)) if re.fullmatch("[45][0-9]{2}", str(code)) else None
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
    """Regular expression for the end of the host, or for a part of the path."""
    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    """Matched against code and type, without case."""
    text: str = ""
    """Regular expression searched in the message, without case."""
    hint: str = ""
    """What to do, with ``{host}``, where it is more than the status says."""

    @property
    def is_named(self) -> bool:
        """Whether a code or a word says what is wrong, not the status alone."""
        return bool(self.codes or self.text)

    def matches(self, answer: Answer) -> bool:
        """Return whether every column that is filled fits."""
        said = {answer.code.lower(), answer.type.lower()}
        return (
            (not self.host or re.search(rf"(?:{self.host})(?::[0-9]+)?(?:/|$)", answer.host.lower()) is not None)
            and (not self.statuses or answer.status in self.statuses)
            and (not self.codes or not said.isdisjoint(code.lower() for code in self.codes))
            and (not self.text or re.search(self.text, answer.message, re.IGNORECASE) is not None)
        )


_DASHSCOPE = r"dashscope[a-z-]*\.aliyuncs\.com|/compatible-mode"
"""By its path as well, for relays: of a minute's limit it says word for word what OpenAI says of an empty balance."""
_SERVER_ERRORS = tuple(status for status in range(500, 600) if status != 501)
_FORM = (
    r"response_format|json_schema|json_object|temperature|max_(?:completion_)?tokens|reasoning|thinking|"
    r"chat_template_kwargs|(?:unrecognized|unknown|unsupported|extra).{0,20}(?:argument|parameter|field|input)"
)
"""Words of a refusal of the form of a request, not of what it says."""
_BROKE = r"arrear|overdue|insufficient.(?:balance|credit)|balance is insufficient|欠费|余额不足"
_TOP_UP = "Top up the balance of the account at {host}, or choose another endpoint with --base-url."
_USED_UP = "Wait until the limit of the account at {host} is renewed, or choose another endpoint with --base-url."

RULES = (
    # One service's own meaning before the general one.
    Rule(Action.SLOW, "rate_limited", host=_DASHSCOPE, codes=("insufficient_quota", "limit_requests", "Throttling")),
    Rule(
        Action.SLOW,
        "rate_limited",
        statuses=(429,),
        codes=("insufficient_quota",),
        text=r"per.?minute|requests? limit|rate.?limit|\b[rt]pm\b|allocated quota",
    ),
    # Zhipu's numbers, also behind a relay: nobody else has codes of four digits.
    Rule(Action.STOP, "rejected", codes=("1304", "1308", "1310"), hint=_USED_UP),
    Rule(Action.SLOW, "rate_limited", codes=("1302", "1303", "1305", "1312")),
    Rule(Action.FAIL, "refused", codes=("1301",)),
    Rule(Action.FAIL, "rejected", codes=("1261",)),
    # Codes that several services share.
    Rule(
        Action.STOP,
        "rejected",
        codes=("insufficient_quota", "exceeded_current_quota_error", "billing_hard_limit_reached", "Arrearage", "1113"),
        hint=_TOP_UP,
    ),
    Rule(Action.STOP, "rejected", codes=("invalid_api_key", "model_not_found", "account_deactivated")),
    Rule(Action.CHANGE, "rejected", statuses=(400, 422), codes=("unsupported_parameter", "unsupported_value")),
    Rule(Action.FAIL, "refused", codes=("content_filter", "content_policy_violation", "data_inspection_failed")),
    Rule(Action.FAIL, "rejected", codes=("context_length_exceeded", "string_above_max_length")),
    # Words that go before a status which may mean something else.
    Rule(Action.STOP, "rejected", statuses=(400, 403, 429), text=_BROKE, hint=_TOP_UP),
    Rule(Action.CHANGE, "rejected", statuses=(500, 501), text=r"response_format|json_schema"),
    # Statuses that say enough.
    Rule(Action.STOP, "rejected", statuses=(402,), hint=_TOP_UP),
    Rule(Action.STOP, "rejected", statuses=(401, 403, 404, 407)),
    Rule(Action.SLOW, "rate_limited", statuses=(429,)),
    Rule(Action.SLOW, "unavailable", statuses=(503, 529)),
    Rule(Action.RETRY, "unavailable", statuses=(408, 409, 425, *_SERVER_ERRORS)),
    # The words, last.
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
    """Return the seconds that a refusal asks to wait; None where it does not say.

    ``retry-after-ms`` goes before ``Retry-After`` (seconds or HTTP date), and that before ``x-ratelimit-reset-*``.
    """
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = number(headers.get(name, ""))
        if seconds is not None:
            return max(0.0, seconds / divisor)
    try:
        moment = email.utils.parsedate_to_datetime(headers["retry-after"])
        return max(0.0, (moment - _their_now(headers)).total_seconds())
    except (KeyError, ValueError, TypeError):
        return reset_after(headers, refused=True)


def reset_after(headers: Mapping[str, str], *, refused: bool = False) -> float | None:
    """Return the seconds until all limits are renewed of which nothing remains; None where no header says so.

    Of a refusal a limit counts too of which no header says what remains. OpenAI writes ``6m0s``, others seconds, and
    OpenRouter the Unix time in milliseconds.
    """
    waits = []
    for unit in ("", "-requests", "-tokens"):
        left = number(headers.get(f"x-ratelimit-remaining{unit}", ""))
        wait = _until(headers.get(f"x-ratelimit-reset{unit}", ""), headers)
        if wait is not None and (left == 0 or (refused and left is None)):
            waits.append(wait)
    return max(waits, default=None)


def number(text: str) -> float | None:
    """Return the finite number that a header holds; None where it is none."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _until(text: str, headers: Mapping[str, str]) -> float | None:
    """Return the seconds until a moment that is written as a duration, in seconds, or as Unix time."""
    if _DURATION.fullmatch(text):
        parts = sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))
        return parts if math.isfinite(parts) else None
    seconds = number(text)
    if seconds is None or seconds < _UNIX_TIME:
        return None if seconds is None else max(0.0, seconds)
    then = seconds / 1000 if seconds >= _UNIX_TIME * 1000 else seconds
    try:
        return max(0.0, (datetime.fromtimestamp(then, UTC) - _their_now(headers)).total_seconds())
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _their_now(headers: Mapping[str, str]) -> datetime:
    """Return the time of day by the endpoint's own clock, where it says it.

    Raises:
        ValueError: what it says is no date.
    """
    return email.utils.parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
