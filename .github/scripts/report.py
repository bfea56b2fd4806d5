"""Write the run reports of a file into the job's summary, and an annotation for each paper that has no summary.

Its output lacking is "true" where an incomplete run lacks more than a few papers. EXIT_CODE and LAST ("false" where the
day will be tried again) come by the environment.

Reports hold what papers, models and servers said. In the summary every sign that Markdown or HTML may read is a
character reference; in an annotation the signs that end a command are escaped, as GitHub's own toolkit does:
https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

MOST_ANNOTATIONS = 10
"""Of one kind and step; GitHub drops the others: https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md."""
MOST_ROWS = 1000
"""Papers in the summary, which GitHub takes up to 1 MiB."""
MOST_LACKING = 0.05
"""Share of a run's papers that may lack a summary without anybody being called: a model refuses one now and then."""
LONGEST = 300
"""Characters of a text by others."""
ENDINGS = {
    "0": "Complete.",
    "1": "**Failed**: no paper has a summary, and nothing was committed.",
    "2": "**Wrong usage or settings**: nothing was spent or committed; the log says what is wrong.",
    "3": "**Incomplete**: some papers have no summary or are missing, or the run was stopped early.",
    "4": "**Incomplete**: the budget ended the run.",
    "5": "Nothing was announced.",
}
COLUMNS: dict[str, Callable[[dict[str, Any]], object]] = {
    "Digest": lambda one: one["name"],
    "Day": lambda one: one["date"],
    "Papers": lambda one: one["papers"],
    "New": lambda one: one["summarized"],
    "Cached": lambda one: one["cached"],
    "Without summary": lambda one: len(one["failed"]),
    "Missing": lambda one: one["source"]["missing"],
    "Requests": lambda one: one["requests"],
    "Tokens": lambda one: f"{one['tokens']['prompt'] + one['tokens']['completion']:,}",
    "Dollars": lambda one: "?" if one["cost_usd"] is None else f"{one['cost_usd']:.4f}",
    "Seconds": lambda one: f"{one['wall_s']:.0f}",
    "Model": lambda one: one["model"] or "",
}

Failed = tuple[str, str, str]
"""Digest and day, paper, and why it has no summary."""


def main(arguments: Sequence[str]) -> None:
    """Read the file that is named, and write to where the runner says."""
    code = os.environ.get("EXIT_CODE", "")
    path = Path(arguments[0])
    reports = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
    failed = list(failures(reports))
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.writelines(f"{line}\n" for line in summarized(reports, failed, code))
    if code in {"3", "4"}:
        with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
            output.write(f"lacking={str(is_lacking(reports)).lower()}\n")
    for line in commands(failed, "error" if code == "1" and os.environ.get("LAST") != "false" else "warning"):
        print(line)


def is_lacking(reports: Sequence[dict[str, Any]]) -> bool:
    """Return whether more than ``MOST_LACKING`` of the papers have no summary or did not come, or there is no paper."""
    missing = sum(one["source"]["missing"] for one in reports)
    papers = sum(one["papers"] for one in reports) + missing
    return sum(len(one["failed"]) for one in reports) + missing > MOST_LACKING * papers or not papers


def failures(reports: Sequence[dict[str, Any]]) -> Iterator[Failed]:
    """Yield each paper without a summary and each that did not come."""
    for one in reports:
        digest = f"{one['name']} {one['date']}"
        for paper in one["failed"]:
            yield digest, paper["id"], f"{paper['reason']}: {paper['detail']}"
        for paper in one.get("missing_papers", ()):
            yield digest, paper["id"], f"missing: {paper['reason']}"


def summarized(reports: Sequence[dict[str, Any]], failed: Sequence[Failed], code: str) -> Iterator[str]:
    """Yield the lines of the summary, GitHub Flavored Markdown."""
    yield ENDINGS.get(code, f"**Ended early** ({literal(code) or 'no exit code'}): nothing was committed.")
    if reports:
        yield from _table(list(COLUMNS), [[str(read(one)) for read in COLUMNS.values()] for one in reports])
    if failed:
        yield from _table(["Digest", "Paper", "Why it has no summary"], failed[:MOST_ROWS])
    if len(failed) > MOST_ROWS:
        yield f"\nand {len(failed) - MOST_ROWS} other papers, which the run reports name."


def commands(failed: Sequence[Failed], level: str) -> Iterator[str]:
    """Yield a command to the runner for each failed paper, as far as it shows them."""
    shown = failed if len(failed) <= MOST_ANNOTATIONS else failed[: MOST_ANNOTATIONS - 1]
    for digest, paper, why in shown:
        yield f"::{level} title=No summary::{escaped(f'{digest}, {paper}: {why}')}"
    if len(shown) < len(failed):
        yield f"::{level} title=No summary::and {len(failed) - len(shown)} other papers, which the job's summary names"


def literal(text: str) -> str:
    """Return a text in one line of Markdown that shows it and does nothing else."""
    line = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)[:LONGEST]
    return re.sub(r"[!-/:-@\[-`{-~]", lambda sign: f"&#{ord(sign[0])};", line)


def escaped(text: str) -> str:
    """Return a text as the message of a command to the runner."""
    line = re.sub(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", " ", text)[:LONGEST]
    return line.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield ""
    for row in (head, ["---"] * len(head)):
        yield f"| {' | '.join(row)} |"
    for row in rows:
        yield f"| {' | '.join(map(literal, row))} |"


if __name__ == "__main__":
    main(sys.argv[1:])
