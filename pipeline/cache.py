"""The cache on disk: one SQLite file that several processes may share.

It has papers, accepted replies, runs, what was learned of endpoints, and arXiv's answers.
A reply's key is the sha256 of what was asked, as configured, and of nothing else. Each reply is committed as it comes,
so that a run that dies has lost only the calls in flight. A damaged file is set aside, never deleted, and is a miss.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Literal, Self

from pydantic import ValidationError
from typing_extensions import TypeVar

from pipeline.records import Answered, Paper, R, RunReport, Subject, Summary
from pipeline.store.database import Database, Statement, Warn, as_utc
from pipeline.store.digest_file import FILE, SCHEMA

PAGE = 500
"""Replies that are read at a time where all are."""
CLAIM = timedelta(minutes=10)
"""How long a delivery that was begun and not ended is left to whoever began it."""
ASK_CLAIM = timedelta(seconds=15)
"""How long an ask is left to the run that claimed it last; a run renews its claims well before."""

_UNREADABLE = (ValidationError, ValueError, TypeError)
"""What reading a row raises whose text is not what was written."""

_KIND = "record"
"""Key by which a record that is not about a paper says what it is."""
_COLUMNS = set(Answered.model_fields)
"""Fields of a record that have a column of their own."""

DeliveryKey = tuple[str, str, str]
"""Name and date of a digest, and the fingerprint of an address."""
AskClaim = Literal["mine", "kept", "busy"]
"""Whether this run may ask, the reply is there already, or another run asks now."""


R_co = TypeVar("R_co", bound=Answered, default=Summary, covariant=True)


@dataclass(frozen=True)
class CachedReply(Generic[R_co]):
    """A reply as it is kept: the record read from it, the model's own words, and how it came to be asked."""

    key: str
    summary: R_co
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
        self.database = Database(folder / FILE, SCHEMA, warn=warn)
        self.path = self.database.path
        self._warn = warn
        self._holder = secrets.token_hex(8)
        """Whose claims are this cache's."""

    @property
    def damages(self) -> int:
        """How often the file was damaged and made way for an empty one, without what was kept until then."""
        return self.database.damages

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def reply(self, key: str) -> CachedReply | None:
        """Return the accepted reply about a paper to what ``key`` stands for; None where none can be read."""
        return self.reply_as(Summary, key)

    def reply_as(self, record: type[R], key: str) -> CachedReply[R] | None:
        """Return the accepted reply to what ``key`` stands for as its task's record; None where none can be read."""
        row = self.database.first("SELECT * FROM replies WHERE key = ?", key)
        if row is None:
            return None
        try:
            return _cached_reply(row, record)
        except _UNREADABLE as error:
            self._warn(f"{self.path}: the reply for {row['paper_id']} cannot be read and is asked for again ({error})")
            return None

    def replies_to(self, paper_id: str) -> tuple[CachedReply, ...]:
        """Return every readable summary of a paper, oldest first."""
        rows = self.database.all("SELECT * FROM replies WHERE paper_id = ? ORDER BY created", paper_id)
        replies = []
        for row in rows:
            with contextlib.suppress(*_UNREADABLE):
                if _is_summary(row):
                    replies.append(_cached_reply(row, Summary))
        return tuple(replies)

    def keep_reply(self, paper: Paper, reply: CachedReply) -> None:
        """Commit an accepted reply and its paper; a reply to the same ask is replaced."""
        self.database.write(*_statements("REPLACE", paper, reply))

    def try_keep(self, replies: Iterable[tuple[Subject, CachedReply[Answered]]]) -> bool:
        """Commit accepted replies as `keep_reply` does, and end their claims; False while another process writes.

        Raises:
            UnkeptError: they cannot be written at all.
        """
        statements: list[Statement] = []
        for subject, reply in replies:
            statements += (*_statements("REPLACE", subject, reply), self._unclaimed(reply.key))
        return self.database.write_at_once(*statements)

    def try_claim(self, keys: Iterable[str], moment: datetime) -> dict[str, AskClaim]:
        """Claim asks at ``moment``, so that no two runs pay for the same one; nothing while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        values = [(key, self._holder, as_utc(moment + ASK_CLAIM), as_utc(moment)) for key in keys]
        return self.database.at_once(lambda db: _claim(db, values), otherwise={})

    def try_renew(self, moment: datetime) -> bool:
        """Hold this run's claims for longer; False while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        renewal = ("UPDATE claims SET until = ? WHERE holder = ?", (as_utc(moment + ASK_CLAIM), self._holder))
        return self.database.write_at_once(renewal)

    def try_release(self, keys: Iterable[str]) -> bool:
        """End this run's claims on asks that came to nothing; False while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        return self.database.write_at_once(*map(self._unclaimed, keys))

    def add_replies(self, replies: Iterable[tuple[Paper, CachedReply]]) -> None:
        """Commit replies and their papers together; what is there already stays as it is."""
        self.database.write(*(each for paper, reply in replies for each in _statements("IGNORE", paper, reply)))

    def replies(self) -> Iterator[CachedReply]:
        """Yield every summary by its key, a page of them in memory at a time; warn of each that cannot be read."""
        after = ""
        while rows := self.database.all("SELECT * FROM replies WHERE key > ? ORDER BY key LIMIT ?", after, PAGE):
            after = rows[-1]["key"]
            for row in rows:
                try:
                    if _is_summary(row):
                        yield _cached_reply(row, Summary)
                except _UNREADABLE as error:
                    self._warn(f"{self.path}: the reply for {row['paper_id']} cannot be read ({error})")

    def keep_run(self, report: RunReport, *, finished: datetime) -> None:
        """Commit the report of a run that ended."""
        values = (report.name, report.date, finished.isoformat(), report.model_dump_json())
        self.database.write(
            ("INSERT INTO runs (name, date, finished, report) VALUES (?, ?, ?, ?)", values),
            ("DELETE FROM claims WHERE until <= ?", (as_utc(finished),)),
        )

    def usage_of(self, prompt: str, model: str) -> UsageSeen:
        """Return what the replies of one prompt and model took."""
        row = self.database.first(
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
        row = self.database.first("SELECT learned FROM endpoints WHERE endpoint = ? AND model = ?", endpoint, model)
        return row["learned"] if row else None

    def keep_learned(self, endpoint: str, model: str, learned: str) -> None:
        """Commit what was learned of an endpoint and model."""
        self.database.write(("INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?)", (endpoint, model, learned)))

    def claim_delivery(self, delivery: DeliveryKey, moment: datetime) -> Literal["mine", "delivered", "busy"]:
        """Take a delivery into one's hands at ``moment``, unless it was made, or another process has it in its own."""
        now, stale = as_utc(moment), as_utc(moment - CLAIM)
        take = (
            "INSERT INTO deliveries VALUES (?, ?, ?, ?, 0) "
            "ON CONFLICT DO UPDATE SET claimed = excluded.claimed WHERE sent = 0 AND claimed <= ?"
        )
        taken = self.database.changed(take, *delivery, now, stale, otherwise=1)
        if taken:
            return "mine"
        row = self.database.first("SELECT sent FROM deliveries WHERE name = ? AND date = ? AND address = ?", *delivery)
        return "delivered" if row and row["sent"] else "busy"

    def settle_delivery(self, delivery: DeliveryKey, *, sent: bool) -> None:
        """Commit that a claimed delivery was made, or give it free."""
        place = "WHERE name = ? AND date = ? AND address = ?"
        change = "UPDATE deliveries SET sent = 1" if sent else "DELETE FROM deliveries"
        self.database.write((f"{change} {place}", delivery))

    def paper(self, paper_id: str) -> Paper | None:
        """Return the newest version of a paper that was summarized."""
        row = self.database.first("SELECT record FROM papers WHERE id = ? ORDER BY version DESC", paper_id)
        try:
            return Paper.model_validate_json(row["record"]) if row else None
        except _UNREADABLE as error:
            self._warn(f"{self.path}: the record of {paper_id} cannot be read ({error})")
            return None

    def info(self) -> CacheInfo:
        """Count what the cache holds."""
        counts = {table: self._count(table) for table in ("papers", "replies", "runs")}
        models = self.database.all(
            "SELECT prompt, model, count(*) AS n FROM replies GROUP BY prompt, model ORDER BY n DESC"
        )
        files = (self.path.with_name(self.path.name + end) for end in ("", "-wal"))
        return CacheInfo(
            path=self.path,
            size=sum(file.stat().st_size for file in files if file.exists()),
            by_model=tuple((row["prompt"], row["model"], row["n"]) for row in models),
            **counts,
        )

    def count_asked_by(self, prompt_sha256: str) -> int:
        """Return how many replies were asked for by a prompt of exactly this text."""
        rows = self.database.all("SELECT count(*) AS n FROM replies WHERE prompt_sha256 = ?", prompt_sha256)
        return next((int(row["n"]) for row in rows), 0)

    def verify(self) -> tuple[str, ...]:
        """Say what is wrong with the file and with each reply in it; empty where nothing is."""
        try:
            faults = list(self.database.faults())
            rows = self.database.unguarded("SELECT * FROM replies")
        except sqlite3.DatabaseError as error:
            return (f"{self.path} is damaged: {error}; the next run sets it aside",)
        for row in rows:
            try:
                if _is_summary(row):
                    _cached_reply(row, Summary)
            except _UNREADABLE as error:
                faults.append(f"reply {row['key'][:12]} for {row['paper_id']}: {error}")
        return tuple(faults)

    def _count(self, table: str) -> int:
        row = self.database.first(f"SELECT count(*) AS n FROM {table}")  # noqa: S608 (our own table names)
        return int(row["n"]) if row else 0

    def _unclaimed(self, key: str) -> Statement:
        return "DELETE FROM claims WHERE key = ? AND holder = ?", (key, self._holder)


def _claim(db: sqlite3.Connection, values: Iterable[tuple[str, str, str, str]]) -> dict[str, AskClaim]:
    """Claim each key within a transaction; a run that is through has kept the reply and ended its claim together."""
    take = (
        "INSERT INTO claims VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET holder = excluded.holder, "
        "until = excluded.until WHERE until <= ? OR holder = excluded.holder"
    )
    claims: dict[str, AskClaim] = {}
    for value in values:
        if db.execute("SELECT 1 FROM replies WHERE key = ?", value[:1]).fetchone():
            claims[value[0]] = "kept"
        else:
            claims[value[0]] = "mine" if db.execute(take, value).rowcount else "busy"
    return claims


def _is_summary(row: sqlite3.Row) -> bool:
    """Tell whether a row is about a paper; a quotation mark within a text is escaped."""
    return f'"{_KIND}":' not in row["summary"]


def _cached_reply(row: sqlite3.Row, record: type[R]) -> CachedReply[R]:
    summary = record.model_validate(
        {
            **json.loads(row["summary"]),
            "paper_id": row["paper_id"],
            **{name: row[name] or None for name in ("prompt", "prompt_sha256", "model", "endpoint", "created")},
            "usage": json.loads(row["usage"]),
        }
    )
    return CachedReply(key=row["key"], summary=summary, raw=row["raw"], asked=json.loads(row["asked"]))


def _statements(
    otherwise: Literal["REPLACE", "IGNORE"], subject: Subject, reply: CachedReply[Answered]
) -> tuple[Statement, ...]:
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
        _canonical(made.model_dump(exclude=_COLUMNS) | ({_KIND: made.kind} if made.kind else {})),
        # Half a character, which JSON can say and UTF-8 cannot, is kept as its escape.
        reply.raw.encode("utf-8", "backslashreplace").decode(),
        _canonical(dict(reply.asked)),
    )
    kept = (f"INSERT OR {otherwise} INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608
    if not isinstance(subject, Paper):
        return (kept,)
    record = (subject.id, subject.version or 0, subject.model_dump_json(), seen)
    return kept, (f"INSERT OR {otherwise} INTO papers VALUES (?, ?, ?, ?)", record)  # noqa: S608


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
