"""Every trap that arXiv is known to lay: the right papers, the right error, one clear line, nothing lost."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.errors import FetchError
from pipeline.fetch import ArxivSettings, Asked, Schedule, Wanted, announcement, search
from pipeline.fetch.arxiv.session import ArxivSession
from pipeline.records import Note, Paper
from tests.fetch.samples import (
    NOON,
    NOW,
    QUICK,
    Shelf,
    gather,
    ids_of,
    paper,
    papers,
    papers_of,
    read,
    session,
    unpaced,
)
from tests.servers.arxiv import ArxivServer, Fault, announcement_feed, api_feed, error_announcement, error_feed

DAY = date(2026, 4, 27)
EVERY = frozenset({"new", "cross", "replace", "replace-cross"})
AT = {"Date": "Mon, 27 Apr 2026 00:00:00 GMT"}
HTML = b"<!DOCTYPE html><html><body>Sorry<br></body></html>"
PASSING = {
    "never answers": Fault(manner="stall"),
    "hangs up": Fault(manner="hang-up"),
    "trickles": Fault(manner="trickle"),
    "trickles its headers": Fault(manner="trickle-headers"),
    "stalls in mid-body": Fault(manner="stall-in-body"),
    "breaks off in mid-body": Fault(manner="cut"),
    "503": Fault(503),
    "429, Retry-After in seconds": Fault(429, {"Retry-After": "1"}),
    "503, Retry-After in seconds": Fault(503, {"Retry-After": "1"}),
    "429, Retry-After as a date": Fault(429, {"Retry-After": "Mon, 27 Apr 2026 00:00:01 GMT", **AT}),
    "503, Retry-After as a date": Fault(503, {"Retry-After": "Mon, 27 Apr 2026 00:00:01 GMT", **AT}),
    "429, Retry-After 0": Fault(429, {"Retry-After": "0"}),
    "503, Retry-After 0": Fault(503, {"Retry-After": "0"}),
    "429, no Retry-After": Fault(429),
    "503, absurd Retry-After": Fault(503, {"Retry-After": "-1e9 parsecs"}),
    "200, Rate exceeded.": Fault(body=b"Rate exceeded."),
    "200, HTML": Fault(body=HTML, headers={"Content-Type": "text/html"}),
    "200, nothing": Fault(body=b""),
    "200, blanks": Fault(body=b" \n"),
    "200, cut XML": Fault(body=api_feed(papers(3))[:-200]),
    "200, the other feed's root alone": Fault(body=b'<rss version="2.0"><channel/></rss>'),
}
LASTING = {name: fault for name, fault in PASSING.items() if fault.manner == "whole"}
DAMAGED = {"200, cut XML", "200, the other feed's root alone"}
IMPATIENT = replace(QUICK, patience=0.1)


@pytest.mark.parametrize("at", ["feed", "first page", "second page"])
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_passes_costs_an_announcement_no_paper(fault: Fault, at: str) -> None:
    """Wherever it strikes, and without a word."""
    some = papers(103)
    before = ["feed", "first page", "second page"].index(at)
    with ArxivServer(some) as server:
        server.faults = [*[Fault()] * before, fault]
        pages = read(server)
    assert papers_of(pages) == some
    # A machine that is busy elsewhere may let a right answer time out as well.
    assert len(server.requests) >= 4
    assert pages[-1].source.notes == ()
    assert (pages[-1].source.announced, pages[-1].source.missing) == (103, 0)


@pytest.mark.parametrize("name", LASTING)
def test_a_feed_that_never_comes_is_an_error_and_no_empty_day(name: str) -> None:
    """It says what was asked, how long, and what came back."""
    fault = LASTING[name]
    with ArxivServer(papers(3), [fault] * 99) as server, pytest.raises(FetchError) as caught:
        read(server, way=session(server, limits=IMPATIENT))
    said = caught.value.message
    assert said.startswith("127.0.0.1 was asked for /rss/cs.AI: no answer that can be read")
    assert f"the last was HTTP {fault.status} " in said
    assert ("after 3 tries" in said) == (name in DAMAGED)
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING)
def test_an_api_that_never_answers_costs_the_records_and_no_paper(fault: Fault) -> None:
    """The feed's own items do, and the page says so."""
    with ArxivServer(papers(3)) as server:
        server.faults = [Fault(), *[fault] * 99]
        (page,) = read(server, way=session(server, limits=IMPATIENT))
    assert [one.id for one in page.papers] == [one.id for one in papers(3)]
    assert [note.key for note in page.source.notes] == ["from_feed", "api_failed"]
    assert page.source.notes[0].figures == {"count": 3, "ids": "2604.00001, 2604.00002, 2604.00003"}


def test_a_refused_connection_is_an_error_and_no_empty_day() -> None:
    """Of the feed as of the API."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        root = f"http://127.0.0.1:{unused.getsockname()[1]}"
        nobody = ArxivSettings(api_url=f"{root}/api/query", feed_url=root, limits=IMPATIENT)
        way = ArxivSession(nobody, unpaced(), Shelf(), now=lambda: NOW)
        for items in (announcement(way, Wanted(("cs.AI",)), None), search(way, Asked(query="x"))):
            with pytest.raises(FetchError, match=r"in 0.1 s; the last was no answer \(.*refused"):
                list(items)


@pytest.mark.parametrize("status", [400, 200])
def test_a_bad_category_is_an_error_in_arxivs_words(status: int) -> None:
    """It is not asked again, whatever status it comes with."""
    fault = Fault(status, body=error_announcement("astroph"))
    with ArxivServer(papers(3), [fault]) as server, pytest.raises(FetchError) as caught:
        read(server)
    assert caught.value.message == "127.0.0.1 was asked for /rss/cs.AI: arXiv refused: Bad archive 'astroph'."
    assert len(server.requests) == 1


def test_a_400_without_feed_is_final() -> None:
    """With its status and what it said."""
    with (
        ArxivServer(papers(3), [Fault(400, body=b"no")]) as server,
        pytest.raises(FetchError, match=r"HTTP 400 .*'no'"),
    ):
        read(server)


def test_a_400_that_names_no_id_costs_the_records_and_no_paper() -> None:
    """It is not asked again."""
    with ArxivServer(papers(3)) as server:
        server.faults = [Fault(), Fault(400, body=error_feed("too many ids"))]
        (page,) = read(server)
    assert (len(page.papers), len(server.requests)) == (3, 2)
    assert "arXiv refused: too many ids" in str(page.source.notes[1].figures["detail"])


EIGHT = papers(8)
ANSWERS: dict[str, tuple[list[bytes], int]] = {
    "an empty first page where the total says otherwise": ([api_feed([], total=8)], 8),
    "fewer papers than asked for": ([api_feed(EIGHT[:5], total=5)], 5),
    "a total that is too high": ([api_feed(EIGHT[:5], total=8), api_feed(EIGHT[5:], total=8, start=5)], 8),
    "a total that falls": ([api_feed(EIGHT[:5], total=8), api_feed([], total=5, start=5)], 5),
    "a total that rises": ([api_feed(EIGHT[:5], total=8), api_feed(EIGHT[5:], total=9, start=5)], 8),
    "pages that overlap": ([api_feed(EIGHT[:5], total=8), api_feed(EIGHT[2:], total=8, start=5)], 8),
    "an empty second page": (
        [api_feed(EIGHT[:5], total=8), api_feed([], total=8, start=5), api_feed(EIGHT[5:], total=8, start=5)],
        8,
    ),
}


@pytest.mark.parametrize(("bodies", "of_api"), ANSWERS.values(), ids=ANSWERS)
def test_odd_pages_of_the_api_cost_an_announcement_no_paper(bodies: list[bytes], of_api: int) -> None:
    """What the API keeps back is made from the feed, and named; each paper comes once."""
    with ArxivServer(EIGHT) as server:
        server.faults = [Fault(), *(Fault(body=body) for body in bodies)]
        pages = read(server)
    assert ids_of(pages) == [one.id for one in EIGHT]
    assert (pages[-1].source.announced, pages[-1].source.fetched, pages[-1].source.missing) == (8, 8, 0)
    made = ", ".join(one.id for one in EIGHT[of_api:])
    notes = (Note(key="from_feed", figures={"count": 8 - of_api, "ids": made}),) if made else ()
    assert pages[-1].source.notes == notes


def test_a_paper_that_moderation_held_is_in_the_announcement_and_not_in_the_window() -> None:
    """Submission date is not announcement date."""
    held, prompt = paper(1, published="2026-04-20T09:00:00Z"), paper(2, published="2026-04-24T09:00:00Z")
    with ArxivServer([held, prompt]) as server:
        assert ids_of(read(server)) == [held.id, prompt.id]
        asked = Asked(categories=("cs.AI",), window=Schedule().window(DAY))
        assert ids_of([gather(search(session(server), asked))]) == [prompt.id]


def test_a_weekend_feed_is_one_empty_page_of_its_day() -> None:
    """The API is not asked."""
    with ArxivServer([], day=date(2026, 4, 25)) as server:
        (page,) = read(server)
    assert (page.papers, page.source.date, page.source.announced, page.source.missing) == ((), "2026-04-25", 0, 0)
    assert len(server.requests) == 1


@pytest.mark.parametrize("kinds", [("cross", "new"), ("new", "cross"), ("replace-cross", "new")])
def test_a_paper_that_is_new_in_one_category_and_a_cross_list_in_another_is_new(kinds: tuple[str, str]) -> None:
    """And comes once."""
    twice = [paper(1, categories=("cs.AI", "cs.LG"), announce_type=kind) for kind in kinds]
    with ArxivServer([paper(1, categories=("cs.AI", "cs.LG"))]) as server:
        server.feed_papers = tuple(twice)
        (page,) = read(server, Wanted(("cs.AI", "cs.LG")))
    assert [(one.id, one.announce_type) for one in page.papers] == [("2604.00001", "new")]
    assert page.source.announced == 1


@dataclass(frozen=True)
class Text:
    """A paper as the feed gives it and as the API does."""

    feed: Paper
    api: Paper


TEXTS = {
    "TeX and accents that differ": Text(
        paper(1, title=r"Poincar\'e's $\omega$", authors=(r"Jos\'e {\L}ukasz",)),
        paper(1, title="Poincaré's $ω$", authors=("José Łukasz",)),
    ),
    "brackets and commas in authors": Text(
        paper(1, authors=("Ada Example (Dept. of A, B (C, D))", "Bo {Sample, Jr.}")),
        paper(1, authors=("Ada Example", "Bo Sample, Jr.")),
    ),
    "<, $, % and blank paragraphs": Text(
        paper(1, abstract="If $a<b$, 5% &\n\n  more."), paper(1, abstract="If $a<b$, 5% &\n\n\n  more.")
    ),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("has", [True, False], ids=["API", "feed alone"])
def test_text_comes_whole_from_the_api_and_else_from_the_feed(text: Text, has: bool) -> None:
    """Folded to one line; nothing else is changed."""
    with ArxivServer([text.api] if has else []) as server:
        server.feed_papers = (text.feed,)
        (page,) = read(server)
    expected, one = text.api if has else text.feed, page.papers[0]
    assert (one.title, one.authors) == (expected.title, expected.authors)
    assert one.abstract == " ".join(expected.abstract.split())


def test_a_control_character_costs_no_paper() -> None:
    """In the feed and in the API, as a byte and as a reference."""
    with ArxivServer(papers(2)) as server:
        feed, api = (server.answer(path, {})[1] for path in ("/rss/cs.AI", "/api/query"))
        server.faults = [
            Fault(body=feed.replace(b"Title 1", b"Title\x0b 1&#x1f;")),
            Fault(body=api.replace(b"Title 1", b"Ti\x02tle 1&#3;")),
        ]
        (page,) = read(server)
    assert page.papers == tuple(papers(2))


FIELDS: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "a missing abstract": (lambda body: body.replace(b"<summary>We show.</summary>", b"", 1), 1),
    "an empty abstract": (lambda body: body.replace(b"<summary>We show.", b"<summary> ", 1), 1),
    "a missing title": (lambda body: body.replace(b"<title>Title 1</title>", b"", 1), 1),
    "a bad date": (lambda body: body.replace(b"2026-04-24T12:00:00Z", b"yesterday", 1), 0),
    "no dates": (lambda body: body.replace(b"<published>2026-04-24T12:00:00Z</published>", b""), 0),
    "no authors": (lambda body: body.replace(b"<author><name>Ada Example</name></author>", b""), 0),
    "an odd category": (lambda body: body.replace(b'<category term="cs.AI"/>', b'<category term="68T05"/>'), 0),
}


@pytest.mark.parametrize(("spoil", "from_feed"), FIELDS.values(), ids=FIELDS)
def test_odd_fields_of_the_api_cost_no_paper(spoil: Callable[[bytes], bytes], from_feed: int) -> None:
    """What the record lacks and a page needs, the feed's item has."""
    with ArxivServer(papers(3)) as server:
        right = server.answer("/api/query", {})[1]
        assert spoil(right) != right
        server.faults = [Fault(), Fault(body=spoil(right))]
        (page,) = read(server)
    assert [one.id for one in page.papers] == [one.id for one in papers(3)]
    assert all(one.abstract == "We show." for one in page.papers)
    assert sum(int(note.figures["count"]) for note in page.source.notes) == from_feed


@pytest.mark.parametrize(("title", "missing"), [(b"pubDate", 0), (b"dc:creator", 0), (b"category", 0), (b"guid", 3)])
def test_odd_fields_of_the_feed_cost_no_paper_that_can_be_named(title: bytes, missing: int) -> None:
    """Without id there is nothing to ask for; then the count of what is missing is right."""
    with ArxivServer(papers(3)) as server:
        body = server.answer("/rss/cs.AI", {})[1].replace(b"<" + title + b">", b"<x>")
        server.faults = [Fault(body=body.replace(b"</" + title + b">", b"</x>"))]
        (page,) = read(server)
    assert (len(page.papers), page.source.missing, page.source.announced) == (3 - missing, missing, 3)


def test_old_and_new_identifiers_are_asked_for_as_they_are() -> None:
    """The subject class of an old one is no part of it."""
    some = [paper(1, id="math/0309136", version=3), paper(2, id="0808.05394"[:9]), paper(3, id="2604.00003")]
    with ArxivServer(some) as server:
        feed = server.answer("/rss/cs.AI", {})[1].replace(b"math/0309136", b"math.GT/0309136")
        server.faults = [Fault(body=feed)]
        assert papers_of(read(server)) == some
    assert server.requests[1].query["id_list"] == "math/0309136,0808.0539,2604.00003"


def test_an_outage_that_does_not_end_is_said_with_what_came_last() -> None:
    """And with what was asked."""
    with ArxivServer(papers(3)) as server:
        server.faults = [Fault(), *[Fault(503, body=b"Busy")] * 99]
        (page,) = read(server, way=session(server, limits=IMPATIENT))
    said = str(page.source.notes[1].figures["detail"])
    assert "id_list=2604.00001,2604.00002,2604.00003" in said
    assert said.endswith("no answer that can be read in 0.1 s; the last was HTTP 503 with the body 'Busy'")


@pytest.mark.parametrize(
    ("day", "total", "wanted"), [("24", 172, 102), ("25", 0, 0), ("27", 113, 74), ("28", 366, 239), ("30", 166, 93)]
)
def test_the_days_of_a_real_week_are_read_whole(captures: Path, day: str, total: int, wanted: int) -> None:
    """All kinds and the default ones, in the feed's order; the API's record has the comment."""
    recorded = json.loads((captures / "derived_announcements_cs.CV" / f"2026-04-{day}.json").read_text("utf-8"))
    some = [Paper.model_validate(one | {"id": one["arxiv_id"], "published": NOON}) for one in recorded["papers"]]
    with ArxivServer(some, day=date(2026, 4, int(day))) as server:
        noon = datetime(2026, 4, int(day), 12, tzinfo=UTC)
        every = read(server, Wanted(("cs.CV",), announce=EVERY), session(server, now=lambda: noon))
        new = read(server, Wanted(("cs.CV",)), session(server, now=lambda: noon))
    assert ids_of(every) == [one.id for one in some]
    assert [one.comment for one in papers_of(every)] == [
        " ".join(one.comment.split()) if one.comment else None for one in some
    ]
    assert (every[-1].source.announced, new[-1].source.announced, every[-1].source.missing) == (total, wanted, 0)
    assert (every[-1].source.date, every[-1].source.notes) == (f"2026-04-{day}", ())


@pytest.mark.parametrize(
    ("name", "kinds", "count"),
    [
        ("rss_2024-11-28_all_archives_1504items.rss.xml", EVERY, 1504),
        ("rss_2024-11-28_all_archives_1504items.rss.xml", {"new", "cross"}, 935),
        ("rss_2025-04-28_quant-ph_81items.rss.xml", {"new", "cross"}, 50),
        ("rss_2025-04-27_cs_sunday_empty.rss.xml", EVERY, 0),
        ("rss_2024-11-28_test_archive_empty.rss.xml", EVERY, 0),
        ("rssatom_2025-08-20_cs.AI_excerpt7.atom.xml", EVERY, 7),
        ("rss_2026-04-27_cs.AI_excerpt3_reserialised.rss.xml", EVERY, 3),
    ],
)
def test_recorded_feeds_are_read_whole(captures: Path, name: str, kinds: set[str], count: int) -> None:
    """Where the API has none of the papers, every one is made from the feed and named."""
    with ArxivServer() as server:
        server.faults = [Fault(body=(captures / name).read_bytes())]
        pages = read(server, Wanted(("cs.AI",), announce=frozenset(kinds)))
    assert (len(ids_of(pages)), pages[-1].source.announced, pages[-1].source.missing) == (count, count, 0)
    assert sum(int(note.figures.get("count", 0)) for note in pages[-1].source.notes) == count


def test_the_recorded_error_feed_is_an_error(captures: Path) -> None:
    """In arXiv's words."""
    body = (captures / "rss_2024-11-28_error_bad_archive_astroph.rss.xml").read_bytes()
    said = r"arXiv refused: Bad archive 'astroph'\."
    with ArxivServer(faults=[Fault(400, body=body)]) as server, pytest.raises(FetchError, match=said):
        read(server)


def test_rss_in_place_of_atom_and_atom_in_place_of_rss_are_asked_again() -> None:
    """Each is a feed of arXiv, and not the one that was asked for."""
    rss = announcement_feed(papers(3), "cs.AI", DAY)
    with ArxivServer(papers(3), [Fault(body=api_feed(papers(3))), Fault(), Fault(body=rss)]) as server:
        assert papers_of(read(server)) == papers(3)
    assert len(server.requests) == 4
