"""The reports of runs that ended, in the cache."""

from __future__ import annotations

from datetime import datetime

from pipeline.records import RunReport
from pipeline.store.claims import without_lapsed
from pipeline.store.database import Database


class Runs:
    """The runs in an open cache."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, report: RunReport, *, finished: datetime) -> None:
        """Commit the report of a run that ended."""
        values = (report.name, report.date, finished.isoformat(), report.model_dump_json())
        self._database.write(
            ("INSERT INTO runs (name, date, finished, report) VALUES (?, ?, ?, ?)", values), without_lapsed(finished)
        )

    def count(self) -> int:
        """Return how many runs there are."""
        return self._database.count("SELECT count(*) FROM runs")
