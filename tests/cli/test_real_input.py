"""The main job on real input: recorded replies, recorded feeds. Needs ARXIV_DIGEST_TEST_DATA, the folder of both."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.anything import anything
from tests.servers.openai import spawn
from tests.servers.openai_options import Options

from .program import Program, Ran, check_accounts, lines, settled_before, shown, wait_until

DATA = os.environ.get("ARXIV_DIGEST_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not DATA, reason="needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")
ARXIV = Path(DATA) / "arxiv"
OK = Path(DATA) / "replies" / "ok.jsonl"
REAL = ("run", "--input", OK, "--name", "real", "--json")

EMPTY = (
    "api_2026-04-12_empty_id_0000.0000.atom.xml",
    "rss_2024-11-28_test_archive_empty.rss.xml",
    "rss_2025-04-27_cs_sunday_empty.rss.xml",
)
ERRORS = {
    "api_2026-04-12_error_incorrect_id_format_http400.atom.xml": "incorrect id format for abc",
    "rss_2024-11-28_error_bad_archive_astroph.rss.xml": "astroph",
}
OTHERS = (
    "oai_2016-03-09_ListRecords_cs_last_page.xml",
    *(f"derived_announcements_cs.CV/2026-04-{day}.json" for day in (24, 25, 27, 28, 30)),
)


def _feeds() -> list[str]:
    found = {path.name for kind in ("atom", "rss") for path in ARXIV.glob(f"*.{kind}.xml")}
    return sorted(found - {*EMPTY, *ERRORS})


@dataclass(frozen=True)
class Twice:
    """The 800 papers, run twice against a server of its own process."""

    runs: tuple[Ran, Ran]
    logs: tuple[list[dict[str, Any]], list[dict[str, Any]]]
    made: dict[str, bytes]
    report: dict[str, Any]

    @property
    def digest(self) -> bytes:
        """The JSON of the digest."""
        return next(text for name, text in self.made.items() if name.endswith(".json") and ".run." not in name)


def _log(base_url: str) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = httpx2.get(f"{base_url.removesuffix('/v1')}/_log", timeout=30).json()
    return calls


def _ok(base_url: str) -> int:
    return int(httpx2.get(f"{base_url.removesuffix('/v1')}/_stats", timeout=30).json()["ok"])


@pytest.fixture(scope="module")
def wanted() -> list[str]:
    """The ids of the 800 papers."""
    return [json.loads(line)["id"] for line in OK.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Twice:
    """Run the main job, and once more."""
    program = Program(tmp_path_factory.mktemp("real"))
    with spawn(OK) as url:
        program.environment["OPENAI_BASE_URL"] = url
        first = program(*REAL)
        made, report, log = program.made(), program.run_report("real"), _log(url)
        second = program(*REAL)
        return Twice((first, second), (log, _log(url)[len(log) :]), made, report)


def test_all_800_papers_are_accounted_for(twice: Twice, wanted: list[str]) -> None:
    """790 or more are in the digest, the rest is named with a reason, and none is there twice."""
    check_accounts(twice.report, twice.digest, wanted)
    assert len(set(shown(twice.digest))) == len(shown(twice.digest)) >= 790
    assert twice.runs[0].code == (3 if twice.report["failed"] else 0)
    (page,) = (text.decode() for name, text in twice.made.items() if name.endswith(".md"))
    rows = [line for line in page.splitlines() if line.startswith("| [^")]
    assert len(rows) == len(shown(twice.digest))
    for failed in twice.report["failed"]:
        assert f"https://arxiv.org/abs/{failed['id']})" in page


def test_the_report_agrees_with_the_servers_own_count(twice: Twice) -> None:
    """Requests sent are requests that the server saw, and --json is the report that was written."""
    report = twice.report
    assert json.loads(twice.runs[0].stdout) == report
    assert report["requests"] == len(twice.logs[0])
    asked = Counter(call["paper"] for call in twice.logs[0])
    assert set(asked) == {entry["paper"]["id"] for entry in json.loads(twice.digest)["entries"]}
    assert max(asked.values()) <= 3
    assert report["source"] == {"announced": 800, "fetched": 800, "missing": 0}
    assert (report["name"], report["cached"], report["retries"]) == ("real", 0, len(twice.logs[0]) - len(asked))


def test_a_second_run_sends_no_request_for_any_accepted_paper(twice: Twice) -> None:
    """Only the papers without an accepted reply are asked for again."""
    accepted = set(shown(twice.digest))
    assert {call["paper"] for call in twice.logs[1]} & accepted == set()
    assert json.loads(twice.runs[1].stdout)["cached"] == len(accepted)


def test_a_run_killed_halfway_pays_only_for_what_was_in_flight(cli: Program, wanted: list[str]) -> None:
    """After kill -9 no paper is asked again whose reply had been sent half a second before the kill."""
    command = (*REAL, "--concurrency", "32")
    with spawn(OK, Options(delay=0.15)) as url:
        cli.environment["OPENAI_BASE_URL"] = url
        with cli.unmeasured().start(*command) as process:
            wait_until(lambda: _ok(url) >= 400, process, what="half of the replies")
            process.kill()
            killed = time.time()
        time.sleep(0.5)
        before = _log(url)
        ran = cli(*command)
        after = _log(url)[len(before) :]
    accepted = set(shown(next(text for name, text in cli.made().items() if re.search(r"/[\d-]+\.json$", name))))
    safe = settled_before(before, killed) & accepted
    assert process.returncode == -signal.SIGKILL
    assert len(safe) > 100
    assert {call["paper"] for call in after} & safe == set()
    report = json.loads(ran.stdout)
    assert (report["papers"], report["requests"]) == (len(wanted), len(after))


@pytest.fixture(scope="module")
def replies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good reply for every paper that any of the recorded feeds names."""
    pattern = re.compile(rb"(?:arxiv\.org/abs/|oai:arXiv\.org:)((?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7}))v\d")
    found = {match.decode() for name in _feeds() for match in pattern.findall((ARXIV / name).read_bytes())}
    path = tmp_path_factory.mktemp("replies") / "replies.jsonl"
    path.write_text(lines({"id": name, **anything(name)} for name in sorted(found)), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", _feeds() if DATA else [])
def test_a_recorded_feed_gives_the_same_files_through_a_pipe_and_by_run(cli: Program, replies: Path, name: str) -> None:
    """The same page and JSON, byte for byte, and every paper has its summary."""
    replay = ("--base-url", f"replay:{replies}")
    piped = cli.chain(["fetch", "--input", ARXIV / name], ["summarize", *replay], ["assemble", "-o", "piped", "--json"])
    whole = cli("run", "--input", ARXIV / name, "-o", "whole", "--json", *replay)
    assert ([one.code for one in piped], whole.code) == ([0, 0, 0], 0), whole.stderr
    mine, other = (
        {key: text for key, text in cli.made(folder).items() if not key.endswith(".run.json")}
        for folder in ("piped", "whole")
    )
    assert mine == other
    assert len(mine) == 4
    first, second = json.loads(piped[-1].stdout), json.loads(whole.stdout)
    assert first["source"] == second["source"]
    assert first["papers"] == second["papers"] == second["cached"] > 0
    if dated := re.match(r"rss(?:atom)?_([\d-]{10})_", name):
        assert first["date"] == dated[1]


def test_every_announce_type_comes_through(cli: Program) -> None:
    """The complete feed of a day has all four kinds, as many of each as arXiv announced."""
    ran = cli("fetch", "--input", ARXIV / "rss_2025-04-28_quant-ph_81items.rss.xml")
    kinds = Counter(json.loads(line).get("announce_type") for line in ran.stdout.splitlines()[:-1])
    assert kinds == {"new": 40, "cross": 10, "replace": 22, "replace-cross": 9}


@pytest.fixture
def nobody(cli: Program) -> Iterator[Program]:
    """The program with a replay that has no reply, so that nothing can be asked."""
    cli.write("none.jsonl", "")
    cli.environment["OPENAI_BASE_URL"] = "replay:none.jsonl"
    yield cli
    assert cli.made() == {}


@pytest.mark.parametrize("name", EMPTY)
def test_a_recorded_feed_without_papers_ends_with_5_and_touches_no_file(nobody: Program, name: str) -> None:
    """By run and by each stage of a pipe."""
    ran = nobody.chain(["fetch", "--input", ARXIV / name], ["summarize"], ["assemble"])
    assert [one.code for one in (*ran, nobody("run", "--input", ARXIV / name))] == [5, 5, 5, 5]


@pytest.mark.parametrize("name", ERRORS)
def test_a_recorded_error_feed_ends_with_1_and_arxivs_own_message(nobody: Program, name: str) -> None:
    """By run and by each stage of a pipe, nothing written."""
    ran = nobody.chain(["fetch", "--input", ARXIV / name], ["summarize"], ["assemble"])
    whole = nobody("run", "--input", ARXIV / name)
    assert [one.code for one in (*ran, whole)] == [1, 1, 1, 1]
    assert ERRORS[name] in ran[0].stderr
    assert ERRORS[name] in whole.stderr


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_input_format_is_wrong_usage(nobody: Program, name: str) -> None:
    """A harvest by OAI-PMH and documents derived by others: 2, naming the file."""
    ran = nobody("run", "--input", ARXIV / name)
    assert (ran.code, ran.stdout) == (2, "")
    assert Path(name).name in ran.stderr
