"""What an endpoint's error means, as a table of rules and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pipeline.model.rate_headers import duration

_WAIT = re.compile(r"(?:try|retry) again (?:in|after) ((?:[0-9]+(?:\.[0-9]+)?(?:ms|[dhms]))+)(?![a-z])", re.IGNORECASE)


class Action(Enum):
    """What to do about an error."""

    STOP = "stop the run"
    FAIL = "fail this paper"
    RETRY = "try again"
    SLOW = "slow down, then try again"
    CHANGE = "change the request"


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error as an endpoint said it, over HTTP or inside a 200; the opposite of a reply."""

    host: str
    """Host name, and the path of the base URL where it is known."""
    status: int
    type: str = ""
    code: str = ""
    param: str = ""
    message: str = ""
    retry_after: float | None = None
    """Seconds that the endpoint asked to wait, by a header or else in words."""

    @classmethod
    def read(cls, host: str, status: int, body: object, retry_after: float | None = None) -> ErrorResponse:
        """Read an error body in any of the shapes that compatible endpoints use; ``retry_after`` is of its headers."""
        error: Any = (body.get("error") or body) if isinstance(body, dict) else body
        fields = error if isinstance(error, dict) else {"message": error}
        code = fields.get("code")
        inner = int(str(code)) if re.fullmatch("[45][0-9]{2}", str(code)) else None
        message = str(fields.get("message") or fields.get("detail") or "")[:2000]
        wait = _WAIT.search(message)
        return cls(
            host=host,
            status=inner if status == 200 and inner else status,
            type=str(fields.get("type") or ""),
            code="" if code is None else str(code),
            param=str(fields.get("param") or ""),
            message=message,
            retry_after=duration(wait[1].lower()) if wait and retry_after is None else retry_after,
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
    tries: int | None = None
    """Requests for one ask at most, where fewer make sense than usual."""

    @property
    def is_named(self) -> bool:
        """Whether a code or a word says what is wrong, not the status alone."""
        return bool(self.codes or self.text)

    def matches(self, answer: ErrorResponse) -> bool:
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
_KEY = "Check the key that is sent to {host}."
_MOVED = "Give the address that it names with --base-url, if you trust it."
_NONSENSE_TRIES = 2

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
    # What litellm's proxy says of a key that is not its own, having no database of others.
    Rule(Action.STOP, "rejected", codes=("no_db_connection",), hint=_KEY),
    Rule(Action.STOP, "rejected", text=r"no connected db", hint=_KEY),
    Rule(Action.CHANGE, "rejected", statuses=(400, 422), codes=("unsupported_parameter", "unsupported_value")),
    Rule(Action.FAIL, "refused", codes=("content_filter", "content_policy_violation", "data_inspection_failed")),
    Rule(Action.FAIL, "rejected", codes=("context_length_exceeded", "string_above_max_length")),
    # The prompt fits, but not together with the cap on the reply: vLLM's words.
    Rule(
        Action.CHANGE,
        "rejected",
        statuses=(400,),
        text=r"max_(?:completion_)?tokens['\"]? is too large|in the completion",
    ),
    Rule(Action.FAIL, "rejected", codes=("exceed_context_size_error",)),
    # Words that go before a status which may mean something else.
    Rule(Action.STOP, "rejected", statuses=(400, 403, 429), text=_BROKE, hint=_TOP_UP),
    Rule(Action.CHANGE, "rejected", statuses=(500, 501), text=r"response_format|json_schema"),
    # llama.cpp says so of a reply that its own grammar cannot read: another may be better, a third hardly.
    Rule(Action.RETRY, "not_json", statuses=(500,), text=r"peg-native|does not match the expected", tries=2),
    # Statuses that say enough.
    Rule(Action.STOP, "rejected", statuses=(402,), hint=_TOP_UP),
    Rule(Action.STOP, "rejected", statuses=(401, 403, 404, 407)),
    Rule(Action.STOP, "rejected", statuses=(301, 302, 303, 307, 308), hint=_MOVED),
    Rule(Action.SLOW, "rate_limited", statuses=(429,)),
    Rule(Action.SLOW, "unavailable", statuses=(503, 529)),
    Rule(Action.RETRY, "unavailable", statuses=(408, 409, 425, *_SERVER_ERRORS)),
    # The words, last.
    Rule(
        Action.STOP,
        "rejected",
        statuses=(400,),
        text=r"api.?key|invalid model name|model .*(?:not exist|not found|invalid)",
    ),
    Rule(Action.FAIL, "refused", statuses=(400,), text=r"content (?:filter|management|policy)|inappropriate|敏感|安全"),
    Rule(
        Action.FAIL,
        "rejected",
        statuses=(400,),
        text=r"context (?:length|size)|maximum context|too long|too many tokens",
    ),
    Rule(Action.CHANGE, "rejected", statuses=(400, 422, 501), text=_FORM),
    # Without a word of what is wrong: an endpoint that has answered nobody may not know the form.
    Rule(Action.CHANGE, "rejected", statuses=(400, 422)),
    Rule(Action.FAIL, "rejected", statuses=tuple(range(400, 500))),
    # An error inside a 200 without a status of its own, or a status that HTTP does not know.
    Rule(Action.RETRY, "unavailable", tries=_NONSENSE_TRIES),
)
"""First match wins. Sources: the error pages of OpenAI, Azure, DeepSeek, DashScope, Zhipu and OpenRouter."""

NONSENSE = RULES[-1]
"""For an answer that is neither a completion nor an error: the same again tells no more than twice does."""


def judge(answer: ErrorResponse) -> Rule:
    """Return the row of the table that an error falls under."""
    return next(rule for rule in RULES if rule.matches(answer))
