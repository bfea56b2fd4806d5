"""What a process lends to the work: clocks, chance, folders, and where its warnings go."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path


def _ignore(_: str) -> None:
    """Say nothing."""


def _directly(_: str) -> str:
    return ""


@dataclass(frozen=True)
class Runtime:
    """What is read or written outside the settings; nothing below reads it from the process by itself."""

    now: Callable[[], datetime]
    """The time of day, with a zone."""
    prompts: Path | None = None
    """Folder of prompts that go before the package's own."""
    warn: Callable[[str], None] = _ignore
    """Takes what goes wrong without stopping the work."""
    proxy_to: Callable[[str], str] = _directly
    """Names host and port of the proxy on the way to an address, for an error to name; empty where there is none."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, for waits; the machine's own, because the pace of requests to arXiv is shared between processes."""
    sleep: Callable[[float], None] = time.sleep
    """Waits so many of them, on the thread that asks arXiv."""
    spread: Callable[[], float] = random.random
    """Gives random numbers in [0, 1)."""

    @property
    def today(self) -> date:
        """The date of now, in its own zone."""
        return self.now().date()
