"""What earlier runs learned of each endpoint and model, in the cache: text that the model side writes and reads."""

from __future__ import annotations

from pipeline.store.database import Database


class Endpoints:
    """What is known of endpoints in an open cache."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def learned(self, endpoint: str, model: str) -> str | None:
        """Return what earlier runs learned of an endpoint and model, as they wrote it."""
        row = self._database.first("SELECT learned FROM endpoints WHERE endpoint = ? AND model = ?", endpoint, model)
        return row["learned"] if row else None

    def keep(self, endpoint: str, model: str, learned: str) -> None:
        """Commit what was learned of an endpoint and model."""
        self._database.write(("INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?)", (endpoint, model, learned)))
