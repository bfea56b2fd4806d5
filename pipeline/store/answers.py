"""Answers of arXiv that outlive the process, in the cache: each is good for a day, or for a quarter of an hour.

An answer that may be another soon, such as a feed, or a list that lacks a paper, is kept just so long that arXiv is not
asked for it again and again.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.errors import CacheError
from pipeline.store.database import Database, Warn, as_utc
from pipeline.store.digest_file import FILE, SCHEMA

SOON = timedelta(minutes=15)
"""How long an answer is kept that may be another soon."""
KEPT = timedelta(days=7)
"""Age at which any kept answer is dropped."""
_PASSING = "~"
"""Before the key of an answer that may be another soon."""


class KeptAnswers:
    """The answers kept in the cache of ``folder``; any thread may ask.

    The file is opened for each call: there are few, seconds apart, and SQLite's connections stay with their thread.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime], warn: Warn, since: datetime | None = None) -> None:
        """Answers that were kept before ``since`` are not given (None: all), nor those of a clock that was ahead."""
        self._folder = folder
        self._now = now
        self._warn = warn
        self._since = since

    def get(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Return, of ``keys``, what is kept and still good."""
        oldest = self._since or datetime.min.replace(tzinfo=UTC)
        found: dict[str, bytes] = {}
        with self._opened() as database:
            for key in keys if database else ():
                for place, since in ((key, oldest), (f"{_PASSING}{key}", max(oldest, self._now() - SOON))):
                    if database and (body := self._body(database, place, since)) is not None:
                        found[key] = body
        return found

    def put(self, bodies: Mapping[str, bytes], *, whole: bool) -> None:
        """Keep ``bodies`` by their keys in place of what was there, for the day if they are ``whole``."""
        now = self._now()
        taken, given = ("", _PASSING) if whole else (_PASSING, "")
        with self._opened() as database:
            if database and bodies:
                keep = "INSERT OR REPLACE INTO pages VALUES (?, ?, ?)"
                database.write(
                    ("DELETE FROM pages WHERE fetched < ?", (as_utc(now - KEPT),)),
                    *(("DELETE FROM pages WHERE key = ?", (f"{given}{key}",)) for key in bodies),
                    *((keep, (f"{taken}{key}", zlib.compress(body), as_utc(now))) for key, body in bodies.items()),
                )

    def doubt(self, keys: Iterable[str]) -> None:
        """Take answers that were kept for the day for such that may be others soon."""
        with self._opened() as database:
            if database:
                change = "UPDATE OR REPLACE pages SET key = ? WHERE key = ?"
                database.write(*((change, (f"{_PASSING}{key}", key)) for key in keys))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Database | None]:
        try:
            database = Database(self._folder / FILE, SCHEMA, warn=self._warn)
        except CacheError as error:
            self._warn(error.message)
            yield None
            return
        with database:
            yield database

    def _body(self, database: Database, key: str, since: datetime) -> bytes | None:
        query = "SELECT body FROM pages WHERE key = ? AND fetched BETWEEN ? AND ?"
        row = database.first(query, key, as_utc(since), as_utc(self._now()))
        try:
            return zlib.decompress(row["body"]) if row else None
        except (zlib.error, TypeError) as error:
            self._warn(f"{database.path}: a kept answer of arXiv cannot be read and is asked for again ({error})")
            return None
