"""The query API, asked through the loopback arXiv."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pipeline.errors import FetchError, UsageError
from pipeline.fetch import ArxivSettings, Asked, Limits, Schedule, by_ids, search
from pipeline.fetch.arxiv.session import ArxivSession
from pipeline.fetch.query import search_terms
from pipeline.records import Missing, Note, Paper, Source
from tests.fetch.samples import NOW, Page, Shelf, gather, papers_of, session, unpaced
from tests.servers.arxiv import ArxivServer, Fault, api_feed, error_feed

QUICK = Limits(connect=1, read=5, total=5, tries=2, patience=0.3, backoff=0.01, longest_pause=0.01)
NOON = datetime(2026, 4, 24, 12, tzinfo=UTC)


def made(count: int, category: str = "cs.AI") -> list[Paper]:
    """Papers, the newest first, submitted an hour apart."""
    return [
        Paper(
            id=f"2604.{count - number:05}",
            version=1,
            title=f"Title {number}",
            abstract="We show.",
            categories=(category,),
            primary_category=category,
            published=NOON - timedelta(hours=number),
            updated=NOON - timedelta(hours=number),
        )
        for number in range(count)
    ]


def ask(server: ArxivServer, asked: Asked) -> list[Page]:
    """Ask the loopback for all that is found."""
    return [gather(search(session(server, limits=QUICK), asked))]


def ask_ids(server: ArxivServer, ids: Sequence[str], limit: int | None = None) -> Page:
    """Ask the loopback for papers by their ids."""
    return gather(by_ids(session(server, limits=QUICK), ids, limit))


def unserved(address: str) -> ArxivSession:
    """A way to no arXiv."""
    settings = ArxivSettings(api_url=address, limits=QUICK)
    return ArxivSession(settings, unpaced(), Shelf(), now=lambda: NOW)


WINDOW = Schedule().window(date(2026, 4, 27))


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        ({"categories": ("cs.AI",)}, "cat:cs.AI"),
        ({"categories": ("cs.AI", "econ", "quant-ph")}, "cat:cs.AI OR cat:econ.* OR cat:quant-ph"),
        ({"query": "all:x OR ti:y"}, "all:x OR ti:y"),
        ({"window": WINDOW}, "submittedDate:[202604231800 TO 202604241759]"),
        (
            {"categories": ("cs.AI", "cs.LG"), "query": "all:x OR ti:y", "window": WINDOW},
            "(cat:cs.AI OR cat:cs.LG) AND (all:x OR ti:y) AND (submittedDate:[202604231800 TO 202604241759])",
        ),
    ],
)
def test_what_is_asked_is_said_in_the_language_of_the_api(asked: dict[str, Any], terms: str) -> None:
    """The range holds both its ends, so it stops a minute early."""
    assert search_terms(Asked(**asked)) == terms


def test_a_search_gives_all_its_papers_newest_first_a_page_for_each_answer() -> None:
    """A hundred at a time, each with the count so far."""
    papers = made(250)
    with ArxivServer(papers[::-1]) as server:
        pages = ask(server, Asked(categories=("cs",)))
    assert pages == [Page(tuple(papers), Source(announced=250, fetched=250))]
    assert [seen.query["start"] for seen in server.requests] == ["0", "100", "200"]


def test_a_page_is_given_out_before_the_next_is_asked_for() -> None:
    """Its papers can be summarized while arXiv makes us wait."""
    with ArxivServer(made(250)) as server:
        items = search(session(server), Asked(categories=("cs.AI",)))
        seen = [len(server.requests) for item in items if isinstance(item, Paper)]
    assert seen == [1] * 100 + [2] * 100 + [3] * 50


def test_a_window_gives_the_papers_submitted_in_it() -> None:
    """From its first minute to before its last."""
    first, last = datetime(2026, 4, 23, 18, tzinfo=UTC), datetime(2026, 4, 24, 18, tzinfo=UTC)
    moments = [first - timedelta(minutes=1), first, last - timedelta(minutes=1), last]
    papers = [paper.model_copy(update={"published": moment}) for paper, moment in zip(made(4), moments, strict=True)]
    with ArxivServer(papers) as server:
        pages = ask(server, Asked(categories=("cs.AI",), window=WINDOW))
    assert [paper.id for paper in papers_of(pages)] == [papers[2].id, papers[1].id]


@pytest.mark.parametrize(("limit", "requests"), [(1, 1), (100, 1), (130, 2)])
def test_a_limit_is_all_that_is_asked_for_and_nothing_is_missing(limit: int, requests: int) -> None:
    """No page more than needed."""
    with ArxivServer(made(250)) as server:
        pages = ask(server, Asked(query="all:title", limit=limit))
    note = Note(key="limited", figures={"count": limit, "total": 250})
    assert pages[-1].source == Source(announced=limit, fetched=limit, notes=(note,))
    assert len(server.requests) == requests


def test_a_search_without_results_is_one_empty_page() -> None:
    """After a single request."""
    with ArxivServer(made(3)) as server:
        assert ask(server, Asked(categories=("econ.EM",))) == [Page((), Source(announced=0))]
        assert len(server.requests) == 1


def test_ids_are_asked_for_a_hundred_at_a_time_and_absent_ones_are_named() -> None:
    """Each once, in the version asked for."""
    papers = made(120)
    ids = [f"arXiv:{paper.id}v1" for paper in papers]
    with ArxivServer(papers) as server:
        pages = [ask_ids(server, (*ids, "math/0000001", papers[0].id))]
    assert papers_of(pages) == papers
    absent = Missing(id="math/0000001", reason="arXiv has no such paper")
    assert pages[-1].source == Source(announced=121, fetched=120, missing=1, missing_papers=(absent,))
    assert [seen.query["id_list"].count(",") + 1 for seen in server.requests] == [100, 21]
    assert server.requests[0].query["id_list"].startswith(f"{papers[0].id}v1,")


def test_ids_that_are_all_there_are_one_page() -> None:
    """Nothing is added at the end."""
    papers = made(2)
    with ArxivServer(papers) as server:
        page = ask_ids(server, [paper.id for paper in papers])
    assert [page] == [Page(tuple(papers), Source(announced=2, fetched=2))]


def test_ids_that_arxiv_has_not_at_all_are_one_empty_page() -> None:
    """With their names; and a limit counts ids."""
    with ArxivServer() as server:
        page = ask_ids(server, ("2604.00001", "2604.00002"), limit=1)
    absent = Missing(id="2604.00001", reason="arXiv has no such paper")
    note = Note(key="limited", figures={"count": 1, "total": 2})
    assert page == Page((), Source(announced=1, missing=1, missing_papers=(absent,), notes=(note,)))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "Ask arXiv for categories, a query or dates."),
        ({"query": "x", "limit": 0}, "A limit of 0 papers asks for nothing; the least is 1."),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_request(asked: dict[str, Any], said: str) -> None:
    """At once, not when the pages are read."""
    with ArxivServer(made(1)) as server, pytest.raises(UsageError) as caught:
        search(session(server), Asked(**asked))
    assert (caught.value.message, server.requests) == (said, [])


def test_an_id_that_is_none_is_refused_before_any_request() -> None:
    """At once too."""
    with ArxivServer() as server, pytest.raises(UsageError, match=r"^'abc' is not an arXiv identifier such as"):
        by_ids(session(server), ["abc"])
    assert not server.requests


def test_an_unknown_category_is_refused_with_near_ones() -> None:
    """Also one that arXiv would take for a quiet day."""
    with pytest.raises(UsageError, match=r"^'cs\.ai' is not an arXiv category; did you mean cs\.AI"):
        search(unserved("http://127.0.0.1:9/"), Asked(categories=("cs.LG", "cs.ai")))


def test_a_failure_of_the_first_page_is_an_error_and_no_empty_day() -> None:
    """Of ids too."""
    with ArxivServer(made(3), [Fault(503)] * 99) as server:
        with pytest.raises(FetchError, match="HTTP 503"):
            ask(server, Asked(categories=("cs.AI",)))
        with pytest.raises(FetchError, match="HTTP 503"):
            ask_ids(server, ["2604.00001"])


@pytest.mark.parametrize("named", [True, False])
def test_a_failure_of_a_later_page_ends_with_what_is_missing_and_why(named: bool) -> None:
    """What was paid for is kept."""
    papers = made(120)
    with ArxivServer(papers) as server:
        server.faults = [Fault(), *[Fault(body=b"Rate exceeded.")] * 99]
        page = ask_ids(server, [one.id for one in papers]) if named else ask(server, Asked(categories=("cs.AI",)))[0]
    assert (len(page.papers), page.source.announced, page.source.fetched, page.source.missing) == (100, 120, 100, 20)
    lost = [missing.id for missing in page.source.missing_papers]
    assert lost == ([paper.id for paper in papers[100:]] if named else ["20 more"])
    assert all("Rate exceeded." in missing.reason for missing in page.source.missing_papers)


def test_a_list_of_ids_that_fails_costs_its_own_papers_alone() -> None:
    """Those after it are asked for as ever."""
    papers = made(250)
    cut = Fault(body=b"<rss>")
    with ArxivServer(papers) as server:
        server.faults = [cut, cut]
        page = ask_ids(server, [one.id for one in papers])
    assert page.papers == tuple(papers[100:])
    assert [one.id for one in page.source.missing_papers] == [one.id for one in papers[:100]]


def test_an_empty_page_where_papers_should_be_is_asked_for_again() -> None:
    """The first as well as a later one."""
    papers = made(120)
    empty = [Fault(body=api_feed([], total=120)), Fault(body=api_feed([], total=120, start=100))]
    with ArxivServer(papers, [empty[0], Fault(), empty[1]]) as server:
        assert papers_of(ask(server, Asked(categories=("cs.AI",)))) == papers
    assert len(server.requests) == 4


def test_papers_that_slip_between_two_pages_are_missing_and_repeated_ones_are_not_counted_twice() -> None:
    """The API sorts without a tie-breaker."""
    papers = made(120)
    with ArxivServer(papers) as server:
        server.faults = [Fault(), Fault(body=api_feed(papers[99:119], total=120, start=100))]
        rest = ask(server, Asked(categories=("cs.AI",)))
    assert papers_of(rest) == papers[:119]
    slipped = Missing(id="1 more", reason="arXiv counts them among the results and did not give them")
    assert rest[-1].source == Source(announced=120, fetched=119, missing=1, missing_papers=(slipped,))


@pytest.mark.parametrize(("total", "count"), [(100, 0), (110, 10), (130, 20)])
def test_the_least_total_that_an_answer_says_is_believed(total: int, count: int) -> None:
    """Papers leave the results while they are read, or join them at their front."""
    papers = made(130)
    with ArxivServer(papers[:120]) as server:
        second = api_feed(papers[100 : 100 + count], total=total, start=100)
        server.faults = [Fault(), Fault(body=second), Fault(body=api_feed([], total=total, start=total))]
        pages = ask(server, Asked(categories=("cs.AI",)))
    assert [page.source for page in pages] == [Source(announced=100 + count, fetched=100 + count)]


def test_an_entry_that_cannot_become_a_paper_is_named_once() -> None:
    """And not lost among those that did not come; an entry without dates is a paper all the same."""
    papers = made(3)
    body = api_feed([papers[0], papers[1].model_copy(update={"published": None, "updated": None}), papers[2]], total=4)
    body = body.replace(b"<title>Title 2</title>", b"<title> </title>")
    with ArxivServer(papers, [Fault(body=body), Fault(body=api_feed([], total=3, start=3))]) as server:
        pages = ask(server, Asked(categories=("cs.AI",)))
    assert [paper.id for paper in papers_of(pages)] == [papers[0].id, papers[1].id]
    assert papers_of(pages)[1].published is None
    lost = Missing(id=papers[2].id, reason="title: must not be empty")
    assert pages[-1].source == Source(announced=3, fetched=2, missing=1, missing_papers=(lost,))


@pytest.mark.parametrize("suffix", ["", "?", "?key=1", "?a={b}&"])
def test_the_address_of_the_api_may_have_a_query_of_its_own(suffix: str) -> None:
    """A mirror may want one."""
    with ArxivServer(made(1)) as server:
        page = gather(search(unserved(f"{server.api_url}{suffix}"), Asked(categories=("cs.AI",))))
    assert len(page.papers) == 1
    assert server.requests[0].query["search_query"] == "cat:cs.AI"


@pytest.mark.parametrize("address", ["nowhere", "http://", "ftp://127.0.0.1/x"])
def test_an_address_that_is_none_is_an_error_of_ours(address: str) -> None:
    """It is named."""
    with pytest.raises(FetchError) as caught:
        list(search(unserved(address), Asked(query="x")))
    assert address in caught.value.message or "ftp" in caught.value.message


@pytest.mark.parametrize("windowed", [True, False])
def test_what_passes_the_window_of_the_api_is_split_by_time(windowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All papers come, newest first, each once; nothing is asked for beyond what the API gives out."""
    monkeypatch.setattr("pipeline.fetch.query.MOST_RESULTS", 120)
    papers = made(300)
    window = (NOON - timedelta(hours=400), NOON + timedelta(minutes=1)) if windowed else None
    with ArxivServer(papers) as server:
        server.most = 120
        pages = ask(server, Asked(categories=("cs.AI",), window=window))
    assert papers_of(pages) == papers
    assert pages[-1].source == Source(announced=300, fetched=300)


def test_a_limit_below_the_window_splits_nothing_and_one_above_it_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond the limit is not missing."""
    monkeypatch.setattr("pipeline.fetch.query.MOST_RESULTS", 120)
    papers = made(300)
    for limit, requests in ((110, 2), (150, None)):
        with ArxivServer(papers) as server:
            server.most = 120
            pages = ask(server, Asked(categories=("cs.AI",), limit=limit))
        assert papers_of(pages) == papers[:limit]
        note = Note(key="limited", figures={"count": limit, "total": 300})
        assert pages[-1].source == Source(announced=limit, fetched=limit, notes=(note,))
        assert requests in {None, len(server.requests)}


def test_more_papers_of_one_minute_than_the_api_gives_out_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be split; nor can papers that have no date."""
    monkeypatch.setattr("pipeline.fetch.query.MOST_RESULTS", 120)
    for moment in (NOON, None):
        papers = [paper.model_copy(update={"published": moment, "updated": moment}) for paper in made(250)]
        with ArxivServer(papers) as server:
            pages = ask(server, Asked(categories=("cs.AI",)))
        assert (pages[-1].source.announced, pages[-1].source.fetched, pages[-1].source.missing) == (250, 200, 50)


def test_ids_that_arxiv_refuses_are_missing_alone() -> None:
    """The others of their list are asked for again, however many they are."""
    papers = made(30)
    ids = [f"{paper.id}v1" for paper in papers]
    with ArxivServer(papers) as server:
        server.refused = frozenset(paper.id for paper in papers[:12])
        page = ask_ids(server, ids)
        assert page.papers == tuple(papers[12:])
        said = [f"arXiv refused: incorrect id format for {one}" for one in ids[:12]]
        assert [one.reason for one in page.source.missing_papers] == said
        assert (page.source.announced, page.source.fetched, page.source.missing) == (30, 18, 12)


def test_a_list_that_arxiv_refuses_without_naming_an_id_is_an_error() -> None:
    """In its words."""
    with ArxivServer(made(3)) as server:
        server.faults = [Fault(400, body=error_feed("too many"))]
        with pytest.raises(FetchError, match="arXiv refused: too many"):
            ask_ids(server, [one.id for one in made(3)])


def test_a_hundred_ids_in_answers_that_overlap_all_come() -> None:
    """What comes twice does not count against the others."""
    papers = made(100)
    bodies = [api_feed(papers[:60], total=100), api_feed(papers[50:], total=100, start=60)]
    with ArxivServer(papers, [Fault(body=body) for body in bodies]) as server:
        assert ask_ids(server, [one.id for one in papers]).papers == tuple(papers)


@pytest.mark.parametrize("total", [7, 10**9])
def test_a_list_of_ids_that_are_all_there_is_not_asked_for_more(total: int) -> None:
    """Whatever total its answer claims."""
    papers = made(5)
    with ArxivServer(papers, [Fault(body=api_feed(papers, total=total))]) as server:
        assert ask_ids(server, [one.id for one in papers]).papers == tuple(papers)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "spoil", [lambda body: body.replace(b">300<", b">0<"), lambda body: body.replace(b"totalResults", b"other")]
)
def test_an_answer_that_contradicts_itself_is_not_taken_for_the_whole(spoil: Callable[[bytes], bytes]) -> None:
    """A full page of a total of none is asked for again."""
    papers = made(300)
    with ArxivServer(papers) as server:
        server.faults = [Fault(body=spoil(api_feed(papers[:100], total=300)))]
        assert papers_of(ask(server, Asked(categories=("cs.AI",)))) == papers


def test_ids_that_arxiv_lacks_are_asked_for_again_after_a_quarter_of_an_hour() -> None:
    """Those that it had are not."""
    papers, shelf = made(3), Shelf()
    ids = [one.id for one in papers]
    with ArxivServer(papers[:2]) as server:
        for minutes, count, asked in ((0, 2, [3]), (14, 2, [3]), (16, 3, [3, 1])):
            shelf.now = timedelta(minutes=minutes)
            assert len(gather(by_ids(session(server, shelf), ids)).papers) == count
            assert [seen.query["id_list"].count(",") + 1 for seen in server.requests] == asked
            server.papers = tuple(papers)


def test_a_search_whose_pages_do_not_add_up_is_asked_again_after_a_quarter_of_an_hour() -> None:
    """One that does is kept for the day."""
    papers, shelf = made(120), Shelf()
    asked = Asked(categories=("cs.AI",), window=(NOON - timedelta(hours=400), NOON + timedelta(minutes=1)))
    slipped = Fault(body=api_feed(papers[90:110], total=120, start=100))
    with ArxivServer(papers, [Fault(), slipped]) as server:
        for minutes, count, requests in ((0, 110, 2), (14, 110, 2), (16, 120, 4), (600, 120, 4)):
            shelf.now = timedelta(minutes=minutes)
            page = gather(search(session(server, shelf), asked))
            assert (len(page.papers), len(server.requests)) == (count, requests)


@pytest.mark.parametrize("window", [None, (NOW - timedelta(days=2), NOW)])
def test_a_search_that_may_find_more_is_kept_for_a_quarter_of_an_hour(window: tuple[datetime, datetime] | None) -> None:
    """One without a window, or with one that has just ended: the API lags."""
    shelf = Shelf()
    with ArxivServer(made(1)) as server:
        for minutes, requests in ((0, 1), (14, 1), (16, 2)):
            shelf.now = timedelta(minutes=minutes)
            gather(search(session(server, shelf), Asked(categories=("cs.AI",), window=window)))
            assert len(server.requests) == requests
