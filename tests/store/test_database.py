"""One SQLite file that several processes may share."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from pipeline.store.database import Database, Schema


def test_a_file_that_two_open_at_once_is_filled_once(tmp_path: Path) -> None:
    """The second has seen the old format, waits for the first, and finds the work done."""
    filled: list[int] = []
    begun, may_end = threading.Event(), threading.Event()

    def fill(_: sqlite3.Connection, version: int) -> None:
        filled.append(version)
        begun.set()
        assert may_end.wait(10)

    schema = Schema(version=1, script="CREATE TABLE IF NOT EXISTS t (a)", probe="SELECT 1 FROM t", loss="", fill=fill)

    def open_file() -> None:
        Database(tmp_path / "file.db", schema, warn=pytest.fail).close()

    first, second = threading.Thread(target=open_file), threading.Thread(target=open_file)
    first.start()
    assert begun.wait(10)
    second.start()
    second.join(0.5)
    assert second.is_alive()
    may_end.set()
    first.join(10)
    second.join(10)
    assert filled == [0]
