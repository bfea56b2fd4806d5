"""``python -m benchmarks.site [--write]``: a site of 24 months, built in one go and with one more day, and searched."""

from __future__ import annotations

import argparse
import json
import platform
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks import measure, papers
from benchmarks.report import put
from benchmarks.search import RARE, RARE_WORD, Searched, searches
from pipeline.assemble import Digest, FeedStyle, as_json, atom, html
from pipeline.records import Day, Entry, Paper, RunReport, Source, SourceCount, Summary

MONTHS, DAYS, PAPERS = 24, 12, 100
"""Months, days of each, papers of each day."""
NAME = "cs.AI"
FIRST_YEAR = 2024
WORDS = [
    f"{first}{middle}{last}"
    for first in ("pro", "co", "in", "meta", "tri", "an", "de", "re", "lo", "ma")
    for middle in ("ba", "ce", "di", "fo", "gu", "ly", "mi", "no", "pe", "ra", "su", "ta")
    for last in ("n", "ting", "tion", "ed", "ous", "al", "ly", "ment", "r", "s", "x", "q7")
]
CHARACTERS = [chr(0x4E00 + 5 * number) for number in range(3_000)]


@dataclass(frozen=True)
class Build:
    """What one build took."""

    what: str
    run: measure.Run
    files: int


def days(first: int, last: int) -> Iterator[Day]:
    """Make up the days from number ``first`` to before ``last``; each has its own papers."""
    for number in range(first, last):
        month = number // DAYS
        day = date(FIRST_YEAR + month // 12, month % 12 + 1, number % DAYS * 2 + 1)
        entries = tuple(entry(day, at, number * PAPERS + at) for at in range(PAPERS))
        yield Day(name=NAME, date=day.isoformat(), entries=entries)


def entry(day: date, at: int, number: int) -> Entry:
    """Return a paper of a day, with its summary."""
    made = papers.record(number) | own_words(number)
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


def own_words(number: int) -> dict[str, str]:
    """Return abstracts whose words differ from paper to paper, some of them common, most of them not."""
    made, chosen = papers.record(number), random.Random(number)
    english = " ".join(WORDS[int(len(WORDS) * chosen.random() ** 3)] for _ in range(80))
    chinese = "".join(CHARACTERS[int(len(CHARACTERS) * chosen.random() ** 3)] for _ in range(160))
    rare = (RARE_WORD, RARE) if number == 1 else ("", "")
    return {
        "abstract": f"{made['abstract']} {english} {rare[0]}",
        "translated_abstract": f"{made['translated_abstract']}{chinese}。{rare[1]}",
    }


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


def table(measured: list[Build], searched: list[Searched]) -> str:
    """Return the figures as two Markdown tables."""
    rows = "\n".join(
        f"| {one.what} | {one.run.seconds:.1f} | {one.run.cpu_s:.1f} | {one.run.peak_mb:.0f} | {one.files:,} |"
        for one in measured
    )
    head = "| build | seconds | CPU seconds | largest memory, MB | files |\n|---|---|---|---|---|"
    found = "\n".join(
        f"| {one.what} | {one.milliseconds:.0f} | {one.requests} | {one.kilobytes:,.0f} |" for one in searched
    )
    search = f"| search | milliseconds | requests | kB |\n|---|---|---|---|\n{found}"
    return f"Measured on {platform.machine()}, Python {platform.python_version()}.\n\n{head}\n{rows}\n\n{search}"


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
        searched = list(searches(Path(folder) / "outputs" / "site"))
    text = table(measured, searched)
    print(text)
    if given.write:
        put(text, measure.ROOT / "docs" / "benchmarks-site.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
