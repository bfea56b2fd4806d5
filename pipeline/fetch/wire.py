"""What all requests to arXiv share: one pace, one connection, and the answers that are kept.

Terms: https://info.arxiv.org/help/api/tou.html: a request every three seconds and one connection at a time, over all
machines and processes of a user, and over the query API, the feeds and the harvesting interface together.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from threading import Lock
from typing import Protocol, TextIO

from pipeline.records import Paper

try:
    import fcntl
except ImportError:  # pragma: no cover (Windows: only the threads of one process are spaced)
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = "arxiv.lock"
"""Within the cache folder: locked during a request, and holds when the last one began."""

_MARGIN = 0.05
"""Seconds added to the spacing: a request may reach arXiv later than it left, and the next one sooner."""
_LOOK = 0.02
_LONGEST_HOLD = 120.0
"""Seconds after which another process's lock is passed over: longer than any request takes."""


class Pacer:
    """Keeps ``delay`` seconds between the starts of requests, and one request at a time.

    Over all threads that share it and, where ``lock`` names a file, over all processes that name the same; there the
    clock must be the machine's, as `time.monotonic` is.
    """

    def __init__(
        self,
        delay: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        lock: Path | None = None,
    ) -> None:
        self.sleep = sleep
        self.clock = clock
        self._spacing = delay + _MARGIN if delay > 0 else 0.0
        self._lock = Lock()
        self._file = lock
        self._began: float | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Enter when the next request may start; leave when its answer is there. Several wait for each other."""
        with self._lock:
            while True:
                with self._locked() as file:
                    # Not slept through with the lock held, so that other processes get their turn too.
                    early = self._early(file)
                    if early <= 0:
                        self._stamp(file)
                        yield
                        return
                self.sleep(early)

    def wait(self) -> None:
        """Return when the next request may start; several threads leave one by one."""
        with self.turn():
            pass

    @contextmanager
    def _locked(self) -> Iterator[TextIO | None]:
        file = self._open()
        if file is None:
            yield None
            return
        with file:
            until = self.clock() + _LONGEST_HOLD
            while not _lock(file) and self.clock() < until:
                self.sleep(_LOOK)
            yield file

    def _open(self) -> TextIO | None:
        if self._file is None or fcntl is None:
            return None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            return self._file.open("a+", encoding="ascii", errors="replace")
        except OSError:
            # A folder that cannot be written is for the cache to complain of.
            return None

    def _early(self, file: TextIO | None) -> float:
        now = self.clock()
        # A start that lies ahead was written before the machine's clock began anew.
        starts = [start for start in (self._began, _read(file)) if start is not None and start <= now]
        return max(starts) + self._spacing - now if starts else 0.0

    def _stamp(self, file: TextIO | None) -> None:
        self._began = self.clock()
        if file is not None:
            with contextlib.suppress(OSError):
                file.truncate(0)
                file.write(repr(self._began))
                file.flush()


class Kept(Protocol):
    """Answers of arXiv that outlive the process."""

    def get(self, key: str, *, within: timedelta | None = None) -> bytes | None:
        """Return what was put under ``key``, no longer ago than ``within``; None where there is nothing."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Keep ``body``, in place of what was there."""
        ...


@dataclass(frozen=True, slots=True)
class Wire:
    """The way to arXiv that all fetches of a process share."""

    pacer: Pacer
    kept: Kept | None = None
    """Where well-formed answers are kept; None keeps nothing."""
    day: date | None = None
    """Day of asking in US Eastern time: what arXiv answers changes with it, and so what is kept is good for it only."""
    known: dict[str, Paper] = field(default_factory=dict, compare=False)
    """Records that an announcement has had already: papers of several digests of one run are fetched once."""

    def key(self, address: str) -> str:
        """Return the key under which the answer of ``address`` is kept."""
        return f"{self.day or ''} {address}"


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: the start that the file holds must do.
        return True
    return True


def _read(file: TextIO | None) -> float | None:
    if file is None:
        return None
    try:
        file.seek(0)
        return float(file.read(64))
    except (OSError, ValueError):
        return None
