"""What the loopback model server answers: the recorded reply, each fault, and its own account of both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from .openai import OpenAIServer, spawn
from .openai_faults import FAULTS
from .openai_options import Options
from .openai_sample import LATEX, RECORDS, WELL, WIDGETS, ask, content, fault


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


def test_a_good_reply_is_a_whole_completion_with_the_record_as_it_is(server: OpenAIServer) -> None:
    """Null stays null, ``en_tldr`` goes out as ``tldr_en``, the model is echoed and the usage adds up."""
    completion = ask(server).json()
    assert json.loads(completion["choices"][0]["message"]["content"]) == WELL
    assert completion["choices"][0]["finish_reason"] == "stop"
    assert completion["model"] == "some-model"
    usage = completion["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 20
    assert usage["prompt_tokens_details"] == {"cached_tokens": 0}


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        (f"# Paper\n\n{WIDGETS}", "2404.02059"),
        (f"<paper>\n{WIDGETS}\n</paper>\nNow answer.", "2404.02059"),
        ([{"type": "text", "text": "Translate"}, {"type": "text", "text": WIDGETS}], "2404.02059"),
        (json.dumps({"title": "A Bound", "abstract": LATEX}), "math/0309136"),
        (json.dumps({"title": "Fast Widgets for All.", "abstract": WIDGETS}), "2404.02059"),
        (f"A Bound\n{LATEX}", "math/0309136"),
        (f"Copy\n{LATEX}", "2404.00001"),
        ("Short\n\nTiny.", "2404.00002"),
        ("nothing of it", None),
    ],
)
def test_the_paper_is_found_whatever_the_prompt_around_it(
    server: OpenAIServer, text: object, paper: str | None
) -> None:
    """Title and abstract anywhere in a user message, plain, in parts or JSON-escaped, name the paper."""
    ask(server, text)
    assert server.log[0].paper == paper


def test_asking_again_is_the_same_paper_and_the_next_attempt(server: OpenAIServer) -> None:
    """The first user message that names a paper counts, whatever follows it."""
    again = [
        {"role": "user", "content": WIDGETS},
        {"role": "assistant", "content": "{}"},
        {"role": "user", "content": "Short: Tiny. No, again, with all keys."},
    ]
    ask(server)
    ask(server, messages=again)
    assert [(call.paper, call.attempt) for call in server.log] == [("2404.02059", 1), ("2404.02059", 2)]


def test_an_unknown_paper_is_refused_and_counted(server: OpenAIServer) -> None:
    """No reply is ever made up."""
    response = ask(server, "a paper of nobody")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "no_reply"
    assert server.stats()["unmatched"] == 1


SHAPES: dict[str, Callable[[httpx2.Response], object]] = {
    "server_error": lambda r: (r.status_code, r.json()["error"]["type"]) == (500, "server_error"),
    "html": lambda r: r.status_code == 200 and r.headers["content-type"].startswith("text/html"),
    "error_in_200": lambda r: r.status_code == 200 and r.json()["error"]["code"] == 502,
    "no_choices": lambda r: r.json()["choices"] is None and r.json()["usage"],
    "no_usage": lambda r: "usage" not in r.json() and json.loads(content(r)) == WELL,
    "wrong_language": lambda r: json.loads(content(r))["translated_title"] == "Fast Widgets for All.",
    "content_filter": lambda r: r.json()["choices"][0]["finish_reason"] == "content_filter",
    "length": lambda r: r.json()["choices"][0]["finish_reason"] == "length" and not content(r).endswith("}"),
    "finish": lambda r: r.json()["choices"][0]["finish_reason"] == "insufficient_system_resource",
    "empty": lambda r: content(r) == "",
    "refusal": lambda r: r.json()["choices"][0]["message"]["refusal"].startswith("I'm sorry"),
    "fenced": lambda r: content(r).startswith("```json\n{") and content(r).endswith("}\n```"),
    "thinking": lambda r: json.loads(content(r).partition("</think>")[2]) == WELL,
    "reasoning": lambda r: r.json()["choices"][0]["message"]["reasoning_content"] and json.loads(content(r)) == WELL,
    "trailing": lambda r: content(r).startswith("{") and not content(r).endswith("}"),
    "prose": lambda r: not content(r).startswith("{") and not content(r).endswith("}"),
    "control_characters": lambda r: {"\n", "\t"} < set(content(r)) and json.loads(content(r), strict=False),
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_fault_has_its_shape_once_and_then_the_reply_is_good(server: OpenAIServer, name: str) -> None:
    """A scripted fault spoils the attempt it is for and no other, and the log names it."""
    server.reset(fault(name))
    assert SHAPES[name](ask(server))
    assert json.loads(content(ask(server))) == WELL
    assert [call.fault for call in server.log] == [name, None]


def test_malformed_is_half_a_body_with_status_200(server: OpenAIServer) -> None:
    """What a proxy that gave up leaves behind."""
    server.reset(fault("malformed"))
    response = ask(server)
    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


@pytest.mark.parametrize(
    ("name", "raised"), [("reset", httpx2.ReadError), ("silence", httpx2.ReadTimeout), ("drip", httpx2.ReadTimeout)]
)
def test_an_answer_that_never_comes_whole_is_logged_as_unanswered(
    server: OpenAIServer, name: str, raised: type[Exception]
) -> None:
    """A reset, a silence and a drip end in the client's own error, and free their place at once."""
    server.reset(Options(by_paper={"*": [{"fault": name, "interval": 0.7}]}, concurrency=1))
    with pytest.raises(raised):
        ask(server, timeout=0.3)
    deadline = time.monotonic() + 5
    while ask(server).status_code == 429 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (server.log[0].status, server.log[0].sent, server.log[-1].status) == (None, None, 200)
    assert server.stats()["unanswered"] == 1


def test_a_drip_comes_a_byte_at_a_time(server: OpenAIServer) -> None:
    """No single read is slow: only a deadline around the whole call ends it."""
    server.reset(fault("drip", interval=0.01))
    with httpx2.stream(
        "POST",
        f"{server.base_url}/chat/completions",
        json={"messages": [{"role": "user", "content": WIDGETS}]},
    ) as response:
        began = time.monotonic()
        some = [chunk for chunk, _ in zip(response.iter_raw(), range(10), strict=False)]
    assert b'{"id":"chatcmpl'.startswith(b"".join(some)[:15])
    assert time.monotonic() - began > 0.05


def test_every_fault_is_tested_here() -> None:
    """The table of faults and these tests stay together."""
    assert FAULTS.keys() == SHAPES.keys() | {"ok", "status", "reset", "silence", "drip", "malformed", "content"}


def test_its_own_process_serves_and_tells_what_was_asked(tmp_path: Path) -> None:
    """Options reach it, the log is free of keys and messages, the counts are right, a reset forgets."""
    replies = tmp_path / "replies.jsonl"
    replies.write_text("".join(json.dumps(record) + "\n" for record in RECORDS), encoding="utf-8")
    with spawn(replies, Options(models=("m",), cached_tokens=7)) as url:
        root = url.removesuffix("/v1")
        began = time.time()
        assert (
            ask(url, key="sk-secret", model="m", seed=3).json()["usage"]["prompt_tokens_details"]["cached_tokens"] == 7
        )
        (call,) = httpx2.get(f"{root}/_log").json()
        assert began <= call.pop("arrived") <= call.pop("sent") <= time.time()
        request = {"model": "m", "seed": 3}
        of_paper = {"paper": "2404.02059", "attempt": 1, "fault": None, "status": 200}
        assert call == {"authorization": "cret", "request": request, **of_paper}
        assert "messages" in httpx2.get(f"{root}/_log", params={"messages": "1"}).json()[0]["request"]
        stats = httpx2.get(f"{root}/_stats").json()
        assert (stats["requests"], stats["ok"], stats["by_status"], stats["concurrent_max"]) == (1, 1, {"200": 1}, 1)
        httpx2.post(f"{root}/_reset", content=Options(models=("other",)).to_json())
        assert [model["id"] for model in httpx2.get(f"{url}/models").json()["data"]] == ["other"]
        assert httpx2.get(f"{root}/_log").json() == []
        assert httpx2.get(f"{root}/nowhere").status_code == 404
