"""Papers, replies, reports and a cache folder for the tests of the store."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.records import Paper, RunReport, SourceCount, Summary, Usage
from pipeline.store.cache import Cache
from pipeline.store.digest_file import FILE
from pipeline.store.replies import CachedReply

ROOT = Path(__file__).resolve().parent.parent.parent


NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def paper(number: int = 1, **fields: Any) -> Paper:
    """A paper with an id of its own."""
    given_fields = {"id": f"2404.{number:05}", "version": 1, "title": f"T{number}", "abstract": "A" * 400}
    return Paper.model_validate(given_fields | fields)


def reply(number: int = 1, *, key: str | None = None, raw: str = '{"tldr": "…"}', **fields: Any) -> CachedReply:
    """A reply to that paper with a key of its own, about a page of the file in size."""
    made = {
        "paper_id": f"2404.{number:05}",
        "translated_title": f"题目{number}",
        "tldr": "一句话。",
        "tldr_en": "One line.",
        "translated_abstract": "译文。" * 300,
        "prompt": "digest@1",
        "prompt_sha256": "0" * 64,
        "model": "m",
        "endpoint": "localhost",
        "created": NOW + timedelta(seconds=number),
        "usage": Usage(prompt=100, completion=20, cached=50),
    }
    summary = Summary.model_validate(made | fields)
    return CachedReply(key or f"{number:064}", summary, raw, {"replies": 2, "faults": ["not_json"]})


def report(**fields: Any) -> RunReport:
    """A run's report."""
    source = SourceCount(announced=1, fetched=1, missing=0)
    made = {"name": "cs.AI", "date": "2026-11-23", "papers": 1, "cached": 0, "summarized": 1, "source": source}
    return RunReport.model_validate(made | {"complete": True} | fields)


def keep(cache: Cache, paper: Paper, reply: CachedReply) -> None:
    """Keep one reply, unless there is one to the same ask."""
    cache.replies.add([(paper, reply)])


def replace(cache: Cache, paper: Paper, reply: CachedReply) -> None:
    """Keep one reply, as a run does, in place of one to the same ask."""
    assert cache.claims.try_keep([(paper, reply)])


def keep_at_last(cache: Cache, paper: Paper, reply: CachedReply) -> None:
    """Keep one reply, as a run does, which tries again while another process writes."""
    while not cache.claims.try_keep([(paper, reply)]):
        time.sleep(0.001)


class Shelf:
    """A cache folder and everything that was warned of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / FILE
        self.warnings: list[str] = []

    def open(self) -> Cache:
        """Open the cache."""
        return Cache(self.folder, warn=self.warnings.append)

    def fill(self, count: int) -> None:
        """Keep replies 1 to ``count``."""
        with self.open() as cache:
            for number in range(1, count + 1):
                keep(cache, paper(number), reply(number))

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Work on the file behind the cache's back."""
        with contextlib.closing(sqlite3.connect(self.file)) as db, db:
            return db.execute(statement, values).fetchall()

    def overwrite(self, page: int) -> None:
        """Overwrite one page of the file, counted from 1, with what is no page."""
        size = self.sql("PRAGMA page_size")[0][0]
        with self.file.open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\x93" * size)

    def root(self, table: str) -> int:
        """Return the page at which a table begins."""
        return int(self.sql("SELECT rootpage FROM sqlite_master WHERE name = ?", table)[0][0])

    def set_aside_as(self, number: int, reason: str = "database disk image is malformed") -> str:
        """Return the warning about a damaged file."""
        aside = self.folder / f"{FILE}.damaged-{number}"
        return f"{self.file} is damaged ({reason}); it was set aside as {aside}, and an empty one is used"
