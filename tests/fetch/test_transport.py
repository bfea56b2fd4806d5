"""The transport to arXiv, against a loopback server that misbehaves."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pipeline import __version__
from pipeline.errors import FetchError
from pipeline.fetch import Limits, Pacer
from pipeline.fetch.arxiv.atom import read_answer
from pipeline.fetch.arxiv.transport import Transport
from pipeline.records import Paper
from tests.fetch.departures import NotingPacer, smallest_gap
from tests.fetch.samples import NOW, Clock, unpaced
from tests.servers.arxiv import ArxivServer, Fault, announcement_feed, error_feed

PAPER = Paper(id="2604.00001", title="X", abstract="A", categories=("cs.AI",))
QUICK = Limits(connect=1, read=0.5, total=0.8, patience=5, backoff=0.01, longest_pause=0.02, tries=3)
IMPATIENT = replace(QUICK, patience=0.2)


def transport(limits: Limits = QUICK, pacer: Pacer | None = None, **options: Any) -> Transport:
    """A transport that nobody listens to."""
    given: dict[str, Any] = {"now": lambda: NOW, "tell": lambda _: None} | options
    return Transport(limits, pacer or unpaced(), **given)


def get(url: str, limits: Limits = QUICK, pacer: Pacer | None = None, **options: Any) -> bytes:
    """Ask once, as for a page of the query API, and return the answer."""
    address = url if "?" in url else f"{url}?search_query=cat:cs.AI+AND+all:x&start=0"
    return transport(limits, pacer, **options).get(address, read_answer)[1]


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
    Fault(408),
    Fault(425),
    Fault(520, body=b""),
    Fault(204, body=b""),
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
        body = get(server.api_url)
        assert time.monotonic() - began < 3
    assert len(server.requests) == 2
    assert b"2604.00001" in body


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
    with ArxivServer([PAPER], [fault] * 99) as server:
        assert failure(server.api_url, IMPATIENT) == (
            "127.0.0.1 was asked for search_query=cat:cs.AI AND all:x&start=0: "
            f"no answer that can be read in 0.2 s; the last was {last}"
        )


def test_an_answer_that_arxiv_wrote_wrongly_is_asked_for_a_few_times_only() -> None:
    """Waiting does not mend it."""
    with ArxivServer([PAPER], [Fault(body=b"<feed>")] * 3) as server:
        assert "no answer that can be read after 3 tries; the last was HTTP 200 with" in failure(server.api_url)
        assert len(server.requests) == 3


@pytest.mark.parametrize("manner", ["hang-up", "stall", "stall-in-body", "cut"])
def test_a_connection_that_breaks_ends_in_an_error_of_ours(manner: Any) -> None:
    """Neither requests' nor urllib3's errors come through."""
    with ArxivServer([PAPER], [Fault(manner=manner)]) as server:
        said = failure(server.api_url, replace(QUICK, patience=0))
    assert "no answer that can be read in 0 s; the last was " in said


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}/api/query"


def test_a_refused_connection_is_tried_again_at_the_usual_pace(nobody: str) -> None:
    """With the spacing of requests, not at once."""
    clock = Clock()
    said = failure(nobody, pacer=Pacer(3, clock, clock.sleep))
    assert said.endswith("in 5 s; the last was no answer (Connection refused)")
    assert [slept for slept in clock.slept if slept > 1] == [3.03, 3.03] or max(clock.slept) > 3


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
    for module in ("connection", "documents"):
        monkeypatch.setattr(f"pipeline.fetch.arxiv.{module}.MAX_BYTES", 2**20)
    with ArxivServer([PAPER], [Fault(body=b" " * 2**22)]) as server:
        said = failure(server.api_url, replace(QUICK, patience=0, total=5))
    assert "which is a document of more than 1 MiB" in said


def test_a_fault_of_our_own_is_not_taken_for_arxivs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes through as it is."""

    def broken(*_args: object, **_kwargs: object) -> None:
        raise LookupError

    monkeypatch.setattr("pipeline.fetch.arxiv.connection._Adapter._known", broken)
    with ArxivServer([PAPER]) as server, pytest.raises(LookupError):
        get(server.api_url)


def test_requests_say_who_asks() -> None:
    """As arXiv asks for."""
    with ArxivServer([PAPER]) as server:
        get(server.api_url)
    assert server.requests[0].headers["User-Agent"] == f"arxiv-digest/{__version__}"


DATED = {"Date": "Mon, 27 Apr 2026 00:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 7 "}, 7),
        ({"Retry-After": "600"}, 600),
        ({"Retry-After": "Mon, 27 Apr 2026 00:00:09 GMT", **DATED}, 9),
        ({"Retry-After": "Mon, 27 Apr 2026 00:00:09 GMT", "Date": "Mon, 27 Apr 2026 01:00:00 GMT"}, 0),
        ({"Retry-After": "Mon, 27 Apr 2026 00:00:09 -0000", **DATED}, 9),
        ({"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", **DATED}, 0),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({}, 0),
    ],
)
def test_retry_after_is_kept_whatever_its_length(headers: dict[str, str], pause: float) -> None:
    """A number or a date, measured by the answer's own clock; else the pause is ours alone."""
    clock = Clock()
    limits = replace(QUICK, backoff=0, patience=900)
    with ArxivServer([PAPER], [Fault(503, headers)]) as server:
        get(server.api_url, limits, Pacer(0, clock, clock.sleep))
    assert clock.slept == [pause]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("3600", "arXiv asks to wait until 2026-04-27 13:00 UTC: run again after that."),
        ("99999999999", "arXiv asks to wait for more than a year."),
    ],
)
def test_a_pause_that_is_longer_than_the_patience_ends_the_fetch_at_once(asked: str, hint: str) -> None:
    """The time that arXiv named is said; it is not asked again before."""
    clock = Clock()
    with ArxivServer([PAPER], [Fault(429, {"Retry-After": asked})]) as server:
        with pytest.raises(FetchError) as caught:
            get(server.api_url, replace(QUICK, patience=900), Pacer(0, clock, clock.sleep))
        assert (caught.value.hint, clock.slept, len(server.requests)) == (hint, [], 1)


def test_an_outage_is_waited_out_with_growing_pauses_and_said() -> None:
    """For a quarter of an hour; each pause is drawn from the upper half of its bound."""
    clock, said = Clock(), list[str]()
    limits = replace(QUICK, backoff=5, longest_pause=60, patience=900)

    def down() -> bool:
        return clock.now < 1000 + 600

    with Outage(down) as server:
        get(server.api_url, limits, Pacer(0, clock, clock.sleep), tell=said.append)
    bounds = [5, 10, 20, 40, *[60] * (len(clock.slept) - 4)]
    assert all(bound / 2 <= pause <= bound for pause, bound in zip(clock.slept, bounds, strict=True))
    assert 600 <= sum(clock.slept) < 660
    assert len(said) >= 9
    assert said[0].startswith("arXiv: HTTP 503 with")


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
def test_an_outage_is_told_within_15_seconds(nobody: str, spread: float) -> None:
    """Whatever the pauses are; the words are the system's, not those of an object of the program."""
    clock, told = Clock(), list[tuple[float, str]]()

    def tell(text: str) -> None:
        told.append((clock.now - 1000, text))

    with pytest.raises(FetchError):
        get(nobody, Limits(), Pacer(3, clock, clock.sleep), tell=tell, spread=lambda: spread)
    first, said = told[0]
    assert first <= 15
    assert said.startswith("arXiv: no answer (Connection refused); trying again in ")


def test_a_slow_answer_is_told_once_before_it_is_given_up() -> None:
    """A server that takes the connection and stays silent looks like a standstill for a whole time-out."""
    told = list[str]()
    limits = replace(QUICK, silent=0.1, read=0.5, patience=0.6)
    with ArxivServer([PAPER], [Fault(manner="stall")] * 9) as server, pytest.raises(FetchError):
        get(server.api_url, limits, tell=told.append)
    assert told[0] == "arXiv: no complete answer after 0.1 s; waiting for 0.7 s more at most"
    assert told[1].startswith("arXiv: no answer (timed out); trying again in ")
    assert sum("no complete answer" in one for one in told) == 1


@pytest.mark.parametrize("manner", ["hang-up", "stall", "stall-in-body", "cut", "trickle"])
def test_what_broke_is_said_in_words(manner: Any) -> None:
    """Never as the Python object that met it."""
    with ArxivServer([PAPER], [Fault(manner=manner)]) as server:
        said = failure(server.api_url, replace(QUICK, patience=0))
    assert not re.search(r"\w\(|=|\[Errno", said.partition("the last was ")[2])


class Outage(ArxivServer):
    """Answers 503 as long as ``down`` says so."""

    def __init__(self, down: Callable[[], bool]) -> None:
        super().__init__([PAPER])
        self._down = down

    def note(self, seen: Any) -> Fault | None:
        """Play the outage."""
        return super().note(seen) or (Fault(503) if self._down() else None)


def test_patience_is_for_one_outage_and_begins_again_after_an_answer() -> None:
    """While it lasts, what is asked for next is tried once."""
    clock = Clock()
    limits = replace(QUICK, backoff=5, longest_pause=60, patience=100)
    with ArxivServer([PAPER], [Fault(503)] * 99) as server:
        way = transport(limits, Pacer(0, clock, clock.sleep))
        with pytest.raises(FetchError, match=r"in 100 s; the last was HTTP 503"):
            way.get(server.api_url, read_answer)
        assert clock.now == pytest.approx(1100)
        before = len(server.requests)
        with pytest.raises(FetchError, match="HTTP 503"):
            way.get(server.api_url, read_answer)
        assert len(server.requests) == before + 1
        server.faults = []
        way.get(server.api_url, read_answer)
        server.faults = [Fault(503)]
        way.get(server.api_url, read_answer)
    assert clock.now > 1100


def test_a_request_that_is_given_up_leaves_no_connection() -> None:
    """Not even while its headers trickle in."""
    with ArxivServer([PAPER], [Fault(manner="trickle-headers")]) as server:
        get(server.api_url, replace(QUICK, total=0.3, read=5))
        wait_until(lambda: server.open == 0)


def wait_until(fact: Callable[[], bool]) -> None:
    """Fail unless it comes true soon."""
    until = time.monotonic() + 3
    while not fact():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_redirect_is_followed_and_paced_hop_by_hop() -> None:
    """One that never ends is an error."""
    with ArxivServer([PAPER]) as server:
        server.faults = [Fault(301, {"Location": f"/api/query?id_list={PAPER.id}"})]
        assert b"2604.00001" in get(server.api_url)
        assert [seen.query.get("id_list") for seen in server.requests] == [None, PAPER.id]
        server.faults = [Fault(302, {"Location": "/api/query"})] * 99
        assert "redirected more than 10 times" in failure(server.api_url)
        server.faults = [Fault(302, {"Location": "file:///etc/passwd"})]
        assert "redirected to 'file:///etc/passwd'" in failure(server.api_url)


def test_requests_of_several_threads_keep_their_distance() -> None:
    """From departure to departure, and to the next arrival."""
    departures = list[float]()
    pacer = NotingPacer(0.1, departures.append)
    with ArxivServer([PAPER]) as server:
        threads = [threading.Thread(target=get, args=(server.api_url, QUICK, pacer)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert smallest_gap(departures, server) >= 0.1
