"""``python -m benchmarks.search [--papers N ...] [--write]``: how long a search of 24 months takes in Chromium.

Each query is asked on a page that has loaded nothing before, of a site on loopback.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks import measure
from benchmarks.archive import MONTHS, NAME, PAPERS, RARE, RARE_WORD, days
from benchmarks.report import put
from pipeline.archive import Archive
from pipeline.assemble import Digest, as_json
from pipeline.records import Source
from pipeline.site import build
from tests.servers.files import served

SIZES = (9_600, 28_800)
TARGET_MS = 1000
"""Of a rare term."""
TIMES = 5
QUERIES = {
    "a rare Chinese term": RARE,
    "a rare word": RARE_WORD,
    "a common term and a rare one": f"规划 {RARE}",
    "two common terms": "智能体 benchmark",
    "two common English words": "agent budget",
    "two common Chinese words": "智能体 遗憾上界",
    "a Chinese term that no paper has": "紫色大象",
    "a word that no paper has": "wombatish",
}


@dataclass(frozen=True)
class Searched:
    """What one query took: the median of several readers who come for the first time."""

    what: str
    milliseconds: float
    requests: int
    kilobytes: float


def searches(root: Path) -> Iterator[Searched]:
    """Measure each of `QUERIES` on the site in ``root``, from the key that was pressed to the results."""
    with sync_playwright() as running, served(root) as address:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for what, query in QUERIES.items():
            taken = [_search(browser, address, query) for _ in range(TIMES)]
            yield Searched(what, statistics.median(one[0] for one in taken), taken[0][1], taken[0][2])
        browser.close()


def _search(browser: Any, address: str, query: str) -> tuple[float, int, float]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}search.html")
    page.locator("[name=q]").fill(query)
    took = page.evaluate(
        """() => new Promise((resolve) => {
          const began = performance.now();
          const status = document.querySelector("[role=status]");
          new MutationObserver(() => {
            if (/\\d 篇|没有找到/.test(status.textContent)) resolve(performance.now() - began);
          }).observe(status, { childList: true, characterData: true, subtree: true });
          document.querySelector("#search").requestSubmit();
        })"""
    )
    loaded = "performance.getEntriesByType('resource').filter((one) => /_search|_papers/.test(one.name))"
    count = page.evaluate(f"{loaded}.length")
    size = page.evaluate(f"{loaded}.reduce((sum, one) => sum + one.encodedBodySize, 0)") / 1000
    context.close()
    return took, count, size


def site(folder: Path, count: int) -> Path:
    """Build a site of ``count`` papers over `MONTHS` months; return its root."""
    (folder / NAME).mkdir()
    for day in days(0, count // PAPERS, a_month=count // PAPERS // MONTHS):
        text = as_json(Digest(day.name, day.date, day.entries, Source()))
        (folder / NAME / f"{day.date}.json").write_text(text, "utf-8")
    return build(Archive(folder), [NAME], print).folder.root


def table(found: dict[int, list[Searched]]) -> str:
    """Return the figures as a Markdown table."""
    rows = "\n".join(
        f"| {count:,} | {one.what} | {one.milliseconds:.0f} | {one.requests} | {one.kilobytes:,.0f} |"
        for count, searched in found.items()
        for one in searched
    )
    head = "| papers | search | milliseconds | requests | kB |\n|---|---|---|---|---|"
    return f"Measured on {platform.machine()}, Python {platform.python_version()}.\n\n{head}\n{rows}"


def main() -> int:
    """Measure, print, with ``--write`` put the table into docs/benchmarks-site.md; 1 if a rare term takes too long."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search")
    parser.add_argument("--papers", type=int, nargs="+", default=SIZES, help=f"in {MONTHS} months")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks-site.md")
    given = parser.parse_args()
    found: dict[int, list[Searched]] = {}
    for count in given.papers:
        with tempfile.TemporaryDirectory() as folder:
            found[count] = list(searches(site(Path(folder), count)))
    text = table(found)
    print(text)
    if given.write:
        put(text, measure.ROOT / "docs" / "benchmarks-site.md", "search")
    rare = (one for searched in found.values() for one in searched if one.what.startswith("a rare"))
    return 0 if all(one.milliseconds <= TARGET_MS for one in rare) else 1


if __name__ == "__main__":
    sys.exit(main())
