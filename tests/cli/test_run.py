"""``run``: which papers, what is written, what is said, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.arxiv import ArxivServer, Fault, error_feed
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import (
    MONDAY,
    RECORDS,
    Program,
    Ran,
    arxiv_environment,
    check_accounts,
    eastern_day,
    ids,
    lines,
    papers,
    record,
    shown,
)

BAD = {"fault": "wrong_language"}
NEVER_GOOD = Options(by_paper={"2604.00003": [BAD] * 3})


@dataclass(frozen=True)
class Twice:
    """The same command twice in one folder, with one paper whose replies are never good."""

    runs: tuple[Ran, Ran]
    stats: tuple[dict[str, Any], dict[str, Any]]
    made: tuple[dict[str, bytes], dict[str, bytes]]


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, model_server: OpenAIServer) -> Twice:
    """Run ten papers of a file twice."""
    program = Program(tmp_path_factory.mktemp("twice"), OPENAI_BASE_URL=model_server.base_url)
    program.write("ten.jsonl", lines(RECORDS[:10]))
    runs, stats, made = [], [], []
    for _ in range(2):
        model_server.reset(NEVER_GOOD)
        runs.append(program("run", "--input", "ten.jsonl", "--name", "ten", "--json"))
        stats.append(model_server.stats())
        made.append(program.made())
    return Twice((runs[0], runs[1]), (stats[0], stats[1]), (made[0], made[1]))


def test_every_paper_is_in_the_digest_or_named_and_the_report_agrees_with_the_server(twice: Twice) -> None:
    """A reply that is never good costs three requests and becomes a named failure; the run ends with 3."""
    ran, stats, made, day = twice.runs[0], twice.stats[0], twice.made[0], eastern_day()
    report = json.loads(ran.stdout)
    assert sorted(made) == [*(f"ten/{day}.{kind}" for kind in ("html", "json", "md", "run.json")), "ten/feed.xml"]
    assert json.loads(made[f"ten/{day}.run.json"]) == report
    check_accounts(report, made[f"ten/{day}.json"], ids(RECORDS[:10]))
    tokens, wall, prompt = report.pop("tokens"), report.pop("wall_s"), report.pop("prompt")
    (failed,) = report.pop("failed")
    assert report == {
        "name": "ten",
        "date": day,
        "papers": 10,
        "cached": 0,
        "summarized": 9,
        "requests": stats["requests"],
        "retries": 2,
        "cost_usd": None,
        "model": "gpt-6-luna",
        "source": {"announced": 10, "fetched": 10, "missing": 0},
        "missing_papers": [],
        "repeated": 0,
        "earlier": [],
        "notes": [],
        "kept": [],
        "complete": False,
    }
    assert (ran.code, stats["requests"], failed["id"], failed["reason"]) == (3, 12, "2604.00003", "wrong_language")
    assert tokens["prompt"] > tokens["completion"] > 0
    assert wall > 0
    assert (prompt["name"], prompt["version"], len(prompt["sha256"])) == ("digest", 1, 64)


def test_the_report_is_one_line_of_standard_output_and_the_failure_one_of_standard_error(twice: Twice) -> None:
    """With --json, standard output is the report and nothing else."""
    ran = twice.runs[0]
    assert ran.stdout.count("\n") == 1
    assert "2604.00003  wrong_language: " in ran.stderr


def test_a_second_run_asks_only_for_what_has_no_accepted_reply(twice: Twice) -> None:
    """No request for a paper that was accepted; the same entries, byte for byte, for those."""
    report = json.loads(twice.runs[1].stdout)
    assert (report["cached"], report["summarized"], report["requests"], twice.stats[1]["requests"]) == (9, 0, 3, 3)
    day = eastern_day()
    for name in (f"ten/{day}.json", f"ten/{day}.md", f"ten/{day}.html"):
        assert twice.made[1][name] == twice.made[0][name]


def test_the_page_shows_the_papers_newest_first_and_names_the_one_without_summary(twice: Twice) -> None:
    """A failed paper stands on the page by title, link and reason; it is none of the rows."""
    page = twice.made[0][f"ten/{eastern_day()}.md"].decode()
    rows = [line for line in page.splitlines() if line.startswith("| [^")]
    wanted = [number for number in range(10, 0, -1) if number != 3]
    titles = [f"[Widgets Measured, Part {number}](https://arxiv.org/abs/2604.{number:05})" for number in wanted]
    assert [row.split(" | ")[1] for row in rows] == titles
    failed = page.partition("# 没有摘要的论文")[2].partition("\n# ")[0]
    assert "[Widgets Measured, Part 3](https://arxiv.org/abs/2604.00003)" in failed
    assert "这里是" not in page


def test_a_whole_run_says_what_it_did_and_where_the_page_is(wired: Program) -> None:
    """Exit 0: one line of counts, one with the page's path; progress is on standard error."""
    ran = wired("run", "--input", "two.jsonl", "--date", "2026-04-26")
    result, page = ran.stdout.splitlines()
    counts = "papers 2026-04-26: 2 papers, 2 new, 0 cached, 0 without summary, 0 missing; 2 requests"
    assert re.fullmatch(rf"{counts}, \d+\.\d s", result)
    assert (ran.code, page) == (0, "  outputs/papers/2026-04-26.html")
    assert ran.stderr == "fetched 2 of 2 papers\n"


def test_quiet_says_nothing_and_verbose_says_each_paper(replayed: Program) -> None:
    """-q leaves both streams empty; -v has the Chinese title and line of each paper, cached or new."""
    quiet = replayed("run", "--input", "two.jsonl", "-q")
    verbose = replayed("run", "--input", "ten.jsonl", "--limit", "3", "-v")
    assert (quiet.stdout, quiet.stderr) == ("", "")
    assert sorted(verbose.stderr.splitlines()[1:-1]) == [
        *(f"  {record(number)['tldr']}" for number in (1, 2, 3)),
        "2604.00001 cached: 部件的测量之第 1 篇",
        "2604.00002 cached: 部件的测量之第 2 篇",
        "2604.00003 new: 部件的测量之第 3 篇",
    ]
    assert verbose.stderr.endswith("3 of 10 papers were taken, as --limit says\n")


def test_no_summary_at_all_is_a_failure_and_writes_nothing(wired: Program, endpoint: OpenAIServer) -> None:
    """Exit 1, no file under outputs/; what failed alike shares a line, and -v has a line for each paper too."""
    for verbose in (False, True):
        endpoint.reset(Options(by_paper={"*": [{"fault": "refusal"}] * 3}))
        ran = wired("run", "--input", "two.jsonl", *(["-v"] if verbose else []))
        assert (ran.code, wired.made()) == (1, {})
        assert "\n  2 papers, from 2604.00001  refused: the model declined to answer\n" in ran.stderr
        assert "nothing was written" in ran.stdout + ran.stderr
        assert all((f"\n{name} " in ran.stderr) is verbose for name in ids(RECORDS[:2]))


def test_a_missing_english_one_liner_is_asked_for_once_and_then_left_empty(
    wired: Program, endpoint: OpenAIServer
) -> None:
    """No paper is lost for it."""
    said = {name: value for name, value in RECORDS[0].items() if name.startswith("tr") or name == "tldr"}
    endpoint.reset(
        Options(by_paper={"2604.00001": [{"fault": "content", "content": json.dumps(said)} for _ in range(3)]})
    )
    ran = wired("run", "--input", "two.jsonl", "--json")
    report = json.loads(ran.stdout)
    assert (ran.code, report["requests"], report["failed"]) == (0, 3, [])


def test_offline_asks_nothing_and_names_what_the_cache_has_not(wired: Program, endpoint: OpenAIServer) -> None:
    """What the cache has is shown; the rest fails as not_cached, without a key and without a request."""
    wired("run", "--input", "two.jsonl", "-q")
    endpoint.reset()
    ran = wired("run", "--input", "ten.jsonl", "--limit", "4", "--offline", "--json")
    report = json.loads(ran.stdout)
    assert (ran.code, report["cached"], report["requests"], endpoint.stats()["requests"]) == (3, 2, 0, 0)
    assert [(one["id"], one["reason"]) for one in report["failed"]] == [
        ("2604.00003", "not_cached"),
        ("2604.00004", "not_cached"),
    ]


def test_refresh_asks_again_for_papers_that_the_cache_has(wired: Program, endpoint: OpenAIServer) -> None:
    """Two papers cost two requests each time."""
    for _ in range(2):
        ran = wired("run", "--input", "two.jsonl", "--refresh", "-q")
        assert ran.code == 0
    assert endpoint.stats()["requests"] == 4


def test_another_model_does_not_find_the_replies_of_the_first(wired: Program, endpoint: OpenAIServer) -> None:
    """The model is part of the key, by option and by environment."""
    wired("run", "--input", "two.jsonl", "-q", "--model", "one")
    wired("run", "--input", "two.jsonl", "-q", ARXIV_DIGEST_MODEL="two")
    wired("run", "--input", "two.jsonl", "-q", "--model", "one", ARXIV_DIGEST_MODEL="two")
    assert sorted(call.request["model"] for call in endpoint.log) == ["one", "one", "two", "two"]


def test_standard_input_is_an_input_like_any_file(replayed: Program) -> None:
    """``--input -`` makes the digest that the file makes."""
    end = json.dumps({"end": {"source": {"fetched": 2}, "exit": 0}})
    ran = replayed("run", "--input", "-", "--date", MONDAY, stdin=f"{lines(RECORDS[:2])}{end}\n")
    assert (ran.code, shown(replayed.made()[f"papers/{MONDAY}.json"])) == (0, ["2604.00002", "2604.00001"])


def test_only_the_kinds_of_announcement_that_are_asked_for_are_kept(replayed: Program) -> None:
    """--announce filters an input; without it everything is kept."""
    kinds = ("new", "cross", "replace", "replace-cross")
    replayed.write("kinds.jsonl", lines(record(n, announce_type=kind) for n, kind in enumerate(kinds, 1)))
    replayed("run", "--input", "kinds.jsonl", "--announce", "new,cross", "--name", "some", "--date", MONDAY)
    replayed("run", "--input", "kinds.jsonl", "--name", "all", "--date", MONDAY)
    made = replayed.made()
    assert shown(made[f"some/{MONDAY}.json"]) == ["2604.00002", "2604.00001"]
    assert len(shown(made[f"all/{MONDAY}.json"])) == 4


def test_only_the_formats_that_are_asked_for_are_written(replayed: Program) -> None:
    """--format md leaves the JSON out; the report is always there; -o and --cache say where."""
    ran = replayed(
        "run", "--input", "two.jsonl", "--date", MONDAY, "--format", "md", "-o", "out/here", "--cache", "kept"
    )
    assert ran.code == 0
    assert sorted(replayed.made("out/here")) == [f"papers/{MONDAY}.md", f"papers/{MONDAY}.run.json"]
    assert (replayed.folder / "kept" / "digest.db").is_file()
    assert not (replayed.folder / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (("cs.AI", "cs.LG", "--date", MONDAY), [f"cs.AI+cs.LG/{MONDAY}"]),
        (("cs.AI", "--name", "mine", "--date", MONDAY), [f"mine/{MONDAY}"]),
        (("--id", "2604.00001", "--id", "arXiv:2604.00002v1", "--date", MONDAY), [f"papers/{MONDAY}"]),
        (("--query", "ti:widgets", "--limit", "2"), [f"papers/{eastern_day()}"]),
        (("cs.AI", "--from", "2026-04-24", "--to", MONDAY), [f"cs.AI/{MONDAY}"]),
        (("daily", "--date", MONDAY), [f"daily/{MONDAY}"]),
        (("--date", MONDAY), [f"daily/{MONDAY}", f"other/{MONDAY}"]),
        (("other", "daily", "--date", MONDAY), [f"daily/{MONDAY}", f"other/{MONDAY}"]),
    ],
)
def test_few_words_mean_the_digests_that_the_contract_says(
    replayed: Program, arguments: tuple[str, ...], made: list[str]
) -> None:
    """Categories on one line make one digest, sections one each, --input, --query and --id one called papers."""
    sections = '[digests.daily]\ncategories = ["cs.AI"]\n[digests.other]\ncategories = ["cs.LG", "econ"]\n'
    replayed.write("digest.toml", f"concurrency = 8\n{sections}")
    ran = replayed("run", *arguments)
    assert ran.code == 0, ran.stderr
    assert sorted(name.removesuffix(".md") for name in replayed.made() if name.endswith(".md")) == made


def test_papers_of_a_day_come_from_the_query_api_and_the_page_says_so(replayed: Program, arxiv: ArxivServer) -> None:
    """All sixty are in the digest; the page notes that it follows submission; the day is asked for as a window."""
    ran = replayed("run", "cs.AI", "--date", MONDAY, "--json")
    assert json.loads(ran.stdout)["source"] == {"announced": 60, "fetched": 60, "missing": 0}
    check_accounts(json.loads(ran.stdout), replayed.made()[f"cs.AI/{MONDAY}.json"], ids(RECORDS))
    assert "本页按提交日期选取论文" in replayed.made()[f"cs.AI/{MONDAY}.md"].decode()
    assert all("submittedDate:[202604231800 TO 202604241759]" in seen.query["search_query"] for seen in arxiv.requests)


def test_a_day_without_announcement_ends_with_5_and_touches_no_file(
    wired: Program, arxiv: ArxivServer, endpoint: OpenAIServer
) -> None:
    """On a Saturday nothing is asked of anyone."""
    ran = wired("run", "cs.AI", "--date", "2026-04-25")
    assert (ran.code, ran.stdout) == (5, "cs.AI 2026-04-25: nothing was announced\n")
    assert (wired.made(), arxiv.requests, endpoint.stats()["requests"]) == ({}, [], 0)


def test_a_day_of_which_arxiv_has_no_paper_ends_with_5(replayed: Program, arxiv: ArxivServer) -> None:
    """A holiday is asked for and found empty."""
    ran = replayed("run", "econ", "--date", MONDAY)
    assert (ran.code, replayed.made(), len(arxiv.requests)) == (5, {}, 1)


def test_an_id_that_arxiv_does_not_have_is_named_as_missing(replayed: Program) -> None:
    """The digest is written with the others, and the run ends with 3."""
    ran = replayed("run", "--id", "2604.00001", "--id", "2604.99999", "--json")
    assert (ran.code, json.loads(ran.stdout)["source"]) == (3, {"announced": 2, "fetched": 1, "missing": 1})
    (page,) = (text for name, text in replayed.made().items() if name.endswith(".md"))
    assert "[2604.99999](https://arxiv.org/abs/2604.99999)" in page.decode()


def test_what_arxiv_refuses_is_said_in_its_own_words(wired: Program, endpoint: OpenAIServer) -> None:
    """Exit 1, no request to the model, nothing written."""
    with ArxivServer(faults=[Fault(status=400, body=error_feed("bad query, said arXiv"))]) as refusing:
        ran = wired("run", "--query", "ti:(", **arxiv_environment(refusing))
    assert (ran.code, wired.made(), endpoint.stats()["requests"]) == (1, {}, 0)
    assert "arXiv refused: bad query, said arXiv" in ran.stderr


def test_the_first_model_calls_leave_while_the_next_page_is_on_its_way(cli: Program) -> None:
    """Calls for the first hundred papers arrive before arXiv, four seconds later, is asked for the others."""
    many = [record(number) for number in range(1, 121)]
    with OpenAIServer(many) as model, ArxivServer(papers(many)) as arxiv:
        environment = arxiv_environment(arxiv) | {"ARXIV_DIGEST_ARXIV_DELAY": "4"}
        ran = cli("run", "cs.AI", "--date", MONDAY, "--json", OPENAI_BASE_URL=model.base_url, **environment)
        second_page = arxiv.requests[1].at + time.time() - time.monotonic()
        early = {call.paper for call in model.log if call.arrived < second_page}
    assert (ran.code, json.loads(ran.stdout)["papers"]) == (0, 120)
    assert arxiv.requests[1].at - arxiv.requests[0].at >= 4
    assert len(early) == 100


def test_two_runs_at_once_share_a_cache_and_both_end_well(replayed: Program) -> None:
    """Neither waits for ever nor loses a reply; afterwards everything is cached."""
    with replayed.start("run", "--input", "ten.jsonl", "--name", "one") as one:
        two = replayed("run", "--input", "ten.jsonl", "--name", "two", "--json")
        assert one.wait(timeout=30) == 0
    third = json.loads(replayed("run", "--input", "ten.jsonl", "--name", "three", "--json").stdout)
    assert (two.code, third["cached"], third["requests"]) == (0, 10, 0)


def test_a_damaged_cache_is_set_aside_with_a_warning_and_the_run_goes_on(replayed: Program) -> None:
    """The warning says where the damaged file is; nothing of it is deleted."""
    replayed.write("cache/digest.db", b"this is no database at all, and long enough to be sure" * 30)
    ran = replayed("run", "--input", "two.jsonl")
    assert ran.code == 0
    assert "cache/digest.db.damaged-1" in ran.stderr
    assert (replayed.folder / "cache" / "digest.db.damaged-1").read_bytes().startswith(b"this is no database")


def test_a_replay_answers_from_a_file_and_its_replies_never_answer_a_real_run(
    wired: Program, endpoint: OpenAIServer
) -> None:
    """No key, no request; an unknown paper is a named failure; the recorded model is replay whatever --model says."""
    wired.write("replies.jsonl", lines(RECORDS[:1]))
    ran = wired("run", "--input", "two.jsonl", "--base-url", "replay:replies.jsonl", "--model", "m", "--json")
    report = json.loads(ran.stdout)
    assert (ran.code, report["model"], endpoint.stats()["requests"]) == (3, "replay", 0)
    assert [(one["id"], one["reason"]) for one in report["failed"]] == [("2604.00002", "no_reply")]
    again = json.loads(wired("run", "--input", "two.jsonl", "--json").stdout)
    assert (again["cached"], again["summarized"]) == (0, 2)


def test_no_temporary_file_is_left_beside_a_digest(replayed: Program) -> None:
    """Everything hidden that writing needed is gone afterwards."""
    replayed("run", "--input", "two.jsonl", "-q")
    leftovers = list(Path(replayed.folder, "outputs").rglob(".*"))
    assert leftovers == []


def test_each_digest_is_told_as_soon_as_it_is_made(wired: Program, endpoint: OpenAIServer) -> None:
    """The second day's model answers late: by then the first day's line stands on standard output."""
    wired.write("digest.toml", '[digests.one]\ncategories = ["cs.AI"]\n[digests.two]\ncategories = ["cs.LG"]\n')
    wired("run", "one", "--date", MONDAY, "--limit", "2", "-q", OPENAI_BASE_URL=endpoint.base_url)
    endpoint.reset(Options(delay=30))
    command = ("run", "one", "two", "--date", MONDAY, "--limit")
    with wired.start(*command, "2", "--replace", "--refetch", stdout=subprocess.PIPE) as process:
        assert process.stdout
        first = process.stdout.readline().decode()
        is_running = process.poll() is None
        process.terminate()
    assert (first.partition(":")[0], is_running) == (f"one {MONDAY}", True)


def test_open_shows_the_page_that_was_made(cli: Program) -> None:
    """The browser gets the address of the HTML page; where there is no browser, that is said."""
    browser = cli.write("browser", '#!/bin/sh\nprintf %s "$1" > opened\n')
    browser.chmod(0o755)
    assert cli("demo", "--open", "-q", BROWSER=f"{browser} %s").code == 0
    page = next((cli.folder / "outputs" / "demo").glob("*.html"))
    opened = cli.folder / "opened"
    assert opened.read_text(encoding="utf-8") == page.as_uri()
    ran = cli("demo", "--open", "-q", BROWSER="/bin/false %s", PATH="")
    assert (ran.code, "no browser to open the page with" in ran.stderr) == (0, True)
    for command in ("run", "demo", "assemble"):
        ran = cli(command, "--open", "--format", "md", OPENAI_API_KEY="any")
        assert (ran.code, "--open: without html, no page can be opened" in ran.stderr) == (2, True)
