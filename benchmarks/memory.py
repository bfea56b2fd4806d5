"""``python -m benchmarks.memory [--papers N ...]``: the memory of a stream of papers, a large one beside a small one.

Papers go through ``fetch --input -`` and ``summarize``, with replies from a file: once with an empty cache, once warm.
The small stream comes first. Each command is a process of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure, papers

SIZES = (6_500, 65_000)
MOST_MB = 150
MOST_GROWTH = 1.2
WARM = "summarize, warm"


@dataclass(frozen=True)
class Taken:
    """What one command took."""

    what: str
    papers: int
    seconds: float
    peak_mb: float


def stream(count: int, folder: Path) -> Iterator[Taken]:
    """Measure each command on ``count`` papers.

    Raises:
        RuntimeError: a command failed.
    """
    source = papers.write(folder / "papers.jsonl", count)
    base_url = ("--base-url", f"replay:{source}")
    fetched, done, again = (folder / f"{name}.jsonl" for name in ("fetched", "done", "again"))
    yield _taken("fetch --input -", count, ("fetch", "--input", "-"), source, fetched)
    yield _taken("summarize, cold", count, ("summarize", *base_url), fetched, done)
    yield _taken(WARM, count, ("summarize", *base_url), fetched, again)
    if len(again.read_bytes().splitlines()) != count + 1:
        raise RuntimeError(f"{again.name} lacks a line for a paper or for the end")


def _taken(what: str, count: int, arguments: tuple[str, ...], source: Path, target: Path) -> Taken:
    with source.open("rb") as read, target.open("wb") as written:
        run = measure.filter_process(measure.program(*arguments), source.parent, read, written)
    if run.code:
        raise RuntimeError(f"{what}: exit {run.code}")
    return Taken(what, count, run.seconds, run.peak_mb)


def main() -> int:
    """Measure and print; 1 if the largest warm stream takes too much memory, or far more than the smallest."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory")
    parser.add_argument("--papers", type=int, nargs="+", default=SIZES, help="of each stream, the smallest first")
    given = parser.parse_args()
    print("| papers | command | seconds | largest memory, MB |\n|---:|---|---:|---:|")
    peaks = []
    for count in given.papers:
        with tempfile.TemporaryDirectory() as folder:
            for one in stream(count, Path(folder)):
                print(f"| {one.papers:,} | {one.what} | {one.seconds:.1f} | {one.peak_mb:.0f} |", flush=True)
                peaks += [one.peak_mb] if one.what == WARM else []
    return 0 if max(peaks) < min(MOST_MB, MOST_GROWTH * peaks[0]) else 1


if __name__ == "__main__":
    sys.exit(main())
