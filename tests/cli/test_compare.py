"""``prompts compare`` and ``prompts judge`` as commands."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from pipeline.compare import read_comparison
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .fork_server import CHECKOUT
from .program import RECORDS, Program, lines

SOURCE = (CHECKOUT / "prompts" / "digest" / "1.md").read_text(encoding="utf-8")
SAMPLE = CHECKOUT / "pipeline" / "compare" / "sample"


def draft(program: Program) -> None:
    """Make ``mine@1``, which differs from ``digest@1`` by a sentence."""
    program.write("prompts/mine/1.md", f"{SOURCE}\n写得短些。\n")


def compared(program: Program, name: str = "trial") -> Any:
    """Return what a comparison wrote."""
    return json.loads((program.folder / "outputs" / "compare" / f"{name}.json").read_bytes())


def test_the_sample_is_what_its_readme_says() -> None:
    """24 papers of eight fields, each named beside, none an example of a prompt or of the demonstration."""
    papers = [json.loads(line) for line in (SAMPLE / "papers.jsonl").read_text("utf-8").splitlines()]
    readme = (SAMPLE / "README.md").read_text("utf-8")
    ids = re.findall(r"\d{4}\.\d{5}", readme)
    assert [paper["id"] for paper in papers] == ids
    assert len(set(ids)) == 24
    assert len(re.findall(r"^\| [a-z]", readme, re.MULTILINE)) == 8 + 1
    demo = (CHECKOUT / "pipeline" / "sample" / "replies.jsonl").read_text("utf-8")
    prompts = "".join(path.read_text("utf-8") for path in (CHECKOUT / "prompts").glob("*/*.md"))
    assert [paper["id"] for paper in papers if paper["id"] in demo or paper["title"] in prompts] == []


def test_without_papers_the_sample_that_ships_is_taken(cli: Program) -> None:
    """From any folder; --limit takes the first of it."""
    draft(cli)
    ask = (
        "prompts",
        "compare",
        "digest@1",
        "mine@1",
        "--model",
        "m",
        "--base-url",
        "http://127.0.0.1:9",
        "--dry-run",
    )
    assert cli(*ask).stdout.count("24 papers, 0 cached, 24 to ask; about") == 2
    assert cli(*ask, "--limit", "3").stdout.count("3 papers, 0 cached, 3 to ask; about") == 2


def test_what_the_cache_has_is_not_asked_again(wired: Program, endpoint: OpenAIServer) -> None:
    """The second comparison costs nothing and says the same."""
    draft(wired)
    ask = ("prompts", "compare", "digest@1", "mine@1", "--model", "m", "--input", "ten.jsonl")
    ran = wired(*ask, "--name", "one")
    assert (ran.code, endpoint.stats()["requests"]) == (0, 20)
    assert "mine@1 (m): 10 papers, 0 cached, 10 to ask; about" in ran.stdout
    assert re.search(r"^summaries +10 +10 \(same\)$", ran.stdout, re.MULTILINE)
    again = wired(*ask, "--name", "two")
    assert (again.code, endpoint.stats()["requests"]) == (0, 20)
    assert "10 cached, 0 to ask; nothing to pay for" in again.stdout
    one, two = (read_comparison(wired.folder / f"outputs/compare/{name}.json") for name in ("one", "two"))
    assert one.id == two.id
    assert (wired.folder / "outputs" / "compare" / "one.html").read_text("utf-8").startswith("<!doctype html>")


def test_models_make_columns_too(wired: Program, endpoint: OpenAIServer) -> None:
    """One prompt at two models has two columns, named by both."""
    ran = wired("prompts", "compare", "digest@1", "--model", "a", "--model", "b", "--input", "two.jsonl", "--name", "t")
    assert ran.code == 0
    assert [column["label"] for column in compared(wired, "t")["columns"]] == ["digest@1 a", "digest@1 b"]
    assert {call.request["model"] for call in endpoint.log} == {"a", "b"}


def test_a_check_that_refuses_is_counted(wired: Program, endpoint: OpenAIServer) -> None:
    """As asked again, and by its name, in the column whose reply it refused."""
    draft(wired)
    wired("run", "--input", "two.jsonl", "--model", "m", "-q")
    endpoint.reset(Options(by_paper={RECORDS[0]["id"]: ({"fault": "wrong_language"},)}))
    ran = wired("prompts", "compare", "digest@1", "mine@1", "--model", "m", "--input", "two.jsonl", "--name", "t")
    cells = compared(wired, "t")["rows"][0]["cells"]
    assert [(cell["replies"], cell["faults"]) for cell in cells] == [(1, []), (2, ["wrong_language"])]
    assert re.search(r"^asked again +0 +1 \(\+0\.50, ", ran.stdout, re.MULTILINE)
    assert re.search(r"^refused: wrong_language +0 +1 ", ran.stdout, re.MULTILINE)


def test_a_budget_holds_over_all_columns(wired: Program, endpoint: OpenAIServer) -> None:
    """What the first column costs is missing to the second; the end is that of a budget."""
    draft(wired)
    wired.write("digest.toml", '[prices."m"]\ninput = 1000.0\noutput = 1000.0\n')
    ask = ("prompts", "compare", "digest@1", "mine@1", "--model", "m", "--input", "ten.jsonl", "--name", "t")
    ran = wired(*ask, "--budget", "8")
    cells = [cell for row in compared(wired, "t")["rows"] for cell in row["cells"]]
    spent = sum(cell["cost_usd"] or 0 for cell in cells)
    assert ran.code == 4
    assert spent <= 8
    assert any(cell["failure"] and cell["failure"]["reason"] == "budget" for cell in cells)


def test_a_dry_run_asks_and_writes_nothing(wired: Program, endpoint: OpenAIServer) -> None:
    """It says what it would take."""
    draft(wired)
    ran = wired("prompts", "compare", "digest@1", "mine@1", "--model", "m", "--input", "two.jsonl", "--dry-run")
    assert (ran.code, endpoint.stats()["requests"]) == (0, 0)
    assert ran.stdout.count("2 to ask") == 2
    assert [name for name in wired.made() if name.startswith("compare/")] == []


def test_papers_are_drawn_from_the_cache(replayed: Program) -> None:
    """The same for one seed; no others than those that a run has left there."""
    draft(replayed)
    replayed("run", "--input", "ten.jsonl", "-q")
    ask = ("prompts", "compare", "digest@1", "mine@1", "--sample", "4")
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert replayed(*ask, "--seed", seed, "--name", name).code == 0
    drawn = {name: [row["paper"]["id"] for row in compared(replayed, name)["rows"]] for name in "abc"}
    assert drawn["a"] == drawn["b"] != drawn["c"]
    assert set(drawn["a"]) <= {record["id"] for record in RECORDS[:10]}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("digest@1",), "compare takes 2 to 6 different columns, and these are 1"),
        (("digest@1", "digest@1"), "compare takes 2 to 6 different columns, and these are 1"),
        (("digest@1", "digest@9"), "no prompt digest@9"),
        (("digest@1", "mine@1", "--sample", "3"), "has no papers yet"),
        (("digest@1", "mine@1", "--sample", "3", "--input", "two.jsonl"), "give one of them"),
        (("digest@1", "mine@1", "--input", "gone.jsonl"), "gone.jsonl"),
        (("digest@1", "mine@1", "--name", "../x"), "--name"),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_is_asked(
    wired: Program, endpoint: OpenAIServer, arguments: tuple[str, ...], says: str
) -> None:
    """Exit 2, one message, no request."""
    draft(wired)
    ran = wired("prompts", "compare", *arguments, "--model", "m")
    assert (ran.code, endpoint.stats()["requests"]) == (2, 0)
    assert says in ran.stderr


def test_where_no_text_comes_there_is_no_page(wired: Program, endpoint: OpenAIServer) -> None:
    """The first failure is named, and the end is that of a failure."""
    draft(wired)
    endpoint.reset(Options(key="right"))
    ran = wired("prompts", "compare", "digest@1", "mine@1", "--model", "m", "--input", "two.jsonl", "--name", "t")
    assert ran.code == 1
    assert "no paper has a summary in any column" in ran.stderr
    assert [name for name in wired.made() if name.startswith("compare/")] == []


@pytest.fixture
def trial(replayed: Program) -> Path:
    """A comparison of two prompts on two papers."""
    draft(replayed)
    replayed("run", "--input", "two.jsonl", "-q")
    others = [record | {"tldr": f"{record['tldr'][:-1]}，写法不同。"} for record in RECORDS]
    replayed.write("replies.jsonl", lines(others))
    assert replayed("prompts", "compare", "digest@1", "mine@1", "--input", "two.jsonl", "--name", "trial").code == 0
    return replayed.folder / "outputs" / "compare" / "trial.json"


def test_replies_of_two_files_can_be_compared(trial: Path) -> None:
    """What a run has replayed for one prompt is in the cache when another file replays for the other."""
    for row in read_comparison(trial).rows:
        first, second = (cell.summary for cell in row.cells)
        assert first
        assert second
        assert first.tldr != second.tldr
        assert first.translated_title == second.translated_title


def test_a_judge_is_served_until_ctrl_c_and_told_the_verdict(trial: Path, replayed: Program) -> None:
    """The address has the token; the verdict is on disk when the page is answered; the end is an ordinary one."""
    program = replayed.unmeasured()
    process = program.start("prompts", "judge", trial, "--judge", "anna", stdout=subprocess.PIPE)
    assert process.stdout
    url = process.stdout.readline().decode().removeprefix("judge at ").strip()
    page = urllib.request.urlopen(url, timeout=10).read().decode()
    assert "digest@" not in page
    assert "mine@" not in page
    for row in read_comparison(trial).rows:
        body = {"paper_id": row.paper.id, "choices": dict.fromkeys(("title", "tldr", "abstract", "overall"), "both")}
        request = urllib.request.Request(
            f"{url}verdicts",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Origin": url.partition("/")[0] + "//" + url.split("/")[2]},
        )
        assert urllib.request.urlopen(request, timeout=10).status == 200
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[0].decode()
    assert process.returncode == 0
    assert "overall: mine@1 won 0 and lost 0 against digest@1, 2 tied; sign test p = 1.000" in said
    assert replayed("prompts", "judge", trial, "--verdicts").stdout in said


def test_verdicts_on_an_earlier_comparison_do_not_count(trial: Path, replayed: Program) -> None:
    """Their number is said, and a line that is none is named before anything is served."""
    line = {
        "comparison": "0" * 12,
        "judge": "anna",
        "pair": ["digest@1", "mine@1"],
        "paper_id": RECORDS[0]["id"],
        "choices": {"title": "first"},
        "at": "2026-11-24T12:00:00Z",
    }
    place = trial.with_suffix(".verdicts.jsonl")
    place.write_text(json.dumps(line) + "\n", "utf-8")
    ran = replayed("prompts", "judge", trial, "--verdicts")
    assert (ran.code, ran.stdout) == (0, "nobody has judged yet: 2 papers are to be judged\n")
    assert "verdicts on an earlier comparison of this name do not count: 1" in ran.stderr
    place.write_text("{}\n", "utf-8")
    ran = replayed("prompts", "judge", trial)
    assert (ran.code, ran.stdout) == (2, "")
    assert "trial.verdicts.jsonl, line 1: is not a verdict" in ran.stderr


def test_papers_by_id_that_arxiv_lacks_are_named(replayed: Program) -> None:
    """The others are compared."""
    draft(replayed)
    ids = ("--id", RECORDS[0]["id"], "--id", "2604.99999")
    ran = replayed("prompts", "compare", "digest@1", "mine@1", *ids, "--name", "t")
    assert ran.code == 0
    assert "2604.99999 is left out" in ran.stderr
    assert [row["paper"]["id"] for row in compared(replayed, "t")["rows"]] == [RECORDS[0]["id"]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gone.json",), "gone.json: cannot be read"),
        (("two.jsonl",), "two.jsonl: is not a comparison"),
        (("outputs/compare/trial.json", "--pair", "1"), "--pair '1': write two numbers"),
        (("outputs/compare/trial.json", "--pair", "1,3"), "--pair '1,3': there are 2 columns"),
        (("outputs/compare/trial.json", "--judge", " "), "--judge: give a name"),
    ],
)
def test_what_cannot_be_judged_is_said(trial: Path, replayed: Program, arguments: tuple[str, ...], says: str) -> None:
    """Exit 2 and one message; nothing is served."""
    ran = replayed("prompts", "judge", *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert says in ran.stderr


def test_of_three_columns_two_are_chosen(replayed: Program) -> None:
    """Without --pair the command names them."""
    draft(replayed)
    replayed.write("prompts/mine/2.md", f"{SOURCE}\n写得更短。\n")
    labels = ("digest@1", "mine@1", "mine@2")
    assert replayed("prompts", "compare", *labels, "--input", "two.jsonl", "--name", "t").code == 0
    ran = replayed("prompts", "judge", "outputs/compare/t.json", "--verdicts")
    assert ran.code == 2
    assert "1 digest@1, 2 mine@1, 3 mine@2" in ran.stderr
    assert replayed("prompts", "judge", "outputs/compare/t.json", "--verdicts", "--pair", "3,1").code == 0
