"""``python -m benchmarks.compare [--write]``: a comparison of 2,000 papers, opened and read in Chromium."""

from __future__ import annotations

import argparse
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks import measure
from benchmarks.report import put
from benchmarks.site import entry
from pipeline.compare import Cell, Column, Comparison, Row, page
from pipeline.records import PromptName, Summary, Usage

PAPERS, TIMES, MOVES = 2_000, 5, 100
EVERY = 6
"""Every so many characters the second column has another one: both abstracts are as unlike as those of two prompts."""
SECONDS_TO_OPEN, MILLISECONDS_TO_MOVE = 3.0, 50.0
MOVING = f"""() => Array.from({{length: {MOVES}}}, () => {{
  const began = performance.now();
  document.body.dispatchEvent(new KeyboardEvent("keydown", {{key: "j", bubbles: true}}));
  document.body.offsetHeight;
  return performance.now() - began;
}})"""
"""Presses the key for the next paper, and lays the page out, again and again."""


def comparison() -> Comparison:
    """Make up a comparison of two prompts, with abstracts of the usual length."""
    prompts = [PromptName(name="digest", version=version, sha256=f"{version}" * 64) for version in (1, 2)]
    columns = (Column(label=f"digest@{one.version}", prompt=one, model="m", endpoint="e") for one in prompts)
    return Comparison(created=datetime.now(UTC), columns=tuple(columns), rows=tuple(_rows()))


def _rows() -> Iterator[Row]:
    for number in range(PAPERS):
        made = entry(date(2026, 11, 1 + number // 500), number % 500, number)
        assert made.summary
        yield Row(paper=made.paper, cells=(_cell(made.summary), _cell(_otherwise(made.summary))))


def _otherwise(made: Summary) -> Summary:
    text = "".join("某" if at % EVERY == 0 else each for at, each in enumerate(made.translated_abstract))
    return made.model_copy(update={"translated_abstract": text, "tldr": f"另一种写法：{made.tldr}"})


def _cell(made: Summary) -> Cell:
    return Cell(summary=made, replies=1, usage=Usage(prompt=600, completion=500), cost_usd=0.001, seconds=4.0)


def figures(place: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, the figure and what it may be at most."""
    made = comparison()
    began = time.monotonic()
    place.write_text(page(made), "utf-8")
    yield "writing the page, s", f"{time.monotonic() - began:.1f}", ""
    yield "the page, MB", f"{place.stat().st_size / 1e6:.1f}", ""
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = statistics.median(_seconds_to_open(browser, place) for _ in range(TIMES))
        yield f"opening it, s, median of {TIMES}", f"{opened:.2f}", f"{SECONDS_TO_OPEN:g}"
        shown = browser.new_page()
        shown.goto(place.as_uri())
        moves = sorted(shown.evaluate(MOVING))
        yield (
            f"to the next paper, ms, median of {MOVES}",
            f"{statistics.median(moves):.1f}",
            f"{MILLISECONDS_TO_MOVE:g}",
        )
        yield "the same, 95th of 100, ms", f"{moves[94]:.1f}", ""
        browser.close()


def _seconds_to_open(browser: Any, place: Path) -> float:
    shown = browser.new_page()
    began = time.monotonic()
    shown.goto(place.as_uri())
    shown.locator("article").wait_for()
    took = time.monotonic() - began
    shown.close()
    return took


def main() -> int:
    """Measure, print, and with ``--write`` put the table into docs/benchmarks-compare.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks-compare.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(figures(Path(folder) / "large.html"))
    lines = "\n".join(f"| {what} | {figure} | {most} |" for what, figure, most in rows)
    text = (
        f"Measured on {platform.machine()}, Python {platform.python_version()}.\n\n"
        f"| {PAPERS:,} papers, two columns | figure | at most |\n|---|---|---|\n{lines}"
    )
    print(text)
    if given.write:
        put(text, measure.ROOT / "docs" / "benchmarks-compare.md")
    return 0 if all(not most or float(figure) <= float(most) for _, figure, most in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
