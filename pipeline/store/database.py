"""One SQLite file that several processes may share: opened, guarded, set aside where it is damaged.

A fault of the file is a miss and one warning, never the end of a run. A damaged file is set aside, never deleted.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pipeline.errors import CacheError, UnkeptError

BUSY_S = 30.0
"""Seconds to wait for another process's write."""

Warn = Callable[[str], None]
Statement = tuple[str, tuple[object, ...]]
T = TypeVar("T")


@dataclass(frozen=True)
class Schema:
    """What a file holds."""

    version: int
    script: str
    """Creates what is not there yet."""
    probe: str
    """A query that fails where the file is another program's."""
    loss: str
    """What it means that something cannot be kept, in words for the user."""
    fill: Callable[[sqlite3.Connection, int], None] = lambda _db, _version: None
    """Takes over, in the same transaction, what another file had; is given the format until then, 0 of a new file."""


class Database:
    """An open file; use as a context manager. It belongs to the thread that opened it."""

    def __init__(self, path: Path, schema: Schema, *, warn: Warn) -> None:
        """Open or create the file.

        Raises:
            CacheError: the folder cannot be written, or a newer version of the program made the file.
        """
        self.path = path
        self.warn = warn
        self.damages = 0
        """How often the file was damaged and made way for an empty one, without what was kept until then."""
        self._schema = schema
        self._warned = False
        self._inode = 0
        """Of the file that is open: another process may have set it aside."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise CacheError(f"{path}: cannot be used: {error}", hint="Choose another --cache DIR.") from error
            self._db = self._set_aside(error)
        except OSError as error:
            message = f"{path.parent}: cannot be used as cache: {error.strerror or error}"
            raise CacheError(message, hint="Choose another --cache DIR.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def first(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query; None where there is none, or none that can be read."""
        return next(iter(self.all(f"{sql} LIMIT 1", *values)), None)

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query; none where they cannot be read."""
        return self._guarded(lambda: self._db.execute(sql, values).fetchall(), [])

    def count(self, sql: str, *values: object) -> int:
        """Return the number that a query gives in one row; 0 where it cannot be read."""
        row = self._guarded(lambda: self._db.execute(sql, values).fetchone(), None)
        return int(row[0]) if row else 0

    def size(self) -> int:
        """Return how many bytes the file takes, its log included."""
        files = (self.path.with_name(self.path.name + end) for end in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def changed(self, sql: str, *values: object, otherwise: int) -> int:
        """Return how many rows one statement changed; ``otherwise`` where it could not be carried out."""
        return self._guarded(lambda: self._db.execute(sql, values).rowcount, otherwise)

    def write(self, *statements: Statement) -> None:
        """Carry out all statements, or none."""
        self._guarded(self._renew_if_gone, None)
        if not self._guarded(lambda: self._transact(statements), otherwise=False):
            # A damaged file has made way for an empty one by now, which takes what was paid for.
            self._guarded(lambda: self._transact(statements), otherwise=False)

    def write_at_once(self, *statements: Statement) -> bool:
        """Carry out all statements, or none; False while another process writes, for which this does not wait.

        Raises:
            UnkeptError: nothing can be written.
        """
        return self.at_once(lambda db: _execute(db, statements), otherwise=False)

    def at_once(self, action: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Write in one transaction; ``otherwise`` while another process writes, for which this does not wait.

        A damaged file makes way for an empty one, which takes the write.

        Raises:
            UnkeptError: nothing can be written.
        """
        try:
            self._renew_if_gone()
            self._db.execute("PRAGMA busy_timeout = 0")
            try:
                with self._transaction():
                    return action(self._db)
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000:.0f}")
        except (sqlite3.DatabaseError, OSError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                return otherwise
            if not (isinstance(error, sqlite3.DatabaseError) and _is_damage(error)):
                self._warned = True
                raise UnkeptError(f"{self.path}: {error}") from error
            self._db.close()
            self._db = self._set_aside(error)
        return self.at_once(action, otherwise)

    def faults(self, of_rows: Callable[[], Iterable[str]] = tuple) -> tuple[str, ...]:
        """Return what is wrong with the file, as SQLite finds it, and with its rows, as ``of_rows`` does."""
        try:
            found = (row[0] for row in self._db.execute("PRAGMA integrity_check") if row[0] != "ok")
            return (*found, *of_rows())
        except sqlite3.DatabaseError as error:
            return (f"{self.path} is damaged: {error}; the next run sets it aside",)

    def unguarded(self, sql: str) -> list[sqlite3.Row]:
        """Return the rows of a query.

        Raises:
            sqlite3.DatabaseError: they cannot be read.
        """
        return self._db.execute(sql).fetchall()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        self._inode = self.path.stat().st_ino
        db.row_factory = sqlite3.Row
        # A text that is no UTF-8 makes its row unreadable, not the whole query.
        db.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        version, known = _version(db), self._schema.version
        if version > known:
            raise CacheError(
                f"{self.path}: was written by a newer arxiv-digest (format {version}; this one knows {known})",
                hint="Update arxiv-digest, or choose another --cache DIR.",
            )
        _switch_to_wal(db)
        # NORMAL loses nothing when the process dies, only when the machine does.
        db.execute("PRAGMA synchronous = NORMAL")
        # A checkpoint is all that waits for the disk, and closing makes one: 64 MB hold more than a day's replies.
        db.execute("PRAGMA wal_autocheckpoint = 16384")
        if version < known:
            db.executescript(f"BEGIN IMMEDIATE; {self._schema.script}")
            # Another process may have been first.
            if (version := _version(db)) < known:
                self._schema.fill(db, version)
                db.execute(f"PRAGMA user_version = {known}")
            db.execute("COMMIT")
        db.execute(self._schema.probe).fetchone()

    def _renew_if_gone(self) -> None:
        """Begin the file once more where somebody removed it: what is written to a removed file is lost."""
        try:
            is_ours = self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            self.warn(f"{self.path} was removed while it was in use; what it held is lost, and a new one is begun")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_ours = False
        if not is_ours:
            self._db.close()
            self._db = self._open()

    def _set_aside(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        if self.path.exists() and self.path.stat().st_ino != self._inode:
            # Another process met the same damage first.
            return self._open()
        name, number = self.path.name, 1
        while (aside := self.path.with_name(f"{name}.damaged-{number}")).exists():
            number += 1
        for end in ("", "-wal", "-shm"):
            file = self.path.with_name(name + end)
            if file.exists():
                file.replace(aside.with_name(aside.name + end))
        self.damages += 1
        self.warn(f"{self.path} is damaged ({error}); it was set aside as {aside}, and an empty one is used")
        return self._open()

    def _transact(self, statements: tuple[Statement, ...]) -> bool:
        with self._transaction():
            return _execute(self._db, statements)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _guarded(self, action: Callable[[], T], otherwise: T) -> T:
        """Run ``action``; a fault is a miss and one warning, and a damaged file is set aside."""
        try:
            return action()
        except (sqlite3.DatabaseError, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and _is_damage(error):
                self._db.close()
                self._db = self._set_aside(error)
            elif not self._warned:
                self._warned = True
                self.warn(f"{self.path}: {error}; {self._schema.loss}")
            return otherwise


def as_utc(moment: datetime) -> str:
    """Return a moment as the files have it: texts that sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _execute(db: sqlite3.Connection, statements: tuple[Statement, ...]) -> bool:
    for sql, values in statements:
        db.execute(sql, values)
    return True


def _switch_to_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL, for which SQLite does not wait by itself while another process does the same.

    Raises:
        sqlite3.OperationalError: the file stayed locked for `BUSY_S`.
    """
    # The real clock, because it stands in for SQLite's own wait, which nobody can hurry.
    until = time.monotonic() + BUSY_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= until:
                raise
            time.sleep(0.02)
        else:
            return


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorname", "") in {"SQLITE_CORRUPT", "SQLITE_NOTADB"} or "malformed" in str(error)
