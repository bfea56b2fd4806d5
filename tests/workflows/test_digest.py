"""The scheduled workflow, its steps executed: what each end of a day does to branch, pages, issue and colour."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.cli.fork_server import CHECKOUT
from tests.servers.arxiv import Fault, error_feed
from tests.servers.openai_options import Options

from .conftest import FEW, Repository
from .runner import TOKEN, Job, commands_in

FRIDAY, SATURDAY, MONDAY = "2026-04-24", "2026-04-25", "2026-04-27"
OF_MONDAY = [one["id"] for one in FEW[:4]]
OF_FRIDAY = [one["id"] for one in FEW[4:]]
DOWN = Fault(400, body=error_feed("down for today"))
AWAKE = f"{TOKEN}  | api --silent --method PUT repos/owner/repository/actions/workflows/digest.yml/enable"
PAGES = f'{TOKEN}  | api repos/owner/repository/pages --jq select(.build_type == "workflow").html_url'
ISSUES = f"{TOKEN} owner/repository | issue"
REFUSED = [{"fault": "content_filter"}] * 3


def _colours(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: "skipped" if job.skipped else "red" if job.failed else "green" for name, job in jobs.items()}


def _issue_calls(repository: Repository) -> list[str]:
    """What was done to issues, in a word each."""
    return [call.removeprefix(ISSUES).split()[0] for call in repository.calls() if call.startswith(ISSUES)]


def test_a_day_is_committed_deployed_and_summed_up_and_the_same_day_again_changes_nothing(
    repository: Repository,
) -> None:
    """Green twice; one commit; the second run asks no model; the schedule is kept enabled both times."""
    first = repository(MONDAY)
    assert _colours(first) == dict.fromkeys(("digest", "pages", "issue", "awake"), "green")
    assert repository.files() == sorted(
        ["README.md", "ai/feed.xml", *(f"ai/{MONDAY}.{end}" for end in ("html", "json", "md", "run.json"))]
    )
    assert (repository.shown(f"ai/{MONDAY}"), sorted(map(str, repository.asked()))) == (OF_MONDAY, OF_MONDAY)
    assert "| ai | 2026&#45;04&#45;27 | 4 | 4 | 0 | 0 | 0 | 4 |" in first["digest"].summary
    assert first["digest"].summary.startswith("Complete.\n")
    assert list(repository.hub.pages.rglob("*.html"))
    listed = f"{ISSUES} list --label incomplete-digest --state open --limit 1 --json number --jq .[].number"
    assert repository.calls() == [PAGES, listed, AWAKE]
    again = repository(MONDAY)
    assert _colours(again) == {"digest": "green", "pages": "skipped", "issue": "green", "awake": "green"}
    assert (repository.commits(), repository.asked()) == (1, [])
    assert "No digest changed." in again["digest"].log
    assert repository.calls() == [PAGES, listed, AWAKE]
    author, body = repository.git("log", "--format=%an\n%b", "digests").strip().split("\n")
    assert (author, body) == ("github-actions[bot]", f"ai/{MONDAY}")


def test_no_secret_is_said(repository: Repository) -> None:
    """Neither the key nor the token stands in a log, a summary, the commit or the cache's files."""
    jobs = repository(MONDAY)
    told = "".join(job.log + job.summary for job in jobs.values())
    assert [secret in told for secret in ("sk-secret", TOKEN)] == [False, False]
    assert [line.partition("::")[2].partition("::")[0] for line in commands_in(jobs["digest"].log)] == ["add-mask"] * 2
    kept = b"".join(path.read_bytes() for path in repository.hub.caches.rglob("*") if path.is_file())
    assert b"sk-secret" not in kept


def test_a_weekend_is_green_and_commits_nothing(repository: Repository) -> None:
    """Nothing was announced: no branch, no pages, no issue."""
    jobs = repository(SATURDAY)
    assert _colours(jobs) == {"digest": "green", "pages": "skipped", "issue": "green", "awake": "green"}
    assert (jobs["digest"].outputs["exit-code"], repository.commits(), repository.asked()) == ("5", 0, [])
    assert jobs["digest"].summary.startswith("Nothing was announced.\n")
    assert repository.calls() == [PAGES, AWAKE]


def test_a_day_on_which_arxiv_is_down_is_red_and_commits_nothing(repository: Repository) -> None:
    """An issue is opened and the schedule stays enabled; the next run makes the day and closes the issue."""
    repository.arxiv.faults = [DOWN] * 9
    jobs = repository(MONDAY)
    assert _colours(jobs) == {"digest": "red", "pages": "skipped", "issue": "green", "awake": "green"}
    assert (jobs["digest"].outputs["exit-code"], repository.commits()) == ("1", 0)
    assert list(commands_in(jobs["digest"].log))[-1].startswith("::error::No digest: no paper has a summary.")
    calls = repository.calls()
    assert (calls[0], calls[-1]) == (PAGES, AWAKE)
    assert "issue create --label incomplete-digest --title A day has no digest" in calls[-2]
    repository.arxiv.faults = []
    assert (repository(MONDAY)["digest"].failed, repository.commits()) == (False, 1)
    assert _issue_calls(repository) == ["list", "close"]


def test_a_refused_key_is_red_after_one_request(repository: Repository) -> None:
    """Nothing is committed, and each paper is an error beside the run, as far as GitHub shows them."""
    repository.endpoint.reset(Options(key="another"))
    jobs = repository(MONDAY)
    assert (_colours(jobs)["digest"], repository.commits()) == ("red", 0)
    assert len(repository.asked()) == 1
    errors = [line for line in commands_in(jobs["digest"].log) if line.startswith("::error title=No summary::ai ")]
    assert sorted(line.split()[4].rstrip(":") for line in errors) == OF_MONDAY


def test_wrong_settings_are_red_before_anything_is_spent(repository: Repository) -> None:
    """A day that is none."""
    jobs = repository("tomorrow")
    assert (_colours(jobs)["digest"], repository.commits(), repository.asked()) == ("red", 0, [])
    assert jobs["digest"].summary.startswith("**Wrong usage or settings**")
    assert "::error::No digest: wrong usage or settings." in jobs["digest"].log


def test_an_incomplete_day_is_published_with_one_issue_that_a_complete_run_closes(repository: Repository) -> None:
    """Half the papers fail twice, then none: green, opened once, closed once; only what failed is asked again."""
    for opened in (["list", "create"], ["list"]):
        repository.endpoint.reset(Options(by_paper=dict.fromkeys(OF_MONDAY[:2], REFUSED)))
        jobs = repository(MONDAY)
        assert (_colours(jobs)["digest"], jobs["digest"].outputs["exit-code"]) == ("green", "3")
        assert _issue_calls(repository) == opened
    assert (repository.commits(), repository.shown(f"ai/{MONDAY}")) == (1, OF_MONDAY[2:])
    assert "没有摘要的论文" in repository.git("show", f"digests:ai/{MONDAY}.md")
    assert jobs["digest"].summary.count("| ai 2026&#45;04&#45;27 | 2604&#46;0000") == 2
    warnings = [line for line in commands_in(jobs["digest"].log) if line.startswith("::warning title=No summary::")]
    assert sorted(line.split()[4].rstrip(":") for line in warnings) == OF_MONDAY[:2]
    repository.endpoint.reset(Options())
    assert repository(MONDAY)["digest"].outputs["exit-code"] == "0"
    assert _issue_calls(repository) == ["list", "close"]
    assert (repository.commits(), repository.shown(f"ai/{MONDAY}")) == (2, OF_MONDAY)
    assert sorted(map(str, repository.asked())) == OF_MONDAY[:2]


def test_a_budget_that_ends_publishes_what_was_paid_for(repository: Repository) -> None:
    """4: green, with an issue that says why; what is left is made with more money."""
    repository(MONDAY, budget="0.01")
    assert (repository.commits(), _issue_calls(repository)) == (0, ["list", "create"])
    assert repository.asked() == []
    assert repository(MONDAY, budget="1000")["digest"].outputs["exit-code"] == "0"
    assert (repository.commits(), _issue_calls(repository)) == (1, ["list", "close"])


def test_a_red_run_keeps_what_it_paid_for(repository: Repository) -> None:
    """One of two digests fails: nothing is committed, but the next run asks only about the other's papers."""
    repository.arxiv.faults = [Fault(), *[DOWN] * 9]
    assert _colours(repository(MONDAY, "ai lg"))["digest"] == "red"
    paid = repository.asked()
    assert (len(paid), repository.commits()) == (4, 0)
    repository.arxiv.faults = []
    assert not repository(MONDAY, "ai lg")["digest"].failed
    assert (repository.asked(), repository.shown(f"ai/{MONDAY}")) == (["2604.00007"], OF_MONDAY)


def test_a_run_that_is_killed_is_red_and_the_next_goes_on(repository: Repository) -> None:
    """As by a time-out: the cache is saved all the same, so that nothing is asked again."""
    program = repository.workspace / ".venv" / "bin" / "arxiv-digest"
    program.rename(program.with_name("real"))
    program.write_text('#!/bin/sh\n"${0%/*}/real" "$@"\n[ "$1" != run ] || kill -9 $PPID\n', "utf-8")
    program.chmod(0o755)
    assert (_colours(repository(MONDAY))["digest"], repository.commits()) == ("red", 0)
    assert len(repository.asked()) == 4
    program.with_name("real").rename(program)
    assert _colours(repository(MONDAY))["digest"] == "green"
    assert (repository.asked(), repository.shown(f"ai/{MONDAY}")) == ([], OF_MONDAY)


def test_a_lost_cache_is_made_again_from_the_branch_and_no_call_is_paid_twice(repository: Repository) -> None:
    """The day is made without a call and is the same."""
    repository(MONDAY)
    repository.asked()
    shutil.rmtree(repository.hub.caches)
    jobs = repository(MONDAY)
    assert (_colours(jobs)["digest"], repository.asked(), repository.commits()) == ("green", [], 1)
    assert "4 replies, 4 of them new" in jobs["digest"].log


def test_what_pages_show_is_carried_from_day_to_day_also_where_the_cache_was_lost(repository: Repository) -> None:
    """Which paper stands on which day's page: the cache holds it, and the branch where that is gone."""
    repository(MONDAY)
    assert list(repository.hub.caches.rglob("memory.db"))
    (before,) = (_remembered(path) for path in repository.hub.caches.rglob("memory.db"))
    shutil.rmtree(repository.hub.caches)
    repository(MONDAY)
    (after,) = (_remembered(path) for path in repository.hub.caches.rglob("memory.db"))
    assert after == before != []


def _remembered(path: Path) -> list[tuple[str, ...]]:
    """What a memory knows of pages: digest, paper and day."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT digest, paper_id, day FROM papers WHERE shown = 1 ORDER BY 1, 2, 3").fetchall()


@pytest.mark.parametrize("content", [b"garbage" * 1000, b""], ids=["damaged", "empty"])
def test_a_cache_that_is_of_no_use_costs_no_call_for_what_was_published(repository: Repository, content: bytes) -> None:
    """It is restored, and what it should have comes from the branch; a damaged one is kept beside it."""
    repository(MONDAY)
    repository.asked()
    (database,) = repository.hub.caches.rglob("digest.db")
    database.write_bytes(content)
    jobs = repository(MONDAY)
    assert (_colours(jobs)["digest"], repository.asked(), repository.commits()) == ("green", [], 1)
    assert "4 replies, 4 of them new" in jobs["digest"].log
    assert bool(list(repository.hub.caches.rglob("digest.db.damaged-1"))) == bool(content)


def test_a_cache_older_than_the_branch_costs_no_call_for_what_was_published(repository: Repository) -> None:
    """As where the run that published a day was killed before it saved its cache."""
    repository(MONDAY)
    older = repository.hub.caches.with_name("older")
    shutil.copytree(repository.hub.caches, older)
    repository(FRIDAY)
    repository.asked()
    shutil.rmtree(repository.hub.caches)
    older.rename(repository.hub.caches)
    assert _colours(repository(FRIDAY))["digest"] == "green"
    assert (repository.asked(), repository.commits()) == ([], 2)


@pytest.mark.parametrize("has_branch", [False, True])
def test_two_runs_that_race_to_push_both_land(repository: Repository, *, has_branch: bool) -> None:
    """The later is rebased, whether or not there was a branch to begin with."""
    if has_branch:
        repository(MONDAY, "lg")
    other = repository.elsewhere("other")
    jobs = repository(MONDAY, before={"Commit what changed": lambda: other(FRIDAY)})
    assert _colours(jobs)["digest"] == "green"
    assert repository.commits() == 2 + has_branch
    assert (repository.shown(f"ai/{MONDAY}"), repository.shown(f"ai/{FRIDAY}")) == (OF_MONDAY, OF_FRIDAY)
    feed = repository.git("show", "digests:ai/feed.xml")
    assert feed.count("<entry>") == feed.count("</entry>") == 1


def test_two_runs_that_race_with_the_same_day_end_with_whole_files_of_the_later(repository: Repository) -> None:
    """Each mends another paper of a day: the page and the report are those of one run, never lines of both."""
    other = repository.elsewhere("other")

    def refuse(*papers: str) -> None:
        repository.endpoint.reset(Options(by_paper=dict.fromkeys(papers, REFUSED)))

    def meanwhile() -> None:
        refuse(OF_MONDAY[0])
        other(MONDAY)

    refuse(OF_MONDAY[0], OF_MONDAY[3])
    repository(MONDAY)
    refuse(OF_MONDAY[3])
    assert not repository(MONDAY, before={"Commit what changed": meanwhile})["digest"].failed
    assert repository.commits() == 3
    report = json.loads(repository.git("show", f"digests:ai/{MONDAY}.run.json"))
    assert [one["id"] for one in report["failed"]] == OF_MONDAY[3:]
    assert repository.shown(f"ai/{MONDAY}") == OF_MONDAY[:3]


def test_a_branch_that_cannot_be_pushed_to_is_red_after_a_few_tries(repository: Repository) -> None:
    """The cache is saved, so that the next run pays nothing."""
    remote = repository.hub.folder / "remote" / "owner" / "repository"
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho x >> tries\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    assert _colours(repository(MONDAY))["digest"] == "red"
    assert ((remote / "tries").read_text("utf-8").count("x"), repository.commits()) == (4, 0)
    hook.unlink()
    repository.asked()
    repository(MONDAY)
    assert (repository.asked(), repository.commits()) == ([], 1)


def test_a_server_that_cannot_be_reached_is_no_empty_branch(repository: Repository) -> None:
    """Red before anything is spent, else the days so far would be forgotten."""
    repository(MONDAY)
    repository.asked()
    remote = repository.hub.folder / "remote"
    remote.rename(remote.with_name("away"))
    assert _colours(repository(FRIDAY))["digest"] == "red"
    assert repository.asked() == []


def test_a_schedule_that_cannot_be_kept_enabled_is_a_warning(repository: Repository) -> None:
    """It is not the day's fault."""
    repository.mark("locked")
    jobs = repository(SATURDAY)
    assert _colours(jobs)["awake"] == "green"
    assert "::warning::The schedule could not be kept enabled" in jobs["awake"].log


def test_what_others_wrote_is_no_command_to_the_runner(repository: Repository) -> None:
    """A model that answers with workflow commands, line breaks and Markdown commands nothing."""
    evil = "::error::pwned\n::set-output name=x::y\n##[error]pwned\n| <img src=x> `x` %0A::warning::z"
    item = {"fault": "status", "status": 400, "body": {"error": {"message": evil}}}
    repository.endpoint.reset(Options(by_paper={OF_MONDAY[0]: [item] * 9}))
    job = repository(MONDAY)["digest"]
    said = [line for line in commands_in(job.log) if "pwned" in line or "name=x" in line]
    assert all(line.startswith("::warning title=No summary::ai ") for line in said)
    assert len(said) == 1
    assert ["<img" in job.summary, "| <" in job.summary, "pwned" in job.summary] == [False, False, True]


@pytest.mark.parametrize("name", ["README.md", "docs/schedule.md", "docs/schedule.zh-CN.md"])
def test_another_repository_needs_ten_lines(name: str, repository: Repository) -> None:
    """One job makes and commits the day, tells the issue, and keeps the schedule enabled."""
    document = (CHECKOUT / name).read_text("utf-8")
    text = re.findall(r"^```yaml\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)[0]
    assert len(text.splitlines()) == 10
    workflow = yaml.safe_load(text.replace("OWNER/arxiv-digest@COMMIT", "./"))
    (job,) = workflow["jobs"].values()
    # The action brings its own token to git: a checkout's need not lie about in files.
    assert all(step["with"] == {"persist-credentials": False} for step in job["steps"][:-1])
    assert job["permissions"] == {"contents": "write", "issues": "write", "actions": "write"}
    # The test's own prices are so high that one call may cost more than the budget of the ten lines.
    job["steps"][-1]["with"] |= {"date": MONDAY, "digests": "ai", "budget": "1000"}
    (repository.workspace / ".github" / "workflows" / "ten.yml").write_text(yaml.safe_dump(workflow), "utf-8")
    repository.endpoint.reset(Options(by_paper={OF_MONDAY[0]: REFUSED}))
    (made,) = repository.of("ten.yml").values()
    assert (made.failed, repository.commits(), repository.shown(f"ai/{MONDAY}")) == (False, 1, OF_MONDAY[1:])
    calls = repository.calls()
    assert [call.split()[3:5] for call in calls] == [
        ["issue", "list"],
        ["label", "create"],
        ["issue", "create"],
        ["--silent", "--method"],
    ]
    assert calls[-1] == AWAKE
