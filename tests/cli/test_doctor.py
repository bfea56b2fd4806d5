"""``doctor``: what is configured, what is reachable, what is missing, and what one short call shows of a model."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.edge import guarded
from pipeline.cli.trial import PAPER
from pipeline.model.negotiation import Learned
from pipeline.store.cache import Cache
from tests.servers.arxiv import ArxivServer, Fault
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Item, Options

from .program import Program, Ran, arxiv_environment, lines, record

SECRET = "sk-test-4f1d0c7b9e2a8635secret"
REPLY = record(1) | {"id": PAPER.id, "title": PAPER.title, "abstract": PAPER.abstract}
PRICE = 'model = "bench"\n[prices.bench]\ninput = 1.0\noutput = 10.0\n'
ANSWERED = re.compile(
    r"answered  (?P<model>\S+) at (?P<host>\S+) in (?P<seconds>[\d.]+) s: "
    r"(?P<tokens>\d+ prompt and \d+ completion tokens|tokens that were not counted)(?P<cached>[^,]*), "
    r"(?P<cost>\$[\d.]+|an unknown price), (?P<requests>\d+) requests?"
)
SWITCH = '{"chat_template_kwargs": {"enable_thinking": false}} is taken'

Doctor = Callable[..., Ran]


@pytest.fixture(scope="module")
def patients() -> Iterator[tuple[OpenAIServer, OpenAIServer]]:
    """Two loopback models that know what the doctor asks."""
    with OpenAIServer([REPLY]) as first, OpenAIServer([REPLY]) as second:
        yield first, second


@pytest.fixture
def patient(patients: tuple[OpenAIServer, OpenAIServer]) -> OpenAIServer:
    """The first of them, as good as new."""
    for server in patients:
        server.reset(Options())
    return patients[0]


@pytest.fixture
def second(patients: tuple[OpenAIServer, OpenAIServer]) -> OpenAIServer:
    """The other one."""
    return patients[1]


@pytest.fixture
def doctor(
    patient: OpenAIServer,
    arxiv: ArxivServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Doctor:
    """The command in this process, in a folder of its own, before the first loopback model."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"OPENAI_BASE_URL": patient.base_url, "NO_PROXY": "*", **arxiv_environment(arxiv)}.items():
        monkeypatch.setenv(name, value)
    for name in ("OPENAI_API_KEY", "ARXIV_DIGEST_MODEL", "ARXIV_DIGEST_DELIVER"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str) -> Ran:
        code = guarded(["doctor", *arguments])
        return Ran(code, *capsys.readouterr())

    return command


def line(ran: Ran, first: str) -> str:
    """Return the one line that begins with a word."""
    (found,) = [said for said in ran.stdout.splitlines() if said.split(maxsplit=1)[0] == first]
    return found


def answered(ran: Ran) -> re.Match[str]:
    """Return what is said of the call."""
    said = ANSWERED.fullmatch(line(ran, "answered"))
    assert said is not None, ran.stdout
    return said


def test_everything_is_in_place(doctor: Doctor, patient: OpenAIServer, arxiv: ArxivServer, tmp_path: Path) -> None:
    """Exit 0: one call with the key and the configured model and prompt, and what it took; nothing else is sent."""
    (tmp_path / "digest.toml").write_text(PRICE)
    patient.reset(Options(delay=0.2, cached_tokens=64, key=SECRET))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", SECRET)
        ran = doctor()
    assert (ran.code, ran.stderr, ran.stdout.splitlines()[-1]) == (0, "", "everything is in place")
    said = answered(ran)
    (call,) = patient.log
    assert (said["model"], call.request["model"]) == ("bench", "bench")
    assert said["host"] == patient.base_url.split("/")[2]
    assert 0.2 <= float(said["seconds"]) < 20
    prompt, completion = map(int, re.findall(r"\d+", said["tokens"]))
    assert float(said["cost"].removeprefix("$")) == pytest.approx((prompt + 10 * completion) / 1e6, abs=1e-6)
    assert (said["cached"], said["requests"]) == (" (64 of them cached)", "1")
    assert line(ran, "form") == f"form      json_schema; against thinking: {SWITCH}"
    assert [seen.path for seen in arxiv.requests] == ["/api/query", "/rss/cs.CL"]
    with closing(Cache(tmp_path / "cache", warn=pytest.fail)) as cache:
        assert cache.info().replies == 0


UNKNOWN = "apprise does not know address 2, which may be secret and is not shown"
DELIVERIES = {
    "none": ("", 0, "delivery  none: ARXIV_DIGEST_DELIVER is not set"),
    "one": ("json://u:hunter2@localhost", 0, "delivery  1 address: JSON"),
    "two": ("json://u:hunter2@localhost,dingtalk://hunter2/", 0, "delivery  2 addresses: JSON, DingTalk"),
    "unknown": ("json://localhost hunter2", 2, f"missing   ARXIV_DIGEST_DELIVER: {UNKNOWN}"),
}


@pytest.mark.parametrize(("addresses", "code", "says"), DELIVERIES.values(), ids=DELIVERIES)
def test_it_says_where_digests_are_delivered_to(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, addresses: str, code: int, says: str
) -> None:
    """How many addresses, of which services; no address is shown."""
    monkeypatch.setenv("ARXIV_DIGEST_DELIVER", addresses)
    ran = doctor("--offline")
    assert (ran.code, says in ran.stdout.splitlines()) == (code, True)
    assert "hunter2" not in ran.stdout + ran.stderr


def test_an_address_without_the_extra_is_something_missing(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how to get it."""
    monkeypatch.setenv("ARXIV_DIGEST_DELIVER", "json://localhost")
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.delitem(sys.modules, "pipeline.deliver", raising=False)
    ran = doctor("--offline")
    assert ran.code == 2
    assert "missing   deliver needs apprise, which is not installed\n  pip install" in ran.stdout


LESSONS: dict[str, tuple[dict[str, Any], str, int]] = {
    "JSON mode": ({"refuse": ["json_schema"]}, f"json_object; against thinking: {SWITCH}", 2),
    "plain text": ({"refuse": ["json_schema", "json_object"]}, f"text; against thinking: {SWITCH}", 3),
    "no switch": (
        {"refuse": ["chat_template_kwargs"]},
        "json_schema; against thinking: every switch was refused",
        2,
    ),
    "no temperature": (
        {"refuse": ["temperature"]},
        f"json_schema; refused: temperature; against thinking: {SWITCH}",
        2,
    ),
    "no reason given": (
        {"refuse": ["chat_template_kwargs"], "mute": True},
        "json_schema; against thinking: every switch was refused",
        2,
    ),
}


@pytest.mark.parametrize(("options", "form", "requests"), LESSONS.values(), ids=LESSONS)
def test_what_a_call_teaches_is_said_and_kept(
    doctor: Doctor, patient: OpenAIServer, tmp_path: Path, options: dict[str, Any], form: str, requests: int
) -> None:
    """Refusals that teach are allowed, one answer ends it; the next call asks right the first time."""
    _warm_prompt(tmp_path)
    for wanted in (requests, 1):
        patient.reset(Options(**options))
        ran = doctor("--prompt", "warm@1", "--model", "m")
        assert (ran.code, line(ran, "form")) == (0, f"form      {form}")
        assert int(answered(ran)["requests"]) == len(patient.log) == wanted
    with closing(Cache(tmp_path / "cache", warn=pytest.fail)) as cache:
        learned = Learned.read(cache.endpoints.learned(patient.base_url.split("/")[2], "m"))
    assert form.startswith(str(learned.mode))
    assert learned.seconds is not None


def test_a_reply_without_a_count_has_no_cost(doctor: Doctor, patient: OpenAIServer, tmp_path: Path) -> None:
    """Unknown is said to be unknown."""
    (tmp_path / "digest.toml").write_text(PRICE)
    patient.reset(Options(by_paper={"*": [{"fault": "no_usage"}]}))
    said = answered(doctor())
    assert (said["tokens"], said["cost"]) == ("tokens that were not counted", "an unknown price")


USELESS: dict[str, tuple[Item, str]] = {
    "prose": ({"fault": "content", "content": "Sorted."}, "(not_json)"),
    "nothing": ({"fault": "content", "content": ""}, "(not_json)"),
    "English": ({"fault": "wrong_language"}, "(wrong_language)"),
    "cut": ({"fault": "length"}, "(truncated)"),
    "filtered": ({"fault": "refusal"}, "(refused)"),
    "other fields": ({"fault": "content", "content": '{"tldr": "够了。"}'}, "(missing_field)"),
}


@pytest.mark.parametrize(("item", "says"), USELESS.values(), ids=USELESS)
def test_a_reply_that_no_digest_can_use_is_something_missing(
    doctor: Doctor, patient: OpenAIServer, item: Item, says: str
) -> None:
    """It is judged by a run's own checks."""
    patient.reset(Options(by_paper={"*": [item]}))
    ran = doctor("--model", "m")
    assert (ran.code, ran.stdout.splitlines()[-1], len(patient.log)) == (2, "1 missing", 1)
    said = line(ran, "missing")
    assert said.startswith("missing   a reply of m that a digest can use: ")
    assert said.endswith(says)


@pytest.mark.parametrize(
    ("days", "code", "first", "says"),
    [
        (-30, 2, "missing", "m was shut down on {}: name"),
        (30, 0, "warning", "m will be shut down on {}: before then, name"),
    ],
    ids=["past", "near"],
)
def test_a_model_that_ends_is_named_with_its_day(
    doctor: Doctor, patient: OpenAIServer, days: int, code: int, first: str, says: str
) -> None:
    """Near the end it is a warning, after it something is missing."""
    day = (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
    patient.reset(Options(shutdown=day))
    ran = doctor("--model", "m")
    assert ran.code == code
    assert f"{says.format(day)} another model (--model, " in line(ran, first)


def test_an_end_that_is_far_is_not_worth_a_word(doctor: Doctor, patient: OpenAIServer) -> None:
    """All is well until sixty days before it."""
    patient.reset(Options(shutdown="2999-01-01"))
    ran = doctor("--model", "m")
    assert (ran.code, ran.stdout.splitlines()[-1]) == (0, "everything is in place")
    assert "shut down" not in ran.stdout


def test_a_model_that_its_provider_shut_down_is_named_with_its_successor(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning: a gateway may have the name of another model. Nothing need be asked for it."""
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-right")
    ran = doctor("--offline", "--base-url", "deepseek", "--model", "deepseek-chat")
    assert ran.code == 0
    says = "deepseek-chat was shut down on 2026-07-24: name another model, such as deepseek-flash "
    assert says in line(ran, "warning")


FEEDS: dict[str, tuple[list[Fault], str]] = {
    "the API": ([Fault(status=503)], "/api/query answered 503"),
    "the feed": ([Fault(), Fault(status=404)], "/rss/cs.AI answered 404"),
    "a page": ([Fault(), Fault(body=b"<html>Sign in")], "/rss/cs.AI answered something else than a feed"),
}


@pytest.mark.parametrize(("faults", "says"), FEEDS.values(), ids=FEEDS)
def test_arxivs_api_and_feed_must_both_answer(
    doctor: Doctor, arxiv: ArxivServer, tmp_path: Path, faults: list[Fault], says: str
) -> None:
    """The feed is that of a category of digest.toml; an answer that is no feed is none."""
    (tmp_path / "digest.toml").write_text('[digests.daily]\ncategories = ["cs.AI", "cs.CL"]\n')
    arxiv.faults = list(faults)
    ran = doctor()
    assert (ran.code, ran.stdout.splitlines()[-1]) == (2, "1 missing")
    assert says in line(ran, "missing")


def test_arxivs_pace_is_kept(doctor: Doctor, arxiv: ArxivServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed is asked for after the API, so much later as arXiv wants."""
    monkeypatch.setenv("ARXIV_DIGEST_ARXIV_DELAY", "0.5")
    began = time.monotonic()
    assert doctor().code == 0
    assert len(arxiv.requests) == 2
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("key", ["sk-right\n", " sk-right", "sk-ri ght", "sk-réel"])
def test_a_key_that_no_request_can_carry_is_named_by_its_variable(
    doctor: Doctor, patient: OpenAIServer, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """It is not tried, and not shown."""
    monkeypatch.setenv("OPENAI_API_KEY", key)
    ran = doctor()
    assert (ran.code, patient.log) == (2, [])
    assert "OPENAI_API_KEY cannot be sent" in line(ran, "missing")
    assert "sk-r" not in ran.stdout.replace("reachable", "")


def test_a_proxy_that_is_none_is_named_and_nothing_asked(
    doctor: Doctor, patient: OpenAIServer, arxiv: ArxivServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, with the variable."""
    monkeypatch.setenv("HTTP_PROXY", "http://[user:hunter2")
    ran = doctor()
    assert (ran.code, patient.log, arxiv.requests) == (2, [], [])
    assert "HTTP_PROXY does not hold the address of a proxy" in line(ran, "missing")
    assert "hunter2" not in ran.stdout


def refusal(status: int, code: str, message: str) -> Item:
    """Return an error in OpenAI's form."""
    return {"fault": "status", "status": status, "body": {"error": {"code": code, "message": message}}}


HOPELESS: dict[str, tuple[Item, tuple[str, ...], str]] = {
    "a refused key": (refusal(401, "invalid_api_key", "Wrong key."), ("401", "Wrong key."), "OPENAI_API_KEY"),
    "an empty balance": (refusal(402, "", "Insufficient Balance"), ("402", "Insufficient Balance"), "Top up"),
    "no such model": (refusal(404, "model_not_found", "No model."), ("404", "No model."), "--model"),
    "a limit": (
        {**refusal(429, "rate_limit_exceeded", "Too fast."), "headers": {"Retry-After": "60"}},
        ("429", "Too fast."),
        "--rpm",
    ),
    "a filter": (refusal(400, "content_filter", "Filtered."), ("400", "Filtered."), ""),
    "a broken server": ({"fault": "server_error"}, ("500",), "--base-url"),
    "a page": ({"fault": "html"}, ("without JSON",), "--base-url"),
    "silence": ({"fault": "silence"}, ("no whole answer within 1 s",), "deadline"),
}


@pytest.mark.parametrize(("item", "says", "advice"), HOPELESS.values(), ids=HOPELESS)
def test_a_call_that_fails_is_one_line_with_advice(
    doctor: Doctor, patient: OpenAIServer, tmp_path: Path, item: Item, says: tuple[str, ...], advice: str
) -> None:
    """Exit 2 after one request, without a second try; the line names the model and its host."""
    (tmp_path / "digest.toml").write_text("deadline = 1.0\n")
    patient.reset(Options(script=[item] * 9))
    ran = doctor("--model", "m")
    assert (ran.code, ran.stderr, ran.stdout.splitlines()[-1]) == (2, "", "1 missing")
    complaint, *rest = ran.stdout[ran.stdout.index("missing ") :].splitlines()
    assert complaint.startswith(f"missing   a reply of m: {patient.base_url.split('/')[2]} ")
    assert [word for word in says if word not in complaint] == []
    assert advice in "".join(rest[:-1])
    assert len(patient.log) == 1


def test_an_endpoint_that_refuses_slowly_is_given_up_in_time(
    doctor: Doctor, patient: OpenAIServer, tmp_path: Path
) -> None:
    """The time is for all lessons together, not for each of them."""
    (tmp_path / "digest.toml").write_text("deadline = 4.0\n")
    patient.reset(Options(refuse=["json_schema", "json_object"], refusal_delay=2.5))
    ran = doctor()
    assert (ran.code, len(patient.log)) == (2, 2)
    assert "no whole answer within 4 s" in ran.stdout


def test_a_fallback_is_tried_alike(doctor: Doctor, patient: OpenAIServer, second: OpenAIServer, tmp_path: Path) -> None:
    """Each by its own name and address; one that fails is named, and the other one's answer is told all the same."""
    (tmp_path / "digest.toml").write_text(f'[[fallback]]\nmodel = "other"\nbase_url = "{second.base_url}"\n')
    patient.reset(Options(key="sk-right"))
    second.reset(Options(refuse=["json_schema"]))
    ran = doctor("--model", "m")
    assert (ran.code, len(patient.log), len(second.log)) == (2, 1, 2)
    assert "a reply of m: " in line(ran, "missing")
    said = answered(ran)
    assert (said["model"], said["host"]) == ("other", second.base_url.split("/")[2])
    assert line(ran, "form").startswith("form      json_object")


@pytest.mark.parametrize("name", ["openai", "deepseek"])
def test_without_its_key_a_service_is_not_asked(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The variable is named, and whether the address is reachable."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    ran = doctor("--base-url", name)
    assert (ran.code, ran.stdout.splitlines()[-1]) == (2, "2 missing")
    assert f"{name.upper()}_API_KEY is not set" in ran.stdout[ran.stdout.index("missing ") :]
    assert "cannot be reached" in ran.stdout


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ('model = "bench"\nbudget = 1.0\n', "the price of bench"),
        (f"budget = 0.001\n{PRICE}", "the budget of $0.001 ends here"),
    ],
    ids=["without a price", "too small"],
)
def test_a_budget_holds_for_the_doctor_too(
    doctor: Doctor, patient: OpenAIServer, tmp_path: Path, config: str, says: str
) -> None:
    """Where the one call cannot be kept within it, none is made."""
    (tmp_path / "digest.toml").write_text(config)
    ran = doctor()
    assert (ran.code, ran.stdout.splitlines()[-1], patient.log) == (2, "1 missing", [])
    assert says in ran.stdout


def test_a_budget_that_is_enough_is_no_matter(doctor: Doctor, patient: OpenAIServer, tmp_path: Path) -> None:
    """The call is capped as in a run, so that a refused cap is learned too."""
    (tmp_path / "digest.toml").write_text(f"budget = 1.0\n{PRICE}")
    patient.reset(Options(refuse=["max_tokens"]))
    ran = doctor()
    assert (ran.code, len(patient.log)) == (0, 2)
    assert "; refused: max_tokens; " in line(ran, "form")


def test_a_replay_is_said_to_be_one(doctor: Doctor, tmp_path: Path, patient: OpenAIServer) -> None:
    """Nobody is asked for a reply; a fallback that is an endpoint is tried all the same."""
    (tmp_path / "replies.jsonl").write_text(lines([record(1)]), encoding="utf-8")
    (tmp_path / "digest.toml").write_text(f'[[fallback]]\nmodel = "other"\nbase_url = "{patient.base_url}"\n')
    ran = doctor("--base-url", "replay:replies.jsonl")
    assert ran.code == 0
    assert line(ran, "replay") == "replay    replies.jsonl has the replies; no model is asked"
    assert answered(ran)["model"] == "other"


def _warm_prompt(folder: Path) -> None:
    """Write the package's prompt with a temperature, as ``warm@1``."""
    text = (Path(__file__).parents[2] / "prompts" / "digest" / "1.md").read_text("utf-8")
    warm = folder / "prompts" / "warm" / "1.md"
    warm.parent.mkdir(parents=True, exist_ok=True)
    warm.write_text(text.replace("---\n", "---\ntemperature: 0.3\n", 1), encoding="utf-8")


def test_as_a_process_of_its_own(wired: Program, endpoint: OpenAIServer) -> None:
    """Model, prompt, key, digests and addresses are named, and the key itself is never told."""
    wired.write("digest.toml", '[digests.daily]\ncategories = ["cs.AI"]\n')
    endpoint.reset(Options(script=[{"fault": "content", "content": json.dumps(REPLY)}]))
    ran = wired("doctor", OPENAI_API_KEY=SECRET)
    said = {line.split()[0]: line for line in ran.stdout.splitlines()}
    assert (ran.code, ran.stderr, ran.stdout.splitlines()[-1]) == (0, "", "everything is in place")
    assert endpoint.base_url in said["model"]
    assert "daily" in said["digests"]
    assert "digest@1" in said["prompt"]
    assert said["key"].split() == ["key", "set"]
    assert "arXiv" in said["reachable"]
    assert endpoint.stats()["requests"] == 1
    assert SECRET not in ran.stdout


def test_what_is_missing_is_named_all_at_once(wired: Program) -> None:
    """Exit 2: a prompt, a folder and two addresses, each with its name."""
    dead = {"ARXIV_DIGEST_ARXIV_API_URL": "http://127.0.0.1:9/api", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ran = wired("doctor", "--prompt", "digest@9", "-o", "two.jsonl/x", **dead)
    missing = [line for line in ran.stdout.splitlines() if line.startswith("missing ")]
    assert (ran.code, ran.stdout.splitlines()[-1], len(missing)) == (2, "4 missing", 4)
    for said in ("digest@9", "two.jsonl", "http://127.0.0.1:9/api", "http://127.0.0.1:9/v1"):
        assert any(said in line for line in missing)


def test_without_a_key_the_three_ways_on_are_named(cli: Program) -> None:
    """Offline nothing is reached for."""
    ran = cli("doctor", "--offline")
    assert (ran.code, ran.stdout.splitlines()[-1]) == (2, "1 missing")
    for way in ("OPENAI_API_KEY", "--base-url", "arxiv-digest demo"):
        assert way in ran.stdout
    assert "reachable" not in ran.stdout


def test_a_missing_key_is_missing(cli: Program, arxiv: ArxivServer) -> None:
    """For OpenAI's own address, which is not even asked when there is no network."""
    environment = {"ARXIV_DIGEST_ARXIV_API_URL": arxiv.api_url, "HTTPS_PROXY": "http://127.0.0.1:9"}
    ran = cli("doctor", **environment)
    assert ran.code == 2
    for way in ("OPENAI_API_KEY", "--base-url", "arxiv-digest demo"):
        assert way in ran.stdout


def test_a_key_that_is_withheld_is_said_to_be(cli: Program, endpoint: OpenAIServer) -> None:
    """digest.toml alone names the address."""
    cli.write("digest.toml", f'base_url = "{endpoint.base_url}"\n')
    ran = cli("doctor", "--offline", OPENAI_API_KEY=SECRET)
    assert ran.code == 0
    assert "not sent" in ran.stdout
    assert SECRET not in ran.stdout


def test_a_replay_needs_neither_key_nor_network(cli: Program) -> None:
    """Its file is all that it needs."""
    cli.write("replies.jsonl", lines([record(1)]))
    ran = cli("doctor", "--offline", "--base-url", "replay:replies.jsonl")
    missing = cli("doctor", "--offline", "--base-url", "replay:no.jsonl")
    assert (ran.code, missing.code) == (0, 2)
    assert ran.stdout.splitlines()[-2:] == [
        "not asked arXiv and the model, because of --offline",
        "nothing is missing here; the network was not tried",
    ]
    assert "no.jsonl" in missing.stdout + missing.stderr
