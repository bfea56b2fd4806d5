"""What is remembered of each day of a digest: what arXiv announced, which papers its page has, whether it is done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import ValidationError

from pipeline.records import Paper, Shown
from pipeline.store.database import Database

RECENT = timedelta(days=7)
"""How far back an announcement is looked for that a feed may still be."""

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


class Days:
    """The days in an open memory."""

    def __init__(self, database: Database) -> None:
        self._database = database

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

    def count(self) -> int:
        """Return how many pages of days are remembered."""
        return self._database.count("SELECT count(*) FROM days WHERE complete IS NOT NULL")
