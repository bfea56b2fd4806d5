"""One pace for all requests to arXiv, over the threads and processes of a machine.

Terms: https://info.arxiv.org/help/api/tou.html: a request every three seconds and one connection at a time, over all
machines and processes of a user, and over the query API, the feeds and the harvesting interface together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

LOCK_FILE = "arxiv.lock"
"""Within the cache folder: locked during a request."""
LONGEST_REQUEST = 65.0
"""Seconds after which whoever holds the lock is taken for stopped: longer than any request takes."""

_MARGIN = 0.05
"""Seconds added to the spacing: a request may reach arXiv later than it left, and the next one sooner."""
_LOOK = 0.02
_GUARDED = 10.0
"""Seconds to wait for the file of starts, which a process holds for less than a millisecond."""


class SharedPace:
    """The pace of all processes that name the same ``lock``; its clock must be the machine's, as `time.monotonic` is.

    A process holds the lock during its request, so that one that dies lets go of it. When the last request began, and
    until when it may last, is written beside it. So one that is stopped in the middle of a request costs the others its
    time once, and they keep their distance from each other all the same.
    """

    def __init__(self, lock: Path, *, tell: Callable[[str], None], longest: float = LONGEST_REQUEST) -> None:
        """``tell`` is told where a process is passed over, and where the pace cannot be shared."""
        from filelock import FileLock  # noqa: PLC0415 (a tenth of a second, which a run without arXiv does not need)

        self._request = FileLock(lock, thread_local=False, fallback_to_soft=False)
        self._guard = FileLock(lock.with_suffix(".guard"), thread_local=False, fallback_to_soft=False)
        self._starts = lock.with_suffix(".pace")
        self._tell = tell
        self._longest = longest
        self._is_shared = True
        self._has_told = False
        self._began: float | None = None

    def until_free(self, clock: Callable[[], float], spacing: float) -> float:
        """Return the seconds to wait before asking again whether a request may start; at 0 it may, and has its turn."""
        if not self._is_shared:
            return 0.0
        try:
            with self._guard.acquire(timeout=_GUARDED, poll_interval=_LOOK):
                # Only now: the file may have been waited for.
                return self._claim(clock(), spacing)
        except (OSError, NotImplementedError) as error:
            self._is_shared = False
            self._tell(
                f"{self._starts.parent}: the pace of requests to arXiv cannot be shared with other processes: {error}"
            )
            return 0.0

    def departs(self, clock: Callable[[], float]) -> None:
        """Say that the request of this turn leaves only now: its connection took a while."""
        with contextlib.suppress(OSError), self._guard.acquire(timeout=_GUARDED, poll_interval=_LOOK):
            if self._is_shared and self._read()[0] == self._began:
                now = clock()
                self._write(now, now + self._longest)

    def ends(self) -> None:
        """Give the turn back."""
        if self._is_shared:
            with contextlib.suppress(OSError), self._guard.acquire(timeout=_GUARDED, poll_interval=_LOOK):
                began, _ = self._read()
                if began == self._began:
                    self._write(began, 0.0)
                # While guarded: who saw the lock held and no request under way would take this process for stopped.
                self._request.release()
        self._request.release()

    def _claim(self, now: float, spacing: float) -> float:
        began, until = self._read()
        is_free = self._is_locked()
        if not is_free and now < until <= now + self._longest:
            return _LOOK
        # A start that lies ahead was written before the machine's clock began once more.
        early = began + spacing - now if began <= now else 0.0
        if early > 0:
            self._request.release()
            return early
        if not is_free and not self._has_told:
            self._has_told = True
            self._tell("another process was stopped in the middle of a request to arXiv; it is passed over")
        self._write(now, now + self._longest)
        return 0.0

    def _is_locked(self) -> bool:
        from filelock import Timeout  # noqa: PLC0415 (as above)

        try:
            self._request.acquire(blocking=False)
        except Timeout:
            return False
        return True

    def _read(self) -> tuple[float, float]:
        """Return when the last request began, and until when it may last."""
        try:
            began, until = map(float, self._starts.read_text(encoding="ascii").split())
        except (OSError, ValueError):
            return float("-inf"), 0.0
        return began, until

    def _write(self, began: float, until: float) -> None:
        self._began = began
        self._starts.write_text(f"{began!r} {until!r}", encoding="ascii")


class Pacer:
    """Keeps ``delay`` seconds between the starts of requests, and one request at a time.

    Over all threads that use it and, where the pace is ``shared``, over processes.
    """

    def __init__(
        self,
        delay: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        *,
        shared: SharedPace | None = None,
    ) -> None:
        self.sleep = sleep
        self.clock = clock
        self._spacing = delay + _MARGIN if delay > 0 else 0.0
        self._lock = Lock()
        self._shared = shared
        self._began = float("-inf")

    @contextmanager
    def turn(self) -> Iterator[Callable[[], None]]:
        """Enter when the next request may start; leave when its answer is there. Several wait for each other.

        What is given is to be called when the connection is there and the request leaves: from then the delay counts.
        """
        with self._lock:
            while (early := self._until_free()) > 0:
                self.sleep(early)
            self._began = self.clock()
            try:
                yield self._departs
            finally:
                if self._shared:
                    self._shared.ends()

    def _departs(self) -> None:
        if self._shared:
            self._shared.departs(self.clock)
        self._began = self.clock()

    def _until_free(self) -> float:
        now = self.clock()
        # Its own pace first, which is kept where none can be shared.
        early = self._began + self._spacing - now
        if early > 0 or self._shared is None:
            return early
        return self._shared.until_free(self.clock, self._spacing)
