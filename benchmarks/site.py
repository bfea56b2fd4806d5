"""``python -m benchmarks.site [--write]``: a site of 24 months, built in one go and with one more day."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure
from benchmarks.archive import DAYS, MONTHS, NAME, PAPERS, days, write
from benchmarks.report import put


@dataclass(frozen=True)
class Build:
    """What one build took."""

    what: str
    run: measure.Run
    files: int


def build(what: str, folder: Path) -> Build:
    """Build the site in a process of its own."""
    run = measure.command("site", folder=folder)
    if run.code:
        raise SystemExit(f"the build ended with {run.code}")
    files = sum(path.is_file() for path in (folder / "outputs" / "site").rglob("*"))
    return Build(what, run, files)


def builds(folder: Path) -> Iterator[Build]:
    """Measure all builds in one folder."""
    place = folder / "outputs" / NAME
    every = MONTHS * DAYS
    write(place, days(0, every - 1))
    yield build(f"{every - 1} days of {PAPERS} papers, in {MONTHS} months", folder)
    write(place, days(every - 1, every))
    yield build("one day more", folder)
    yield build("nothing new", folder)


def table(measured: list[Build]) -> str:
    """Return the figures as a Markdown table."""
    rows = "\n".join(
        f"| {one.what} | {one.run.seconds:.1f} | {one.run.cpu_s:.1f} | {one.run.peak_mb:.0f} | {one.files:,} |"
        for one in measured
    )
    head = "| build | seconds | CPU seconds | largest memory, MB | files |\n|---|---|---|---|---|"
    return f"Measured on {platform.machine()}, Python {platform.python_version()}.\n\n{head}\n{rows}"


def main() -> int:
    """Measure, print, and with ``--write`` put the table into docs/benchmarks-site.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.site")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks-site.md")
    given = parser.parse_args()
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for one in builds(Path(folder)):
            print(json.dumps({"what": one.what, "seconds": one.run.seconds, "peak_mb": one.run.peak_mb}), flush=True)
            measured.append(one)
    text = table(measured)
    print(text)
    if given.write:
        put(text, measure.ROOT / "docs" / "benchmarks-site.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
