"""``python -m benchmarks.overlap``: how far fetching and asking overlap.

arXiv gives a page of 100 papers every 3 seconds, the model a reply after 1 second. Each side is measured alone, then
both together over 500 papers, every time with an empty cache: together they may take 15 % longer than the slower one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import measure, papers
from pipeline.fetch import eastern_today
from pipeline.records import Paper
from tests.servers.arxiv import ArxivServer
from tests.servers.openai import spawn
from tests.servers.openai_options import Options

TARGET = 1.15


@dataclass(frozen=True)
class Load:
    """What is fetched and summarized, and how slowly each side answers."""

    papers: int = 500
    arxiv_s: float = 3.0
    """Between the starts of two requests."""
    model_s: float = 1.0
    """From a request to its reply."""
    concurrency: int = 100
    """Calls in flight at most: as many as a page has papers, so that the model keeps up with arXiv."""


@dataclass(frozen=True)
class Taken:
    """Seconds that whole processes took."""

    fetch: float
    model: float
    both: float

    @property
    def ratio(self) -> float:
        """Both sides together, against the slower one alone."""
        return self.both / max(self.fetch, self.model)


def announced(count: int) -> Iterator[Paper]:
    """Give papers as arXiv announces them."""
    for number in range(count):
        known = {"version": 1, "categories": ("cs.AI",), "primary_category": "cs.AI", "announce_type": "new"}
        yield Paper.model_validate(papers.record(number) | known | {"published": "2026-04-24T10:00:00Z"})


def overlap(load: Load, folder: Path) -> Taken:
    """Measure a fetch alone, the model alone, and both together.

    Raises:
        RuntimeError: a run did not give all papers.
    """
    source = papers.write(folder / "papers.jsonl", load.papers)
    at_once = ["--concurrency", str(load.concurrency)]
    with ArxivServer(announced(load.papers), day=eastern_today(datetime.now(UTC))) as arxiv:
        (folder / "digest.toml").write_text(
            f'arxiv_api_url = "{arxiv.api_url}"\narxiv_feed_url = "{arxiv.root}"\narxiv_delay = {load.arxiv_s}\n'
        )
        fetch = _seconds(measure.command("fetch", "cs.AI", "--cache", "fetch", folder=folder))
        asked = []
        for name, wanted in (("model", ["--input", str(source)]), ("both", ["cs.AI"])):
            with spawn(source, Options(delay=load.model_s)) as url:
                run = measure.command(
                    "run", *wanted, "--base-url", url, "--model", "bench", "--cache", name, "--json", "-q", *at_once,
                    folder=folder,
                )  # fmt: skip
            if run.report.get("summarized") != load.papers:
                raise RuntimeError(f"{name}: exit {run.code}, {run.report}")
            asked.append(_seconds(run))
    return Taken(fetch, *asked)


def _seconds(run: measure.Run) -> float:
    if run.code != 0:
        raise RuntimeError(f"exit {run.code}: {run.report}")
    return run.seconds


def main() -> int:
    """Measure as the options say, and print each side and the ratio."""
    usual = Load()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overlap")
    parser.add_argument("--papers", type=int, default=usual.papers)
    parser.add_argument("--arxiv", type=float, default=usual.arxiv_s, help="seconds between two requests to arXiv")
    parser.add_argument("--model", type=float, default=usual.model_s, help="seconds for a reply")
    parser.add_argument("--concurrency", type=int, default=usual.concurrency, help="calls in flight at most")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taken = overlap(Load(given.papers, given.arxiv, given.model, given.concurrency), Path(folder))
    print(f"fetch alone {taken.fetch:.2f} s, model alone {taken.model:.2f} s, both {taken.both:.2f} s")
    print(
        f"ratio to the slower side {taken.ratio:.3f} (at most {TARGET:g}{'' if taken.ratio <= TARGET else ', MISSED'})"
    )
    return 0 if taken.ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
