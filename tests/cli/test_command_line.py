"""Help as help, words in any case, guesses at what was meant, and screens that are gone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pipeline.settings import Settings
from tests.servers.arxiv import ArxivServer
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import MONDAY, RECORDS, Program, lines, papers, record, shown


@pytest.mark.parametrize("group", [[], ["cache"], ["prompts"]])
def test_a_command_of_commands_alone_shows_its_help(cli: Program, group: list[str]) -> None:
    """On standard output, with exit 0, as -h and --help do."""
    alone, short, long = cli(*group), cli(*group, "-h"), cli(*group, "--help")
    assert (alone.code, alone.stderr) == (0, "")
    assert alone.stdout.startswith("Usage: arxiv-digest")
    assert alone.stdout == short.stdout == long.stdout


def test_the_help_of_run_is_in_groups_with_the_true_defaults_and_an_example(cli: Program) -> None:
    """The defaults that it names are those of the settings."""
    said = cli("run", "--help").stdout
    titles = [line for line in said.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == [
        "Arguments:",
        "Which papers:",
        "Model and prompt:",
        "Limits:",
        "Files:",
        "What it shows and does:",
        "Other options:",
        "Example:",
    ]
    settings = Settings()
    for default in (settings.model, settings.prompt, settings.cache, settings.output):
        assert f"[default: {default}]" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run", "--querry", "x"], "Did you mean --query"),
        (["run", "cs.CLL"], "did you mean cs.CL"),
        (["run", "langauge"], "did you mean language?"),
        (["run", "--config", "typo.toml"], "did you mean categories?"),
    ],
)
def test_what_was_probably_meant_is_said(cli: Program, arguments: list[str], said: str) -> None:
    """Commands, options, categories, sections and keys of digest.toml."""
    cli.write("digest.toml", '[digests.language]\ncategories = ["cs.CL"]\n')
    cli.write("typo.toml", '[digests.language]\ncategoris = ["cs.CL"]\n')
    ran = cli(*arguments)
    assert ran.code == 2
    assert said in ran.stderr


def test_a_category_is_taken_in_any_case(replayed: Program) -> None:
    """The digest has the category's own name."""
    ran = replayed("run", "cs.ai", "--date", MONDAY, "--limit", "2", "-q")
    assert ran.code == 0
    assert (replayed.folder / "outputs" / "cs.AI").is_dir()


def test_a_limit_leaves_the_fuller_page_of_the_day(replayed: Program) -> None:
    """What the run did not take is kept and named; --replace leaves it out, and then the digest is not complete."""
    replayed.write("all.jsonl", lines(RECORDS[:10]))
    page = "outputs/papers"
    command = ("run", "--input", "all.jsonl", "--date", MONDAY, "-q")
    replayed(*command)
    limited = replayed(*command, "--limit", "2")
    report = replayed.run_report()
    assert (limited.code, report["papers"], len(report["kept"]), report["complete"]) == (0, 10, 8, True)
    replaced = replayed(*command, "--limit", "2", "--replace")
    report = replayed.run_report()
    assert (replaced.code, report["papers"], report["kept"], report["complete"]) == (0, 2, [], False)
    assert len(shown((replayed.folder / page / f"{MONDAY}.json").read_bytes())) == 2
    assert "共有 10 篇，只取了 2 篇" in (replayed.folder / page / f"{MONDAY}.md").read_text(encoding="utf-8")


def test_a_query_in_a_category_is_not_the_categorys_own_digest(replayed: Program) -> None:
    """It is called papers, so that the page of the announcement stays what it is."""
    ran = replayed("run", "cs.AI", "--query", "all:widgets", "--limit", "2", "-q")
    assert ran.code == 0
    assert [path.name for path in (replayed.folder / "outputs").iterdir()] == ["papers"]


def test_a_query_of_thousands_says_number_and_cost_before_a_model_is_asked(
    wired: Program, endpoint: OpenAIServer, arxiv: ArxivServer
) -> None:
    """Exit 2 without a request or a file; --limit goes on."""
    arxiv.papers = tuple(papers(record(number) for number in range(1, 1202)))
    wired.write("digest.toml", '[prices."any"]\ninput = 0.25\noutput = 2.0\n')
    command = ("run", "--query", "all:widgets", "--model", "any", "-q")
    ran = wired(*command)
    assert (ran.code, wired.made(), endpoint.log) == (2, {}, [])
    assert re.search(r"--query: 1,201 papers would be summarized for about \$\d+\.\d\d\n", ran.stderr)
    assert "Add --yes to go on, or --limit N" in ran.stderr
    wired(*command, "--limit", "2")
    assert wired.run_report()["papers"] == 2


def test_a_query_without_results_is_not_a_day_without_announcement(replayed: Program) -> None:
    """Exit 5 and what is true."""
    ran = replayed("run", "--query", "all:unheard")
    assert (ran.code, "no paper was found" in ran.stdout, "announced" in ran.stdout) == (5, True, False)


def test_a_paper_that_failed_in_one_section_is_not_paid_for_in_the_next(wired: Program, endpoint: OpenAIServer) -> None:
    """Both digests name it; the model was asked about it for the first one only."""
    wired.write("digest.toml", '[digests.a]\ncategories = ["cs.AI"]\n[digests.b]\ncategories = ["cs.LG"]\n')
    paper = RECORDS[0]["id"]
    endpoint.reset(Options(by_paper={paper: [{"fault": "refusal"}] * 9}))
    wired("run", "--date", MONDAY, "-q")
    reports = [wired.run_report(name) for name in ("a", "b")]
    assert [[one["id"] for one in report["failed"]] for report in reports] == [[paper], [paper]]
    assert sum(call.paper == paper for call in endpoint.log) == 3


def _in_a_shell(program: Program, *arguments: str, to: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", f'"$@" {to}', "bash", *program._command(arguments)]
    return subprocess.run(
        command,
        cwd=program.folder,
        env=program.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("gone", [">&-", "2>&-", ">&- 2>&-", ">/dev/full", "2>/dev/full", "| true"])
def test_a_screen_that_is_gone_ends_no_run(cli: Program, gone: str) -> None:
    """The digest is written, and nobody is told of a fault of the program."""
    ran = _in_a_shell(cli, "demo", "-v", to=gone)
    assert ran.returncode == 0
    assert "fault" not in ran.stderr
    assert "Exception" not in ran.stderr
    assert Path(cli.folder, "outputs/demo/2026-11-23.html").is_file()


def test_data_that_cannot_be_written_is_an_error(cli: Program) -> None:
    """Exit 1 and why."""
    cli.write("two.jsonl", lines(RECORDS[:2]))
    ran = _in_a_shell(cli, "fetch", "--input", "two.jsonl", to=">/dev/full")
    assert (ran.returncode, ran.stderr) == (
        1,
        "arxiv-digest: standard output cannot be written: No space left on device\n",
    )
