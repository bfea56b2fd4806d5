"""``python -m benchmarks.page [--papers N] [--write]``: how quick the page of a large day is in Chromium.

The papers are made up by rule, as long as real ones; each figure is the median of some readers who come for the first
time, with the page from a file.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks import measure
from benchmarks.archive import NAME, RARE_WORD, entry
from benchmarks.report import put
from pipeline.assemble import Digest, html
from pipeline.records import Source

TIMES = 3
PAPERS = 350
DAY = date(2026, 11, 23)
WIDTHS = {1440: 900, 1100: 800, 390: 844}
"""Of the screens, in pixels, each with its height."""
_WAIT = "await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));"
_TIMED = "async () => {{ const began = performance.now(); {act} " + _WAIT + " return performance.now() - began; }}"
_OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; }); document.body.offsetHeight;"
_TYPE = "tools.elements.words.value = {words!r}; tools.elements.words.dispatchEvent(new Event('input'));"


def measured(path: Path) -> Iterator[dict[str, float]]:
    """Load a page at each of `WIDTHS`; yield milliseconds by what was done."""
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width, height in WIDTHS.items():
            screen = {"width": width, "height": height}
            taken = [_load(browser, path, screen) for _ in range(TIMES)]
            yield {"width": width} | {what: statistics.median(one[what] for one in taken) for what in taken[0]}
        browser.close()


def _load(browser: Any, path: Path, screen: dict[str, int]) -> dict[str, float]:
    context = browser.new_context(viewport=screen)
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    loaded = {
        "first text": page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"),
        "DOM ready": page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"),
    }
    typed = [page.evaluate(_TIMED.format(act=_TYPE.format(words=RARE_WORD[:end]))) for end in range(1, 6)]
    page.evaluate(_TIMED.format(act=_TYPE.format(words="")))
    opened = page.evaluate(_TIMED.format(act=_OPEN_ALL))
    context.close()
    return loaded | {"a letter typed": max(typed), "all opened": opened}


def table(rows: list[dict[str, float]], count: int, size: int) -> str:
    """Return the figures as a Markdown table."""
    head = f"| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}"
    body = "\n".join(f"| {' | '.join(f'{value:.0f}' for value in row.values())} |" for row in rows)
    where = f"Measured on {platform.machine()}, Python {platform.python_version()}"
    return (
        f"{where}: {count} papers, {size / 1000:,.0f} kB; milliseconds, by the width of the screen.\n\n{head}\n{body}"
    )


def main() -> int:
    """Measure and print; with ``--write`` put the table into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page")
    parser.add_argument("--papers", type=int, default=PAPERS)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    given = parser.parse_args()
    entries = tuple(entry(DAY, number, number) for number in range(given.papers))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(html(Digest(NAME, DAY.isoformat(), entries, Source())), "utf-8")
        text = table(list(measured(path)), given.papers, path.stat().st_size)
    print(text)
    if given.write:
        put(text, measure.ROOT / "docs" / "benchmarks.md", "page")
    return 0


if __name__ == "__main__":
    sys.exit(main())
