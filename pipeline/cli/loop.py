"""The event loop of a command, and what is said when it is interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from pipeline.cli import ENDING, screen
from pipeline.exits import Exit
from pipeline.summarize import Job

T = TypeVar("T")


def run_loop(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run an event loop that SIGTERM and SIGHUP end as Ctrl-C does.

    Raises:
        KeyboardInterrupt: one of the three came.
    """

    async def with_signals() -> T:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                with contextlib.suppress(NotImplementedError):
                    loop.add_signal_handler(number, task.cancel if task else lambda: None)
        return await main()

    try:
        return asyncio.run(with_signals())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextlib.contextmanager
def kept_on_interrupt(job: Job) -> Iterator[None]:
    """Say, when a run is interrupted, what is kept, what is lost and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        job.progress.close()
        kept, lost = job.cache.info().replies, job.carried.abandoned
        calls = "1 call was" if lost == 1 else f"{lost} calls were"
        message = f"interrupted; {calls} in flight and will be asked again" if lost else "interrupted"
        replies = "1 reply is" if kept == 1 else f"{kept} replies are"
        screen.error(message, f"{replies} kept in {job.cache.path}; run the same command again to go on.")
        raise SystemExit(Exit.INTERRUPTED) from None
