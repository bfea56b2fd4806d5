"""The workflow files as they stand: what they may do, what they pin, and when they run."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from pipeline.endpoints import PRESETS
from tests.cli.fork_server import CHECKOUT

WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, CHECKOUT / "action.yml", CHECKOUT / "README.md", CHECKOUT / "README.zh-CN.md"]
PERMISSIONS = {
    ("ci", "test"): {"contents": "read"},
    ("digest", "digest"): {"contents": "write", "pages": "read"},
    ("digest", "pages"): {"pages": "write", "id-token": "write"},
    ("digest", "issue"): {"contents": "read", "issues": "write"},
    ("digest", "awake"): {"contents": "read", "actions": "write"},
    ("release", "test"): {"contents": "read"},
    ("release", "release"): {"contents": "write"},
}
PINNED = re.compile(r"uses: (actions/[\w/-]+)(?:@([0-9a-f]{40}) # (v\d+\.\d+\.\d+))?$", re.MULTILINE)


def _jobs() -> dict[tuple[str, str], dict[str, Any]]:
    read = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in WORKFLOWS}
    assert all(document["permissions"] == {} and document["concurrency"]["group"] for document in read.values())
    return {(stem, name): job for stem, document in read.items() for name, job in document["jobs"].items()}


def test_each_job_may_do_what_it_must_and_has_a_time_out() -> None:
    """Nothing is granted to a workflow as a whole, and each of them has a concurrency group."""
    jobs = _jobs()
    assert {name: job["permissions"] for name, job in jobs.items()} == PERMISSIONS
    assert all(0 < job["timeout-minutes"] <= 180 for job in jobs.values())


def test_each_action_is_pinned_by_commit_and_named_by_version_alike_everywhere() -> None:
    """One commit and one version for each action, in the workflows, the action and the READMEs."""
    found = {match.groups() for path in FILES for match in PINNED.finditer(path.read_text("utf-8"))}
    assert all(commit and version for _, commit, version in found)
    assert len(found) == len({name for name, _, _ in found}) == 6


def test_no_expression_stands_in_a_script() -> None:
    """What others may choose comes by the environment, where a shell does not read it as commands."""
    steps = [step for job in _jobs().values() for step in job["steps"]]
    steps += yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) > 8
    assert not [script for script in scripts if "${{" in script]


def _tries() -> list[time]:
    """The times of the schedule, UTC."""
    text = (CHECKOUT / ".github" / "workflows" / "digest.yml").read_text("utf-8")
    return [time(int(hour), int(minute)) for minute, hour in re.findall(r'cron: "(\d+) (\d+) \* \* 1-5"', text)]


def test_each_try_comes_after_midnight_in_the_east_on_the_announcements_day_all_year() -> None:
    """In summer and in winter, Monday to Friday, the first within two hours of the feeds' new making."""
    for number in range(730):
        day = date(2026, 1, 1) + timedelta(days=number)
        eastern = [datetime.combine(day, at, tzinfo=UTC).astimezone(ZoneInfo("America/New_York")) for at in _tries()]
        assert {moment.date() for moment in eastern} == {day}
        assert [eastern[0].hour < 2, eastern == sorted(eastern)] == [True, True]


def test_no_try_begins_where_deepseek_costs_double() -> None:
    """From 1:00 to 4:00 and from 6:00 to 10:00 UTC, by its price list of August 2026."""
    assert not [at for at in _tries() if time(1) <= at < time(4) or time(6) <= at < time(10)]


def test_the_last_try_of_a_day_is_the_one_that_may_be_red() -> None:
    """Its line of the schedule stands in the expression too."""
    document = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "digest.yml").read_text("utf-8"))
    lines = [one["cron"] for one in document[True]["schedule"]]
    assert len(lines) == len(_tries()) == 3
    assert document["env"] == {"LAST": f"${{{{ !github.event.schedule || github.event.schedule == '{lines[-1]}' }}}}"}


def test_the_key_of_each_service_can_be_a_secret() -> None:
    """The workflow hands on the variable of each service that the program knows, and no other."""
    (step,) = [
        step for step in _jobs()["digest", "digest"]["steps"] if step["uses" if "uses" in step else "run"] == "./"
    ]
    variables = [preset.key_variable for preset in PRESETS if preset.key_variable]
    assert step["with"]["api-keys"].splitlines() == [f"{name}=${{{{ secrets.{name} }}}}" for name in variables]


def test_ci_runs_what_a_developer_runs() -> None:
    """``make test``, then the same tests measured, and nothing beside."""
    assert [step["run"] for step in _jobs()["ci", "test"]["steps"] if "run" in step] == [
        "make test",
        "make coverage",
    ]


@pytest.mark.parametrize("path", sorted((CHECKOUT / ".github" / "scripts").glob("*.*")), ids=lambda path: path.name)
def test_each_script_is_used(path: Path) -> None:
    """By the action or a workflow."""
    used = "".join(file.read_text("utf-8") for file in FILES[: len(WORKFLOWS) + 1])
    assert path.name in used
