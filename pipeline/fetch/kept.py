"""What the fetch stage finds in the cache: arXiv's answers, and what the pages of other days have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.cache import Cache, Warn
from pipeline.errors import CacheError
from pipeline.records import Shown


class KeptPages:
    """The answers kept in the cache of ``folder``; any thread may ask.

    The file is opened for each answer: there are few, seconds apart, and SQLite's connections stay with their thread.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime], warn: Warn) -> None:
        self._folder = folder
        self._now = now
        self._warn = warn

    def get(self, key: str, *, within: timedelta | None = None) -> bytes | None:
        """Return what was put under ``key``, no longer ago than ``within``; None where there is nothing."""
        since = None if within is None else self._now() - within
        try:
            with Cache(self._folder, warn=self._warn) as cache:
                return cache.page(key, since=since)
        except CacheError as error:
            self._warn(error.message)
            return None

    def put(self, key: str, body: bytes) -> None:
        """Keep ``body``, in place of what was there."""
        try:
            with Cache(self._folder, warn=self._warn) as cache:
                cache.keep_page(key, body, self._now())
        except CacheError as error:
            self._warn(error.message)


class ShownPapers:
    """What the pages of a digest have, kept in the cache of ``folder``; any thread may ask."""

    def __init__(self, folder: Path, digest: str, *, warn: Warn) -> None:
        self._folder = folder
        self._digest = digest
        self._warn = warn

    def __call__(self, ids: Iterable[str]) -> Mapping[str, Sequence[Shown]]:
        """Return, of the papers ``ids``, on which days they were shown, the earliest first."""
        try:
            with Cache(self._folder, warn=self._warn) as cache:
                return {name: cache.shown(self._digest, name) for name in ids}
        except CacheError as error:
            self._warn(error.message)
            return {}
