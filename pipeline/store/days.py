"""What must be remembered of each day of a digest: what arXiv announced, which papers its page has, whether it is done.

It is memory and no cache: without it, papers of other days come again. So it has a file of its own, which deleting the
cache leaves alone.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from pipeline.errors import CacheError
from pipeline.records import Paper, Shown
from pipeline.store import digest_file
from pipeline.store.database import Database, Schema, Warn

FILE = "memory.db"
RECENT = timedelta(days=7)
"""How far back an announcement is looked for that a feed may still be."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS days (
    digest TEXT NOT NULL, day TEXT NOT NULL, feed TEXT NOT NULL DEFAULT '', announced TEXT NOT NULL DEFAULT '',
    complete INTEGER, PRIMARY KEY (digest, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS papers (
    digest TEXT NOT NULL, paper_id TEXT NOT NULL, day TEXT NOT NULL, version INTEGER, announce_type TEXT NOT NULL,
    shown INTEGER NOT NULL, final INTEGER NOT NULL, PRIMARY KEY (digest, paper_id, day)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS papers_by_day ON papers (digest, day);
"""
_ANNOUNCED = (
    "INSERT INTO papers VALUES (?, ?, ?, ?, ?, 0, 0) "
    "ON CONFLICT DO UPDATE SET version = excluded.version, announce_type = excluded.announce_type"
)
_SHOWN = (
    "INSERT INTO papers VALUES (?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO UPDATE SET version = excluded.version, "
    "announce_type = excluded.announce_type, shown = 1, final = excluded.final"
)


@dataclass(frozen=True)
class DayState:
    """How far the page of a day is."""

    complete: bool
    """Whether a run had all that was announced."""
    feed: str
    """Address of the feed that the announcement was read from; empty where it was not a feed."""
    announced: str
    """When that feed was made, as it says itself."""
    pending: tuple[str, ...]
    """Announced papers that are not final: without summary, not on the page, or made from the feed's own item."""


class Memory:
    """The memory of one folder; use as a context manager. It belongs to the thread that opened it."""

    def __init__(self, folder: Path, *, warn: Warn) -> None:
        """Open or create ``folder/memory.db``; where there is none yet, take over what ``digest.db`` remembers.

        Raises:
            CacheError: the folder cannot be written, or a newer version of the program made the file.
        """
        fill = _TakenOver(folder / digest_file.FILE)
        schema = Schema(1, _SCHEMA, probe="SELECT 1 FROM papers LIMIT 1", fill=fill)
        self._database = Database(folder / FILE, schema, warn=warn)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def state(self, digest: str, day: str) -> DayState | None:
        """Return how far the page of a day is; None where none was written."""
        row = self._database.first(
            "SELECT * FROM days WHERE digest = ? AND day = ? AND complete IS NOT NULL", digest, day
        )
        if row is None:
            return None
        pending = self._database.all(
            "SELECT paper_id FROM papers WHERE digest = ? AND day = ? AND final = 0 ORDER BY paper_id", digest, day
        )
        ids = tuple(one["paper_id"] for one in pending)
        return DayState(complete=bool(row["complete"]), feed=row["feed"], announced=row["announced"], pending=ids)

    def shown(self, digest: str, paper_id: str) -> tuple[Shown, ...]:
        """Return on which days' pages of a digest an announced paper stands, the earliest first."""
        query = "SELECT * FROM papers WHERE digest = ? AND paper_id = ? AND shown = 1 ORDER BY day"
        found = []
        for row in self._database.all(query, digest, paper_id):
            with contextlib.suppress(ValidationError, ValueError, TypeError):
                found.append(Shown.model_validate({"id": row["paper_id"], **dict(row)}))
        return tuple(found)

    def same_announcement(self, digest: str, day: str, papers: Iterable[Shown]) -> str | None:
        """Return the last day of the week before ``day`` that had all ``papers``, announced alike; None without one."""
        oldest = (date.fromisoformat(day) - RECENT).isoformat()
        query = (
            "SELECT day FROM papers WHERE digest = ? AND paper_id = ? AND announce_type = ? "
            "AND day >= ? AND day < ? AND (version IS NULL OR ? IS NULL OR version = ?)"
        )
        days: set[str] | None = None
        for one in papers:
            rows = self._database.all(query, digest, one.id, one.announce_type, oldest, day, one.version, one.version)
            had = {row["day"] for row in rows}
            days = had if days is None else days & had
            if not days:
                return None
        return max(days) if days else None

    def keep_announced(self, digest: str, state: tuple[str, str, str], papers: Iterable[Shown]) -> None:
        """Keep what a feed announced; ``state`` is the day, the feed's address, and when it was made by its own word.

        What the page of the day has already stays, announced or not.
        """
        day, feed, made = state
        keep = "INSERT INTO days VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO UPDATE SET feed = excluded.feed, "
        self._database.write(
            (f"{keep} announced = excluded.announced", (digest, day, feed, made)),
            ("DELETE FROM papers WHERE digest = ? AND day = ? AND shown = 0", (digest, day)),
            *((_ANNOUNCED, (digest, one.id, day, one.version, one.announce_type)) for one in papers),
        )

    def keep_page(self, digest: str, day: str, papers: Iterable[tuple[Paper, bool]], *, complete: bool) -> None:
        """Keep which papers stand on the page of a day, each with whether it is final, in place of what stood there."""
        keep = "INSERT INTO days VALUES (?, ?, '', '', ?) ON CONFLICT DO UPDATE SET complete = excluded.complete"
        self._database.write(
            (keep, (digest, day, complete)),
            ("UPDATE papers SET shown = 0, final = 0 WHERE digest = ? AND day = ?", (digest, day)),
            *(
                (_SHOWN, (digest, paper.id, day, paper.version, paper.announce_type, final))
                for paper, final in papers
                if paper.announce_type
            ),
        )


@contextlib.contextmanager
def remembering(folder: Path, *, warn: Warn) -> Iterator[Memory | None]:
    """Open the memory of ``folder``; where it cannot be used, warn and give None: nothing is remembered then."""
    try:
        memory = Memory(folder, warn=warn)
    except CacheError as error:
        warn(error.message)
        yield None
        return
    with memory:
        yield memory


@dataclass(frozen=True)
class _TakenOver:
    """Takes over what ``digest.db`` of earlier versions remembers of pages."""

    path: Path

    def __call__(self, db: sqlite3.Connection) -> None:
        if not self.path.is_file():
            return
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(self._opened()) as old:
            rows = old.execute("SELECT digest, paper_id, day, version, announce_type FROM shown").fetchall()
            db.executemany("INSERT OR IGNORE INTO papers VALUES (?, ?, ?, ?, ?, 1, 1)", rows)
            db.execute("INSERT OR IGNORE INTO days SELECT DISTINCT digest, day, '', '', 1 FROM papers")

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
