"""The table of errors: what an endpoint's words mean, and every row of it met by an example."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.error_rules import RULES, Action, ErrorResponse, judge

OPENAI, AZURE, ROUTER = "api.openai.com", "my.openai.azure.com", "openrouter.ai"
DASHSCOPE, ABROAD = "dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"
ZHIPU, ZAI, DEEPSEEK, LOCAL = "open.bigmodel.cn", "api.z.ai", "api.deepseek.com", "127.0.0.1:8000"

STOP, FAIL, RETRY, SLOW, CHANGE = Action.STOP, Action.FAIL, Action.RETRY, Action.SLOW, Action.CHANGE
FACTS: list[tuple[ErrorResponse, Action, str]] = [
    # A service that means something of its own by a code.
    (
        ErrorResponse(DASHSCOPE, 429, code="insufficient_quota", message="You exceeded your current quota."),
        SLOW,
        "rate_limited",
    ),
    (ErrorResponse(ABROAD, 429, type="insufficient_quota", code="limit_requests"), SLOW, "rate_limited"),
    (ErrorResponse(DASHSCOPE, 429, code="Throttling", message="Requests throttling triggered."), SLOW, "rate_limited"),
    (ErrorResponse(DASHSCOPE, 429, code="Throttling.RateQuota"), SLOW, "rate_limited"),
    (ErrorResponse(DASHSCOPE, 400, code="Arrearage", message="Access denied."), STOP, "rejected"),
    (ErrorResponse(DASHSCOPE, 400, code="data_inspection_failed"), FAIL, "refused"),
    *((ErrorResponse(ZHIPU, 429, code=code), STOP, "rejected") for code in ("1113", "1304", "1308", "1310")),
    *((ErrorResponse(ZHIPU, 429, code=code), SLOW, "rate_limited") for code in ("1302", "1303", "1305", "1312")),
    (ErrorResponse(ZAI, 429, code="1113", message="Insufficient balance."), STOP, "rejected"),
    (ErrorResponse("z.ai", 429, code="1302"), SLOW, "rate_limited"),
    (
        ErrorResponse(ZHIPU, 400, code="1301", message="系统检测到输入或生成内容可能包含不安全或敏感内容"),
        FAIL,
        "refused",
    ),
    (ErrorResponse(ZHIPU, 400, code="1261", message="Prompt 超长"), FAIL, "rejected"),
    # The same behind a relay, which keeps the code or the path and not the host.
    *((ErrorResponse(LOCAL, 429, code=code), STOP, "rejected") for code in ("1113", "1304", "1308", "1310")),
    (ErrorResponse(LOCAL, 429, code="1302"), SLOW, "rate_limited"),
    (ErrorResponse(LOCAL, 400, code="1301"), FAIL, "refused"),
    (ErrorResponse(LOCAL, 500, code="1261"), FAIL, "rejected"),
    (
        ErrorResponse("relay.example/compatible-mode", 429, code="insufficient_quota", message="Quota."),
        SLOW,
        "rate_limited",
    ),
    *(
        (ErrorResponse(LOCAL, 429, code="insufficient_quota", message=words), SLOW, "rate_limited")
        for words in ("Allocated quota exceeded.", "Requests rate limit exceeded", "TPM limit reached", "5 per minute")
    ),
    # Codes that several services share.
    (ErrorResponse(OPENAI, 429, type="insufficient_quota", code="insufficient_quota"), STOP, "rejected"),
    (ErrorResponse(OPENAI, 429, type="insufficient_quota"), STOP, "rejected"),
    (ErrorResponse("api.moonshot.cn", 429, type="exceeded_current_quota_error"), STOP, "rejected"),
    (ErrorResponse(OPENAI, 400, code="billing_hard_limit_reached"), STOP, "rejected"),
    (ErrorResponse(OPENAI, 400, code="invalid_api_key"), STOP, "rejected"),
    (ErrorResponse(OPENAI, 400, code="model_not_found"), STOP, "rejected"),
    (ErrorResponse(OPENAI, 400, code="unsupported_parameter", param="temperature"), CHANGE, "rejected"),
    (ErrorResponse(OPENAI, 400, code="unsupported_value", param="temperature"), CHANGE, "rejected"),
    (ErrorResponse(AZURE, 400, code="content_filter"), FAIL, "refused"),
    (ErrorResponse(OPENAI, 400, code="content_policy_violation"), FAIL, "refused"),
    (ErrorResponse(OPENAI, 400, code="context_length_exceeded"), FAIL, "rejected"),
    (ErrorResponse(OPENAI, 400, code="string_above_max_length"), FAIL, "rejected"),
    # Statuses that say enough.
    *((ErrorResponse(LOCAL, status), STOP, "rejected") for status in (401, 402, 403, 404, 407)),
    (ErrorResponse(DEEPSEEK, 402, message="Insufficient Balance"), STOP, "rejected"),
    (ErrorResponse(OPENAI, 404, code="model_not_found", param="model"), STOP, "rejected"),
    (ErrorResponse(OPENAI, 429, type="requests", code="rate_limit_exceeded"), SLOW, "rate_limited"),
    (ErrorResponse(LOCAL, 429), SLOW, "rate_limited"),
    *((ErrorResponse(LOCAL, status), SLOW, "unavailable") for status in (503, 529)),
    *((ErrorResponse(LOCAL, status), RETRY, "unavailable") for status in (408, 409, 425, 500, 502, 504, 520, 599)),
    # The words, last.
    (ErrorResponse(LOCAL, 400, message="账户已欠费"), STOP, "rejected"),
    (ErrorResponse(LOCAL, 429, message="余额不足或无可用资源包,请充值。"), STOP, "rejected"),
    (ErrorResponse(LOCAL, 429, message="Insufficient balance."), STOP, "rejected"),
    (ErrorResponse(LOCAL, 403, code="30001", message="Sorry, your account balance is insufficient"), STOP, "rejected"),
    (ErrorResponse(LOCAL, 400, message="Your account is in arrears"), STOP, "rejected"),
    (ErrorResponse(LOCAL, 400, message="余额不足"), STOP, "rejected"),
    (ErrorResponse(LOCAL, 400, message="API key not valid. Please pass a valid API key."), STOP, "rejected"),
    (ErrorResponse(DEEPSEEK, 400, message="Model Not Exist"), STOP, "rejected"),
    (ErrorResponse(AZURE, 400, message="triggering Azure OpenAI's content management policy"), FAIL, "refused"),
    (ErrorResponse(LOCAL, 400, message="Input data may contain inappropriate content."), FAIL, "refused"),
    (ErrorResponse(LOCAL, 400, message="内容敏感"), FAIL, "refused"),
    (ErrorResponse(LOCAL, 400, message="This model's maximum context length is 4096 tokens."), FAIL, "rejected"),
    (ErrorResponse(DEEPSEEK, 400, message="This response_format type is unavailable now"), CHANGE, "rejected"),
    (ErrorResponse(LOCAL, 422, message="json_schema: extra fields not permitted"), CHANGE, "rejected"),
    (ErrorResponse(LOCAL, 501, message="json_object is not implemented"), CHANGE, "rejected"),
    (ErrorResponse(LOCAL, 500, message="response_format is not supported"), CHANGE, "rejected"),
    (ErrorResponse(LOCAL, 501, message="json_schema is not implemented"), CHANGE, "rejected"),
    (ErrorResponse(LOCAL, 400, message="temperature must be 1"), CHANGE, "rejected"),
    (ErrorResponse(LOCAL, 400, message="messages: too few"), CHANGE, "rejected"),
    (ErrorResponse(LOCAL, 422), CHANGE, "rejected"),
    (ErrorResponse(LOCAL, 413, message="Request Entity Too Large"), FAIL, "rejected"),
    (ErrorResponse(LOCAL, 451), FAIL, "rejected"),
    # litellm's proxy and llama.cpp's server.
    (
        ErrorResponse(LOCAL, 400, message="Invalid model name passed in model=gpt-x. Call `/v1/models`"),
        STOP,
        "rejected",
    ),
    (ErrorResponse(LOCAL, 400, type="no_db_connection", message="No connected db."), STOP, "rejected"),
    (ErrorResponse(LOCAL, 500, message="Authentication Error, No connected db."), STOP, "rejected"),
    (ErrorResponse(LOCAL, 400, type="exceed_context_size_error", message="the request exceeds it"), FAIL, "rejected"),
    (
        ErrorResponse(LOCAL, 400, message="request exceeds the available context size (512)"),
        FAIL,
        "rejected",
    ),
    (ErrorResponse(LOCAL, 500, message="output does not match the expected peg-native format"), RETRY, "not_json"),
    # A cap on the reply that leaves no room for the prompt, as vLLM says it.
    (
        ErrorResponse(LOCAL, 400, message="'max_tokens' is too large: 5000. The maximum is 4096"),
        CHANGE,
        "rejected",
    ),
    (
        ErrorResponse(LOCAL, 400, message="maximum context length: 900 in the messages, 5000 in the completion"),
        CHANGE,
        "rejected",
    ),
    *(
        (ErrorResponse(LOCAL, status, message="moved to https://x.example/"), STOP, "rejected")
        for status in (301, 302, 307, 308)
    ),
    # An error inside a 200, and statuses of nobody.
    (ErrorResponse(ROUTER, 200, message="Provider returned error"), RETRY, "unavailable"),
    (ErrorResponse(LOCAL, 304), RETRY, "unavailable"),
    (ErrorResponse(LOCAL, 666), RETRY, "unavailable"),
]


@pytest.mark.parametrize(("answer", "action", "reason"), FACTS)
def test_what_an_error_means(answer: ErrorResponse, action: Action, reason: str) -> None:
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
            assert judge(ErrorResponse(host, status, code=code, message=message)) is rule
            assert judge(ErrorResponse(host, status, type=code.upper(), message=message)) is rule


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
    assert judge(ErrorResponse(host, status, code=code)).action is action


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            400,
            {"error": {"message": "No.", "type": "invalid_request_error", "param": "temperature", "code": "x"}},
            ErrorResponse("h", 400, type="invalid_request_error", code="x", param="temperature", message="No."),
        ),
        (
            400,
            {"message": "No.", "type": "BadRequestError", "param": None, "code": 400},
            ErrorResponse("h", 400, type="BadRequestError", code="400", message="No."),
        ),
        (404, {"error": "model 'm' not found"}, ErrorResponse("h", 404, message="model 'm' not found")),
        (500, "<html>Bad Gateway</html>", ErrorResponse("h", 500, message="<html>Bad Gateway</html>")),
        (500, {"error": None}, ErrorResponse("h", 500)),
        (500, None, ErrorResponse("h", 500)),
        (500, ["x"], ErrorResponse("h", 500, message="['x']")),
        (
            429,
            {"error": {"code": "1113", "message": "余额不足"}},
            ErrorResponse("h", 429, code="1113", message="余额不足"),
        ),
        (200, {"error": {"code": 502, "message": "Upstream"}}, ErrorResponse("h", 502, code="502", message="Upstream")),
        (200, {"error": {"code": "402", "message": "Empty"}}, ErrorResponse("h", 402, code="402", message="Empty")),
        (200, {"error": {"code": "1113"}}, ErrorResponse("h", 200, code="1113")),
        (200, {"error": {"code": "server_error"}}, ErrorResponse("h", 200, code="server_error")),
        (200, {"error": {"code": 7}}, ErrorResponse("h", 200, code="7")),
        (400, {"error": {"code": 502}}, ErrorResponse("h", 400, code="502")),
        (400, {"error": {"message": "m" * 5000}}, ErrorResponse("h", 400, message="m" * 2000)),
    ],
)
def test_an_error_is_read_in_any_of_its_shapes(status: int, body: Any, expected: ErrorResponse) -> None:
    """OpenAI's, vLLM's, Ollama's, a page of a proxy, and an error inside a 200 that carries a status."""
    assert ErrorResponse.read("h", status, body) == expected


@pytest.mark.parametrize(
    ("message", "header", "seconds"),
    [
        ("Rate limit reached. Please try again in 437ms. Visit us.", None, 0.437),
        ("Limit 3, Used 3. Please try again in 1.2s.", None, 1.2),
        ("Please try again in 6m0s", None, 360.0),
        ("Please try again in 20s.", 2.0, 2.0),
        ("Please try again in a while", None, None),
        ("try again in 5 minutes", None, None),
        ("Try again in 3sheep", None, None),
    ],
)
def test_a_time_to_wait_may_stand_in_the_words(message: str, header: float | None, seconds: float | None) -> None:
    """As OpenAI writes it, and relays that keep its words but not its headers; a header goes before."""
    assert ErrorResponse.read("h", 429, {"error": {"message": message}}, header).retry_after == seconds


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
    assert judge(ErrorResponse.read("h", status, body)) in RULES
