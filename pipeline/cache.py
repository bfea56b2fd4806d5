"""The cache on disk: one SQLite file that several processes may share.

It has papers, accepted replies, runs, what was learned of endpoints, arXiv's answers, and which page shows which paper.
A reply's key is the sha256 of what was asked, as configured, and of nothing else. Each reply is committed as it comes,
so that a run that dies has lost only the calls in flight. A damaged file is set aside, never deleted, and is a miss.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from pydantic import ValidationError

from pipeline.errors import CacheError, UnkeptError
from pipeline.records import Paper, RunReport, Shown, Summary

FILE = "digest.db"
SCHEMA_VERSION = 4
BUSY_S = 30.0
"""Seconds to wait for another process's write."""
PAGE = 500
"""Replies that are read at a time where all are."""
CLAIM = timedelta(minutes=10)
"""How long a delivery that was begun and not ended is left to whoever began it."""
ASK_CLAIM = timedelta(seconds=15)
"""How long an ask is left to the run that claimed it last; a run renews its claims well before."""
PAGES_DAYS = 7
"""Days after which a kept answer of arXiv is dropped."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS papers (
    id TEXT NOT NULL, version INTEGER NOT NULL, record TEXT NOT NULL, seen TEXT NOT NULL,
    PRIMARY KEY (id, version));
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, paper_id TEXT NOT NULL, prompt TEXT NOT NULL, prompt_sha256 TEXT NOT NULL,
    model TEXT NOT NULL, endpoint TEXT NOT NULL, created TEXT NOT NULL, usage TEXT NOT NULL,
    summary TEXT NOT NULL, raw TEXT NOT NULL, asked TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS replies_by_paper ON replies (paper_id);
CREATE TABLE IF NOT EXISTS endpoints (
    endpoint TEXT NOT NULL, model TEXT NOT NULL, learned TEXT NOT NULL, PRIMARY KEY (endpoint, model)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, date TEXT NOT NULL, finished TEXT NOT NULL, report TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    name TEXT NOT NULL, date TEXT NOT NULL, address TEXT NOT NULL, claimed TEXT NOT NULL, sent INTEGER NOT NULL,
    PRIMARY KEY (name, date, address)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, holder TEXT NOT NULL, until TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages (key TEXT PRIMARY KEY, body BLOB NOT NULL, fetched TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS shown (
    digest TEXT NOT NULL, paper_id TEXT NOT NULL, day TEXT NOT NULL, version INTEGER, announce_type TEXT NOT NULL,
    PRIMARY KEY (digest, paper_id, day)) WITHOUT ROWID;
"""

_UNREADABLE = (ValidationError, ValueError, TypeError)
"""What reading a row raises whose text is not what was written."""

Warn = Callable[[str], None]
DeliveryKey = tuple[str, str, str]
"""Name and date of a digest, and the fingerprint of an address."""
AskClaim = Literal["mine", "kept", "busy"]
"""Whether this run may ask, the reply is there already, or another run asks now."""
Statement = tuple[str, tuple[object, ...]]
T = TypeVar("T")


@dataclass(frozen=True)
class CachedReply:
    """A reply as it is kept: the summary read from it, the model's own words, and how it came to be asked."""

    key: str
    summary: Summary
    raw: str
    asked: Mapping[str, Any]
    """What asking again or the endpoint's abilities changed: ``replies`` asked for, the ``faults`` of refused ones."""


@dataclass(frozen=True)
class CacheInfo:
    """How much a cache holds."""

    path: Path
    size: int
    """Bytes on disk."""
    papers: int
    replies: int
    runs: int
    by_model: tuple[tuple[str, str, int], ...]
    """Prompt, model and number of replies."""


@dataclass(frozen=True)
class UsageSeen:
    """What the accepted replies of one prompt and model took, those refused before them included."""

    replies: int
    prompt: float
    """Mean prompt tokens."""
    completion_share: float
    """Completion tokens for one character of an English abstract."""


class Cache:
    """The cache of one folder; use as a context manager."""

    def __init__(self, folder: Path, *, warn: Warn) -> None:
        """Open or create ``folder/digest.db``.

        Raises:
            CacheError: the folder cannot be written, or a newer version of the program made the file.
        """
        self.path = folder / FILE
        self._warn = warn
        self._warned = False
        self._holder = secrets.token_hex(8)
        """Whose claims are this cache's."""
        self._inode = 0
        """Of the file that is open: another process may have set it aside."""
        self.damages = 0
        """How often the file was damaged and made way for an empty one, without what was kept until then."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise CacheError(f"{self.path}: cannot be used: {error}", hint="Choose another --cache DIR.") from error
            self._db = self._set_aside(error)
        except OSError as error:
            raise CacheError(
                f"{folder}: cannot be used as cache: {error}", hint="Choose another --cache DIR."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def reply(self, key: str) -> CachedReply | None:
        """Return the accepted reply to what ``key`` stands for; None where there is none that can be read."""
        row = self._first("SELECT * FROM replies WHERE key = ?", key)
        if row is None:
            return None
        try:
            return _cached_reply(row)
        except _UNREADABLE as error:
            self._warn(f"{self.path}: the reply for {row['paper_id']} cannot be read and is asked for again ({error})")
            return None

    def replies_to(self, paper_id: str) -> tuple[CachedReply, ...]:
        """Return every readable reply for a paper, oldest first."""
        rows = self._all("SELECT * FROM replies WHERE paper_id = ? ORDER BY created", paper_id)
        replies = []
        for row in rows:
            with contextlib.suppress(*_UNREADABLE):
                replies.append(_cached_reply(row))
        return tuple(replies)

    def keep_reply(self, paper: Paper, reply: CachedReply) -> None:
        """Commit an accepted reply and its paper; a reply to the same ask is replaced."""
        self._write(*_statements("REPLACE", paper, reply))

    def try_keep(self, replies: Iterable[tuple[Paper, CachedReply]]) -> bool:
        """Commit accepted replies as `keep_reply` does, and end their claims; False while another process writes.

        Raises:
            UnkeptError: they cannot be written at all.
        """
        statements: list[Statement] = []
        for paper, reply in replies:
            statements += (*_statements("REPLACE", paper, reply), self._unclaimed(reply.key))
        return self._at_once(lambda: self._transact(tuple(statements)), otherwise=False)

    def try_claim(self, keys: Iterable[str], moment: datetime) -> dict[str, AskClaim]:
        """Claim asks at ``moment``, so that no two runs pay for the same one; nothing while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        values = [(key, self._holder, _utc(moment + ASK_CLAIM), _utc(moment)) for key in keys]
        return self._at_once(lambda: self._claim(values), otherwise={})

    def try_renew(self, moment: datetime) -> bool:
        """Hold this run's claims for longer; False while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        renewal = ("UPDATE claims SET until = ? WHERE holder = ?", (_utc(moment + ASK_CLAIM), self._holder))
        return self._at_once(lambda: self._transact((renewal,)), otherwise=False)

    def try_release(self, keys: Iterable[str]) -> bool:
        """End this run's claims on asks that came to nothing; False while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        return self._at_once(lambda: self._transact(tuple(map(self._unclaimed, keys))), otherwise=False)

    def add_replies(self, replies: Iterable[tuple[Paper, CachedReply]]) -> None:
        """Commit replies and their papers together; what is there already stays as it is."""
        self._write(*(each for paper, reply in replies for each in _statements("IGNORE", paper, reply)))

    def replies(self) -> Iterator[CachedReply]:
        """Yield every reply by its key, a page of them in memory at a time; warn of each that cannot be read."""
        after = ""
        while rows := self._all("SELECT * FROM replies WHERE key > ? ORDER BY key LIMIT ?", after, PAGE):
            after = rows[-1]["key"]
            for row in rows:
                try:
                    yield _cached_reply(row)
                except _UNREADABLE as error:
                    self._warn(f"{self.path}: the reply for {row['paper_id']} cannot be read ({error})")

    def keep_run(self, report: RunReport, *, finished: datetime) -> None:
        """Commit the report of a run that ended."""
        values = (report.name, report.date, finished.isoformat(), report.model_dump_json())
        self._write(
            ("INSERT INTO runs (name, date, finished, report) VALUES (?, ?, ?, ?)", values),
            ("DELETE FROM claims WHERE until <= ?", (_utc(finished),)),
        )

    def usage_of(self, prompt: str, model: str) -> UsageSeen:
        """Return what the replies of one prompt and model took."""
        row = self._first(
            "SELECT count(*) AS n, avg(json_extract(usage, '$.prompt')) AS prompt, "
            "sum(json_extract(usage, '$.completion')) AS completion, "
            "sum((SELECT length(json_extract(record, '$.abstract')) FROM papers WHERE id = paper_id)) AS characters "
            "FROM replies WHERE prompt = ? AND model = ? AND json_extract(usage, '$.completion') > 0",
            prompt,
            model,
        )
        if row is None or not row["n"] or not row["characters"]:
            return UsageSeen(0, 0.0, 0.0)
        return UsageSeen(row["n"], row["prompt"], row["completion"] / row["characters"])

    def learned(self, endpoint: str, model: str) -> str | None:
        """Return what earlier runs learned of an endpoint and model, as they wrote it."""
        row = self._first("SELECT learned FROM endpoints WHERE endpoint = ? AND model = ?", endpoint, model)
        return row["learned"] if row else None

    def keep_learned(self, endpoint: str, model: str, learned: str) -> None:
        """Commit what was learned of an endpoint and model."""
        self._write(("INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?)", (endpoint, model, learned)))

    def claim_delivery(self, delivery: DeliveryKey, moment: datetime) -> Literal["mine", "delivered", "busy"]:
        """Take a delivery into one's hands at ``moment``, unless it was made, or another process has it in its own."""
        now, stale = _utc(moment), _utc(moment - CLAIM)
        take = (
            "INSERT INTO deliveries VALUES (?, ?, ?, ?, 0) "
            "ON CONFLICT DO UPDATE SET claimed = excluded.claimed WHERE sent = 0 AND claimed <= ?"
        )
        taken = self._guarded(lambda: self._db.execute(take, (*delivery, now, stale)).rowcount, 1)
        if taken:
            return "mine"
        row = self._first("SELECT sent FROM deliveries WHERE name = ? AND date = ? AND address = ?", *delivery)
        return "delivered" if row and row["sent"] else "busy"

    def settle_delivery(self, delivery: DeliveryKey, *, sent: bool) -> None:
        """Commit that a claimed delivery was made, or give it free."""
        place = "WHERE name = ? AND date = ? AND address = ?"
        change = "UPDATE deliveries SET sent = 1" if sent else "DELETE FROM deliveries"
        self._write((f"{change} {place}", delivery))

    def page(self, key: str, *, since: datetime | None = None) -> bytes | None:
        """Return the answer of arXiv that was kept under ``key``, at ``since`` or later; None where there is none."""
        row = self._first("SELECT body FROM pages WHERE key = ? AND fetched >= ?", key, _utc(since) if since else "")
        try:
            return zlib.decompress(row["body"]) if row else None
        except (zlib.error, TypeError) as error:
            self._warn(f"{self.path}: a kept answer of arXiv cannot be read and is asked for again ({error})")
            return None

    def keep_page(self, key: str, body: bytes, moment: datetime) -> None:
        """Commit an answer of arXiv that came at ``moment``; drop those that are older by `PAGES_DAYS`."""
        oldest = _utc(moment - timedelta(days=PAGES_DAYS))
        self._write(
            ("DELETE FROM pages WHERE fetched < ?", (oldest,)),
            ("INSERT OR REPLACE INTO pages VALUES (?, ?, ?)", (key, zlib.compress(body), _utc(moment))),
        )

    def shown(self, digest: str, paper_id: str) -> tuple[Shown, ...]:
        """Return on which days' pages of a digest an announced paper stands, the earliest first."""
        rows = self._all("SELECT * FROM shown WHERE digest = ? AND paper_id = ? ORDER BY day", digest, paper_id)
        found = []
        for row in rows:
            with contextlib.suppress(*_UNREADABLE):
                found.append(Shown.model_validate({"id": row["paper_id"], **dict(row)}))
        return tuple(found)

    def keep_shown(self, digest: str, day: str, papers: Iterable[Paper]) -> None:
        """Commit which announced papers stand on the page of a day, in place of what stood there before."""
        self._write(
            ("DELETE FROM shown WHERE digest = ? AND day = ?", (digest, day)),
            *(
                (
                    "INSERT OR REPLACE INTO shown VALUES (?, ?, ?, ?, ?)",
                    (digest, paper.id, day, paper.version, paper.announce_type),
                )
                for paper in papers
                if paper.announce_type
            ),
        )

    def paper(self, paper_id: str) -> Paper | None:
        """Return the newest version of a paper that was summarized."""
        row = self._first("SELECT record FROM papers WHERE id = ? ORDER BY version DESC", paper_id)
        try:
            return Paper.model_validate_json(row["record"]) if row else None
        except _UNREADABLE as error:
            self._warn(f"{self.path}: the record of {paper_id} cannot be read ({error})")
            return None

    def info(self) -> CacheInfo:
        """Count what the cache holds."""
        counts = {table: self._count(table) for table in ("papers", "replies", "runs")}
        models = self._all("SELECT prompt, model, count(*) AS n FROM replies GROUP BY prompt, model ORDER BY n DESC")
        files = (self.path.with_name(self.path.name + end) for end in ("", "-wal"))
        return CacheInfo(
            path=self.path,
            size=sum(file.stat().st_size for file in files if file.exists()),
            by_model=tuple((row["prompt"], row["model"], row["n"]) for row in models),
            **counts,
        )

    def verify(self) -> tuple[str, ...]:
        """Say what is wrong with the file and with each reply in it; empty where nothing is."""
        try:
            faults = [row[0] for row in self._db.execute("PRAGMA integrity_check") if row[0] != "ok"]
            rows = self._db.execute("SELECT * FROM replies").fetchall()
        except sqlite3.DatabaseError as error:
            return (f"{self.path} is damaged: {error}; the next run sets it aside",)
        for row in rows:
            try:
                _cached_reply(row)
            except _UNREADABLE as error:
                faults.append(f"reply {row['key'][:12]} for {row['paper_id']}: {error}")
        return tuple(faults)

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
        db.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise CacheError(
                f"{self.path}: was written by a newer arxiv-digest (format {version}; this one knows {SCHEMA_VERSION})",
                hint="Update arxiv-digest, or choose another --cache DIR.",
            )
        _switch_to_wal(db)
        # NORMAL loses nothing when the process dies, only when the machine does.
        db.execute("PRAGMA synchronous = NORMAL")
        # A checkpoint is all that waits for the disk, and closing makes one: 64 MB hold more than a day's replies.
        db.execute("PRAGMA wal_autocheckpoint = 16384")
        if version < SCHEMA_VERSION:
            db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        db.execute("SELECT 1 FROM replies LIMIT 1").fetchone()

    def _set_aside(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        if self.path.exists() and self.path.stat().st_ino != self._inode:
            # Another process met the same damage first.
            return self._open()
        number = 1
        while (aside := self.path.with_name(f"{FILE}.damaged-{number}")).exists():
            number += 1
        for end in ("", "-wal", "-shm"):
            file = self.path.with_name(FILE + end)
            if file.exists():
                file.replace(aside.with_name(aside.name + end))
        self.damages += 1
        self._warn(f"{self.path} is damaged ({error}); it was set aside as {aside}, and an empty cache is used")
        return self._open()

    def _count(self, table: str) -> int:
        row = self._first(f"SELECT count(*) AS n FROM {table}")  # noqa: S608 (our own table names)
        return int(row["n"]) if row else 0

    def _first(self, sql: str, *values: object) -> sqlite3.Row | None:
        return next(iter(self._all(f"{sql} LIMIT 1", *values)), None)

    def _all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._guarded(lambda: self._db.execute(sql, values).fetchall(), [])

    def _write(self, *statements: Statement) -> None:
        if not self._guarded(lambda: self._transact(statements), otherwise=False):
            # A damaged file has made way for an empty one by now, which takes what was paid for.
            self._guarded(lambda: self._transact(statements), otherwise=False)

    def _transact(self, statements: tuple[Statement, ...]) -> bool:
        with self._transaction():
            for sql, values in statements:
                self._db.execute(sql, values)
        return True

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

    def _unclaimed(self, key: str) -> Statement:
        return "DELETE FROM claims WHERE key = ? AND holder = ?", (key, self._holder)

    def _claim(self, values: Iterable[tuple[str, str, str, str]]) -> dict[str, AskClaim]:
        take = (
            "INSERT INTO claims VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET holder = excluded.holder, "
            "until = excluded.until WHERE until <= ? OR holder = excluded.holder"
        )
        claims: dict[str, AskClaim] = {}
        with self._transaction():
            for value in values:
                # A run that is through has kept the reply and ended its claim together.
                if self._db.execute("SELECT 1 FROM replies WHERE key = ?", value[:1]).fetchone():
                    claims[value[0]] = "kept"
                else:
                    claims[value[0]] = "mine" if self._db.execute(take, value).rowcount else "busy"
        return claims

    def _at_once(self, action: Callable[[], T], otherwise: T) -> T:
        """Write without waiting for another process; a damaged file makes way for an empty one, which takes the write.

        Raises:
            UnkeptError: nothing can be written.
        """
        self._db.execute("PRAGMA busy_timeout = 0")
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                return otherwise
            if not _is_damage(error):
                self._warned = True
                raise UnkeptError(f"{self.path}: {error}") from error
            self._db.close()
            self._db = self._set_aside(error)
            return self._at_once(action, otherwise)
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000:.0f}")

    def _guarded(self, action: Callable[[], T], otherwise: T) -> T:
        """Run ``action``; a cache fault is a miss and one warning, and a damaged file is set aside."""
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if _is_damage(error):
                self._db.close()
                self._db = self._set_aside(error)
            elif not self._warned:
                self._warned = True
                self._warn(f"{self.path}: {error}; what cannot be kept is asked for again next time")
            return otherwise


def _switch_to_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL, for which SQLite does not wait by itself while another process does the same.

    Raises:
        sqlite3.OperationalError: the file stayed locked for `BUSY_S`.
    """
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


def _cached_reply(row: sqlite3.Row) -> CachedReply:
    summary = Summary.model_validate(
        {
            **json.loads(row["summary"]),
            "paper_id": row["paper_id"],
            **{name: row[name] or None for name in ("prompt", "prompt_sha256", "model", "endpoint", "created")},
            "usage": json.loads(row["usage"]),
        }
    )
    return CachedReply(key=row["key"], summary=summary, raw=row["raw"], asked=json.loads(row["asked"]))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _statements(otherwise: Literal["REPLACE", "IGNORE"], paper: Paper, reply: CachedReply) -> tuple[Statement, ...]:
    made = reply.summary
    seen = made.created.isoformat() if made.created else ""
    values = (
        reply.key,
        made.paper_id,
        made.prompt or "",
        made.prompt_sha256 or "",
        made.model or "",
        made.endpoint or "",
        seen,
        made.usage.model_dump_json() if made.usage else "null",
        _canonical(made.model_dump(include={"translated_title", "tldr", "tldr_en", "translated_abstract"})),
        # Half a character, which JSON can say and UTF-8 cannot, is kept as its escape.
        reply.raw.encode("utf-8", "backslashreplace").decode(),
        _canonical(dict(reply.asked)),
    )
    record = (paper.id, paper.version or 0, paper.model_dump_json(), seen)
    return (
        (f"INSERT OR {otherwise} INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values),  # noqa: S608
        (f"INSERT OR {otherwise} INTO papers VALUES (?, ?, ?, ?)", record),  # noqa: S608
    )


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
