"""``python -m benchmarks.site [--write]``: a site of 300 days of 100 papers, in one go, and then with one more day."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks import measure, papers
from benchmarks.report import put
from pipeline.assemble import Digest, FeedStyle, as_json, atom, html
from pipeline.records import Day, Entry, Paper, RunReport, Source, SourceCount, Summary

DAYS, PAPERS = 300, 100
NAME = "bench"
FIRST = date(2025, 1, 1)


@dataclass(frozen=True)
class Build:
    """What one build took."""

    what: str
    run: measure.Run
    files: int


def days(first: int, last: int) -> Iterator[Day]:
    """Make up the days from number ``first`` to before ``last``; each has its own papers."""
    for number in range(first, last):
        day = FIRST + timedelta(days=number)
        entries = tuple(entry(day, at, number * PAPERS + at) for at in range(PAPERS))
        yield Day(name=NAME, date=day.isoformat(), entries=entries)


def entry(day: date, at: int, number: int) -> Entry:
    """Return a paper of a day, with its summary."""
    made = papers.record(number)
    identifier = f"{day:%y%m}.{day.day * 500 + at:05}"
    fields = {
        "authors": ["Ann Author", "Zoë Zweite"],
        "categories": ["cs.AI", "cs.LG"],
        "published": f"{day}T00:00:00Z",
    }
    return Entry(
        paper=Paper.model_validate(made | fields | {"id": identifier}),
        summary=Summary.model_validate(made | {"paper_id": identifier}),
    )


def write(folder: Path, made: Iterator[Day]) -> None:
    """Write days as a run does: data, page, report."""
    folder.mkdir(parents=True, exist_ok=True)
    for day in made:
        count = len(day.entries)
        digest = Digest(day.name, day.date, day.entries, Source(announced=count, fetched=count))
        report = RunReport(
            name=day.name,
            date=day.date,
            papers=count,
            cached=0,
            summarized=count,
            cost_usd=0.1,
            source=SourceCount(announced=count, fetched=count, missing=0),
            complete=True,
        )
        (folder / f"{day.date}.json").write_text(as_json(digest), "utf-8")
        (folder / f"{day.date}.html").write_text(html(digest), "utf-8")
        (folder / f"{day.date}.run.json").write_text(report.model_dump_json(), "utf-8")
        (folder / "feed.xml").write_text(atom(day.name, iter((day,)), FeedStyle()), "utf-8")


def build(what: str, folder: Path) -> Build:
    """Build the site in a process of its own; its peak is that of the larger, the program or Pagefind."""
    run = measure.command("site", folder=folder)
    if run.code:
        raise SystemExit(f"the build ended with {run.code}")
    files = sum(path.is_file() for path in (folder / "outputs" / "site").rglob("*"))
    return Build(what, run, files)


def builds(folder: Path) -> Iterator[Build]:
    """Measure all builds in one folder."""
    place = folder / "outputs" / NAME
    write(place, days(0, DAYS))
    yield build(f"{DAYS} days of {PAPERS} papers", folder)
    write(place, days(DAYS, DAYS + 1))
    yield build("one day more", folder)
    yield build("nothing new", folder)


def table(measured: list[Build]) -> str:
    """Return the figures as a Markdown table."""
    rows = "\n".join(
        f"| {one.what} | {one.run.seconds:.1f} | {one.run.cpu_s:.1f} | {one.run.peak_mb:.0f} | {one.files:,} |"
        for one in measured
    )
    head = "| build | seconds | CPU seconds | largest process, MB | files |\n|---|---|---|---|---|"
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
    print(table(measured))
    if given.write:
        put(table(measured), measure.ROOT / "docs" / "benchmarks-site.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
