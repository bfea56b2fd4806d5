"""What is said of waits: over hours of virtual time, and once of a pace that an endpoint names over HTTP."""

from __future__ import annotations

import asyncio
import itertools

from pipeline.model.announcer import Announcer
from tests.model.loopback import ASK as QUESTION
from tests.model.loopback import QUICK, TEXT, answer, connected, saying, terms_of
from tests.model.pool import Pool
from tests.model.virtual import run
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options


def refused_for_ever(retry_after: float | None, minutes: float) -> tuple[list[tuple[float, str]], list[float]]:
    """Return what is said, and when, while an endpoint refuses everything; and when requests left."""
    said: list[tuple[float, str]] = []
    left: list[float] = []

    async def story() -> None:
        pool = Pool(4)
        announcer = Announcer("example.org", lambda words: said.append((pool.clock(), words)), pool.clock)
        while pool.clock() < 60 * minutes:
            await pool.send(pool.refused(retry_after))
            announcer.say_pause(pool.limiter.paused_for(), retry_after, "example.org answered 429")
        left.extend(pool.left)

    run(story())
    return said, left


def test_an_endpoint_that_refuses_for_ever_is_spoken_of_again_and_again() -> None:
    """Pauses grow to a minute, so that ten minutes take few requests; none is silent for three minutes."""
    for retry_after in (None, 1.0):
        said, left = refused_for_ever(retry_after, minutes=10)
        assert len(left) < 25
        moments = [0.0, *(moment for moment, _ in said), 600.0]
        assert max(later - before for before, later in itertools.pairwise(moments)) < 180
        assert 3 <= len(said) <= 8
        assert said[-1][1] == "example.org answered 429; 60 s until the next try"


def test_pauses_grow_where_the_endpoint_always_names_a_second() -> None:
    """It refuses again after the time that it named: it does not know it."""
    _, left = refused_for_ever(1.0, minutes=10)
    pauses = [round(later - before, 3) for before, later in itertools.pairwise(left)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 59


def test_what_a_slow_pace_makes_of_the_time_is_said() -> None:
    """Once, and again where the pace has fallen by more than half; not where what waits is soon through."""

    async def story() -> None:
        pool, said = Pool(4), list[str]()
        announcer = Announcer("example.org", said.append, pool.clock)
        pool.limiter.limit_to(rpm=6)
        waiting = [asyncio.create_task(pool.send(pool.answered)) for _ in range(10)]
        await asyncio.sleep(1)
        announcer.say_pace(pool.limiter)
        assert said == []
        waiting += [asyncio.create_task(pool.send(pool.answered)) for _ in range(50)]
        await asyncio.sleep(1)
        announcer.say_pace(pool.limiter)
        announcer.say_pace(pool.limiter)
        assert said == ["example.org takes 5.91 requests a minute; the 59 that wait take about 10 min"]
        pool.limiter.limit_to(rpm=1)
        announcer.say_pace(pool.limiter)
        assert said[1:] == ["example.org takes 0.985 requests a minute; the 59 that wait take about 1 h"]
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)

    run(story())


async def test_a_pace_that_is_taken_over_from_a_header_is_said(server: OpenAIServer) -> None:
    """One request a minute, and nine wait: nobody takes that for a standstill."""
    server.reset(
        Options(script=[answer(200, saying(TEXT), x_ratelimit_limit_requests="1", x_ratelimit_remaining_requests="0")])
    )
    said: list[str] = []
    terms = terms_of(patience=QUICK, warn=said.append)
    async with connected(server.base_url, terms=terms, probe=60.0) as model:
        waiting = [asyncio.create_task(model.ask(QUESTION)) for _ in range(10)]
        await asyncio.wait(waiting, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
    assert said == [f"{model.endpoint} takes 0.985 requests a minute; the 9 that wait take about 9 min"]
