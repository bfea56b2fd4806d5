"""The file of the cache: what it is called and which tables it has."""

from __future__ import annotations

from pipeline.store.database import Schema

FILE = "digest.db"
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
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, holder TEXT NOT NULL, until TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages (key TEXT PRIMARY KEY, body BLOB NOT NULL, fetched TEXT NOT NULL);
"""

SCHEMA = Schema(
    version=5,
    script=_SCHEMA,
    probe="SELECT 1 FROM replies LIMIT 1",
    loss="what cannot be kept is asked for again next time",
)
"""Files of format 4 have a table of deliveries too, which stays for `pipeline.store.memory` to take over."""
