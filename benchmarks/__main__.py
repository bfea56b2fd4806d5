"""``python -m benchmarks [NAME ...] [--write]``: each figure as a ratio to the limit of the same run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import measure, report
from benchmarks.figures import Benchmark, Figure
from benchmarks.others import ceiling, frugal, killed, warm
from benchmarks.scenarios import SCENARIOS

BENCHMARKS: dict[str, Benchmark] = {
    "server": ceiling,
    **{scenario.name: scenario for scenario in SCENARIOS},
    "warm": warm,
    "killed": killed,
    "frugal": frugal,
}


def main() -> int:
    """Measure, print each figure as it comes, then all as a table; ``--write`` puts it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all where none is given")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its plot")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - BENCHMARKS.keys()):
        parser.error(f"there is no {', '.join(unknown)}")
    figures: list[Figure] = []
    measure.compile_all(measure.ROOT)
    for name in given.names or BENCHMARKS:
        with tempfile.TemporaryDirectory() as folder:
            figures += report.shown(BENCHMARKS[name](Path(folder)))
    print(f"\n{report.table(figures)}")
    if given.write:
        report.write(figures, measure.ROOT / "docs")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
