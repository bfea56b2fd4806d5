"""Endpoints as the command line meets them: presets, keys, fallback, what is learned, and when a run gives up."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .fork_server import CHECKOUT
from .program import RECORDS, Program, ids, lines, record

REFUSED: dict[str, list[dict[str, Any]]] = {
    "content filter in the reply": [{"fault": "content_filter"}] * 3,
    "content filter as an error": [
        {"fault": "status", "status": 400, "body": {"error": {"code": "content_filter", "message": "filtered"}}}
    ],
    "wrong language": [{"fault": "wrong_language"}] * 3,
}
FALLBACK = '[[fallback]]\nmodel = "second"\n'
CONTEXT_400 = {"error": {"code": "context_length_exceeded", "message": "too long"}}


@pytest.fixture
def second() -> Iterator[OpenAIServer]:
    """Another loopback model, at an address of its own."""
    with OpenAIServer(RECORDS) as server:
        yield server


@pytest.fixture
def sixty(wired: Program) -> Program:
    """The wired program with sixty papers in a file."""
    wired.write("sixty.jsonl", lines(RECORDS))
    return wired


def models_asked(server: OpenAIServer) -> list[str]:
    """Return the model of each request."""
    return [call.request["model"] for call in server.log]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("openai", "https://api.openai.com/v1"),
        ("deepseek", "https://api.deepseek.com"),
        ("dashscope", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        ("zhipu", "https://open.bigmodel.cn/api/paas/v4"),
        ("moonshot", "https://api.moonshot.cn/v1"),
        ("siliconflow", "https://api.siliconflow.cn/v1"),
        ("openrouter", "https://openrouter.ai/api/v1"),
        ("ollama", "http://localhost:11434/v1"),
        ("vllm", "http://localhost:8000/v1"),
        ("llama.cpp", "http://localhost:8080/v1"),
        ("lmstudio", "http://localhost:1234/v1"),
    ],
)
def test_the_name_of_a_preset_stands_for_its_address(cli: Program, name: str, address: str) -> None:
    """As ``doctor`` shows it."""
    ran = cli("doctor", "--offline", "--base-url", name, "--model", "m")
    assert ran.stdout.splitlines()[0] == f"model     m at {address}"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("deepsek", "'deepsek' is neither an http or https address nor a known service (openai, deepseek,"),
        ("azure", "'azure' has no fixed address: give your own resource's URL"),
    ],
)
def test_a_name_without_an_address_is_refused(wired: Program, name: str, complaint: str) -> None:
    """Exit 2, nothing written."""
    ran = wired("run", "--input", "two.jsonl", "--base-url", name)
    assert (ran.code, wired.made()) == (2, {})
    assert complaint in ran.stderr


def test_a_services_key_goes_to_nobody_else(wired: Program, endpoint: OpenAIServer) -> None:
    """No key of a service reaches a loopback address; OPENAI_API_KEY does, where the user named the address."""
    keys = {f"{name}_API_KEY": f"sk-{name}" for name in ("DEEPSEEK", "DASHSCOPE", "ZHIPUAI", "OPENROUTER", "MOONSHOT")}
    assert wired("run", "--input", "two.jsonl", **keys).code == 0
    assert [call.authorization for call in endpoint.log] == [None, None]
    assert wired("run", "--input", "two.jsonl", "--refresh", **keys, OPENAI_API_KEY="sk-mine").code == 0
    assert [call.authorization for call in endpoint.log[2:]] == ["mine", "mine"]


def test_a_fallback_that_the_file_alone_names_gets_no_key(
    wired: Program, endpoint: OpenAIServer, second: OpenAIServer
) -> None:
    """The user named the first address, and only that one; a digest.toml from elsewhere must not carry the key off."""
    wired.write("digest.toml", f'{FALLBACK}base_url = "{second.base_url}"\n')
    endpoint.reset(Options(by_paper={"*": REFUSED["wrong language"]}))
    assert wired("run", "--input", "two.jsonl", OPENAI_API_KEY="sk-mine").code == 0
    assert {call.authorization for call in endpoint.log} == {"mine"}
    assert [call.authorization for call in second.log] == [None, None]


@pytest.mark.parametrize("told", REFUSED.values(), ids=REFUSED.keys())
def test_a_fallback_answers_for_papers_that_the_first_model_refuses(
    wired: Program, endpoint: OpenAIServer, second: OpenAIServer, told: list[Any]
) -> None:
    """Only those go to it; each summary names the model that made it, and the second run asks nobody."""
    wired.write("digest.toml", f'{FALLBACK}base_url = "{second.base_url}"\n')
    endpoint.reset(Options(by_paper={"2604.00003": told, "2604.00007": told}))
    first = wired("run", "--input", "ten.jsonl", "--model", "first")
    assert (first.code, len(second.log)) == (0, 2)
    assert models_asked(second) == ["second", "second"]
    assert set(models_asked(endpoint)) == {"first"}
    day = wired.run_report()["date"]
    made = wired.made()[f"papers/{day}.json"]
    assert _makers(made) == {name: "second" if name in {"2604.00003", "2604.00007"} else "first" for name in _ten()}
    assert wired.run_report()["requests"] == len(endpoint.log) + len(second.log)
    endpoint.reset()
    second.reset()
    assert wired("run", "--input", "ten.jsonl", "--model", "first").code == 0
    assert (endpoint.log, second.log, wired.run_report()["cached"]) == ([], [], 10)
    assert wired.made()[f"papers/{day}.json"] == made


def test_a_fallback_without_an_address_is_another_model_at_the_same_one(wired: Program, endpoint: OpenAIServer) -> None:
    """What it fails as well fails with its reason."""
    wired.write("digest.toml", FALLBACK)
    bad = [*REFUSED["wrong language"], {"fault": "status", "status": 400, "body": CONTEXT_400}]
    endpoint.reset(Options(by_paper={"2604.00001": REFUSED["wrong language"], "2604.00002": bad}))
    ran = wired("run", "--input", "two.jsonl", "--model", "first")
    (failed,) = wired.run_report()["failed"]
    assert (ran.code, failed["id"], failed["reason"]) == (3, "2604.00002", "rejected")
    assert sorted(models_asked(endpoint)) == ["first"] * 6 + ["second"] * 2


@pytest.mark.parametrize("status", [401, 500], ids=["a refused key", "nothing but errors"])
def test_a_fallback_takes_over_from_an_endpoint_that_serves_nobody(
    wired: Program, endpoint: OpenAIServer, second: OpenAIServer, status: int
) -> None:
    """Said in one warning; every paper has a summary, and a final refusal still costs one request."""
    wired.write("digest.toml", f'{FALLBACK}base_url = "{second.base_url}"\n')
    refusal = {"fault": "status", "status": status, "body": {"error": {"code": "no", "message": "not for you"}}}
    endpoint.reset(Options(script=[refusal] * 100))
    ran = wired("run", "--input", "ten.jsonl", "--model", "first")
    assert (ran.code, len(second.log), wired.run_report()["failed"]) == (0, 10, [])
    assert ran.stderr.count("the fallback is asked instead") == 1
    assert status != 401 or len(endpoint.log) == 1


def test_an_endpoint_that_fails_everything_ends_the_run(wired: Program) -> None:
    """One paper's tries are enough where none was answered: exit 1 within seconds, one line that says so."""
    many = [record(number) for number in range(1, 301)]
    wired.write("many.jsonl", lines(many))
    with OpenAIServer(many, Options(faults={"server_error": 1.0})) as broken:
        began = time.monotonic()
        ran = wired("run", "--input", "many.jsonl", "--json", OPENAI_BASE_URL=broken.base_url)
        took = time.monotonic() - began
    host = broken.base_url.removeprefix("http://").removesuffix("/v1")
    assert (ran.code, wired.made()) == (1, {})
    assert took < 20
    assert {one["reason"] for one in json.loads(ran.stdout)["failed"]} == {"stopped"}
    assert ran.stderr.count(f"arxiv-digest: {host} answered 500 server_error") == 1
    assert len(ran.stderr.splitlines()) < 6


def test_an_endpoint_that_breaks_down_halfway_ends_the_run(wired: Program) -> None:
    """Twenty papers in a row without an answer are enough: exit 3, those before are kept, the rest stopped."""
    many = [record(number) for number in range(1, 301)]
    wired.write("many.jsonl", lines(many))
    with OpenAIServer(many, Options(script=[{"fault": "ok"}] * 30 + [{"fault": "server_error"}] * 3000)) as broken:
        ran = wired("run", "--input", "many.jsonl", "--json", OPENAI_BASE_URL=broken.base_url)
    host = broken.base_url.removeprefix("http://").removesuffix("/v1")
    report = json.loads(ran.stdout)
    assert (ran.code, report["summarized"]) == (3, 30)
    reasons = Counter(one["reason"] for one in report["failed"])
    assert reasons.keys() == {"unavailable", "stopped"}
    assert 20 <= reasons["unavailable"] < 90
    assert ran.stderr.count(f"arxiv-digest: gpt-6-luna at {host}: the last 20 papers all failed") == 1
    assert len(ran.stderr.splitlines()) < 12


def test_papers_that_fail_by_themselves_do_not_end_a_run(sixty: Program, endpoint: OpenAIServer) -> None:
    """Forty refused papers in a row were answered, so that the other twenty have their turn."""
    endpoint.reset(Options(by_paper=dict.fromkeys(ids(RECORDS[:40]), REFUSED["content filter as an error"])))
    ran = sixty("run", "--input", "sixty.jsonl")
    report = sixty.run_report()
    assert (ran.code, report["summarized"], len(report["failed"])) == (3, 20, 40)
    assert {one["reason"] for one in report["failed"]} == {"refused"}


@pytest.mark.parametrize(
    ("refused", "lessons"),
    [
        (["json_schema", "temperature"], 2),
        (["json_schema", "json_object"], 2),
        (["chat_template_kwargs"], 1),
        (["json_schema", "temperature", "chat_template_kwargs"], 3),
    ],
    ids=["schema and temperature", "any format", "thinking", "three"],
)
def test_each_lesson_costs_one_request_once(
    sixty: Program, endpoint: OpenAIServer, refused: list[str], lessons: int
) -> None:
    """With sixty-four calls at once in the first run, and none at all in the second, which has the same cache."""
    _warm_prompt(sixty)
    options = Options(refuse=refused, delay=0.3)
    endpoint.reset(options)
    command = ("run", "--input", "sixty.jsonl", "--prompt", "warm@1", "--concurrency", "64")
    assert sixty(*command).code == 0
    stats = endpoint.stats()
    assert (stats["ok"], stats["refused"], stats["requests"]) == (60, lessons, 60 + lessons)
    assert stats["concurrent_max"] > 8
    endpoint.reset(options)
    assert sixty(*command, "--refresh").code == 0
    stats = endpoint.stats()
    assert (stats["ok"], stats["refused"]) == (60, 0)


def test_what_is_learned_is_of_one_model(sixty: Program, endpoint: OpenAIServer) -> None:
    """Another model at the same address is asked in the strictest form first."""
    endpoint.reset(Options(refuse=["json_schema"]))
    assert sixty("run", "--input", "two.jsonl", "--model", "one").code == 0
    assert sixty("run", "--input", "two.jsonl", "--model", "other").code == 0
    forms = [(call.request["model"], call.request["response_format"]["type"]) for call in endpoint.log]
    first = [forms[0], forms[3]]
    assert first == [("one", "json_schema"), ("other", "json_schema")]
    assert endpoint.stats()["refused"] == 2


def test_what_is_learned_survives_an_interrupted_run(sixty: Program, endpoint: OpenAIServer) -> None:
    """The run that goes on asks right the first time, as after any other run."""
    endpoint.reset(Options(refuse=["json_schema"], delay=0.3))
    with sixty.start("run", "--input", "sixty.jsonl", "--concurrency", "4") as process:
        deadline = time.monotonic() + 30
        while endpoint.stats()["ok"] < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.terminate()
        assert process.wait(timeout=30) == 130
    endpoint.reset(Options(refuse=["json_schema"]))
    assert sixty("run", "--input", "sixty.jsonl").code == 0
    assert endpoint.stats()["refused"] == 0


def test_told_the_limit_nothing_is_refused(sixty: Program, endpoint: OpenAIServer) -> None:
    """Forty papers with --rpm 600 at an endpoint that takes 600 a minute, twenty at once."""
    endpoint.reset(Options(rpm=600, burst=20, delay=0.05))
    began = time.monotonic()
    assert sixty("run", "--input", "sixty.jsonl", "--limit", "40", "--rpm", "600").code == 0
    stats = endpoint.stats()
    assert (stats["ok"], stats["refused"]) == (40, 0)
    assert time.monotonic() - began > 3


def test_tokens_a_minute_are_kept(sixty: Program, endpoint: OpenAIServer) -> None:
    """--tpm holds calls back: ten papers of some 700 tokens at 60,000 a minute take seconds."""
    began = time.monotonic()
    assert sixty("run", "--input", "ten.jsonl", "--tpm", "60000").code == 0
    assert time.monotonic() - began > 3
    assert endpoint.stats()["ok"] == 10


@pytest.mark.parametrize(("option", "value"), [("--rpm", "0"), ("--tpm", "-1"), ("--rpm", "nan")])
def test_a_pace_that_is_none_is_refused(wired: Program, endpoint: OpenAIServer, option: str, value: str) -> None:
    """Exit 2, naming the option."""
    ran = wired("run", "--input", "two.jsonl", option, value)
    assert (ran.code, endpoint.log) == (2, [])
    assert option in ran.stderr


def _ten() -> list[str]:
    return ids(RECORDS[:10])


def _makers(digest: bytes) -> dict[str, str]:
    """Return the model that made each summary."""
    return {entry["paper"]["id"]: entry["summary"]["model"] for entry in json.loads(digest)["entries"]}


def _warm_prompt(program: Program) -> None:
    """Write the package's prompt with a temperature, as ``warm@1``."""
    text = (CHECKOUT / "prompts" / "digest" / "1.md").read_text("utf-8")
    program.write("prompts/warm/1.md", text.replace("---\n", "---\ntemperature: 0.3\n", 1))
