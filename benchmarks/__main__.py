"""``python -m benchmarks [--write]``: every scenario once, each figure as a ratio to the limit of the same run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import limit, measure, papers, report
from benchmarks.scenarios import SCENARIOS, Scenario
from tests.servers.openai import spawn


@dataclass(frozen=True)
class Figure:
    """One figure of one scenario."""

    scenario: str
    what: str
    value: float
    target: float | None
    detail: str

    @property
    def met(self) -> bool:
        """Whether the figure is what it should be, or nothing was asked of it."""
        return self.target is None or self.value <= self.target


def against_server(scenario: Scenario, folder: Path) -> Iterator[Figure]:
    """Measure one scenario, cold: an empty cache and an endpoint never seen before."""
    source = papers.write(folder / "papers.jsonl", scenario.papers)
    with spawn(source, scenario.options) as url:
        run = measure.command(
            "run", "--input", str(source), "--base-url", url, "--model", "bench", "--json", "-q",
            "--concurrency", str(scenario.concurrency), *scenario.told, folder=folder,
        )  # fmt: skip
        log, stats = measure.ask(url, "/_log"), measure.ask(url, "/_stats")
    ids = [papers.record(number)["id"] for number in range(scenario.papers)]
    best = limit.seconds(ids, scenario.options, at_once=scenario.concurrency)
    calls = max(call["sent"] or 0 for call in log) - min(call["arrived"] for call in log)
    figures = {
        "calls": (calls / best, f"{calls:.2f} s from first request to last reply, limit {best:.2f} s"),
        "process": (run.seconds / best, f"{run.seconds:.2f} s for the whole process"),
        "cpu_ms": (1000 * run.cpu_s / scenario.papers, "ms of CPU a paper"),
        "refused": (stats["refused"] / scenario.papers, f"{stats['refused']} of {stats['requests']} requests refused"),
        "seconds": (run.seconds, "whole process"),
    }
    valid = run.report.get("summarized", 0)
    yield Figure(scenario.name, "lost", scenario.papers - valid, 0, f"{valid} of {scenario.papers} papers valid")
    for what, (value, detail) in figures.items():
        if what in scenario.targets or what in {"calls", "process"}:
            yield Figure(scenario.name, what, value, scenario.targets.get(what), detail)


def warm(folder: Path) -> Iterator[Figure]:
    """Measure 2,000 papers that the cache has, and the start of the program, against importing openai."""
    source = papers.write(folder / "papers.jsonl", 2000)
    words = ("run", "--input", str(source), "--base-url", f"replay:{source}", "--json", "-q")
    measure.command(*words, folder=folder)
    run = min((measure.command(*words, folder=folder) for _ in range(3)), key=lambda run: run.seconds)
    baseline = min(measure.process([sys.executable, "-c", "import openai"], folder).seconds for _ in range(3))
    start = min(measure.command("--help", folder=folder).seconds for _ in range(3))
    yield Figure("warm", "requests", run.report["requests"], 0, f"{run.report['cached']} papers from the cache")
    yield Figure("warm", "process", run.seconds / baseline, 1.6, f"{run.seconds:.2f} s; import openai {baseline:.2f} s")
    yield Figure("warm", "peak MB", run.peak_mb, 120, "resident memory")
    yield Figure("--help", "process", start / baseline, 0.5, f"{start:.2f} s")


def main() -> int:
    """Measure, print the table, and with ``--write`` put it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("scenarios", nargs="*", help="names; all where none is given")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its plot")
    given = parser.parse_args()
    figures: list[Figure] = []
    for scenario in SCENARIOS:
        if not given.scenarios or scenario.name in given.scenarios:
            with tempfile.TemporaryDirectory() as folder:
                figures += report.shown(against_server(scenario, Path(folder)))
    if not given.scenarios or "warm" in given.scenarios:
        with tempfile.TemporaryDirectory() as folder:
            figures += report.shown(warm(Path(folder)))
    if given.write:
        report.write(figures, measure.ROOT / "docs")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
