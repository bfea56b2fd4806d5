"""``fetch``, ``summarize`` and ``assemble``, one by one and joined by pipes."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import date
from typing import Any

import pytest

from tests.servers.arxiv import ArxivServer, Fault, announcement_feed, api_feed, error_feed
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import MONDAY, RECORDS, Program, arxiv_environment, ids, lines, papers, record, shown, wait_until

CUT = "本页可能缺少论文"
"""What the page says of an input that ended without its last line."""


def _objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _feeds() -> dict[str, bytes]:
    four = papers(record(n, announce_type=k) for n, k in enumerate(("new", "cross", "replace", "replace-cross"), 1))
    day = date.fromisoformat(MONDAY)
    return {
        "api.xml": api_feed(four),
        "rss.xml": announcement_feed(four, "cs.AI", day),
        "atom.xml": announcement_feed(four, "cs.AI", day, flavour="atom"),
        "lines.jsonl": lines(RECORDS[:4]).encode(),
    }


@pytest.mark.parametrize("name", ["api.xml", "rss.xml", "atom.xml", "lines.jsonl"])
def test_the_three_stages_joined_write_what_run_writes(replayed: Program, name: str) -> None:
    """The same page and the same JSON, byte for byte, for every format of input, and exit 0 from each."""
    replayed.write(name, _feeds()[name])
    ran = replayed.pipe(["fetch", "--input", name], ["summarize"], ["assemble", "-o", "piped"])
    whole = replayed("run", "--input", name, "-o", "whole", "--json")
    assert ([one.code for one in ran], whole.code) == ([0, 0, 0], 0)
    piped, made = replayed.made("piped"), replayed.made("whole")
    assert piped.keys() == made.keys()
    reports = [json.loads(text.pop(next(key for key in text if key.endswith(".run.json")))) for text in (piped, made)]
    assert piped == made
    (text,) = (content for key, content in made.items() if key.endswith(".json"))
    assert sorted(shown(text)) == ids(RECORDS[:4])
    assert [(one["papers"], one["cached"], one["summarized"]) for one in reports] == [(4, 0, 4), (4, 4, 0)]
    assert [one["source"] for one in reports] == [reports[0]["source"]] * 2


def test_fetch_writes_a_paper_a_line_and_one_line_that_ends_the_stream(replayed: Program) -> None:
    """Standard output is JSON Lines and nothing else; the end names source and exit code."""
    ran = replayed("fetch", "cs.AI", "--date", MONDAY, "--limit", "3")
    *some, end = _objects(ran.stdout)
    assert ran.code == 0
    assert [one["id"] for one in some] == ["2604.00059", "2604.00058", "2604.00057"]
    assert end["end"]["exit"] == 0
    source = end["end"]["source"]
    assert (source["name"], source["date"], source["fetched"], source["missing"]) == ("cs.AI", MONDAY, 3, 0)


def test_summarize_writes_each_paper_with_its_summary_or_failure_in_the_papers_order(
    wired: Program, endpoint: OpenAIServer
) -> None:
    """One line a paper: the paper's fields, and summary or failure; the end carries 3 where one failed."""
    endpoint.reset(Options(by_paper={"2604.00002": [{"fault": "empty"}] * 3}))
    ran = wired("summarize", "--input", "ten.jsonl", "--limit", "3")
    *entries, end = _objects(ran.stdout)
    assert (ran.code, end["end"]["exit"]) == (3, 3)
    assert [one["paper"]["id"] for one in entries] == ids(RECORDS[:3])
    assert [sorted(one) for one in entries] == [["paper", "summary"], ["failure", "paper"], ["paper", "summary"]]
    failure, summary = entries[1]["failure"], entries[0]["summary"]
    assert (failure["paper_id"], failure["reason"], failure["attempts"]) == ("2604.00002", "not_json", 3)
    host = endpoint.base_url.removeprefix("http://").removesuffix("/v1")
    assert {name: summary[name] for name in ("paper_id", "tldr", "prompt", "model", "endpoint")} == {
        "paper_id": "2604.00001",
        "tldr": RECORDS[0]["tldr"],
        "prompt": "digest@1",
        "model": "gpt-6-luna",
        "endpoint": host,
    }


def test_assemble_reads_a_file_as_it_reads_a_pipe(replayed: Program) -> None:
    """The same digest from ``--input FILE``, under the name and day that are given."""
    entries = replayed("summarize", "--input", "two.jsonl").stdout
    replayed.write("entries.jsonl", entries)
    one = replayed("assemble", "--input", "entries.jsonl", "--name", "one", "--date", MONDAY)
    two = replayed("assemble", "--name", "two", "--date", MONDAY, "--json", stdin=entries)
    made = replayed.made()
    assert (one.code, two.code, json.loads(two.stdout)["papers"]) == (0, 0, 2)
    assert made[f"one/{MONDAY}.md"] == made[f"two/{MONDAY}.md"]


def test_a_stream_without_its_last_line_is_said_on_the_page_by_either_stage(replayed: Program) -> None:
    """Exit 3 from summarize and assemble, whichever of their inputs was cut."""
    cut_papers = "".join(replayed("fetch", "--input", "two.jsonl").stdout.splitlines(keepends=True)[:-1])
    summarized = replayed("summarize", stdin=cut_papers)
    first = replayed("assemble", "--name", "first", "--date", MONDAY, stdin=summarized.stdout)
    cut_entries = "".join(summarized.stdout.splitlines(keepends=True)[:-1])
    second = replayed("assemble", "--name", "second", "--date", MONDAY, stdin=cut_entries)
    assert (summarized.code, first.code, second.code) == (3, 3, 3)
    for name in ("first", "second"):
        made = replayed.made(f"outputs/{name}")
        assert CUT in made[f"{MONDAY}.md"].decode()
        assert not json.loads(made[f"{MONDAY}.run.json"])["complete"]
        assert sorted(shown(made[f"{MONDAY}.json"])) == ids(RECORDS[:2])


def test_a_fetch_killed_halfway_is_never_taken_for_a_whole_day(cli: Program) -> None:
    """Killed between two pages of arXiv: the page has the first hundred papers and says that it may lack others: 3."""
    many = [record(number) for number in range(1, 121)]
    with OpenAIServer(many) as model, ArxivServer(papers(many)) as arxiv:
        cli.environment |= arxiv_environment(arxiv) | {
            "ARXIV_DIGEST_ARXIV_DELAY": "60",
            "OPENAI_BASE_URL": model.base_url,
        }

        def kill_fetch(processes: list[subprocess.Popen[bytes]]) -> None:
            wait_until(lambda: model.stats()["ok"] == 100, processes[1], what="replies for the first page")
            processes[0].kill()

        ran = cli.unmeasured().pipe(
            ["fetch", "cs.AI", "--date", MONDAY],
            ["summarize"],
            ["assemble", "--name", "killed", "--date", MONDAY],
            meanwhile=kill_fetch,
        )
    assert [one.code for one in ran] == [-signal.SIGKILL, 3, 3]
    made = cli.made("outputs/killed")
    assert len(shown(made[f"{MONDAY}.json"])) == 100
    assert CUT in made[f"{MONDAY}.md"].decode()


def test_a_summarize_killed_halfway_is_never_taken_for_a_whole_day(cli: Program) -> None:
    """Whatever had come before the kill is on the page, which says that it may lack others."""
    slow = Options(by_paper={one["id"]: [{"fault": "ok", "delay": 60}] for one in RECORDS[20:]})
    with OpenAIServer(RECORDS, slow) as model:
        cli.environment["OPENAI_BASE_URL"] = model.base_url
        cli.write("all.jsonl", lines(RECORDS))

        def kill_summarize(processes: list[subprocess.Popen[bytes]]) -> None:
            wait_until(lambda: model.stats()["ok"] == 20, processes[1], what="the first twenty replies")
            processes[1].kill()

        ran = cli.unmeasured().pipe(
            ["fetch", "--input", "all.jsonl"],
            ["summarize"],
            ["assemble", "--name", "killed", "--date", MONDAY],
            meanwhile=kill_summarize,
        )
    assert ran[1].code == -signal.SIGKILL
    assert ran[2].code in {1, 3}
    if ran[2].code == 3:
        assert CUT in cli.made("outputs/killed")[f"{MONDAY}.md"].decode()


def test_nothing_announced_carries_through_the_pipe(wired: Program, endpoint: OpenAIServer) -> None:
    """An empty feed is 5 for each stage and for run; no file is touched and nothing asked."""
    wired.write("empty.xml", announcement_feed([], "cs", date(2026, 4, 26)))
    ran = wired.pipe(["fetch", "--input", "empty.xml"], ["summarize"], ["assemble"])
    whole = wired("run", "--input", "empty.xml")
    assert [one.code for one in (*ran, whole)] == [5, 5, 5, 5]
    assert (wired.made(), endpoint.stats()["requests"]) == ({}, 0)


def test_a_failed_fetch_from_arxiv_carries_through_the_pipe(wired: Program, endpoint: OpenAIServer) -> None:
    """When arXiv refuses: 1 for each stage, nothing written, nothing asked of the model."""
    with ArxivServer(faults=[Fault(status=400, body=error_feed("bad query, said arXiv"))]) as refusing:
        wired.environment |= arxiv_environment(refusing)
        ran = wired.pipe(["fetch", "--query", "ti:("], ["summarize"], ["assemble"])
    assert [one.code for one in ran] == [1, 1, 1]
    assert "bad query, said arXiv" in ran[0].stderr
    assert (wired.made(), endpoint.stats()["requests"]) == ({}, 0)


def test_a_recorded_error_feed_carries_through_the_pipe(wired: Program, endpoint: OpenAIServer) -> None:
    """The same for arXiv's error feed in a file: 1 for each stage and for run, in arXiv's own words."""
    wired.write("error.xml", error_feed("incorrect id format for abc"))
    ran = wired.pipe(["fetch", "--input", "error.xml"], ["summarize"], ["assemble"])
    whole = wired("run", "--input", "error.xml")
    assert [one.code for one in (*ran, whole)] == [1, 1, 1, 1]
    assert "incorrect id format for abc" in ran[0].stderr
    assert "incorrect id format for abc" in whole.stderr
    assert (wired.made(), endpoint.stats()["requests"]) == ({}, 0)


def test_wrong_usage_of_fetch_never_becomes_a_digest(replayed: Program) -> None:
    """It ends with 2, and neither stage after it takes its silence for an empty day."""
    ran = replayed.pipe(["fetch", "no.such"], ["summarize"], ["assemble"])
    assert ran[0].code == 2
    assert all(one.code in {1, 2} for one in ran)
    assert replayed.made() == {}


def test_a_source_that_fails_after_some_papers_is_told_to_the_reader(replayed: Program) -> None:
    """The first page is kept; the page names how many papers did not come; exit 3 from each stage."""
    many = papers(record(number) for number in range(1, 121))
    broken = Fault(status=400, body=error_feed("no more today"))
    with ArxivServer(many, faults=[Fault(), broken]) as arxiv:
        replayed.environment |= arxiv_environment(arxiv)
        fetched = replayed("fetch", "cs.AI", "--date", MONDAY)
    replayed.write("replies.jsonl", lines(record(number) for number in range(1, 121)))
    summarized = replayed("summarize", stdin=fetched.stdout)
    ran = replayed("assemble", "--json", stdin=summarized.stdout)
    assert (fetched.code, summarized.code, ran.code) == (3, 3, 3)
    assert json.loads(ran.stdout)["source"] == {"announced": 120, "fetched": 100, "missing": 20}
    page = replayed.made()[f"cs.AI/{MONDAY}.md"].decode()
    assert "公告 120 篇，取得 100 篇，缺少 20 篇。" in page
    assert "| 另有 20 篇 | arXiv 拒绝了请求 |" in page


def test_each_line_that_is_no_paper_is_named_and_missing_once_papers_have_come(replayed: Program) -> None:
    """Standard input is checked line by line: a bad line after good ones is a missing paper, not the end."""
    fetched = replayed("fetch", "--input", "two.jsonl").stdout.splitlines(keepends=True)
    broken = "".join([fetched[0], '{"id": \n', fetched[1], fetched[2]])
    ran = replayed("summarize", stdin=broken)
    end = _objects(ran.stdout)[-1]["end"]
    assert (ran.code, end["source"]["missing"], end["source"]["missing_papers"][0]["id"]) == (3, 1, "line 2")


@pytest.mark.parametrize(
    ("command", "stdin", "said"),
    [
        ("summarize", '{"id": \n', "standard input, line 1"),
        ("summarize", "hello\n", "standard input, line 1"),
        ("assemble", lines(RECORDS[:1]), "standard input, line 1"),
        ("assemble", "hello\n", "standard input, line 1"),
    ],
)
def test_a_stage_names_the_line_that_it_cannot_read(replayed: Program, command: str, stdin: str, said: str) -> None:
    """Exit 2 and one message; nothing is written."""
    ran = replayed(command, stdin=stdin)
    assert (ran.code, replayed.made()) == (2, {})
    assert ran.stderr.startswith(f"arxiv-digest: {said}")


@pytest.mark.parametrize("command", ["summarize", "assemble"])
def test_a_stage_whose_input_is_empty_does_not_end_well(replayed: Program, command: str) -> None:
    """Not even an end line came: whatever was before is gone."""
    ran = replayed(command)
    assert ran.code in {1, 2, 3}
    assert "standard input" in ran.stderr or "no papers: the previous stage failed" in ran.stderr
    assert replayed.made() == {}


def test_several_digests_cannot_go_through_one_pipe(wired: Program) -> None:
    """Several sections are refused, naming what to do."""
    wired.write("digest.toml", '[digests.a]\ncategories = ["cs.AI"]\n[digests.b]\ncategories = ["cs.LG"]\n')
    ran = wired("fetch", "a", "b")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[0] == "arxiv-digest: fetch gives the papers of one digest"


def test_a_reader_that_goes_away_ends_the_stage_without_complaint(wired: Program) -> None:
    """``fetch | head`` leaves no traceback."""
    wired.write("all.jsonl", lines([*RECORDS, *(record(n) for n in range(1000, 4000))]))
    with wired.start("fetch", "--input", "all.jsonl", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as fetch:
        assert fetch.stdout
        assert fetch.stderr
        fetch.stdout.readline()
        fetch.stdout.close()
        said = fetch.stderr.read().decode()
        fetch.wait(timeout=30)
    assert said == ""
