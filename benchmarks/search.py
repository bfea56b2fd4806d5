"""How long the search takes in Chromium, on a page that has loaded nothing before: a part of `benchmarks.site`."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.servers.files import served

TIMES = 5
RARE, RARE_WORD = "折纸卫星", "quokkalike"
"""Terms that one paper of the first month has, and no other."""
QUERIES = {
    "a rare Chinese term": RARE,
    "a rare word": RARE_WORD,
    "a common term and a rare one": f"规划 {RARE}",
    "two common terms": "智能体 benchmark",
    "a term that no paper has": "紫色大象",
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
