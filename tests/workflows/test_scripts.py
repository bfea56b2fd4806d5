"""The scripts of the workflow on their own: what they write of papers and models is text and nothing else."""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
import subprocess
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


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("report", SCRIPTS / "report.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


report = _loaded()


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
        "model": "gpt-5-mini",
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
        ["ai", "2026-04-27", "3", "1", "1", "1", "0", "2", "1,234", "?", "2", "gpt-5-mini"],
        ["lg", "2026-04-27", "3", "1", "1", "0", "0", "2", "1,234", "0.5000", "2", "gpt-5-mini"],
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


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "5", "130", ""])
def test_a_job_is_red_where_there_is_no_digest(code: str) -> None:
    """0, 3, 4 and 5 are green; every other end says why it is not."""
    ran = subprocess.run(
        ["bash", SCRIPTS / "verdict.sh"],
        env={"PATH": os.environ["PATH"], "EXIT_CODE": code},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.startswith(b"::error::")) == (
        (0, False) if code in {*"0345"} - {""} else (1, True)
    )
