"""Claims on asks, in the cache: of two runs that share it, only one pays for an ask."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from pipeline.records import Answered, Subject
from pipeline.store.database import Database, Statement, as_utc
from pipeline.store.replies import CachedReply, kept

ASK_CLAIM = timedelta(seconds=15)
"""How long an ask is left to the run that claimed it last; a run renews its claims well before."""
AskClaim = Literal["mine", "kept", "busy"]
"""Whether this run may ask, the reply is there already, or another run asks now."""


class Claims:
    """The claims of one run; nothing here waits for another process that writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = secrets.token_hex(8)

    def try_claim(self, keys: Iterable[str], moment: datetime) -> dict[str, AskClaim]:
        """Claim asks at ``moment``, so that no two runs pay for the same one; nothing while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        values = [(key, self._holder, as_utc(moment + ASK_CLAIM), as_utc(moment)) for key in keys]
        return self._database.at_once(lambda db: _claim(db, values), otherwise={})

    def try_renew(self, moment: datetime) -> bool:
        """Hold this run's claims for longer; False while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        renewal = ("UPDATE claims SET until = ? WHERE holder = ?", (as_utc(moment + ASK_CLAIM), self._holder))
        return self._database.write_at_once(renewal)

    def try_release(self, keys: Iterable[str]) -> bool:
        """End this run's claims on asks that came to nothing; False while another process writes.

        Raises:
            UnkeptError: nothing can be written at all.
        """
        return self._database.write_at_once(*map(self._released, keys))

    def try_keep(self, replies: Iterable[tuple[Subject, CachedReply[Answered]]]) -> bool:
        """Commit accepted replies and what they are about, in place of earlier ones, and end their claims.

        Return False while another process writes.

        Raises:
            UnkeptError: they cannot be written at all.
        """
        statements: list[Statement] = []
        for subject, reply in replies:
            statements += (*kept("REPLACE", subject, reply), self._released(reply.key))
        return self._database.write_at_once(*statements)

    def _released(self, key: str) -> Statement:
        return "DELETE FROM claims WHERE key = ? AND holder = ?", (key, self._holder)


def without_lapsed(moment: datetime) -> Statement:
    """Return what removes the claims of runs that died before they ended them."""
    return "DELETE FROM claims WHERE until <= ?", (as_utc(moment),)


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
