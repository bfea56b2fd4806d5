"""The scheduled workflow in a fork: nothing but secrets and variables is set, and some of GitHub's features are off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from tests.servers.listener import Listener
from tests.servers.openai_options import Options

from .conftest import OF_LG, Repository
from .runner import commands_in
from .test_digest import AWAKE, DOWN, FRIDAY, MONDAY, OF_MONDAY, PAGES, REFUSED, _colours, _issue_calls

FIRST, SECOND, LAST = "17 5 * * 1-5", "17 10 * * 1-5", "47 12 * * 1-5"
GREEN_WITHOUT_PAGES = {"digest": "green", "pages": "skipped", "issue": "green", "awake": "green"}


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Where digests are delivered to."""
    with Listener() as server:
        yield server


def test_a_fork_without_issues_and_pages_is_green(repository: Repository) -> None:
    """Each says what is off, in a notice; the day is committed, complete or not."""
    repository.mark("issues-disabled")
    repository.mark("pages-off")
    repository.endpoint.reset(Options(by_paper={OF_MONDAY[0]: REFUSED}))
    for code in ("3", "0"):
        jobs = repository(MONDAY)
        assert (_colours(jobs), jobs["digest"].outputs["exit-code"]) == (GREEN_WITHOUT_PAGES, code)
        assert _of_kind("notice", jobs["digest"].log) == [
            'No site is published. To have one, choose "GitHub Actions" as the source under Settings → Pages.'
        ]
        assert _of_kind("notice", jobs["issue"].log) == [
            "No issue was opened or closed. A fork has issues disabled; Settings → General → Features enables them."
        ]
        repository.endpoint.reset(Options())
    assert (repository.commits(), repository.shown(f"ai/{MONDAY}")) == (2, OF_MONDAY)


def _of_kind(kind: str, log: str) -> list[str]:
    """Return the texts of the commands of a kind in a log."""
    return [line.removeprefix(f"::{kind}::") for line in commands_in(log) if line.startswith(f"::{kind}::")]


def test_variables_set_what_is_made_by_which_model_where(repository: Repository) -> None:
    """Two digests of categories that no file names, a page each; nothing of digest.toml is edited."""
    address = repository.environment.pop("OPENAI_BASE_URL")
    repository.variables = {"CATEGORIES": "cs.AI, cs.LG", "MODEL": "another-model", "BASE_URL": address}
    assert _colours(repository(MONDAY, ""))["digest"] == "green"
    assert repository.shown(f"cs.AI/{MONDAY}") == OF_MONDAY
    assert repository.shown(f"cs.LG/{MONDAY}") == [*OF_MONDAY, OF_LG["id"]]
    report = json.loads(repository.git("show", f"digests:cs.LG/{MONDAY}.run.json"))
    assert (report["model"], report["name"]) == ("another-model", "cs.LG")
    assert "https://owner.github.io/repository/cs.AI/feed.xml" in repository.git("show", "digests:cs.AI/feed.xml")
    readme = repository.git("show", "digests:README.md")
    assert f"| {MONDAY} | [cs.AI](cs.AI/{MONDAY}.md)（4 篇），[cs.LG](cs.LG/{MONDAY}.md)（5 篇） |" in readme
    assert "<https://owner.github.io/repository/>" in readme


def test_a_budget_holds_for_all_digests_of_a_run_and_can_be_lifted(repository: Repository) -> None:
    """Of the variable, unless the run says another; what is left is made by the next."""
    # A call may cost 4.1 dollars and costs some: the first digest uses up what the second would need.
    repository.variables = {"CATEGORIES": "cs.AI cs.LG", "BUDGET": "6"}
    jobs = repository(MONDAY, "")
    reports = [json.loads(line) for line in _reports(repository)]
    assert jobs["digest"].outputs["exit-code"] == "4"
    assert sum(one["cost_usd"] for one in reports) <= 6
    before = len(repository.asked())
    assert repository(MONDAY, "", budget="none")["digest"].outputs["exit-code"] == "0"
    assert before + len(repository.asked()) == 5


def _reports(repository: Repository) -> list[str]:
    """Return the run reports of the last run."""
    path = repository.hub.folder / f"temp-{repository.hub.runs}" / "reports.jsonl"
    return path.read_text("utf-8").splitlines() if path.is_file() else []


def test_the_key_of_a_service_is_there_for_the_run_alone(repository: Repository) -> None:
    """Neither the site nor the delivery has it, nor any other secret."""
    program = repository.workspace / ".venv" / "bin" / "arxiv-digest"
    program.rename(program.with_name("real"))
    program.write_text('#!/bin/sh\nenv > "${0%/*}/$1.env"\nexec "${0%/*}/real" "$@"\n', "utf-8")
    program.chmod(0o755)
    repository.secrets = {
        "DEEPSEEK_API_KEY": "sk-deep",
        "OPENAI_API_KEY": "sk-open",
        "ARXIV_DIGEST_DELIVER": "json://localhost:9",
    }
    repository(MONDAY)
    has = {path.stem: path.read_text("utf-8") for path in program.parent.glob("*.env")}
    assert {command for command in has if "sk-deep" in has[command] or "sk-open" in has[command]} <= {"run", "cache"}
    assert "DEEPSEEK_API_KEY=sk-deep\n" in has["run"]
    assert "OPENAI_API_KEY=sk-open\n" in has["run"]
    assert {command for command in has if "json://localhost" in has[command]} == {"deliver"}


def test_a_day_is_tried_again_and_green_as_soon_as_one_try_makes_it(repository: Repository) -> None:
    """The first try fails with a warning, the second makes the day, the third asks no model."""
    repository.schedule, repository.arxiv.faults = FIRST, [DOWN] * 9
    jobs = repository(MONDAY)
    assert _colours(jobs) == GREEN_WITHOUT_PAGES
    assert _of_kind("error", jobs["digest"].log) == []
    assert _of_kind("warning", jobs["digest"].log)[-1].endswith("The day will be tried again later today.")
    assert (repository.calls(), repository.commits()) == ([PAGES, AWAKE], 0)
    repository.schedule, repository.arxiv.faults = SECOND, []
    assert _colours(repository(MONDAY)) == dict.fromkeys(("digest", "pages", "issue", "awake"), "green")
    repository.asked()
    repository.schedule = LAST
    assert _colours(repository(MONDAY)) == GREEN_WITHOUT_PAGES
    assert (repository.asked(), repository.commits()) == ([], 1)


def test_a_day_that_no_try_makes_is_red_once_with_an_issue(repository: Repository) -> None:
    """The last try."""
    repository.arxiv.faults = [DOWN] * 99
    colours, issues = [], []
    for repository.schedule in (FIRST, SECOND, LAST):
        colours.append(_colours(repository(MONDAY))["digest"])
        issues.append(_issue_calls(repository))
    assert (colours, issues) == (["green", "green", "red"], [[], [], ["list", "create"]])


def test_what_breaks_beside_the_program_is_left_to_the_last_try_too(repository: Repository) -> None:
    """A server that cannot be reached."""
    repository(MONDAY)
    (repository.hub.folder / "remote").rename(repository.hub.folder / "away")
    colours = []
    for repository.schedule in (FIRST, LAST):
        colours.append(_colours(repository(FRIDAY))["digest"])
    assert colours == ["green", "red"]


def test_a_digest_is_delivered_once(repository: Repository, listener: Listener) -> None:
    """With a link to its page; later tries and days made later send nothing again."""
    repository.secrets["ARXIV_DIGEST_DELIVER"] = f"json://{listener.host}/hidden"
    jobs = repository(MONDAY)
    assert [sent["title"] for sent in listener.received] == [f"ai {MONDAY}：4 篇"]
    assert f"https://owner.github.io/repository/ai/{MONDAY}.html" in listener.received[0]["message"]
    assert "Install what delivers" in jobs["digest"].ran
    repository(MONDAY)
    repository(FRIDAY)
    shutil.rmtree(repository.hub.caches)
    repository(MONDAY)
    assert len(listener.received) == 1
    assert "hidden" not in "".join(job.log + job.summary for job in jobs.values())


def test_without_an_address_nothing_is_installed_or_sent(repository: Repository) -> None:
    """The extra costs time."""
    ran = repository(MONDAY)["digest"].ran
    assert not {"Install what delivers", "Deliver"} & set(ran)


def test_a_delivery_that_fails_is_tried_again_and_red_at_last(repository: Repository, listener: Listener) -> None:
    """The day is committed all the same."""
    repository.secrets["ARXIV_DIGEST_DELIVER"] = f"json://{listener.host}"
    listener.status = 500
    for repository.schedule, colour, kind in ((FIRST, "green", "warning"), (LAST, "red", "error")):
        jobs = repository(MONDAY)
        assert _colours(jobs)["digest"] == colour
        assert _of_kind(kind, jobs["digest"].log)[-1].startswith("Not all was delivered.")
    assert (repository.commits(), listener.received) == (1, [])
    listener.status = 200
    assert _colours(repository(MONDAY))["digest"] == "green"
    assert len(listener.received) == 1


def test_a_digest_that_lacks_many_papers_is_delivered_by_the_last_try(
    repository: Repository, listener: Listener
) -> None:
    """An earlier one leaves it, since the next may complete it."""
    repository.secrets["ARXIV_DIGEST_DELIVER"] = f"json://{listener.host}"
    repository.endpoint.reset(Options(by_paper={OF_MONDAY[0]: REFUSED}))
    for repository.schedule, sent in ((FIRST, 0), (LAST, 1)):
        assert _colours(repository(MONDAY))["digest"] == "green"
        assert len(listener.received) == sent
        repository.endpoint.reset(Options(by_paper={OF_MONDAY[0]: REFUSED}))


def test_old_days_leave_the_branch_and_the_site(repository: Repository) -> None:
    """By the variable KEEP_DAYS, with the next day that is made."""
    repository(FRIDAY)
    repository.variables["KEEP_DAYS"] = str((datetime.now(UTC).date() - date.fromisoformat(MONDAY)).days)
    repository(MONDAY)
    assert {path.split(".")[0] for path in repository.files()} == {"README", "ai/feed", f"ai/{MONDAY}"}
    assert FRIDAY not in repository.git("show", "digests:README.md")
    assert not list(repository.hub.pages.rglob(f"{FRIDAY}*"))
