"""Written days of many months, made up by rule, as long as real ones: what the measurements of the site begin with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from benchmarks import papers
from pipeline.assemble import Digest, FeedStyle, as_json, atom, html
from pipeline.records import Day, Entry, Paper, RunReport, Source, SourceCount, Summary

MONTHS, DAYS, PAPERS = 24, 12, 100
"""Months, days of each, papers of each day."""
NAME = "cs.AI"
FIRST_YEAR = 2024
RARE, RARE_WORD = "折纸卫星", "quokkalike"
"""Terms that one paper of the first month has, and no other."""
WORDS = [
    f"{first}{middle}{last}"
    for first in ("pro", "co", "in", "meta", "tri", "an", "de", "re", "lo", "ma")
    for middle in ("ba", "ce", "di", "fo", "gu", "ly", "mi", "no", "pe", "ra", "su", "ta")
    for last in ("n", "ting", "tion", "ed", "ous", "al", "ly", "ment", "r", "s", "x", "q7")
]
CHARACTERS = [chr(0x4E00 + 5 * number) for number in range(3_000)]


def days(first: int, last: int, *, a_month: int = DAYS) -> Iterator[Day]:
    """Make up the days from number ``first`` to before ``last``; each has its own papers."""
    for number in range(first, last):
        month = number // a_month
        day = date(FIRST_YEAR + month // 12, month % 12 + 1, number % a_month * 2 + 1)
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
