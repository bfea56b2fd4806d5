"""Which digest was sent where: without it, a message that was sent comes again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pipeline.store.database import Database, as_utc

CLAIM = timedelta(minutes=10)
"""How long a delivery that was begun and not ended is left to whoever began it."""

DeliveryKey = tuple[str, str, str]
"""Name and date of a digest, and the fingerprint of an address."""


class Deliveries:
    """The deliveries in an open file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, delivery: DeliveryKey, moment: datetime) -> Literal["mine", "delivered", "busy"]:
        """Take a delivery into one's hands at ``moment``, unless it was made, or another process has it in its own."""
        now, stale = as_utc(moment), as_utc(moment - CLAIM)
        take = (
            "INSERT INTO deliveries VALUES (?, ?, ?, ?, 0) "
            "ON CONFLICT DO UPDATE SET claimed = excluded.claimed WHERE sent = 0 AND claimed <= ?"
        )
        taken = self._database.changed(take, *delivery, now, stale, otherwise=1)
        if taken:
            return "mine"
        row = self._database.first("SELECT sent FROM deliveries WHERE name = ? AND date = ? AND address = ?", *delivery)
        return "delivered" if row and row["sent"] else "busy"

    def settle(self, delivery: DeliveryKey, *, sent: bool) -> None:
        """Commit that a claimed delivery was made, or give it free."""
        place = "WHERE name = ? AND date = ? AND address = ?"
        change = "UPDATE deliveries SET sent = 1" if sent else "DELETE FROM deliveries"
        self._database.write((f"{change} {place}", delivery))

    def count(self) -> int:
        """Return how many deliveries were made."""
        return self._database.count("SELECT count(*) FROM deliveries WHERE sent = 1")
