"""The memory: what earlier versions kept in the cache is taken over once, and outlives the cache from then on."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.store import digest_file, memory
from pipeline.store.cache import Cache
from pipeline.store.memory import Memory

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "format_4"
ROOT = FIXTURES.parent.parent.parent
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SENT, BEGUN = ("cs.AI", "2026-11-23", "sent"), ("cs.AI", "2026-11-23", "begun")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache folder of format 4."""
    for name in ("digest", "memory"):
        with contextlib.closing(sqlite3.connect(tmp_path / f"{name}.db")) as db:
            db.executescript((FIXTURES / f"{name}.sql").read_text(encoding="utf-8"))
    return tmp_path


@pytest.mark.parametrize("has_memory", [True, False], ids=["with-memory", "without"])
@pytest.mark.parametrize("is_cache_first", [True, False], ids=["cache-first", "memory-first"])
def test_mail_that_an_earlier_version_sent_is_not_sent_again(
    folder: Path, *, has_memory: bool, is_cache_first: bool
) -> None:
    """Whichever file is opened first, and also where there was a memory without deliveries already."""
    if not has_memory:
        (folder / memory.FILE).unlink()
    if is_cache_first:
        Cache(folder, warn=pytest.fail).close()
    with Memory(folder, warn=pytest.fail) as opened:
        assert opened.deliveries.claim(SENT, NOON) == "delivered"
        assert opened.deliveries.claim(BEGUN, NOON + timedelta(minutes=9)) == "busy"
        assert opened.deliveries.claim(BEGUN, NOON + timedelta(minutes=10)) == "mine"


def test_the_cache_of_an_earlier_version_is_read(folder: Path) -> None:
    """Replies, papers, runs and what was learned."""
    with Cache(folder, warn=pytest.fail) as cache:
        info = cache.info()
        assert (info.papers, info.replies, info.runs, cache.verify()) == (2, 2, 1, ())
        assert cache.endpoints.learned("localhost", "m") == '{"mode": "json_object"}'
    with Memory(folder, warn=pytest.fail) as opened:
        assert len(opened.days.shown("cs.AI", "2404.00001")) == 1


def test_the_cache_may_be_deleted_without_a_message_coming_again(folder: Path) -> None:
    """Once the memory was opened."""
    with Memory(folder, warn=pytest.fail):
        pass
    (folder / digest_file.FILE).unlink()
    with Memory(folder, warn=pytest.fail) as opened:
        assert opened.deliveries.claim(SENT, NOON) == "delivered"


def test_an_old_file_that_cannot_be_read_is_said_to_be_lost(folder: Path) -> None:
    """What it remembers cannot be taken over, so that a message that was sent may come again; the memory is used."""
    (folder / digest_file.FILE).write_bytes(b"no database" * 100)
    said: list[str] = []
    with Memory(folder, warn=said.append) as opened:
        assert opened.deliveries.claim(SENT, NOON) == "mine"
    assert said == [
        (
            f"{folder / digest_file.FILE}: what earlier versions remember in it cannot be taken over "
            "(file is not a database): messages that were sent may come again"
        )
    ]
