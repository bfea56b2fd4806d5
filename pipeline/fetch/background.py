"""Fetch on a thread of its own, so that the model is asked while arXiv is awaited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator

from pipeline.errors import DigestError
from pipeline.fetch.pages import Page
from pipeline.progress import Progress
from pipeline.records import Paper, Source


class Fetching:
    """The papers of a source, page by page as they come; iterate it once, on an event loop."""

    def __init__(self, pages: Callable[[], Iterator[Page]], progress: Progress) -> None:
        self.source = Source()
        """What is known of the source so far."""
        self.error: DigestError | None = None
        """What ended the source after it had given some papers."""
        self._pages = pages
        self._progress = progress

    async def __aiter__(self) -> AsyncIterator[tuple[Paper, ...]]:
        """Yield the papers of each page.

        Raises:
            DigestError: the source failed before it gave any paper.
        """
        async for item in self._read():
            if isinstance(item, Page):
                self.source = item.source
                self._progress.fetched(item.source)
                yield item.papers
            elif isinstance(item, DigestError) and self.source.fetched:
                self.error = item
            else:
                raise item

    async def _read(self) -> AsyncIterator[Page | BaseException]:
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[Page | BaseException | None] = asyncio.Queue()

        def put(item: Page | BaseException | None) -> None:
            # The loop is gone when the run ended before its source did.
            if not loop.is_closed():
                loop.call_soon_threadsafe(items.put_nowait, item)

        def read() -> None:
            try:
                for page in self._pages():
                    put(page)
            except BaseException as error:  # noqa: BLE001 (raised again where the pages are read)
                put(error)
            put(None)

        # A daemon, so that a request that hangs does not keep the program from ending.
        threading.Thread(target=read, name="fetch", daemon=True).start()
        while (item := await items.get()) is not None:
            yield item
