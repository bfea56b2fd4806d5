"""Answers that no arXiv should give, each once in place of the feed or for ever in place of the API's."""

from __future__ import annotations

import gzip
import zlib
from datetime import timedelta

import pytest

from pipeline.errors import FetchError, UsageError
from pipeline.fetch import Asked, Wanted, announcement, by_ids, search
from pipeline.fetch.arxiv.documents import MAX_BYTES
from pipeline.records import Paper
from tests.servers.arxiv import ArxivServer, Fault, announcement_feed, api_feed, error_feed

from .samples import DAY, NOON, Shelf, gather, papers, papers_of, read, session

SOME = papers(3)
FEED = announcement_feed(SOME, "cs.AI", DAY)
ANSWER = api_feed(SOME)


def _headers(**headers: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


ODD = {
    "a length that is too long": Fault(headers=_headers(Content_Length=str(len(FEED) + 10))),
    "a length that is too short": Fault(headers=_headers(Content_Length="100")),
    "a length that is a word": Fault(headers=_headers(Content_Length="abc")),
    "a length below nothing": Fault(headers=_headers(Content_Length="-5")),
    "a length beyond all bounds": Fault(headers=_headers(Content_Length="9" * 30)),
    "chunked by name only": Fault(headers=_headers(Transfer_Encoding="chunked")),
    "packed twenty times by name": Fault(headers=_headers(Content_Encoding=", ".join(["gzip"] * 20))),
    "packed as nobody knows": Fault(headers=_headers(Content_Encoding="xyz")),
    "deflated": Fault(headers=_headers(Content_Encoding="deflate"), body=zlib.compress(FEED)),
    "small until unpacked": Fault(
        headers=_headers(Content_Encoding="gzip"), body=gzip.compress(bytes(MAX_BYTES + 2**20), 1)
    ),
    "two hundred headers": Fault(headers={f"X-{number}": "1" for number in range(200)}),
    "of another type by name": Fault(headers=_headers(Content_Type="application/json")),
    "half, and said to be": Fault(206, body=FEED[: len(FEED) // 2]),
    "whole, with a status of success": Fault(203),
    "a status that does not exist": Fault(999),
    "Retry-After in the past": Fault(429, _headers(Retry_After="Mon, 01 Jan 2001 00:00:00 GMT")),
    "Retry-After nan": Fault(429, _headers(Retry_After="nan")),
    "Retry-After inf": Fault(429, _headers(Retry_After="inf")),
    "Retry-After below nothing": Fault(429, _headers(Retry_After="-3")),
    "cut within a character": Fault(body=FEED.replace(b"Title 3", "标题".encode())[: FEED.find(b"Title 3") + 4]),
    "half a character": Fault(body=FEED.replace(b"Title 3", "标题".encode()[:-1])),
    "a byte order mark": Fault(body=b"\xef\xbb\xbf" + FEED),
    "UTF-16": Fault(body=FEED.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")),
    "a thousand times the same": Fault(body=announcement_feed(SOME * 600, "cs.AI", DAY)),
}


@pytest.mark.parametrize("fault", ODD.values(), ids=ODD)
def test_an_odd_answer_in_place_of_the_feed_costs_no_paper(fault: Fault) -> None:
    """It is read, or asked for again."""
    with ArxivServer(SOME, [fault]) as server:
        pages = read(server)
        assert [one.model_copy(update={"title": ""}) for one in papers_of(pages)] == [
            one.model_copy(update={"title": ""}) for one in SOME
        ]
        assert len(server.requests) <= 3
    assert pages[-1].source.missing == 0


@pytest.mark.parametrize(
    "location",
    ["http://[::1", "http://127.0.0.1:99999/", "/rss/\xe9", "data:,x", f"http://{'a' * 70}.example/"],
)
def test_a_redirect_to_what_is_no_address_is_an_error_of_ours(location: str) -> None:
    """It names the address, and nothing is asked again."""
    with ArxivServer(SOME, [Fault(302, {"Location": location}, body=b"")]) as server:
        with pytest.raises(FetchError, match=r"127\.0\.0\.1|\.example"):
            read(server)
        assert len(server.requests) == 1


@pytest.mark.parametrize("spoil", [('encoding="UTF-8"', 'encoding="x-nope"'), ("Title 3", "Title&nbsp;3"),
                                   ("Title 3", "<a>" * 300 + "</a>" * 300), ("Title 3", "T" * 10_500_000)])  # fmt: skip
def test_xml_that_cannot_be_read_is_an_error_after_a_few_tries(spoil: tuple[str, str]) -> None:
    """Never half a day."""
    damaged = Fault(body=FEED.decode().replace(*spoil).encode())
    with ArxivServer(SOME, [damaged] * 9) as server:
        with pytest.raises(FetchError, match="after 3 tries"):
            read(server)
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    "body",
    [
        ANSWER.replace(b"totalResults>3", b"totalResults>-3"),
        ANSWER.replace(b"totalResults>3", b"totalResults>1e3"),
        ANSWER.replace(b"startIndex>0", b"startIndex>99999999999"),
        ANSWER.replace(b"2026-04-24T12:00:00Z", b"0001-01-01T00:00:00+14:00"),
        ANSWER.replace(b"00003v1", b"00003v0"),
        ANSWER.replace(b"00003v1", b"00003v" + b"9" * 5000),
        error_feed("incorrect id format for 2604.00001"),
        error_feed(""),
    ],
    ids=["total below nothing", "total in floating point", "far start", "before time", "v0", "huge version", "refusal",
         "empty refusal"],
)  # fmt: skip
def test_an_odd_answer_in_place_of_the_records_costs_no_paper(body: bytes) -> None:
    """What it lacks, the feed's item has, in the feed's words."""
    with ArxivServer(SOME, [Fault(), Fault(body=body)]) as server:
        (page,) = read(server)
    assert [one.id for one in page.papers] == [one.id for one in SOME]


@pytest.mark.parametrize("given", [SOME[:2], papers(400)[300:]], ids=["the same", "others"])
def test_an_answer_that_brings_no_wanted_id_more_is_the_last_of_its_list(given: list[Paper]) -> None:
    """However many its total promises: else one id that arXiv lacks were asked for as long as it gives pages."""
    endless = Fault(body=api_feed(given, total=10**9))
    with ArxivServer(SOME, [endless] * 99) as server:
        page = gather(by_ids(session(server), [one.id for one in SOME]))
        assert len(server.requests) <= 2
    assert {one.id for one in page.papers} <= {one.id for one in SOME}
    assert page.source.missing == 3 - len(page.papers)


def test_a_search_whose_pages_repeat_ends_with_what_is_missing_and_is_asked_again_soon() -> None:
    """Not after a hundred requests for the same."""
    shelf, some = Shelf(), papers(300)
    window = (NOON - timedelta(hours=400), NOON + timedelta(minutes=1))
    repeated = Fault(body=api_feed(some[:100], total=300))
    with ArxivServer(some, [repeated] * 2) as server:
        page = gather(search(session(server, shelf), Asked(("cs.AI",), window=window)))
        assert (len(page.papers), page.source.missing, len(server.requests)) == (100, 200, 2)
        shelf.now = timedelta(minutes=16)
        assert len(gather(search(session(server, shelf), Asked(("cs.AI",), window=window))).papers) == 300


def test_what_came_by_a_redirect_is_kept_under_what_was_asked() -> None:
    """A second run asks neither for the feed nor for a search again."""
    shelf = Shelf()
    window = (NOON - timedelta(hours=400), NOON + timedelta(minutes=1))
    moved = [Fault(301, {"Location": "/rss/cs.AI?moved"}), Fault()]
    with ArxivServer(SOME, moved) as server:
        for _ in range(2):
            assert papers_of(read(server, way=session(server, shelf))) == SOME
        assert [seen.path for seen in server.requests] == ["/rss/cs.AI", "/rss/cs.AI", "/api/query"]
        server.requests.clear()
        server.faults = [Fault(302, {"Location": "/api/query?search_query=cat:cs.AI&max_results=100"}), Fault()]
        for _ in range(2):
            assert len(gather(search(session(server, shelf), Asked(("cs.AI",), window=window))).papers) == 3
        assert len(server.requests) == 2


def test_what_a_feed_of_another_day_cannot_say_of_today_is_no_error_of_the_network() -> None:
    """A feed of tomorrow is not waited for: what was announced as replaced today is no longer told."""
    with ArxivServer(SOME, day=DAY + timedelta(days=1)) as server:
        wanted = Wanted(("cs.AI",), frozenset({"replace"}))
        with pytest.raises(UsageError, match="arXiv no longer says what was announced as replace then"):
            list(announcement(session(server), wanted, DAY))


def test_an_item_with_an_impossible_version_is_missing_and_named() -> None:
    """There is no version 0."""
    with ArxivServer(SOME, [Fault(body=FEED.replace(b"00003v1", b"00003v0"))]) as server:
        (page,) = read(server)
    assert [one.id for one in page.papers] == [one.id for one in SOME[:2]]
    assert [one.id for one in page.source.missing_papers] == ["oai:arXiv.org:2604.00003v0"]
