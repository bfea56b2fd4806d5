"""Accepted replies and their papers, in the cache: a reply that cannot be read is a miss."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal

from pydantic import ValidationError
from typing_extensions import TypeVar

from pipeline.records import Answered, Paper, R, Subject, Summary
from pipeline.store.database import Database, Statement

PAGE = 500
"""Replies that are read at a time where all are."""
_UNREADABLE = (ValidationError, ValueError, TypeError)
"""What reading a row raises whose text is not what was written."""
_KIND = "record"
"""Key by which a record that is not about a paper says what it is."""
_COLUMNS = set(Answered.model_fields)
"""Fields of a record that have a column of their own."""

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
class UsageSeen:
    """What the accepted replies of one prompt and model took, those refused before them included."""

    replies: int
    prompt: float
    """Mean prompt tokens."""
    completion_share: float
    """Completion tokens for one character of an English abstract."""


class Replies:
    """The replies in an open cache."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> CachedReply | None:
        """Return the accepted reply about a paper to what ``key`` stands for; None where none can be read."""
        return self.get_many(Summary, (key,)).get(key)

    def get_many(self, record: type[R], keys: Sequence[str]) -> dict[str, CachedReply[R]]:
        """Return, of up to some hundred ``keys``, the replies that there are and can be read, as a task's records."""
        found = {}
        marks = ",".join("?" * len(keys))
        for row in self._database.all(f"SELECT * FROM replies WHERE key IN ({marks})", *keys):  # noqa: S608
            try:
                found[row["key"]] = _cached_reply(row, record)
            except _UNREADABLE as error:
                self._warn_of(row, f"cannot be read and is asked for again ({error})")
        return found

    def of_paper(self, paper_id: str) -> tuple[CachedReply, ...]:
        """Return every readable summary of a paper, oldest first."""
        rows = self._database.all("SELECT * FROM replies WHERE paper_id = ? ORDER BY created", paper_id)
        replies = []
        for row in rows:
            with contextlib.suppress(*_UNREADABLE):
                if _is_summary(row):
                    replies.append(_cached_reply(row, Summary))
        return tuple(replies)

    def all(self) -> Iterator[CachedReply]:
        """Yield every summary by its key, a page of them in memory at a time; warn of each that cannot be read."""
        after = ""
        while rows := self._database.all("SELECT * FROM replies WHERE key > ? ORDER BY key LIMIT ?", after, PAGE):
            after = rows[-1]["key"]
            for row in rows:
                try:
                    if _is_summary(row):
                        yield _cached_reply(row, Summary)
                except _UNREADABLE as error:
                    self._warn_of(row, f"cannot be read ({error})")

    def add(self, replies: Iterable[tuple[Paper, CachedReply]]) -> None:
        """Commit replies and their papers together; what is there already stays as it is."""
        self._database.write(*(each for paper, reply in replies for each in kept("IGNORE", paper, reply)))

    def paper(self, paper_id: str) -> Paper | None:
        """Return the newest version of a paper that was summarized."""
        row = self._database.first("SELECT record FROM papers WHERE id = ? ORDER BY version DESC", paper_id)
        try:
            return Paper.model_validate_json(row["record"]) if row else None
        except _UNREADABLE as error:
            self._database.warn(f"{self._database.path}: the record of {paper_id} cannot be read ({error})")
            return None

    def newest_papers(self, count: int) -> tuple[Paper, ...]:
        """Return the papers that were summarized last, each in its newest version; those that can be read."""
        query = "SELECT record, max(version) FROM papers GROUP BY id ORDER BY seen DESC, id DESC LIMIT ?"
        papers = []
        for row in self._database.all(query, count):
            with contextlib.suppress(*_UNREADABLE):
                papers.append(Paper.model_validate_json(row["record"]))
        return tuple(papers)

    def usage_of(self, prompt: str, model: str) -> UsageSeen:
        """Return what the replies of one prompt and model took."""
        row = self._database.first(
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

    def count(self) -> int:
        """Return how many replies there are."""
        return self._database.count("SELECT count(*) FROM replies")

    def count_papers(self) -> int:
        """Return how many versions of papers the replies are about."""
        return self._database.count("SELECT count(*) FROM papers")

    def count_asked_by(self, prompt_sha256: str) -> int:
        """Return how many replies were asked for by a prompt of exactly this text."""
        return self._database.count("SELECT count(*) FROM replies WHERE prompt_sha256 = ?", prompt_sha256)

    def by_model(self) -> tuple[tuple[str, str, int], ...]:
        """Return prompt, model and number of replies, the most first."""
        query = "SELECT prompt, model, count(*) AS n FROM replies GROUP BY prompt, model ORDER BY n DESC"
        return tuple((row["prompt"], row["model"], row["n"]) for row in self._database.all(query))

    def faults(self) -> tuple[str, ...]:
        """Say what is wrong with each reply that cannot be read.

        Raises:
            sqlite3.DatabaseError: the file is damaged.
        """
        faults = []
        for row in self._database.unguarded("SELECT * FROM replies"):
            try:
                if _is_summary(row):
                    _cached_reply(row, Summary)
            except _UNREADABLE as error:
                faults.append(f"reply {row['key'][:12]} for {row['paper_id']}: {error}")
        return tuple(faults)

    def _warn_of(self, row: sqlite3.Row, fault: str) -> None:
        self._database.warn(f"{self._database.path}: the reply for {row['paper_id']} {fault}")


def kept(
    otherwise: Literal["REPLACE", "IGNORE"], subject: Subject, reply: CachedReply[Answered]
) -> tuple[Statement, ...]:
    """Return what keeps a reply, and the paper it is about; ``otherwise`` what becomes of one that is there."""
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
    reply_kept = (f"INSERT OR {otherwise} INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608
    if not isinstance(subject, Paper):
        return (reply_kept,)
    record = (subject.id, subject.version or 0, subject.model_dump_json(), seen)
    return reply_kept, (f"INSERT OR {otherwise} INTO papers VALUES (?, ?, ?, ?)", record)  # noqa: S608


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


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
