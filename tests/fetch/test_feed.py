"""Today's announcement: the feed says which papers, the query API gives their records."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.errors import FetchError, UsageError
from pipeline.fetch import Pacer, Page, Wanted, Wire, announced, forget_feed
from pipeline.fetch.feed import FULL_FEED
from pipeline.records import Missing, Note, Source
from tests.fetch.samples import DAY, Shelf, asked, ids_of, paper, papers, papers_of, read, settings
from tests.servers.arxiv import ArxivServer, Fault, api_feed

EVERY = frozenset({"new", "cross", "replace", "replace-cross"})


def test_the_records_are_the_apis_and_the_kind_and_order_are_the_feeds() -> None:
    """The date of submission and the comment are there, which no feed has."""
    new = paper(1, comment="9 pages", published="2026-04-20T00:00:00Z")
    cross = paper(2, announce_type="cross", categories=("stat.ML", "cs.AI"), primary_category="stat.ML")
    with ArxivServer([cross, new]) as server:
        server.feed_papers = (new, cross)
        pages = read(server)
    assert pages == [Page((new, cross), Source(date="2026-04-27", announced=2, fetched=2))]


def test_kinds_that_are_not_wanted_are_neither_asked_for_nor_counted() -> None:
    """New and cross-listed papers are meant where nothing is said."""
    kinds = ("replace", "new", "replace-cross", "cross")
    some = [paper(number, announce_type=kind) for number, kind in enumerate(kinds, start=1)]
    with ArxivServer(some) as server:
        assert ids_of(read(server)) == ["2604.00002", "2604.00004"]
        assert asked(server) == [2]
        pages = read(server, Wanted(("cs.AI",), announce=frozenset({"replace"})))
    assert (ids_of(pages), pages[-1].source.announced) == (["2604.00001"], 1)


@pytest.mark.parametrize(("count", "sizes"), [(30, [30]), (100, [100]), (230, [30, 100, 100])])
def test_the_odd_papers_come_first_so_that_work_starts_early(count: int, sizes: list[int]) -> None:
    """Without one request more than needed, and each page before the next is asked for."""
    some = papers(count)
    with ArxivServer(some) as server:
        pages = announced(settings(server), Wanted(("cs.AI",)), Wire(Pacer(0)))
        seen = [(len(page.papers), page.source.fetched, len(server.requests) - 1) for page in pages]
    sums = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    assert seen == list(zip(sizes, sums, range(1, len(sizes) + 1), strict=True))


def test_several_categories_are_one_feed_and_a_limit_is_all_that_is_asked_for() -> None:
    """What is beyond it counts as neither announced nor missing."""
    some = [*papers(3), paper(9, categories=("cs.LG",), primary_category="cs.LG")]
    with ArxivServer(some) as server:
        pages = read(server, Wanted(("cs.LG", "cs.AI")))
        assert (server.requests[0].path, len(ids_of(pages))) == ("/rss/cs.LG+cs.AI", 4)
        pages = read(server, Wanted(("cs.LG", "cs.AI"), limit=2))
    assert pages == [Page(tuple(some[:2]), Source(date="2026-04-27", announced=2, fetched=2))]


@pytest.mark.parametrize(
    ("wanted", "primary", "count"),
    [
        ("cs.AI", "cs.AI", 1),
        ("cs.AI", "cs.LG", 0),
        ("cs.SY", "eess.SY", 1),
        ("eess.SY", "cs.SY", 1),
        ("cs", "eess.SY", 1),
        ("math", "math-ph", 1),
        ("stat.TH", "math.ST", 1),
        ("econ.GN", "q-fin.EC", 1),
        ("q-fin", "econ.GN", 1),
        ("cs.NA", "math.NA", 1),
        ("cs.IT", "math.IT", 1),
        ("physics", "quant-ph", 0),
    ],
)
def test_only_papers_of_the_wanted_categories_own_may_be_kept(wanted: str, primary: str, count: int) -> None:
    """By either name of a category that has two, and by archive."""
    one = paper(1, categories=(primary, wanted, f"{wanted}.XX"), primary_category=primary)
    with ArxivServer([one]) as server:
        assert len(ids_of(read(server, Wanted((wanted,), primary_only=True)))) == count


def test_what_the_api_does_not_have_yet_is_made_from_the_feed_and_named() -> None:
    """Also a paper of which it has only an earlier version; a later one is welcome."""
    has, lacks = paper(1), paper(2, authors=(r"Jos\'e Example",))
    older, later = paper(3, version=2, announce_type="replace"), paper(4, announce_type="replace")
    with ArxivServer([has, older.model_copy(update={"version": 1}), later.model_copy(update={"version": 3})]) as server:
        server.feed_papers = (has, lacks, older, later)
        (page,) = read(server, Wanted(("cs.AI",), announce=EVERY))
    assert [one.id for one in page.papers] == [has.id, lacks.id, older.id, later.id]
    assert [one.version for one in page.papers] == [1, 1, 2, 3]
    assert page.papers[1].published is not None
    assert (page.papers[1].published.isoformat(), page.papers[1].updated) == ("2026-04-27T00:00:00-04:00", None)
    note = Note(key="from_feed", figures={"count": 2, "ids": "2604.00002, 2604.00003"})
    assert page.source == Source(date="2026-04-27", announced=4, fetched=4, notes=(note,))


def test_when_the_api_fails_for_good_the_feed_does_for_the_rest() -> None:
    """With a note that says why; no further page is asked for in vain."""
    some = papers(230)
    with ArxivServer(some) as server:
        pages = announced(settings(server), Wanted(("cs.AI",)), Wire(Pacer(0)))
        got = [next(pages)]
        server.faults = [Fault(503)] * 9
        got += pages
    assert ids_of(got) == [one.id for one in some]
    assert len(server.faults) == 6
    made, failed = got[-1].source.notes
    assert (made.key, made.figures["count"], failed.key) == ("from_feed", 200, "api_failed")
    assert "HTTP 503" in str(failed.figures["detail"])
    assert (got[-1].source.announced, got[-1].source.fetched, got[-1].source.missing) == (230, 230, 0)


def test_a_paper_that_the_feed_gives_badly_comes_from_the_api() -> None:
    """And is missing, by name, only where that has it neither."""
    good, bad, gone = paper(1), paper(2), paper(3)
    with ArxivServer([good, bad]) as server:
        server.feed_papers = (good, bad, gone)
        body = server.answer("/rss/cs.AI", {})[1]
        server.faults = [
            Fault(body=body.replace(b"<title>Title 2<", b"<title><").replace(b"<title>Title 3<", b"<title> <"))
        ]
        (page,) = read(server)
    assert page.papers == (good, bad)
    lost = Missing(id="2604.00003", reason="title: must not be empty")
    assert page.source == Source(date="2026-04-27", announced=3, fetched=2, missing=1, missing_papers=(lost,))


def test_an_item_without_id_is_missing_and_costs_no_other() -> None:
    """Nothing is asked for it."""
    with ArxivServer(papers(2)) as server:
        body = server.answer("/rss/cs.AI", {})[1].replace(b"<guid>oai:arXiv.org:2604.00001v1</guid>", b"")
        server.faults = [Fault(body=body)]
        (page,) = read(server)
    assert ([one.id for one in page.papers], page.source.missing_papers[0].id) == (["2604.00002"], "item 1")
    assert asked(server) == [1]


def test_a_paper_of_several_digests_of_one_run_is_fetched_once() -> None:
    """The second asks only for what the first had not."""
    shared, own = paper(1, categories=("cs.AI", "cs.LG")), paper(2, categories=("cs.LG",), primary_category="cs.LG")
    with ArxivServer([shared, own]) as server:
        wire = Wire(Pacer(0))
        assert ids_of(read(server, Wanted(("cs.AI",)), wire)) == [shared.id]
        assert papers_of(read(server, Wanted(("cs.LG",)), wire)) == [shared, own]
        assert [seen.query.get("id_list") for seen in server.requests] == [None, shared.id, None, own.id]


def test_a_second_run_on_the_same_day_asks_arxiv_nothing() -> None:
    """On the next day it asks for everything anew."""
    some, shelf = papers(130), Shelf()
    with ArxivServer(some) as server:
        first = read(server, wire=Wire(Pacer(0), shelf, DAY))
        assert len(server.requests) == 3
        assert read(server, wire=Wire(Pacer(0), shelf, DAY)) == first
        assert len(server.requests) == 3
        read(server, wire=Wire(Pacer(0), shelf, DAY + timedelta(days=1)))
        assert len(server.requests) == 6


def test_only_what_is_well_formed_is_kept() -> None:
    """A fault is not asked back from the shelf, and a damaged answer on it is asked for again."""
    shelf = Shelf()
    with ArxivServer(papers(1), [Fault(body=b"Rate exceeded."), Fault(503)]) as server:
        read(server, wire=Wire(Pacer(0), shelf, DAY))
        assert [body[:5] for body, _ in shelf.bodies.values()] == [b"<?xml", b"<?xml"]
        shelf.bodies = {key: (body[:99], put) for key, (body, put) in shelf.bodies.items()}
        assert len(ids_of(read(server, wire=Wire(Pacer(0), shelf, DAY)))) == 1
        assert len(server.requests) == 6


@pytest.mark.parametrize("some", [0, 1])
def test_a_feed_that_is_empty_or_of_another_day_is_kept_for_an_hour(some: int) -> None:
    """Another takes its place when arXiv makes it."""
    shelf, day = Shelf(), DAY if not some else DAY + timedelta(days=1)
    with ArxivServer(papers(some)) as server:
        for minutes, requests in ((0, 1), (59, 1), (61, 2)):
            shelf.now = timedelta(minutes=minutes)
            (page,) = read(server, wire=Wire(Pacer(0), shelf, day))
            assert (page.source.date, len([1 for seen in server.requests if seen.path != "/api/query"])) == (
                "2026-04-27",
                requests,
            )


def test_a_feed_that_turned_out_stale_can_be_forgotten() -> None:
    """Its papers are then asked for as a rerun needs them; without a shelf there is nothing to forget."""
    shelf = Shelf()
    with ArxivServer(papers(1)) as server:
        wire = Wire(Pacer(0), shelf, DAY)
        read(server, wire=wire)
        forget_feed(settings(server), Wanted(("cs.AI",)), wire)
        forget_feed(settings(server), Wanted(("cs.AI",)), Wire(Pacer(0)))
        server.feed_papers = server.papers = tuple(papers(2))
        assert ids_of(read(server, wire=Wire(Pacer(0), shelf, DAY))) == ["2604.00001", "2604.00002"]


@pytest.mark.parametrize(
    ("count", "notes"), [(FULL_FEED - 1, ()), (FULL_FEED, (Note(key="full_feed", figures={"count": 2000}),))]
)
def test_a_feed_of_exactly_the_limit_may_have_been_cut(count: int, notes: tuple[Note, ...]) -> None:
    """Every item counts, whatever its kind."""
    replaced = papers(count, announce_type="replace")
    with ArxivServer(replaced) as server:
        (page,) = read(server)
    assert page == Page((), Source(date="2026-04-27", announced=0, notes=notes))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"categories": ("cs.ai",)}, r"^'cs\.ai' is no arXiv category, but cs\.AI"),
        ({"categories": ("cs.AI",), "limit": 0}, "^A limit of 0 papers asks for nothing"),
    ],
)
def test_what_cannot_be_wanted_is_refused_before_any_request(wanted: dict[str, Any], said: str) -> None:
    """At the call."""
    with ArxivServer() as server, pytest.raises(UsageError, match=said):
        announced(settings(server), Wanted(**wanted), Wire(Pacer(0)))
    assert not server.requests


def test_an_answer_of_the_api_in_place_of_the_feed_is_asked_again() -> None:
    """And an address that is none is an error of ours."""
    with ArxivServer(papers(1), [Fault(body=api_feed(papers(1)))]) as server:
        assert len(ids_of(read(server))) == 1
        with pytest.raises(FetchError, match="nowhere"):
            list(announced(replace(settings(server), feed_url="nowhere"), Wanted(("cs.AI",)), Wire(Pacer(0))))


def test_one_refused_id_is_left_out_alone() -> None:
    """The feed's own item stands in for it."""
    some = papers(5)
    with ArxivServer(some) as server:
        server.refused = frozenset({some[2].id})
        (page,) = read(server)
    assert [one.id for one in page.papers] == [one.id for one in some]
    assert page.source.notes == (Note(key="from_feed", figures={"count": 1, "ids": some[2].id}),)
    assert asked(server) == [5, 4]
