"""The scripts of the workflow on their own: what they write of papers and models is text and nothing else."""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.cli.fork_server import CHECKOUT

SCRIPTS = CHECKOUT / ".github" / "scripts"
EVIL = (
    "::error::x\r\n::set-output name=a::b %0A | <script> `code` [link](javascript:x) ![](//evil/x) @someone ##[error]"
)


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


report, tidy, of_a_run = _loaded("report"), _loaded("tidy"), _loaded("settings")


def _made(**fields: Any) -> dict[str, Any]:
    return {
        "name": "ai",
        "date": "2026-04-27",
        "papers": 3,
        "summarized": 1,
        "cached": 1,
        "failed": [],
        "requests": 2,
        "tokens": {"prompt": 1000, "completion": 234},
        "cost_usd": None,
        "wall_s": 1.6,
        "model": "gpt-6-luna",
        "source": {"announced": 3, "fetched": 3, "missing": 0},
        **fields,
    }


def _said(
    tmp_path: Path, reports: list[dict[str, Any]], code: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> tuple[str, list[str]]:
    """Return the summary and the annotations of a run."""
    path = tmp_path / "reports.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in reports), "utf-8")
    monkeypatch.setenv("EXIT_CODE", code)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    report.main([str(path)])
    return (tmp_path / "summary").read_text("utf-8"), capsys.readouterr().out.splitlines()


def test_a_report_is_a_row_of_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """An unknown price is a question mark; each failed and missing paper has a row and an annotation."""
    failed = [{"id": "2604.00001", "reason": "refused", "detail": "no"}]
    one = _made(failed=failed, missing_papers=[{"id": "2604.00002", "reason": "gone"}])
    summary, annotations = _said(tmp_path, [one, _made(name="lg", cost_usd=0.5)], "3", monkeypatch, capsys)
    page = MarkdownIt().enable("table").render(summary)
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in page.split("<tr>")]
    assert [row for row in rows if row] == [
        ["ai", "2026-04-27", "3", "1", "1", "1", "0", "2", "1,234", "?", "2", "gpt-6-luna"],
        ["lg", "2026-04-27", "3", "1", "1", "0", "0", "2", "1,234", "0.5000", "2", "gpt-6-luna"],
        ["ai 2026-04-27", "2604.00001", "refused: no"],
        ["ai 2026-04-27", "2604.00002", "missing: gone"],
    ]
    assert annotations == [
        "::warning title=No summary::ai 2026-04-27, 2604.00001: refused: no",
        "::warning title=No summary::ai 2026-04-27, 2604.00002: missing: gone",
    ]


def test_of_many_failures_as_many_are_shown_as_github_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Ten annotations, a thousand rows, below GitHub's megabyte; both say how many more there are."""
    failed = [{"id": f"2604.{n:05}", "reason": "refused", "detail": EVIL * 99} for n in range(1100)]
    summary, annotations = _said(tmp_path, [_made(failed=failed)], "1", monkeypatch, capsys)
    assert (len(annotations), annotations[-1]) == (
        10,
        "::error title=No summary::and 1091 other papers, which the job's summary names",
    )
    assert summary.endswith("\nand 100 other papers, which the run reports name.\n")
    assert len(summary.encode()) < 1024 * 1024


@pytest.mark.parametrize(
    ("code", "said"),
    [("5", "Nothing was announced."), ("", "**Ended early** (no exit code)"), ("130", "**Ended early**")],
)
def test_a_run_without_a_report_is_summed_up_too(
    tmp_path: Path, code: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """In a line."""
    summary, annotations = _said(tmp_path, [], code, monkeypatch, capsys)
    assert (summary.startswith(said), summary.count("\n"), annotations) == (True, 1, [])


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=80), st.text("|\\`*_[]()<>!#&;:%@/~-\r\n\u2028 a1", max_size=80)))
def test_any_text_in_the_summary_reads_as_itself(text: str) -> None:
    """No Markdown, no HTML, no second cell."""
    page = MarkdownIt().enable(["table", "strikethrough"]).render(f"| a |\n| --- |\n| {report.literal(text)} |\n")
    (cell,) = re.findall(r"<td>(.*?)</td>", page, re.DOTALL)
    assert "<" not in cell
    assert html.unescape(cell).split() == re.sub(r"[\x00-\x1f\x7f]", " ", text).replace("\u2028", " ").split()


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=80), st.just(EVIL), st.text("%0Aa\r\n:;,", max_size=80)))
def test_any_text_in_an_annotation_is_its_message(text: str) -> None:
    """One line, from which the runner gets the text back."""
    (line,) = report.commands([("ai 2026-04-27", "2604.00001", text)], "warning")
    message = line.removeprefix("::warning title=No summary::ai 2026-04-27, 2604.00001: ")
    assert not {"\r", "\n"} & set(message)
    read = message.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    assert read == re.sub(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", " ", text)


@pytest.mark.parametrize(
    ("failed", "missing", "papers", "lacking"),
    [(0, 0, 1, False), (1, 0, 359, False), (1, 0, 20, False), (2, 0, 39, True), (0, 2, 37, True), (0, 0, 0, True)],
)
def test_a_few_refused_papers_are_not_much(*, failed: int, missing: int, papers: int, lacking: bool) -> None:
    """Up to 5 % of all papers of the run, of those that did not come too; a run without a paper lacks all."""
    one = _made(papers=papers, failed=[{}] * failed, source={"missing": missing})
    assert report.is_lacking([one, _made(papers=0)]) == lacking
    assert report.is_lacking([])


def _ran(script: str, folder: Path, **environment: str) -> tuple[int, str]:
    """Return how a script ended and what it printed; ``gh`` keeps its calls in a file and says what GH_SAYS has."""
    (folder / "gh").write_text(
        '#!/bin/sh\necho "$*" >> "${0%/*}/calls"\n[ "$2" != list ] || echo "$GH_SAYS"\n', "utf-8"
    )
    (folder / "gh").chmod(0o755)
    ran = subprocess.run(
        ["bash", SCRIPTS / script],
        env={
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_REPOSITORY": "owner/repository",
            "GITHUB_SERVER_URL": "https://example.org",
            "GITHUB_RUN_ID": "1",
            "RUNNER_TEMP": str(folder),
            **environment,
        },
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout


@pytest.mark.parametrize("delivered", ["", "0", "1", "2"])
@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "5", "130", ""])
def test_a_job_is_red_where_there_is_no_digest_or_it_was_not_delivered(
    code: str, delivered: str, tmp_path: Path
) -> None:
    """0, 3, 4 and 5 are green; every other end says why it is not, and is a warning where a later try follows."""
    green = code in {*"0345"} and delivered in {"", "0"}
    given = {"EXIT_CODE": code, "DELIVERED": delivered}
    ended, said = _ran("verdict.sh", tmp_path, **given, LAST="true")
    assert (ended, said.startswith("::error::")) == ((0, False) if green else (1, True))
    ended, said = _ran("verdict.sh", tmp_path, **given, LAST="false")
    assert (ended, said.startswith("::warning::")) == (0, not green)


@pytest.mark.parametrize(
    ("code", "published", "lacking", "open_before", "done"),
    [
        ("0", "true", "", "", []),
        ("0", "false", "", "7", ["close"]),
        ("3", "true", "false", "", []),
        ("3", "true", "false", "7", ["close"]),
        ("3", "false", "true", "", ["create"]),
        ("4", "true", "true", "7", []),
        ("5", "", "", "7", None),
        ("0", "", "", "7", []),
        ("1", "", "", "", ["create"]),
        ("", "", "", "", ["create"]),
    ],
)
def test_an_issue_is_open_while_a_day_is_missing_or_lacks_many_papers(
    code: str, published: str, lacking: str, open_before: str, done: list[str] | None, tmp_path: Path
) -> None:
    """Where a later try follows, none is opened; what could not be committed closes none."""
    given = {"EXIT_CODE": code, "PUBLISHED": published, "LACKING": lacking, "GH_SAYS": open_before}
    for last in ("false", "true"):
        assert _ran("issue.sh", tmp_path, **given, LAST=last)[0] == 0
        calls = (tmp_path / "calls").read_text("utf-8") if (tmp_path / "calls").exists() else ""
        words = [line.split()[1] for line in calls.splitlines() if line.startswith("issue")]
        (tmp_path / "calls").unlink(missing_ok=True)
        expected = [] if done is None else ["list", *done]
        assert words == expected or (last == "false" and not words and done != ["close"])


def test_keys_are_for_services_and_nothing_else_is_taken_for_one(tmp_path: Path) -> None:
    """A key may stand between blanks; a line that sets something else is named by its number alone."""
    program = tmp_path / ".venv" / "bin" / "arxiv-digest"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nenv > "$1.env"\n', "utf-8")
    program.chmod(0o755)
    keys = " DEEPSEEK_API_KEY= sk-a=b \r\nOPENAI_API_KEY=\n\nPATH=/evil\nBASH_ENV=sk-other\nX_API_KEY=$(touch pwned)\n"
    empty = dict.fromkeys(("API_KEY", "BASE_URL", "BUDGET", "CONFIG", "DATE", "MODEL"), "")
    given = {"SERVICE_KEYS": keys, "GITHUB_ACTION_PATH": str(tmp_path), "OUTPUTS": "out", "REPORTS": "reports"}
    ended, said = _ran("run.sh", tmp_path, **empty, **given)
    environment = (tmp_path / "run.env").read_text("utf-8").splitlines()
    assert {"DEEPSEEK_API_KEY=sk-a=b", "X_API_KEY=$(touch pwned)"} <= set(environment)
    assert not [line for line in environment if line.startswith(("OPENAI_API_KEY", "BASH_ENV", "PATH=/evil"))]
    assert (ended, re.findall(r"^::warning::.* line (\d)", said, re.MULTILINE)) == (0, ["4", "5"])
    assert ["evil" in said, "sk-" in said, (tmp_path / "pwned").exists()] == [False, False, False]


def test_a_site_that_nears_the_limit_of_pages_is_a_warning(tmp_path: Path) -> None:
    """Above 800 of 1,000 MB."""
    program = tmp_path / ".venv" / "bin" / "arxiv-digest"
    program.parent.mkdir(parents=True)
    for size, warned in (("700M", False), ("900M", True)):
        program.write_text(f"#!/bin/sh\nmkdir -p out/site\ntruncate --size={size} out/site/page\n", "utf-8")
        program.chmod(0o755)
        ended, said = _ran("site.sh", tmp_path, OUTPUTS="out", GITHUB_ACTION_PATH=str(tmp_path))
        assert (ended, "::warning::The site has 943 MB, and GitHub Pages takes 1000." in said) == (0, warned)


@pytest.mark.parametrize(
    ("tag", "ended", "said"),
    [
        ("v0.2.0", 0, ""),
        ("v0.3.0", 1, "::error::There is no dist/arxiv_digest-0.3.0"),
        ("v0.1.0", 1, "::error::CHANGELOG"),
    ],
)
def test_a_release_has_what_was_built_and_its_part_of_the_changelog(
    tag: str, ended: int, said: str, tmp_path: Path
) -> None:
    """A tag that is not the version, or of which the changelog says nothing, makes no release."""
    (tmp_path / "CHANGELOG.md").write_text(
        "# C\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\nNew.\n\n## [0.1.0]\n", "utf-8"
    )
    (tmp_path / "dist").mkdir()
    for version in ("0.1.0", "0.2.0"):
        for end in ("-py3-none-any.whl", ".tar.gz"):
            (tmp_path / "dist" / f"arxiv_digest-{version}{end}").touch()
    code, words = _ran("release.sh", tmp_path, GITHUB_REF_NAME=tag)
    assert (code, words.startswith(said)) == (ended, True)
    assert (tmp_path / "calls").exists() == (ended == 0)
    if not ended:
        assert (tmp_path / "notes.md").read_text("utf-8") == "\nNew.\n\n"


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TOML = st.recursive(
    st.one_of(_TEXT, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(allow_nan=False), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_TEXT, _TOML, max_size=4))
def test_settings_are_written_as_they_are_read(document: dict[str, Any]) -> None:
    """Any document that TOML can hold."""
    assert tomllib.loads(of_a_run.as_toml(document)) == document


SECTIONS = {"ai": {"categories": ["cs.AI"], "primary_only": True}, "cs.CL": {"categories": ["cs.CL"]}}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, {"budget": 2.0, "digests": SECTIONS}),
        ({"DIGESTS": " \n", "BUDGET": "3", "SITE_URL": ""}, {"budget": 2.0, "digests": SECTIONS}),
        ({"DIGESTS": "ai"}, {"budget": 2.0, "digests": {"ai": SECTIONS["ai"]}}),
        (
            {"DIGESTS": "cs.CV，cs.LG+stat.ML, cs.CL、cs.CV"},
            {
                "budget": 2.0,
                "digests": {
                    "cs.CV": {"categories": ["cs.CV"]},
                    "cs.LG+stat.ML": {"categories": ["cs.LG", "stat.ML"]},
                    "cs.CL": {"categories": ["cs.CL"]},
                },
            },
        ),
        ({"BUDGET": "none"}, {"digests": SECTIONS}),
        ({"SITE_URL": "https://o.github.io"}, {"budget": 2.0, "digests": SECTIONS, "site_url": "https://o.github.io"}),
    ],
)
def test_inputs_change_the_settings(inputs: dict[str, str], expected: dict[str, Any]) -> None:
    """Each word is a section, a category or several; a budget can be lifted; the site has an address."""
    assert of_a_run.changed({"budget": 2.0, "digests": SECTIONS}, inputs) == expected


def test_an_address_in_the_file_goes_before_that_of_pages() -> None:
    """Of one's own domain."""
    own = {"site_url": "https://example.org"}
    assert of_a_run.changed(own, {"SITE_URL": "https://o.github.io"}) == own


@pytest.mark.parametrize("text", ["model = \n", 'model = "m"\n'], ids=["no TOML", "nothing to change"])
def test_settings_that_stay_as_they_are_are_not_written(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program then names digest.toml and its line in what it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_OUTPUT", "output")
    for name in ("DIGESTS", "BUDGET", "SITE_URL"):
        monkeypatch.delenv(name, raising=False)
    Path("digest.toml").write_text(text, "utf-8")
    of_a_run.main(["made.toml"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digest.toml"]


def _write_days(folder: Path, *days: str) -> None:
    for day in days:
        name, _, stem = day.partition("/")
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{stem}.md").touch()
        (folder / name / f"{stem}.run.json").write_text('{"papers": 3}', "utf-8")


def test_the_readme_of_the_branch_leads_to_the_newest_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two weeks of them, with the number of papers where it is known, and the site where there is one."""
    days = [f"2026-04-{day:02}" for day in range(1, 21)]
    _write_days(tmp_path, *(f"cs.CL/{day}" for day in days), "ai/2026-04-20", ".git/2026-04-21", "ai/notes")
    (tmp_path / "ai" / "2026-04-20.run.json").write_text("[]", "utf-8")
    monkeypatch.setenv("SITE_URL", "https://owner.github.io/repository/")
    monkeypatch.delenv("KEEP_DAYS", raising=False)
    tidy.main([str(tmp_path)])
    text = (tmp_path / "README.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| 2026")]
    assert rows[0] == "| 2026-04-20 | [ai](ai/2026-04-20.md)，[cs.CL](cs.CL/2026-04-20.md)（3 篇） |"
    assert [row[2:12] for row in rows] == days[:5:-1]
    assert "<https://owner.github.io/repository/>" in text
    assert len(list((tmp_path / "cs.CL").iterdir())) == 40


@pytest.mark.parametrize(("kept", "left"), [("30", 1), ("", 2), ("0", 2), ("x[$(touch pwned)]", 2)])
def test_days_are_removed_by_age(
    kept: str, left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that was written of a day goes, and what is not a day stays; what is not a number removes nothing."""
    today = datetime.now(UTC).date()
    _write_days(tmp_path, f"ai/{today - timedelta(days=29)}", f"ai/{today - timedelta(days=31)}")
    (tmp_path / "ai" / "feed.xml").touch()
    monkeypatch.setenv("KEEP_DAYS", kept)
    tidy.main([str(tmp_path)])
    assert len(list((tmp_path / "ai").iterdir())) == 2 * left + 1
    assert capsys.readouterr().out.startswith("::warning::") == (kept not in {"30", ""})
    assert (tmp_path / "README.md").read_text("utf-8").count("| 2") == left


def test_a_folder_without_a_day_gets_no_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing is committed where nothing was made."""
    monkeypatch.delenv("KEEP_DAYS", raising=False)
    tidy.main([str(tmp_path)])
    assert not list(tmp_path.iterdir())
