"""What a run writes into the cache while its calls are under way: the event loop never waits for another process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from pipeline.errors import UnkeptError
from pipeline.records import Answered, Subject
from pipeline.store.cache import Cache
from pipeline.store.claims import ASK_CLAIM, AskClaim
from pipeline.store.database import BUSY_S
from pipeline.store.replies import CachedReply

TRY_AGAIN_S = 0.02
"""Seconds until a cache that another process writes is tried again."""
LOOK_AGAIN_S = 0.5
"""Seconds between looks for the reply to an ask of another run."""
RENEWALS = 3
"""Renewals of a claim in the time that it holds: a late one must not let it lapse."""


class Keeper:
    """Commits replies and claims asks, those that come in one turn of the loop in one transaction."""

    def __init__(self, cache: Cache, now: Callable[[], datetime], warn: Callable[[str], None]) -> None:
        self._cache = cache
        self._now = now
        self._warn = warn
        self._replies: list[tuple[Subject, CachedReply[Answered]]] = []
        self._keeping: asyncio.Task[None] | None = None
        """Takes all replies of this turn of the loop."""
        self._commits: set[asyncio.Task[None]] = set()
        """Those that are not through."""
        self._wanted: set[str] = set()
        self._claiming: asyncio.Task[dict[str, AskClaim]] | None = None
        self._held: set[str] = set()
        self._renewing: asyncio.Task[None] | None = None
        self._has_warned = False

    async def keep(self, subject: Subject, reply: CachedReply[Answered]) -> None:
        """Return once an accepted reply is on disk.

        Raises:
            UnkeptError: it cannot be written.
        """
        self._replies.append((subject, reply))
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._commit())
            self._commits.add(self._keeping)
            self._keeping.add_done_callback(self._commits.discard)
        # Whoever is cancelled meanwhile leaves the reply to be kept all the same.
        await asyncio.shield(self._keeping)
        self._held.discard(reply.key)

    async def claim(self, key: str, *, is_over: Callable[[], bool]) -> bool:
        """Wait until no other run asks for the same, or ``is_over``; return whether the reply is there by then."""
        while (claim := await self._claim(key)) == "busy" and not is_over():
            if not self._has_warned:
                self._has_warned = True
                self._warn(f"another run that shares {self._cache.path} asks about some of these papers; it is awaited")
            await asyncio.sleep(LOOK_AGAIN_S)
        if claim == "mine":
            self._held.add(key)
            self._renewing = self._renewing or asyncio.create_task(self._renew())
        return claim == "kept"

    def release(self, key: str) -> None:
        """Leave an ask that came to nothing to other runs; where another process writes just now, its claim lapses."""
        if key in self._held:
            self._held.discard(key)
            with contextlib.suppress(UnkeptError):
                self._cache.claims.try_release((key,))

    async def finish(self) -> None:
        """Keep what came last, and claim nothing any more."""
        await asyncio.gather(*self._commits, return_exceptions=True)
        if self._renewing:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])
        held, self._held = self._held, set()
        if held:
            with contextlib.suppress(UnkeptError):
                self._cache.claims.try_release(held)

    async def _commit(self) -> None:
        await asyncio.sleep(0)
        replies, self._replies = self._replies, []
        self._keeping = None
        await self._when_free(lambda: self._cache.claims.try_keep(replies))

    async def _claim(self, key: str) -> AskClaim:
        self._wanted.add(key)
        self._claiming = self._claiming or asyncio.create_task(self._claim_all())
        return (await asyncio.shield(self._claiming)).get(key, "mine")

    async def _claim_all(self) -> dict[str, AskClaim]:
        await asyncio.sleep(0)
        wanted, self._wanted, self._claiming = self._wanted, set(), None
        claims: dict[str, AskClaim] = {}
        # Where nothing can be written, two runs may pay for the same; the first reply will say so.
        with contextlib.suppress(UnkeptError):
            await self._when_free(lambda: self._take(wanted, claims))
        return claims

    def _take(self, wanted: Collection[str], claims: dict[str, AskClaim]) -> bool:
        claims.update(self._cache.claims.try_claim(wanted, self._now()))
        return bool(claims)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(ASK_CLAIM / timedelta(seconds=RENEWALS))
            if self._held:
                with contextlib.suppress(UnkeptError):
                    self._cache.claims.try_renew(self._now())

    async def _when_free(self, write: Callable[[], bool]) -> None:
        """Write as soon as no other process does.

        Raises:
            UnkeptError: it cannot be written.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + BUSY_S
        while not write():
            if loop.time() >= until:
                raise UnkeptError(f"{self._cache.path} is locked by another process")
            await asyncio.sleep(TRY_AGAIN_S)
