"""The cache of a folder, opened: what deleting it costs is money and time, nothing else.

A reply's key is the sha256 of what was asked, as configured, and of nothing else. Each reply is committed as it comes,
so that a run that dies has lost only the calls in flight. A damaged file is set aside, never deleted, and is a miss.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.store.claims import Claims
from pipeline.store.database import Database, Warn
from pipeline.store.digest_file import FILE, SCHEMA
from pipeline.store.endpoints import Endpoints
from pipeline.store.replies import Replies
from pipeline.store.runs import Runs


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


class Cache:
    """The open file and what is in it; use as a context manager."""

    def __init__(self, folder: Path, *, warn: Warn) -> None:
        """Open or create ``folder/digest.db``.

        Raises:
            CacheError: the folder cannot be written, or a newer version of the program made the file.
        """
        self.database = Database(folder / FILE, SCHEMA, warn=warn)
        self.path = self.database.path
        self.replies = Replies(self.database)
        self.claims = Claims(self.database)
        self.endpoints = Endpoints(self.database)
        self.runs = Runs(self.database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def info(self) -> CacheInfo:
        """Count what the cache holds."""
        return CacheInfo(
            path=self.path,
            size=self.database.size(),
            papers=self.replies.count_papers(),
            replies=self.replies.count(),
            runs=self.runs.count(),
            by_model=self.replies.by_model(),
        )

    def verify(self) -> tuple[str, ...]:
        """Say what is wrong with the file and with each reply in it; empty where nothing is."""
        return self.database.faults(self.replies.faults)
