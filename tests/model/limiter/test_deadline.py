"""How long a call may take: what the endpoint's own replies have taken so far, not a fixed minute."""

from __future__ import annotations

import asyncio
import time

import pytest

from pipeline.model.limiter import Deadline, Patience
from tests.model.loopback import ASK, OK, TEXT, connected, terms_of
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

LEAST = 4.0
"""Seconds that a call has in these tests, however quick replies are."""


def after(*seconds: float, most: float = 120.0) -> Deadline:
    """Return the deadline after replies that took so long."""
    deadline = Deadline(most, least=LEAST, clock=time.monotonic)
    for took in seconds:
        deadline.answered(took)
    return deadline


@pytest.mark.parametrize(
    ("replies", "seconds"),
    [
        ((), 120.0),
        ((2.0,), 67.0),
        ((0.1,), LEAST),
        ((2.0,) * 8, 11.0),
        ((1.0,) * 7 + (10.0,), 55.0),
        ((3.0,) * 320, 4.8),
        ((100.0,) * 8, 120.0),
    ],
    ids=["none", "one", "quick", "some", "slowest counts", "many", "never more than the most"],
)
def test_the_deadline_follows_the_slowest_reply(replies: tuple[float, ...], seconds: float) -> None:
    """Half as long again, and longer the fewer replies have come; some seconds at least."""
    assert after(*replies).seconds == pytest.approx(seconds)


def test_the_slowest_reply_is_slowly_forgotten() -> None:
    """A single bad moment does not hold for the whole run."""
    deadline = after(*[1.0] * 15, 25.0)
    assert deadline.seconds == pytest.approx(87.5)
    for _ in range(3000):
        deadline.answered(3.0)
    assert deadline.seconds == pytest.approx(4.5, rel=0.01)


def test_where_many_calls_are_given_up_there_is_more_time() -> None:
    """An endpoint that has become slow is given more time, up to ten times; one that recovers is not."""
    deadline = after(*[1.0] * 32)
    waits = [deadline.seconds]
    for _ in range(20):
        deadline.missed(time.monotonic())
        waits.append(deadline.seconds)
    assert waits == sorted(waits)
    assert waits[:5] == pytest.approx([4.0] * 4 + [6.0])
    assert waits[-1] == 40.0
    for _ in range(60):
        deadline.answered(1.0)
    assert deadline.seconds == LEAST


def test_calls_that_are_given_up_together_count_once() -> None:
    """A whole wave into silence is one sign, not fifty; now and then a silent call is none."""
    deadline = after(*[1.0] * 32)
    began = time.monotonic()
    for _ in range(50):
        deadline.missed(began)
    assert deadline.seconds == pytest.approx(6.0)
    deadline = after(*[1.0] * 32)
    for _ in range(50):
        deadline.missed(time.monotonic())
        deadline.answered(1.0)
    assert deadline.seconds == LEAST


async def test_replies_judge_what_is_under_way() -> None:
    """A call that left before the first reply is given up by what replies have taken since, not by the longest time."""
    deadline = Deadline(120.0, least=0.0, clock=time.monotonic)

    async def silent() -> None:
        async with deadline.watched():
            deadline.answered(0.001)
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await silent()


async def test_slower_replies_give_more_time_to_what_is_under_way() -> None:
    """The first replies are the quickest: by them alone the others would be given up."""
    deadline = Deadline(120.0, least=0.0, clock=time.monotonic)
    async with deadline.watched():
        deadline.answered(0.001)
        deadline.answered(10.0)
        await asyncio.sleep(0.1)


def test_the_mean_of_all_replies_is_known() -> None:
    """None before the first."""
    assert (after().mean, after(1.0, 2.0, 6.0).mean) == (None, 3.0)


async def test_a_silent_call_is_given_up_by_what_replies_took_so_far(server: OpenAIServer) -> None:
    """Eight quick replies, then silence: asked again long before the longest patience, and answered."""
    server.reset(Options(script=[*[OK] * 8, {"fault": "silence"}]))
    began = time.monotonic()
    async with connected(
        server.base_url, terms=terms_of(patience=Patience(call=300, least=1.0, paper=600, backoff=0.001))
    ) as model:
        for _ in range(8):
            await model.ask(ASK)
        assert (await model.ask(ASK)).text == TEXT
        assert model.learned().seconds is not None
    assert len(server.log) >= 10
    assert time.monotonic() - began < 100


async def test_a_silent_call_of_the_first_wave_is_given_up_too(server: OpenAIServer) -> None:
    """Sixteen calls at once, the second silent: it is not waited for until the longest time is over."""
    server.reset(Options(script=[OK, {"fault": "silence"}]))
    began = time.monotonic()
    async with connected(
        server.base_url, terms=terms_of(patience=Patience(call=300, least=1.0, paper=600, backoff=0.001))
    ) as model:
        replies = await asyncio.gather(*(model.ask(ASK) for _ in range(16)))
    assert {reply.text for reply in replies} == {TEXT}
    assert len(server.log) == 17
    assert time.monotonic() - began < 100


async def test_one_slow_first_reply_is_no_silence(server: OpenAIServer) -> None:
    """Before the first reply a call has all its time."""
    server.reset(Options(delay=0.3))
    async with connected(server.base_url, terms=terms_of(patience=Patience(least=0.01))) as model:
        await asyncio.gather(*(model.ask(ASK) for _ in range(3)))
    assert len(server.log) == 3
