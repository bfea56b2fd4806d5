"""Today's announcement: the feed says which papers, the query API gives their records."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.errors import FetchError, UsageError
from pipeline.fetch import Wanted, announcement
from pipeline.fetch.announcement import FULL_FEED
from pipeline.records import Missing, Note, Paper, Source
from tests.fetch.samples import (
    NOW,
    QUICK,
    Page,
    Shelf,
    asked,
    ids_of,
    paper,
    papers,
    papers_of,
    read,
    session,
    settings,
)
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
        items = announcement(session(server), Wanted(("cs.AI",)), None)
        seen = [len(server.requests) - 1 for item in items if isinstance(item, Paper)]
    assert seen == [number for number, size in enumerate(sizes, start=1) for _ in range(size)]


def test_several_categories_are_one_feed_and_a_limit_is_all_that_is_asked_for() -> None:
    """What is beyond it counts as neither announced nor missing."""
    some = [*papers(3), paper(9, categories=("cs.LG",), primary_category="cs.LG")]
    with ArxivServer(some) as server:
        pages = read(server, Wanted(("cs.LG", "cs.AI")))
        assert (server.requests[0].path, len(ids_of(pages))) == ("/rss/cs.LG+cs.AI", 4)
        pages = read(server, Wanted(("cs.LG", "cs.AI"), limit=2))
    note = Note(key="limited", figures={"count": 2, "total": 4})
    assert pages == [Page(tuple(some[:2]), Source(date="2026-04-27", announced=2, fetched=2, notes=(note,)))]


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


def test_a_list_that_the_api_does_not_give_costs_its_own_records_alone() -> None:
    """With a note that says why; the feed does for its papers, and the lists after it are asked for as ever."""
    some = papers(230)
    damaged = api_feed(some[30:130]).replace(b"</feed>", b"")
    with ArxivServer(some) as server:
        server.faults = [Fault(), Fault(), *[Fault(body=damaged)] * 3]
        (page,) = read(server)
    assert [one.id for one in page.papers] == [one.id for one in some]
    made, failed = page.source.notes
    assert (made.key, made.figures["count"], failed.key) == ("from_feed", 100, "api_failed")
    assert "after 3 tries" in str(failed.figures["detail"])
    assert (page.source.announced, page.source.fetched, page.source.missing) == (230, 230, 0)


def test_an_api_that_is_down_for_good_costs_no_paper_and_its_patience_once() -> None:
    """Each further list is tried once."""
    some = papers(330)
    with ArxivServer(some) as server:
        server.faults = [Fault(), *[Fault(503)] * 400]
        (page,) = read(server, way=session(server, limits=replace(QUICK, patience=0.2)))
        asked_for = [seen.query["id_list"] for seen in server.requests if "id_list" in seen.query]
    assert [one.id for one in page.papers] == [one.id for one in some]
    assert [asked_for.count(one) for one in dict.fromkeys(asked_for)][1:] == [1, 1, 1]


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
        way = session(server)
        assert ids_of(read(server, Wanted(("cs.AI",)), way)) == [shared.id]
        assert papers_of(read(server, Wanted(("cs.LG",)), way)) == [shared, own]
        assert [seen.query.get("id_list") for seen in server.requests] == [None, shared.id, None, own.id]


def test_a_second_run_asks_for_the_feed_after_a_quarter_of_an_hour_and_for_records_on_the_next_day() -> None:
    """The feed may have gained papers; whole records stay as they are for the day."""
    some, shelf = papers(130), Shelf()
    with ArxivServer(some) as server:
        first = read(server, way=session(server, shelf))
        assert len(server.requests) == 3
        assert read(server, way=session(server, shelf)) == first
        assert len(server.requests) == 3
        shelf.now = timedelta(minutes=16)
        assert read(server, way=session(server, shelf)) == first
        assert [seen.path for seen in server.requests[3:]] == ["/rss/cs.AI"]
        read(server, way=session(server, shelf, now=lambda: NOW + timedelta(days=1)))
        assert len(server.requests) == 7


def test_what_the_feed_gains_and_what_the_api_gets_are_taken_up_by_a_later_run() -> None:
    """Only what was not there before is asked for."""
    some, shelf = papers(35), Shelf()
    with ArxivServer(some[:25]) as server:
        server.feed_papers = tuple(some[:30])
        (page,) = read(server, way=session(server, shelf))
        assert [note.key for note in page.source.notes] == ["from_feed"]
        server.papers = server.feed_papers = tuple(some)
        shelf.now = timedelta(minutes=16)
        (page,) = read(server, way=session(server, shelf))
        assert (page.papers, page.source.notes, asked(server)) == (tuple(some), (), [30, 10])


def test_only_what_is_well_formed_is_kept() -> None:
    """A fault is not asked back from the shelf, and a damaged answer on it is asked for again."""
    shelf = Shelf()
    with ArxivServer(papers(1), [Fault(body=b"Rate exceeded."), Fault(503)]) as server:
        read(server, way=session(server, shelf))
        assert [body[:5] for body, *_ in shelf.bodies.values()] == [b"<?xml", b'{"id"']
        shelf.bodies = {key: (body[:99], whole, put) for key, (body, whole, put) in shelf.bodies.items()}
        assert len(ids_of(read(server, way=session(server, shelf)))) == 1
        assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("count", "notes"),
    [
        (FULL_FEED - 1, ()),
        (FULL_FEED, (Note(key="full_feed", figures={"count": 2000}),)),
        (FULL_FEED + 1, (Note(key="full_feed", figures={"count": 2001}),)),
    ],
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
        ({"categories": ("cs.ai",)}, r"^'cs\.ai' is not an arXiv category; did you mean cs\.AI"),
        ({"categories": ("cs.AI",), "limit": 0}, "^A limit of 0 papers asks for nothing"),
    ],
)
def test_what_cannot_be_wanted_is_refused_before_any_request(wanted: dict[str, Any], said: str) -> None:
    """At the call."""
    with ArxivServer() as server, pytest.raises(UsageError, match=said):
        announcement(session(server), Wanted(**wanted), None)
    assert not server.requests


def test_an_answer_of_the_api_in_place_of_the_feed_is_asked_again() -> None:
    """And an address that is none is an error of ours."""
    with ArxivServer(papers(1), [Fault(body=api_feed(papers(1)))]) as server:
        assert len(ids_of(read(server))) == 1
        with pytest.raises(FetchError, match="nowhere"):
            session(server, settings=replace(settings(server), feed_url="nowhere")).feed(("cs.AI",))


def test_one_refused_id_is_left_out_alone() -> None:
    """The feed's own item stands in for it."""
    some = papers(5)
    with ArxivServer(some) as server:
        server.refused = frozenset({some[2].id})
        (page,) = read(server)
    assert [one.id for one in page.papers] == [one.id for one in some]
    assert page.source.notes == (Note(key="from_feed", figures={"count": 1, "ids": some[2].id}),)
    assert asked(server) == [5, 4]
