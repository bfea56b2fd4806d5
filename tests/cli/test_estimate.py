"""``estimate`` and ``run --dry-run``: what a run would take, said without asking the model anything."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.edge import guarded
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import RECORDS, Program, lines

BENCH = 'model = "bench"\n[prices.bench]\ninput = 1.0\noutput = 10.0\n'
WORDS = re.compile(
    r"papers (?P<date>\S+): (?P<papers>\d+) papers, (?P<cached>\d+) cached, (?P<to_ask>\d+) to ask; "
    r"about (?P<prompt>[\d,]+) prompt and (?P<completion>[\d,]+) completion tokens, "
    r"(?P<cost>\$\d+\.\d{4}|at a price that is not known), (?P<time>\d+ (?:s|min|h)[^\n]*)\n"
)


@pytest.fixture
def planned(wired: Program) -> Program:
    """The wired program, with no table of tokens at hand and a price for the model ``bench``."""
    wired.environment["TIKTOKEN_CACHE_DIR"] = str(wired.folder / "no-tables")
    wired.write("digest.toml", BENCH)
    wired.write("sixty.jsonl", lines(RECORDS))
    return wired


def figures(program: Program, *arguments: str) -> dict[str, Any]:
    """Return what ``estimate --json`` says."""
    ran = program("estimate", "--json", *arguments)
    assert (ran.code, ran.stderr, ran.stdout.count("\n")) == (0, "", 1)
    said = json.loads(ran.stdout)
    assert isinstance(said, dict)
    return said


@pytest.mark.parametrize("command", [("estimate",), ("run", "--dry-run")], ids=["estimate", "dry-run"])
def test_an_estimate_names_papers_tokens_cost_and_minutes_and_asks_nothing(
    planned: Program, endpoint: OpenAIServer, command: tuple[str, ...]
) -> None:
    """One line; what the cache has is not counted as work; no request leaves and no digest is written."""
    assert planned("run", "--input", "two.jsonl").code == 0
    endpoint.reset()
    made = planned.made()
    ran = planned(*command, "--input", "ten.jsonl", "--date", "2026-04-26")
    said = WORDS.fullmatch(ran.stdout)
    assert said is not None, ran.stdout
    assert (ran.code, ran.stderr, planned.made(), endpoint.log) == (0, "", made, [])
    assert said["date"] == "2026-04-26"
    assert [int(said[name]) for name in ("papers", "cached", "to_ask")] == [10, 2, 8]
    prompt, completion = (int(said[name].replace(",", "")) for name in ("prompt", "completion"))
    assert said["cost"] == f"${(prompt + 10 * completion) / 1e6:.4f}"


def test_the_figures_are_there_as_json(planned: Program, endpoint: OpenAIServer) -> None:
    """One object on one line; it says that the counts are approximate."""
    said = figures(planned, "--input", "ten.jsonl", "--name", "plan", "--date", "2026-04-26")
    tokens, cost, minutes = said.pop("tokens"), said.pop("cost_usd"), said.pop("minutes")
    assert said.pop("cost_usd_most") == cost
    assert said == {
        "name": "plan",
        "date": "2026-04-26",
        "papers": 10,
        "cached": 0,
        "to_ask": 10,
        "approximate": True,
        "missing": 0,
    }
    assert cost == pytest.approx((tokens["prompt"] + 10 * tokens["completion"]) / 1e6, rel=0.01)
    assert minutes > 0
    assert endpoint.log == []


def test_an_unknown_price_is_said_and_is_not_zero(planned: Program) -> None:
    """In words and as null."""
    asked = ("--input", "ten.jsonl", "--model", "nobody-knows")
    assert "at a price that is not known" in planned("estimate", *asked).stdout
    assert figures(planned, *asked)["cost_usd"] is None


def test_what_is_cached_whole_costs_nothing(planned: Program) -> None:
    """No tokens, no dollars, no minutes."""
    assert planned("run", "--input", "ten.jsonl").code == 0
    said = figures(planned, "--input", "ten.jsonl")
    assert (said["cached"], said["to_ask"], said["cost_usd"], said["minutes"]) == (10, 0, 0.0, 0.0)
    assert said["tokens"] == {"prompt": 0, "completion": 0}
    assert planned("estimate", "--input", "ten.jsonl").stdout.endswith("10 cached, 0 to ask; nothing to pay for\n")


def test_an_estimate_learns_from_what_replies_really_used(planned: Program) -> None:
    """After twenty replies their own usage decides: the next forty papers take what was said, within 5 %."""
    planned.write("twenty.jsonl", lines(RECORDS[:20]))
    ignorant = figures(planned, "--input", "sixty.jsonl")
    assert planned("run", "--input", "twenty.jsonl").code == 0
    said = figures(planned, "--input", "sixty.jsonl")
    assert planned("run", "--input", "sixty.jsonl").code == 0
    report = planned.run_report()
    for name in ("prompt", "completion"):
        assert said["tokens"][name] == pytest.approx(report["tokens"][name], rel=0.05)
    assert ignorant["tokens"]["prompt"] * 40 / 60 != pytest.approx(report["tokens"]["prompt"], rel=0.05)
    assert said["cost_usd"] == pytest.approx(report["cost_usd"], rel=0.05)


def test_minutes_follow_the_pace_that_is_told(planned: Program) -> None:
    """Ten papers at two requests a minute are five minutes; at half their tokens a minute, two."""
    said = figures(planned, "--input", "ten.jsonl", "--rpm", "2")
    assert said["minutes"] == 5.0
    assert planned("estimate", "--input", "ten.jsonl", "--rpm", "2").stdout.endswith(", 5 min\n")
    half = sum(said["tokens"].values()) / 2
    assert figures(planned, "--input", "ten.jsonl", "--tpm", str(half))["minutes"] == 2.0


def test_a_replay_file_costs_nothing(replayed: Program) -> None:
    """It is asked in no time and for no money."""
    said = figures(replayed, "--input", "ten.jsonl")
    assert (said["to_ask"], said["cost_usd"], said["minutes"]) == (10, 0.0, 0.0)


@pytest.mark.parametrize(
    ("option", "asked"), [("--refresh", 2), ("--offline", 0)], ids=["refresh asks for all", "offline asks for none"]
)
def test_a_dry_run_says_what_the_same_run_would_ask(
    planned: Program, endpoint: OpenAIServer, option: str, asked: int
) -> None:
    """With the options that change which papers are asked for, the two agree."""
    assert planned("run", "--input", "two.jsonl").code == 0
    papers = "two.jsonl" if option == "--refresh" else "ten.jsonl"
    said = json.loads(planned("run", "--dry-run", "--json", "--input", papers, option).stdout)
    endpoint.reset(Options())
    planned("run", "--input", papers, option)
    assert (said["to_ask"], endpoint.stats()["requests"]) == (asked, asked)


def test_an_empty_day_is_no_work(planned: Program) -> None:
    """Exit 5, as the run itself would end."""
    ran = planned("estimate", "cs.AI", "--date", "2026-04-25")
    assert ran.code == 5
    assert "0 papers, 0 cached, 0 to ask" in ran.stdout


DEEPSEEK = {"OPENAI_BASE_URL": "https://api.deepseek.com", "ARXIV_DIGEST_MODEL": "deepseek-flash"}
TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "dear", "most"),
    [
        (TUESDAY.replace(hour=5, minute=30), False, True),
        (TUESDAY.replace(hour=7), True, False),
        (TUESDAY.replace(hour=12), False, False),
        (TUESDAY.replace(day=28, hour=5, minute=30), False, False),
    ],
    ids=["before the dear hours", "within them", "after them", "on a Saturday"],
)
def test_the_dear_hours_are_reckoned_with(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    moment: datetime,
    *,
    dear: bool,
    most: bool,
) -> None:
    """At the price of this hour, and up to the dearest that a run may touch, which is said where it differs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ten.jsonl").write_text(lines(RECORDS[:10]), encoding="utf-8")
    for name, value in DEEPSEEK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("pipeline.cli.environment.now", lambda: moment)
    assert guarded(["estimate", "--input", "ten.jsonl", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    tokens = said["tokens"]
    flat = (tokens["prompt"] * 0.15 + tokens["completion"] * 0.6) / 1e6
    assert said["cost_usd"] == pytest.approx(flat * (2 if dear else 1), rel=0.01)
    assert said["cost_usd_most"] == pytest.approx(flat * (2 if dear or most else 1), rel=0.01)
    assert guarded(["estimate", "--input", "ten.jsonl"]) == 0
    words = capsys.readouterr().out
    assert ("dear hours" in words) == most
    if most:
        assert f"${said['cost_usd']:.4f} (up to ${said['cost_usd_most']:.4f} if it runs into the dear hours)" in words
