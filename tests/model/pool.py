"""Calls that go through one limiter, and what an endpoint says to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from pipeline.model.limiter import Limiter, Slot
from pipeline.model.rate_headers import RateHeaders

Call = Callable[[Slot], Awaitable[None]]
REFUSAL_S = 0.01
"""Seconds until an endpoint refuses."""


class Pool:
    """Calls that go through one limiter, and when each left."""

    def __init__(self, width: int, *, spread: float = 1.0) -> None:
        self.clock = asyncio.get_running_loop().time
        self.limiter = Limiter(width, clock=self.clock, spread=lambda: spread)
        self.left: list[float] = []
        self.under_way = 0
        self.most = 0

    async def send(self, call: Call, tokens: float = 0.0) -> None:
        """Pass the limiter and make one call."""
        async with self.limiter.slot(tokens) as slot:
            self.left.append(round(self.clock(), 6))
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            try:
                await call(slot)
            finally:
                self.under_way -= 1

    async def answered(self, slot: Slot) -> None:
        """Take a second and be answered."""
        await asyncio.sleep(1)
        self.limiter.accepted(slot, slot.tokens, RateHeaders())

    async def send_all(self, *calls: Call) -> None:
        """Send calls that all come at once."""
        await asyncio.gather(*(self.send(call) for call in calls))

    async def warm(self) -> None:
        """Let the endpoint answer once, so that only width and pauses hold the next calls."""
        await self.send(self.answered)
        self.left.clear()
        self.most = 0

    def refused(self, retry_after: float | None, **more: str) -> Call:
        """Return a call that is refused for load, with headers as keywords, ``_`` for ``-``."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        if retry_after is not None:
            headers["retry-after"] = str(retry_after)

        async def call(slot: Slot) -> None:
            await asyncio.sleep(REFUSAL_S)
            self.limiter.refused(slot, read(headers))

        return call

    async def faulty(self, _slot: Slot) -> None:
        """Get no answer at all from an endpoint that has answered nobody."""
        await asyncio.sleep(REFUSAL_S)
        self.limiter.failed(REFUSAL_S)

    async def overloaded(self, slot: Slot) -> None:
        """Be refused because the endpoint has no room for anybody."""
        await asyncio.sleep(REFUSAL_S)
        self.limiter.refused(slot, RateHeaders(), overloaded=True)


def read(headers: Mapping[str, str]) -> RateHeaders:
    """Return what headers say; none of them has a date."""
    return RateHeaders.read(headers, now=datetime.now(UTC))


def saying(pool: Pool, **headers: str) -> Call:
    """Return a call that is answered after a second with headers, ``_`` for ``-``."""
    named = {f"x-ratelimit-{name.replace('_', '-')}": value for name, value in headers.items()}

    async def call(slot: Slot) -> None:
        await asyncio.sleep(1)
        pool.limiter.accepted(slot, slot.tokens, read(named))

    return call
