"""The table of errors: what an endpoint's words mean, and every row of it met by an example."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.faults import RULES, Action, Answer, judge, reset_after, retry_after

OPENAI, AZURE, ROUTER = "api.openai.com", "my.openai.azure.com", "openrouter.ai"
DASHSCOPE, ABROAD = "dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"
ZHIPU, ZAI, DEEPSEEK, LOCAL = "open.bigmodel.cn", "api.z.ai", "api.deepseek.com", "127.0.0.1:8000"

STOP, FAIL, RETRY, SLOW, CHANGE = Action.STOP, Action.FAIL, Action.RETRY, Action.SLOW, Action.CHANGE
FACTS: list[tuple[Answer, Action, str]] = [
    # A service that means something of its own by a code.
    (
        Answer(DASHSCOPE, 429, code="insufficient_quota", message="You exceeded your current quota."),
        SLOW,
        "rate_limited",
    ),
    (Answer(ABROAD, 429, type="insufficient_quota", code="limit_requests"), SLOW, "rate_limited"),
    (Answer(DASHSCOPE, 429, code="Throttling", message="Requests throttling triggered."), SLOW, "rate_limited"),
    (Answer(DASHSCOPE, 429, code="Throttling.RateQuota"), SLOW, "rate_limited"),
    (Answer(DASHSCOPE, 400, code="Arrearage", message="Access denied."), STOP, "rejected"),
    (Answer(DASHSCOPE, 400, code="data_inspection_failed"), FAIL, "refused"),
    *((Answer(ZHIPU, 429, code=code), STOP, "rejected") for code in ("1113", "1304", "1308", "1310")),
    *((Answer(ZHIPU, 429, code=code), SLOW, "rate_limited") for code in ("1302", "1303", "1305", "1312")),
    (Answer(ZAI, 429, code="1113", message="Insufficient balance."), STOP, "rejected"),
    (Answer("z.ai", 429, code="1302"), SLOW, "rate_limited"),
    (Answer(ZHIPU, 400, code="1301", message="系统检测到输入或生成内容可能包含不安全或敏感内容"), FAIL, "refused"),
    (Answer(ZHIPU, 400, code="1261", message="Prompt 超长"), FAIL, "rejected"),
    # The same behind a relay, which keeps the code or the path and not the host.
    *((Answer(LOCAL, 429, code=code), STOP, "rejected") for code in ("1113", "1304", "1308", "1310")),
    (Answer(LOCAL, 429, code="1302"), SLOW, "rate_limited"),
    (Answer(LOCAL, 400, code="1301"), FAIL, "refused"),
    (Answer(LOCAL, 500, code="1261"), FAIL, "rejected"),
    (Answer("relay.example/compatible-mode", 429, code="insufficient_quota", message="Quota."), SLOW, "rate_limited"),
    *(
        (Answer(LOCAL, 429, code="insufficient_quota", message=words), SLOW, "rate_limited")
        for words in ("Allocated quota exceeded.", "Requests rate limit exceeded", "TPM limit reached", "5 per minute")
    ),
    # Codes that several services share.
    (Answer(OPENAI, 429, type="insufficient_quota", code="insufficient_quota"), STOP, "rejected"),
    (Answer(OPENAI, 429, type="insufficient_quota"), STOP, "rejected"),
    (Answer("api.moonshot.cn", 429, type="exceeded_current_quota_error"), STOP, "rejected"),
    (Answer(OPENAI, 400, code="billing_hard_limit_reached"), STOP, "rejected"),
    (Answer(OPENAI, 400, code="invalid_api_key"), STOP, "rejected"),
    (Answer(OPENAI, 400, code="model_not_found"), STOP, "rejected"),
    (Answer(OPENAI, 400, code="unsupported_parameter", param="temperature"), CHANGE, "rejected"),
    (Answer(OPENAI, 400, code="unsupported_value", param="temperature"), CHANGE, "rejected"),
    (Answer(AZURE, 400, code="content_filter"), FAIL, "refused"),
    (Answer(OPENAI, 400, code="content_policy_violation"), FAIL, "refused"),
    (Answer(OPENAI, 400, code="context_length_exceeded"), FAIL, "rejected"),
    (Answer(OPENAI, 400, code="string_above_max_length"), FAIL, "rejected"),
    # Statuses that say enough.
    *((Answer(LOCAL, status), STOP, "rejected") for status in (401, 402, 403, 404, 407)),
    (Answer(DEEPSEEK, 402, message="Insufficient Balance"), STOP, "rejected"),
    (Answer(OPENAI, 404, code="model_not_found", param="model"), STOP, "rejected"),
    (Answer(OPENAI, 429, type="requests", code="rate_limit_exceeded"), SLOW, "rate_limited"),
    (Answer(LOCAL, 429), SLOW, "rate_limited"),
    *((Answer(LOCAL, status), SLOW, "unavailable") for status in (503, 529)),
    *((Answer(LOCAL, status), RETRY, "unavailable") for status in (408, 409, 425, 500, 502, 504, 520, 599)),
    # The words, last.
    (Answer(LOCAL, 400, message="账户已欠费"), STOP, "rejected"),
    (Answer(LOCAL, 429, message="余额不足或无可用资源包,请充值。"), STOP, "rejected"),
    (Answer(LOCAL, 429, message="Insufficient balance."), STOP, "rejected"),
    (Answer(LOCAL, 403, code="30001", message="Sorry, your account balance is insufficient"), STOP, "rejected"),
    (Answer(LOCAL, 400, message="Your account is in arrears"), STOP, "rejected"),
    (Answer(LOCAL, 400, message="余额不足"), STOP, "rejected"),
    (Answer(LOCAL, 400, message="API key not valid. Please pass a valid API key."), STOP, "rejected"),
    (Answer(DEEPSEEK, 400, message="Model Not Exist"), STOP, "rejected"),
    (Answer(AZURE, 400, message="triggering Azure OpenAI's content management policy"), FAIL, "refused"),
    (Answer(LOCAL, 400, message="Input data may contain inappropriate content."), FAIL, "refused"),
    (Answer(LOCAL, 400, message="内容敏感"), FAIL, "refused"),
    (Answer(LOCAL, 400, message="This model's maximum context length is 4096 tokens."), FAIL, "rejected"),
    (Answer(DEEPSEEK, 400, message="This response_format type is unavailable now"), CHANGE, "rejected"),
    (Answer(LOCAL, 422, message="json_schema: extra fields not permitted"), CHANGE, "rejected"),
    (Answer(LOCAL, 501, message="json_object is not implemented"), CHANGE, "rejected"),
    (Answer(LOCAL, 500, message="response_format is not supported"), CHANGE, "rejected"),
    (Answer(LOCAL, 501, message="json_schema is not implemented"), CHANGE, "rejected"),
    (Answer(LOCAL, 400, message="temperature must be 1"), CHANGE, "rejected"),
    (Answer(LOCAL, 400, message="messages: too few"), CHANGE, "rejected"),
    (Answer(LOCAL, 422), CHANGE, "rejected"),
    (Answer(LOCAL, 413, message="Request Entity Too Large"), FAIL, "rejected"),
    (Answer(LOCAL, 451), FAIL, "rejected"),
    # An error inside a 200, and statuses of nobody.
    (Answer(ROUTER, 200, message="Provider returned error"), RETRY, "unavailable"),
    (Answer(LOCAL, 304), RETRY, "unavailable"),
    (Answer(LOCAL, 666), RETRY, "unavailable"),
]


@pytest.mark.parametrize(("answer", "action", "reason"), FACTS)
def test_what_an_error_means(answer: Answer, action: Action, reason: str) -> None:
    """Host, status, code and words decide, in this order of certainty."""
    rule = judge(answer)
    assert (rule.action, rule.reason) == (action, reason)


def test_every_row_of_the_table_is_met_by_an_example() -> None:
    """A row that no known error falls under would be a guess."""
    met = [judge(answer) for answer, _, _ in FACTS]
    assert [rule for rule in RULES if rule not in met] == []


def test_every_code_and_status_of_a_row_is_met_by_that_row() -> None:
    """No row stands in the shadow of another one for any of its own codes or statuses."""
    for rule in RULES:
        host = DASHSCOPE if rule.host else LOCAL
        for code in rule.codes:
            status = (rule.statuses or (400,))[0]
            message = "per minute" if rule.text else ""
            assert judge(Answer(host, status, code=code, message=message)) is rule
            assert judge(Answer(host, status, type=code.upper(), message=message)) is rule


@pytest.mark.parametrize(
    ("host", "status", "code", "action"),
    [
        ("dashscope.aliyuncs.com:443/compatible-mode/v1", 429, "insufficient_quota", SLOW),
        ("relay.example:8443/compatible-mode/v1", 429, "insufficient_quota", SLOW),
        ("relay.example/compatible-modes/v1", 429, "insufficient_quota", STOP),
        ("dashscope.aliyuncs.com.example/v1", 429, "insufficient_quota", STOP),
        ("dashscope.aliyuncs.com:443", 429, "insufficient_quota", SLOW),
        ("DashScope.aliyuncs.com", 429, "insufficient_quota", SLOW),
    ],
)
def test_a_service_is_known_by_its_name_however_it_is_written(
    host: str, status: int, code: str, action: Action
) -> None:
    """A port or a capital letter in the address changes nothing of what the service means."""
    assert judge(Answer(host, status, code=code)).action is action


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            400,
            {"error": {"message": "No.", "type": "invalid_request_error", "param": "temperature", "code": "x"}},
            Answer("h", 400, type="invalid_request_error", code="x", param="temperature", message="No."),
        ),
        (
            400,
            {"message": "No.", "type": "BadRequestError", "param": None, "code": 400},
            Answer("h", 400, type="BadRequestError", code="400", message="No."),
        ),
        (404, {"error": "model 'm' not found"}, Answer("h", 404, message="model 'm' not found")),
        (500, "<html>Bad Gateway</html>", Answer("h", 500, message="<html>Bad Gateway</html>")),
        (500, {"error": None}, Answer("h", 500)),
        (500, None, Answer("h", 500)),
        (500, ["x"], Answer("h", 500, message="['x']")),
        (429, {"error": {"code": "1113", "message": "余额不足"}}, Answer("h", 429, code="1113", message="余额不足")),
        (200, {"error": {"code": 502, "message": "Upstream"}}, Answer("h", 502, code="502", message="Upstream")),
        (200, {"error": {"code": "402", "message": "Empty"}}, Answer("h", 402, code="402", message="Empty")),
        (200, {"error": {"code": "1113"}}, Answer("h", 200, code="1113")),
        (200, {"error": {"code": "server_error"}}, Answer("h", 200, code="server_error")),
        (200, {"error": {"code": 7}}, Answer("h", 200, code="7")),
        (400, {"error": {"code": 502}}, Answer("h", 400, code="502")),
        (400, {"error": {"message": "m" * 5000}}, Answer("h", 400, message="m" * 2000)),
    ],
)
def test_an_error_is_read_in_any_of_its_shapes(status: int, body: Any, expected: Answer) -> None:
    """OpenAI's, vLLM's, Ollama's, a page of a proxy, and an error inside a 200 that carries a status."""
    assert Answer.read("h", status, body, {}) == expected


NOW = datetime(2026, 4, 27, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=9), usegmt=True), "date": format_datetime(NOW)}, 9.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=9), usegmt=True), "date": format_datetime(NOW)}, 0.0),
        ({"retry-after": format_datetime(NOW, usegmt=True), "date": "yesterday"}, None),
        ({"retry-after": "Mon, 27 Apr 2026 12:00:00", "date": format_datetime(NOW)}, None),
        ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, 0.0),
    ],
)
def test_how_long_an_endpoint_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds before seconds before a date, which is counted from the endpoint's own clock."""
    assert retry_after(headers) == seconds


UNIX = NOW.timestamp()


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("0m5.1s", 5.1),
        ("1d", 86400.0),
        ("59.7", 59.7),
        ("0", 0.0),
        ("-5", 0.0),
        (f"{UNIX + 7:.0f}", 7.0),
        (f"{UNIX * 1000 + 7250:.0f}", 7.25),
        (f"{UNIX - 7:.0f}", 0.0),
        ("9" * 400 + "s", None),
        ("9" * 30, None),
        ("soon", None),
        ("1 s", None),
        ("5x", None),
        ("", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_when_a_limit_is_renewed(reset: str, seconds: float | None) -> None:
    """A duration, seconds, or Unix time in seconds or milliseconds, counted from the endpoint's own clock."""
    headers = {"x-ratelimit-reset-requests": reset, "date": format_datetime(NOW)}
    assert retry_after(headers) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("limits", "refused", "answered"),
    [
        ({"reset-requests": "1s", "reset-tokens": "9s"}, 9.0, None),
        ({"reset-requests": "1s", "reset-tokens": "9s", "remaining-tokens": "7"}, 1.0, None),
        ({"reset-requests": "1s", "reset-tokens": "9s", "remaining-requests": "0"}, 9.0, 1.0),
        ({"reset": "4s", "remaining": "0"}, 4.0, 4.0),
        ({"reset": "4s", "remaining": "1"}, None, None),
        ({"remaining": "0"}, None, None),
    ],
)
def test_what_remains_of_a_limit_says_whether_it_is_waited_for(
    limits: dict[str, str], refused: float | None, answered: float | None
) -> None:
    """A refusal waits for what it does not say to remain; an answer holds back only where nothing does."""
    headers = {f"x-ratelimit-{name}": value for name, value in limits.items()}
    assert (retry_after(headers), reset_after(headers)) == (refused, answered)


def test_retry_after_goes_before_the_reset_of_a_limit() -> None:
    """It says when to come again; a limit may be renewed as a whole long after that."""
    assert retry_after({"retry-after": "2", "x-ratelimit-reset-requests": "6m0s"}) == 2


@pytest.mark.parametrize("clock", ["yesterday", "Mon, 27 Apr 2026 12:00:00"])
def test_a_moment_by_a_clock_that_nobody_can_read_is_none(clock: str) -> None:
    """It is not counted from ours, which may be another time."""
    assert retry_after({"x-ratelimit-reset": f"{UNIX:.0f}", "date": clock}) is None


def test_a_date_without_the_endpoints_clock_is_counted_from_ours() -> None:
    """The answer's own date is optional."""
    moment = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert retry_after({"retry-after": moment}) == pytest.approx(3600, abs=60)


WRITTEN = st.text() | st.from_regex(r"[0-9]{1,400}(?:\.[0-9]*)?(?:ms|[smhd])?", fullmatch=True)


@given(WRITTEN, WRITTEN, st.text(), WRITTEN)
def test_no_header_breaks_it(seconds: str, milliseconds: str, date: str, reset: str) -> None:
    """Whatever an endpoint writes, the answer is none or a time that is not negative and not endless."""
    told = retry_after(
        {"retry-after": seconds, "retry-after-ms": milliseconds, "date": date, "x-ratelimit-reset": reset}
    )
    assert told is None or 0 <= told < math.inf


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "code", "type", "message", "x"]), inner, max_size=4)
        ),
    ),
    st.integers(min_value=100, max_value=999),
)
def test_every_error_falls_under_a_row(body: Any, status: int) -> None:
    """Whatever stands in an error's body, it is read and judged."""
    assert judge(Answer.read("h", status, body, {})) in RULES
