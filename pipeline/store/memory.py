"""The memory of a folder, opened: which pages were made, and what was sent.

It is no cache: without it, papers of other days and messages come again. So it has a file of its own, which deleting
the cache leaves alone.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.errors import CacheError
from pipeline.store import digest_file
from pipeline.store.database import Database, Schema, Warn
from pipeline.store.days import Days
from pipeline.store.deliveries import Deliveries

FILE = "memory.db"
_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS days (
    digest TEXT NOT NULL, day TEXT NOT NULL, feed TEXT NOT NULL DEFAULT '', announced TEXT NOT NULL DEFAULT '',
    complete INTEGER, PRIMARY KEY (digest, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS papers (
    digest TEXT NOT NULL, paper_id TEXT NOT NULL, day TEXT NOT NULL, version INTEGER, announce_type TEXT NOT NULL,
    shown INTEGER NOT NULL, final INTEGER NOT NULL, PRIMARY KEY (digest, paper_id, day)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS papers_by_day ON papers (digest, day);
CREATE TABLE IF NOT EXISTS deliveries (
    name TEXT NOT NULL, date TEXT NOT NULL, address TEXT NOT NULL, claimed TEXT NOT NULL, sent INTEGER NOT NULL,
    PRIMARY KEY (name, date, address)) WITHOUT ROWID;
"""


class Memory:
    """The open file and what is in it; use as a context manager. It belongs to the thread that opened it."""

    def __init__(self, folder: Path, *, warn: Warn) -> None:
        """Open or create ``folder/memory.db``; what ``digest.db`` of earlier versions remembers is taken over once.

        Raises:
            CacheError: the folder cannot be written, or a newer version of the program made the file.
        """
        schema = Schema(
            version=_VERSION,
            script=_SCHEMA,
            probe="SELECT 1 FROM papers LIMIT 1",
            loss="what cannot be remembered may come again",
            fill=_TakenOver(folder / digest_file.FILE, warn),
        )
        self._database = Database(folder / FILE, schema, warn=warn)
        self.path = self._database.path
        self.days = Days(self._database)
        self.deliveries = Deliveries(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def verify(self) -> tuple[str, ...]:
        """Say what is wrong with the file; empty where nothing is."""
        return self._database.faults()


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
    """Takes over what ``digest.db`` of earlier versions remembers."""

    path: Path
    warn: Warn

    def __call__(self, db: sqlite3.Connection, version: int) -> None:
        if not self.path.is_file():
            return
        try:
            self._take(db, version)
        except sqlite3.DatabaseError as error:
            self.warn(
                f"{self.path}: what earlier versions remember in it cannot be taken over ({error}): "
                "messages that were sent may come again"
            )

    def _take(self, db: sqlite3.Connection, version: int) -> None:
        with contextlib.closing(self._opened()) as old:
            tables = {row[0] for row in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if version < 1 and "shown" in tables:
                rows = old.execute("SELECT digest, paper_id, day, version, announce_type FROM shown").fetchall()
                db.executemany("INSERT OR IGNORE INTO papers VALUES (?, ?, ?, ?, ?, 1, 1)", rows)
                db.execute("INSERT OR IGNORE INTO days SELECT DISTINCT digest, day, '', '', 1 FROM papers")
            if "deliveries" in tables:
                rows = old.execute("SELECT name, date, address, claimed, sent FROM deliveries").fetchall()
                db.executemany("INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?, ?)", rows)

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
