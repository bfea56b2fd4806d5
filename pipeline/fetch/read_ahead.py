"""Fetch on a thread of its own, so that the model is asked while arXiv is awaited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from queue import Empty, SimpleQueue

from pipeline.errors import DigestError
from pipeline.fetch.items import Item, Repeated
from pipeline.fetch.tally import Tally, ending_well
from pipeline.progress import Progress
from pipeline.records import Paper, Source

AHEAD = 2048
"""Items that may be read and not yet taken: bounds memory where reading is quicker than what follows."""
_GATHER_S = 0.01
"""Seconds within which what comes is taken together: an answer of arXiv has a hundred papers."""


class Fetching:
    """The papers of a stream as they come, and its account; iterate it once, on an event loop."""

    def __init__(self, items: Callable[[], Iterator[Item]], progress: Progress) -> None:
        self._items = items
        self._progress = progress
        self._tally = Tally()
        self._error: DigestError | None = None

    @property
    def source(self) -> Source:
        """The account of the stream, final once it has ended."""
        return self._tally.source()

    @property
    def error(self) -> DigestError | None:
        """What ended the stream early, or why it gave nothing."""
        return self._error or self._tally.error

    async def __aiter__(self) -> AsyncIterator[list[Paper]]:
        """Yield the papers that have come, some at a time; a stream that fails gives no more."""
        try:
            async for items in _Ahead(self._items).items():
                for item in items:
                    self._tally.add(item)
                if any(isinstance(item, Paper | Repeated) for item in items):
                    self._progress.fetched(self._tally.so_far())
                yield [item for item in items if isinstance(item, Paper)]
        except DigestError as error:
            self._error = error


class _Ahead:
    """A stream that is read on a thread of its own, not too far ahead of whoever takes its items on an event loop."""

    def __init__(self, begin: Callable[[], Iterator[Item]]) -> None:
        self._begin = begin
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self._queue = SimpleQueue[Item | BaseException | None]()
        self._room = threading.Semaphore(AHEAD)

    async def items(self) -> AsyncIterator[list[Item]]:
        """Yield the items, as many at a time as are there.

        Raises:
            DigestError: the stream failed before it gave a paper.
        """
        # A daemon, so that a request that hangs does not keep the program from ending.
        threading.Thread(target=self._read, name="fetch", daemon=True).start()
        end: BaseException | bool = False
        while not end:
            await self._came.wait()
            await asyncio.sleep(_GATHER_S)
            self._came.clear()
            items, end = self._there()
            if items:
                yield items
        if isinstance(end, BaseException):
            raise end

    def _read(self) -> None:
        try:
            for item in ending_well(self._begin):
                self._put(item)
        except BaseException as error:  # noqa: BLE001 (raised again where the items are taken)
            self._put(error)
        self._put(None)

    def _put(self, item: Item | BaseException | None) -> None:
        self._room.acquire()
        self._queue.put(item)
        # The loop is gone when the run ended before its source did.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._came.set)

    def _there(self) -> tuple[list[Item], BaseException | bool]:
        """Take what is there; return it, and whether that was all, or what ended it."""
        items: list[Item] = []
        while True:
            try:
                item = self._queue.get_nowait()
            except Empty:
                return items, False
            self._room.release()
            if item is None or isinstance(item, BaseException):
                return items, item or True
            items.append(item)
