"""The transport to arXiv, against a loopback server that misbehaves."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
import requests

from pipeline import __version__
from pipeline.errors import FetchError
from pipeline.fetch import Limits, Pacer, Wire
from pipeline.fetch.api_atom import read_api_feed
from pipeline.fetch.http import ArxivAdapter
from pipeline.fetch.limits import Budget
from pipeline.records import Paper
from tests.servers.arxiv import ArxivServer, Fault, announcement_feed, error_feed

PAPER = Paper(id="2604.00001", title="X", abstract="A", categories=("cs.AI",))
QUICK = Limits(connect=1, read=0.5, total=0.8, tries=3, patience=5, backoff=0.01, longest_wait=0.02)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


def get(url: str, limits: Limits = QUICK, pacer: Pacer | None = None) -> requests.Response:
    """Ask once through the adapter, as the client of the query API does."""
    used = pacer or Pacer(0)
    adapter = ArxivAdapter(lambda body: read_api_feed(body).body, Wire(used), Budget(limits, used.clock))
    with requests.Session() as session:
        session.mount("http://", adapter)
        return session.get(url if "?" in url else f"{url}?search_query=cat:cs.AI+AND+all:x&start=0")


def failure(url: str, limits: Limits = QUICK, pacer: Pacer | None = None) -> str:
    """Ask in vain and return the message."""
    with pytest.raises(FetchError) as caught:
        get(url, limits, pacer)
    assert caught.value.hint
    return caught.value.message


LONG = "id_list=1234.56789" + ",1234.56789" * 30
PASSING = [
    Fault(429),
    Fault(500, body=b""),
    Fault(502, body=b"<html>"),
    Fault(503, headers={"Retry-After": "0"}),
    Fault(503, headers={"Retry-After": "99999999999"}),
    Fault(504, headers={"Retry-After": "soon"}),
    Fault(body=b"Rate exceeded."),
    Fault(body=b""),
    Fault(body=b"<!DOCTYPE html><html><body>Sorry<br></body></html>", headers={"Content-Type": "text/html"}),
    Fault(body=announcement_feed([], "cs", date(2026, 4, 27))),
    Fault(manner="cut"),
    Fault(manner="hang-up"),
    Fault(manner="stall"),
    Fault(manner="stall-in-body"),
    Fault(manner="trickle"),
    Fault(manner="trickle-headers"),
    Fault(headers={"Content-Encoding": "gzip"}),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{fault.status}-{fault.manner}-{fault.body!r:.20}")
def test_what_passes_is_asked_again_until_the_feed_comes(fault: Fault) -> None:
    """Soon, whatever the fault is, and with the right body at the end."""
    with ArxivServer([PAPER], [fault]) as server:
        began = time.monotonic()
        response = get(server.api_url)
        assert time.monotonic() - began < 3
    assert (response.status_code, len(server.requests)) == (200, 2)
    assert b"2604.00001" in response.content


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        (Fault(503, body=b""), "HTTP 503 with no body"),
        (Fault(429, body=b"Slow\x1b[31m\n down" + b"x" * 999), f"HTTP 429 with the body 'Slow[31m down{'x' * 187}'"),
        (Fault(body=b"Rate exceeded."), "HTTP 200 with the body 'Rate exceeded.', which is no XML"),
        (Fault(body=b""), "HTTP 200 with no body, which is nothing at all"),
        (Fault(manner="trickle-headers"), "not complete after 0.8 s"),
    ],
)
def test_what_does_not_pass_ends_in_an_error_that_says_what_was_asked_and_what_came(fault: Fault, last: str) -> None:
    """Never in an empty day."""
    with ArxivServer([PAPER], [fault] * 3) as server:
        assert failure(server.api_url) == (
            "127.0.0.1 was asked for search_query=cat:cs.AI AND all:x&start=0: "
            f"no answer that can be read after 3 tries; the last was {last}"
        )
        assert len(server.requests) == 3


@pytest.mark.parametrize("manner", ["hang-up", "stall", "stall-in-body", "cut"])
def test_a_connection_that_breaks_ends_in_an_error_of_ours(manner: Any) -> None:
    """Neither requests' nor urllib3's errors come through."""
    with ArxivServer([PAPER], [Fault(manner=manner)]) as server:
        said = failure(server.api_url, replace(QUICK, tries=1))
    assert "no answer that can be read after 1 try; the last was " in said


def test_a_refused_connection_is_tried_again_at_the_usual_pace() -> None:
    """With the spacing of requests, not at once."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api/query"
        fake = FakeTime()
        said = failure(url, pacer=Pacer(3, fake.clock, fake.sleep))
    assert "after 3 tries; the last was no answer (" in said
    assert fake.now - 1000 >= 2 * 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(400, body=error_feed("incorrect id format for abc")), "arXiv refused: incorrect id format for abc"),
        (Fault(body=error_feed("incorrect id format for abc")), "arXiv refused: incorrect id format for abc"),
        (Fault(400, body=b"no\nway"), "HTTP 400 with the body 'no way'"),
        (Fault(404), "HTTP 404 with the body '<?xml version="),
        (Fault(304, body=b""), "HTTP 304 with no body"),
        (Fault(301, headers={"Location": "/nowhere"}), "HTTP 404 with the body '<!DOCTYPE html>"),
    ],
)
def test_a_refusal_is_final_and_said_in_arxivs_words(fault: Fault, said: str) -> None:
    """Asking again would not help."""
    with ArxivServer([PAPER], [fault]) as server:
        with pytest.raises(FetchError) as caught:
            get(server.api_url)
        assert caught.value.message.startswith("127.0.0.1 was asked for ")
        assert said in caught.value.message
        assert len(server.requests) <= 2


def test_what_was_asked_is_shown_shortened() -> None:
    """An id list is long."""
    with ArxivServer([PAPER], [Fault(404)]) as server, pytest.raises(FetchError) as caught:
        get(f"{server.api_url}?{LONG}")
    assert f"asked for {LONG[:200]}…: HTTP 404" in caught.value.message


def test_a_body_beyond_the_bound_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless answer costs neither memory nor time."""
    for module in ("http", "documents"):
        monkeypatch.setattr(f"pipeline.fetch.{module}.MAX_BYTES", 2**20)
    with ArxivServer([PAPER], [Fault(body=b" " * 2**22)]) as server:
        assert "which is a document of more than 1 MiB" in failure(server.api_url, replace(QUICK, tries=1, total=5))


def test_a_fault_of_our_own_is_not_taken_for_arxivs() -> None:
    """It comes through as it is."""

    class Broken(ArxivAdapter):
        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            raise LookupError

    with requests.Session() as session:
        session.mount("http://", Broken(lambda body: body, Wire(Pacer(0)), Budget(QUICK, time.monotonic)))
        with pytest.raises(LookupError):
            session.get("http://127.0.0.1/")


def test_requests_say_who_asks() -> None:
    """As arXiv asks for."""
    with ArxivServer([PAPER]) as server:
        get(server.api_url)
    assert server.requests[0].headers["User-Agent"] == f"arxiv-digest/{__version__}"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 7 "}, 7),
        ({"Retry-After": "999999"}, 60),
        ({"Retry-After": "Mon, 27 Apr 2026 00:00:09 GMT", "Date": "Mon, 27 Apr 2026 00:00:00 GMT"}, 9),
        ({"Retry-After": "Mon, 27 Apr 2026 00:00:09 GMT", "Date": "Mon, 27 Apr 2026 01:00:00 GMT"}, 0),
        ({"Retry-After": "Mon, 27 Apr 2026 00:00:09 GMT"}, 0),
        ({"Retry-After": "Mon, 27 Apr 2026 00:00:09 -0000", "Date": "Mon, 27 Apr 2026 00:00:00 GMT"}, 0),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "-5"}, 0),
        ({}, 0),
    ],
)
def test_retry_after_is_waited_for_up_to_the_longest_wait(headers: dict[str, str], wait: float) -> None:
    """A number or a date, measured by the answer's own clock; else the wait is ours alone."""
    fake = FakeTime()
    limits = replace(QUICK, backoff=0, longest_wait=60, patience=180)
    with ArxivServer([PAPER], [Fault(503, headers)]) as server:
        get(server.api_url, limits, Pacer(0, fake.clock, fake.sleep))
    assert fake.slept == [wait]


def test_waits_grow_at_random_within_their_bounds() -> None:
    """Five tries: below 5, 10, 20 and 40 s, all in all no more than the patience."""
    fake = FakeTime()
    with ArxivServer([PAPER], [Fault(503)] * 4) as server:
        get(
            server.api_url,
            replace(QUICK, tries=5, patience=180, backoff=5, longest_wait=60),
            Pacer(0, fake.clock, fake.sleep),
        )
    assert [wait < bound for wait, bound in zip(fake.slept, (5, 10, 20, 40), strict=True)] == [True] * 4
    assert len(set(fake.slept)) == 4


def test_patience_ends_before_the_tries_do() -> None:
    """Three waits of a minute fill 180 s; the fourth is not begun."""
    fake = FakeTime()
    limits = replace(QUICK, tries=9, patience=180, backoff=0, longest_wait=60)
    with ArxivServer([PAPER], [Fault(503, {"Retry-After": "3600"})] * 9) as server:
        assert "after 4 tries" in failure(server.api_url, limits, Pacer(0, fake.clock, fake.sleep))
    assert fake.slept == [60, 60, 60]


def test_requests_of_several_threads_keep_their_distance() -> None:
    """As the server sees them."""
    pacer = Pacer(0.1)
    with ArxivServer([PAPER]) as server:
        threads = [threading.Thread(target=get, args=(server.api_url, QUICK, pacer)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    times = sorted(seen.at for seen in server.requests)
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))


def test_a_pacer_waits_only_for_what_is_left_of_the_delay() -> None:
    """The first request goes at once, and one after a pause too."""
    fake = FakeTime()
    pacer = Pacer(3, fake.clock, fake.sleep)
    for pause in (1.0, 10.0, 0.0):
        pacer.wait()
        fake.now += pause
    pacer.wait()
    assert [round(slept, 2) for slept in fake.slept] == [2.05, 3.05]


def test_the_time_for_a_whole_fetch_ends_the_tries() -> None:
    """The error says what was asked and what came."""
    fake = FakeTime()
    limits = replace(QUICK, tries=9, patience=999, backoff=0, longest_wait=60, whole=150)
    with ArxivServer([PAPER], [Fault(503, {"Retry-After": "60"}, body=b"Busy")] * 9) as server:
        assert failure(server.api_url, limits, Pacer(0, fake.clock, fake.sleep)) == (
            "127.0.0.1 was asked for search_query=cat:cs.AI AND all:x&start=0: no answer that can be read within the "
            "150 s that a whole fetch may take; the last was HTTP 503 with the body 'Busy'"
        )
    assert fake.slept == [60, 60]


def test_the_time_for_a_whole_fetch_is_that_of_all_its_requests_together() -> None:
    """What the reader does between them is not counted."""
    fake = FakeTime()
    budget = Budget(replace(QUICK, whole=6), fake.clock)
    adapter = ArxivAdapter(lambda body: read_api_feed(body).body, Wire(Pacer(3, fake.clock, fake.sleep)), budget)
    with ArxivServer([PAPER]) as server, requests.Session() as session:
        session.mount("http://", adapter)
        session.get(server.api_url)
        fake.now += 1000
        for _ in range(2):
            session.get(server.api_url)
        with pytest.raises(FetchError) as caught:
            session.get(server.api_url)
    assert "/api/query: no answer that can be read within the 6 s that a whole fetch may take; " in caught.value.message
    assert "the last was HTTP 200 with the body '<?xml version=" in caught.value.message
    assert len(server.requests) == 3


def test_an_answer_that_does_not_end_is_given_up_with_the_fetch() -> None:
    """Before its own time is over."""
    with ArxivServer([PAPER], [Fault(manner="stall")]) as server:
        began = time.monotonic()
        said = failure(server.api_url, replace(QUICK, read=9, total=9, whole=0.3))
    assert time.monotonic() - began < 3
    assert "within the 0.3 s that a whole fetch may take; the last was not complete after 0." in said
    assert said.endswith("before it came nothing")
