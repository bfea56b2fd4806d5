"""The scenarios against the server: what it does, what the program is told, and what is measured against what."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks import limit, measure, papers
from benchmarks.figures import Figure
from tests.servers.openai import spawn
from tests.servers.openai_options import Options

FAULTS = {
    "server_error": 0.05,
    "reset": 0.03,
    "malformed": 0.03,
    "wrong_language": 0.02,
    "content_filter": 0.01,
    "silence": 0.01,
}


@dataclass(frozen=True)
class Scenario:
    """One measurement, always cold: an empty cache and an endpoint never seen before."""

    name: str
    papers: int
    options: Options
    concurrency: int
    told: tuple[str, ...] = ()
    """Further options of the command."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """The most that each figure should be."""
    by_hand: bool = False
    """Whether the openai client by hand is measured too."""
    to_by_hand: float | None = None
    """The most that the whole process should be by the client by hand in the same run."""

    def __call__(self, folder: Path) -> Iterator[Figure]:
        """Measure in ``folder``."""
        ours = self._measure(folder, self._program)
        hand = self._measure(folder, _by_hand).figures if self.by_hand else {}
        yield Figure(self.name, "lost", ours.lost, 0, f"{self.papers - ours.lost} of {self.papers} papers valid")
        for what, (value, detail) in ours.figures.items():
            if what in self.targets or what in {"calls", "process"}:
                other = hand.get(what, (None,))[0]
                yield Figure(self.name, what, value, self.targets.get(what), detail, other)
        if hand:
            ratio = ours.figures["process"][0] / hand["process"][0]
            yield Figure(self.name, "to by hand", ratio, self.to_by_hand, "the whole process of both")

    def _program(self, source: Path, url: str, _at_once: int) -> list[str]:
        told = ("--base-url", url, "--model", "bench", "--concurrency", str(self.concurrency), *self.told)
        return measure.program("run", "--input", str(source), "--json", "-q", *told)

    def _measure(self, folder: Path, words: Any) -> _Measured:
        source = papers.write(folder / "papers.jsonl", self.papers)
        with spawn(source, self.options) as url:
            run = measure.process(words(source, url, self.concurrency), folder)
            log, stats = measure.ask(url, "/_log"), measure.ask(url, "/_stats")
        ids = [papers.record(number)["id"] for number in range(self.papers)]
        best = limit.seconds(ids, self.options, at_once=self.concurrency)
        lost = self.papers - run.report.get("summarized", 0)
        return _Measured(lost, _figures(run, log, stats, (self.papers, best)))


@dataclass(frozen=True)
class _Measured:
    """What one program came to in one scenario."""

    lost: int
    figures: Mapping[str, tuple[float, str]]
    """Each with what it was made of."""


def _figures(
    run: measure.Run, log: Sequence[Any], stats: Mapping[str, Any], size: tuple[int, float]
) -> dict[str, tuple[float, str]]:
    count, best = size
    first = min((call["arrived"] for call in log), default=run.began)
    last = max((call["sent"] or first for call in log), default=first)
    before, after = first - run.began, run.began + run.seconds - last
    return {
        "calls": ((last - first) / best, f"{last - first:.2f} s from first request to last reply, limit {best:.2f} s"),
        "process": (
            run.seconds / best,
            f"{run.seconds:.2f} s, of them {before:.2f} before the first request and {after:.2f} after the last reply",
        ),
        "cpu_ms": (1000 * run.cpu_s / count, f"ms of CPU a paper, {run.cpu_s:.2f} s together"),
        "refused": (stats["refused"] / count, f"{stats['refused']} of {stats['requests']} requests refused"),
        "seconds": (run.seconds, f"whole process; limit {best:.2f} s"),
    }


def _by_hand(source: Path, url: str, at_once: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.by_hand", str(source), url, str(at_once)]


_USUAL = Options(delay=1.0, sigma=0.4)
_PACED = replace(_USUAL, rpm=600.0, burst=20)

SCENARIOS = (
    Scenario(
        "cold", 200, _USUAL, 64, targets={"calls": 1.06, "process": 1.25}, by_hand=True, to_by_hand=1.02
    ),
    Scenario(
        "wide", 2000, Options(delay=0.3, sigma=0.4), 512, targets={"cpu_ms": 2.0}, by_hand=True, to_by_hand=1.15
    ),
    Scenario(
        "limited, ms",
        200,
        replace(_PACED, headers=("x-ratelimit", "retry-after-ms")),
        64,
        targets={"calls": 1.05, "refused": 0.05},
    ),
    Scenario(
        "limited, s", 200, replace(_PACED, headers=("retry-after",)), 64, targets={"calls": 1.10, "refused": 0.05}
    ),
    Scenario(
        "limited, told",
        200,
        replace(_PACED, headers=("retry-after",)),
        64,
        told=("--rpm", "600"),
        targets={"refused": 0.0},
    ),
    Scenario("faulty", 200, replace(_USUAL, faults=FAULTS), 64, targets={"seconds": 20.0}),
)  # fmt: skip
