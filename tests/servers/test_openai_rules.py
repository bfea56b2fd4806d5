"""What the loopback model server refuses, how fast it may be asked, and that its chance repeats itself."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from .openai import OpenAIServer
from .openai_limits import duration
from .openai_options import Item, Options
from .openai_sample import RECORDS, WIDGETS, ask, content


@pytest.fixture(scope="module")
def shared() -> Iterator[OpenAIServer]:
    """One server a module: starting one costs more than a test."""
    with OpenAIServer(RECORDS) as server:
        yield server


@pytest.fixture
def server(shared: OpenAIServer) -> OpenAIServer:
    """The server, as good as new."""
    shared.reset(Options())
    return shared


def test_a_script_answers_the_first_requests_before_any_rule(server: OpenAIServer) -> None:
    """Statuses, bodies and headers are free; a paper is not needed; the rules hold again afterwards."""
    body = {"error": {"code": "1113", "message": "余额不足"}}
    script: list[Item] = [
        {"fault": "status", "status": 429, "body": body, "headers": {"X-Log": "7"}},
        {"fault": "status", "status": 503, "body": "<p>busy</p>"},
        {"fault": "content", "content": "OK"},
    ]
    server.reset(Options(script=script, key="right"))
    first, second, third, last = (ask(server, "a short call") for _ in range(4))
    assert (first.status_code, first.json(), first.headers["x-log"]) == (429, body, "7")
    assert (second.status_code, second.text) == (503, "<p>busy</p>")
    assert content(third) == "OK"
    assert last.status_code == 401


@pytest.mark.parametrize(
    ("options", "body", "status", "error"),
    [
        (Options(key="sk-right"), {"key": "sk-wrong"}, 401, {"code": "invalid_api_key", "param": None}),
        (Options(key="sk-right"), {"key": "sk-right"}, 200, None),
        (Options(models=("a",)), {"model": "b"}, 404, {"code": "model_not_found", "param": "model"}),
        (Options(models=("a",)), {"model": "a"}, 200, None),
        (
            Options(refuse=("json_schema",)),
            {"response_format": {"type": "json_schema"}},
            400,
            {"message": "This response_format type is unavailable now"},
        ),
        (Options(refuse=("json_schema",)), {"response_format": {"type": "json_object"}}, 200, None),
        (
            Options(refuse=("json_object",), format_error={"code": "1210", "message": "参数有误"}),
            {"response_format": {"type": "json_object"}},
            400,
            {"code": "1210", "message": "参数有误"},
        ),
        (
            Options(),
            {"response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": WIDGETS}]},
            400,
            {"param": "messages"},
        ),
        (
            Options(refuse=("temperature",)),
            {"temperature": 0},
            400,
            {"code": "unsupported_parameter", "param": "temperature"},
        ),
        (
            Options(refuse=("max_tokens",)),
            {"max_tokens": 9},
            400,
            {"code": "unsupported_parameter", "param": "max_tokens"},
        ),
        (Options(refuse=("max_tokens",)), {"max_completion_tokens": 9}, 200, None),
    ],
)
def test_what_an_endpoint_cannot_do_is_refused_in_its_own_words(
    server: OpenAIServer, options: Options, body: Mapping[str, Any], status: int, error: Mapping[str, Any] | None
) -> None:
    """Keys, models, response formats and parameters; a refusal is no attempt at the paper."""
    server.reset(options)
    response = ask(server, **body)
    said = response.json().get("error")
    assert (response.status_code, said and {name: said[name] for name in error or ()}) == (status, error)
    assert server.log[0].attempt == (status == 200)


def test_a_format_may_be_ignored(server: OpenAIServer) -> None:
    """Some servers take any response format and answer in prose."""
    server.reset(Options(ignore_format=True))
    assert content(ask(server, response_format={"type": "json_schema"})).startswith("Here is")


@pytest.mark.parametrize(
    ("styles", "names"),
    [
        ((), set()),
        (("retry-after",), {"retry-after"}),
        (("retry-after-ms", "retry-after-date"), {"retry-after", "retry-after-ms"}),
        (("x-ratelimit",), {f"x-ratelimit-{what}-requests" for what in ("limit", "remaining", "reset")}),
    ],
)
def test_a_pace_is_refused_with_the_headers_asked_for(
    server: OpenAIServer, styles: tuple[str, ...], names: set[str]
) -> None:
    """A burst passes, the next request is a 429 and carries no other header than was asked for."""
    server.reset(Options(rpm=3, burst=2, headers=styles))
    *good, refused = (ask(server) for _ in range(3))
    assert [response.status_code for response in (*good, refused)] == [200, 200, 429]
    told = {name.lower(): value for name, value in refused.headers.items()}
    assert {name for name in told if name.startswith(("retry", "x-rate"))} == names
    assert 10_000 < int(told.get("retry-after-ms", "20000")) <= 20_000
    if "retry-after-date" in styles:
        assert parsedate_to_datetime(told["retry-after"]).timestamp() - time.time() > 0
    elif "retry-after" in styles:
        assert 10 < int(told["retry-after"]) <= 20
    assert ("x-ratelimit-remaining-requests" in good[0].headers) == ("x-ratelimit" in styles)
    assert server.stats()["refused"] == server.stats()["by_status"]["429"] == 1


def test_what_a_refusal_says_to_wait_is_enough(server: OpenAIServer) -> None:
    """A client that sleeps ``retry-after-ms`` and not longer is served."""
    server.reset(Options(rpm=1200, burst=1, headers=("retry-after-ms",)))
    for _ in range(4):
        while (response := ask(server)).status_code == 429:
            time.sleep(int(response.headers["retry-after-ms"]) / 1000)
    assert server.stats()["refused"] <= 3


def test_tokens_have_a_pace_of_their_own(server: OpenAIServer) -> None:
    """The 429 names the tokens, and so do the headers."""
    server.reset(Options(tpm=100, headers=("x-ratelimit",)))
    responses = [ask(server), ask(server)]
    assert [response.status_code for response in responses] == [200, 429]
    assert responses[1].json()["error"]["type"] == "tokens"
    assert responses[1].headers["x-ratelimit-limit-tokens"] == "100"


def test_concurrency_has_a_limit_without_headers(server: OpenAIServer) -> None:
    """Two of three at once are served; the maximum seen is counted."""
    server.reset(Options(concurrency=2, delay=0.5, headers=("retry-after",)))
    with ThreadPoolExecutor(3) as pool:
        responses = list(pool.map(lambda _: ask(server), range(3)))
    assert Counter(response.status_code for response in responses) == {200: 2, 429: 1}
    assert not any("retry-after" in response.headers for response in responses)
    assert server.stats()["concurrent_max"] == 3


@pytest.mark.parametrize(("seconds", "text"), [(0.12, "120ms"), (1, "1s"), (1.5, "1.5s"), (360, "6m0s"), (0, "0ms")])
def test_durations_are_written_as_openai_does(seconds: float, text: str) -> None:
    """The forms of the x-ratelimit-reset headers."""
    assert duration(seconds) == text


def test_chance_is_a_function_of_seed_paper_and_attempt() -> None:
    """Two runs meet the same faults and delays in the stated proportions, another seed meets others."""
    options = Options(seed=1, faults={"server_error": 0.2, "reset": 0.1}, delay=1.0, sigma=0.4)
    again = Options.from_json(options.to_json())
    asked = [(f"2404.{number:05}", attempt) for number in range(1000) for attempt in (1, 2)]
    drawn = [options.answer_to(*one)["fault"] for one in asked]
    assert drawn == [again.answer_to(*one)["fault"] for one in asked]
    assert drawn != [Options(seed=2, faults=options.faults).answer_to(*one)["fault"] for one in asked]
    assert Counter(drawn) == pytest.approx({"ok": 1400, "server_error": 400, "reset": 200}, rel=0.2)
    delays = [options.delay_of(*one) for one in asked]
    assert delays == [again.delay_of(*one) for one in asked]
    assert sum(delays) / len(delays) == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"faults": {"sulk": 0.1}}, "sulk"),
        ({"script": [{"fault": "sulk"}]}, "sulk"),
        ({"headers": ["retry-soon"]}, "retry-soon"),
        ({"faults": {"reset": 0.6, "html": 0.6}}, "more than 1"),
    ],
)
def test_a_misspelt_option_is_an_error(options: dict[str, Any], said: str) -> None:
    """A benchmark never runs with a fault that is silently not there."""
    with pytest.raises(ValueError, match=said):
        Options.from_json(json.dumps(options))
