"""An event loop whose time only passes while everything waits: an hour is over at once, and the same every time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: the time that would pass is added up instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, which on these loops is nothing but the loop's own wake-up."""
        assert timeout is not None, "everything waits, and nothing would ever wake it"
        self.now += max(0.0, timeout)
        return super().select(0)


class FastLoop(asyncio.SelectorEventLoop):
    """A loop on which an hour is over at once, and the same hour every time."""

    def __init__(self) -> None:
        self._selector_of_time = _Jumping()
        super().__init__(self._selector_of_time)

    def pass_time(self, seconds: float) -> None:
        """Let time pass as while something computes and the loop gets to nothing."""
        self._selector_of_time.now += seconds

    def time(self) -> float:
        """Seconds since the loop began."""
        return self._selector_of_time.now


def pass_time(seconds: float) -> None:
    """Compute for so long, on the loop that runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FastLoop)
    loop.pass_time(seconds)


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a story on a loop of its own."""
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(story)
