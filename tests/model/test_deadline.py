"""How long a call may take: what the endpoint's own replies have taken so far, not a fixed minute."""

from __future__ import annotations

import asyncio
import time

import pytest

from pipeline.model.client import Terms
from pipeline.model.patience import Deadline, Patience
from tests.model.loopback import ASK, OK, TEXT, connected
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

LEAST = Deadline._LEAST_S


def after(*seconds: float, most: float = 120.0) -> Deadline:
    """Return the deadline after replies that took so long."""
    deadline = Deadline(most)
    for took in seconds:
        deadline.kept(took)
    return deadline


@pytest.mark.parametrize(
    ("replies", "seconds"),
    [
        ((), 120.0),
        ((1.0,) * 7, 120.0),
        ((LEAST,) * 8, 4 * LEAST),
        ((0.1,) * 8, LEAST),
        ((1.0,) * 7 + (10.0,), 40.0),
        ((100.0,) * 8, 120.0),
    ],
    ids=["none", "too few", "enough", "quick", "slowest counts", "never more than the most"],
)
def test_the_deadline_follows_the_slowest_reply(replies: tuple[float, ...], seconds: float) -> None:
    """Four times as long, once eight replies have come; some seconds at least."""
    assert after(*replies).seconds == pytest.approx(seconds)


def test_the_slowest_reply_is_slowly_forgotten() -> None:
    """A single bad moment does not hold for the whole run."""
    deadline = after(*[1.0] * 8, 25.0)
    assert deadline.seconds == pytest.approx(100.0)
    for _ in range(300):
        deadline.kept(3.0)
    assert deadline.seconds == pytest.approx(12.0)


def test_where_many_calls_are_given_up_there_is_more_time() -> None:
    """An endpoint that has become slow is waited for in the end, up to the most; one that recovers is not."""
    deadline = after(*[3.0] * 8)
    waits = [deadline.seconds]
    for _ in range(40):
        deadline.missed()
        waits.append(deadline.seconds)
    assert waits == sorted(waits)
    assert waits[1] == pytest.approx(14.4)
    assert waits[-1] == 120.0
    for _ in range(60):
        deadline.kept(3.0)
    assert deadline.seconds == pytest.approx(12.0)


def test_the_mean_of_all_replies_is_known() -> None:
    """None before the first."""
    assert (after().mean, after(1.0, 2.0, 6.0).mean) == (None, 3.0)


async def test_a_silent_call_is_given_up_by_what_replies_took_so_far(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight quick replies, then silence: asked again long before the longest patience, and answered."""
    monkeypatch.setattr(Deadline, "_LEAST_S", 1.0)
    server.reset(Options(script=[*[OK] * 8, {"fault": "silence"}]))
    began = time.monotonic()
    async with connected(server.base_url, terms=Terms(patience=Patience(call=300, paper=600, backoff=0.001))) as model:
        for _ in range(8):
            await model.ask(ASK)
        assert (await model.ask(ASK)).text == TEXT
        assert model.learned().seconds is not None
    assert len(server.log) >= 10
    assert time.monotonic() - began < 100


async def test_before_enough_replies_a_call_has_all_its_time(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One slow first reply is no silence."""
    monkeypatch.setattr(Deadline, "_LEAST_S", 0.01)
    server.reset(Options(delay=0.3))
    async with connected(server.base_url) as model:
        await asyncio.gather(*(model.ask(ASK) for _ in range(3)))
        assert model.meter.requests == 3
