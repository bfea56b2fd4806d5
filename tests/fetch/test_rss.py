"""Announcement feeds, RSS and Atom."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.arxiv.documents import read_document
from pipeline.fetch.arxiv.rss import read_feed, split_authors
from pipeline.records import AnnounceType, Missing, Paper
from tests.fetch.samples import Page, whole
from tests.servers.arxiv import announcement_feed

DAY = date(2026, 4, 27)
HEAD = "arXiv:2604.00001v1 Announce Type: new \nAbstract: "
MIDNIGHT = datetime(2026, 4, 27, 4, tzinfo=UTC)


def read(body: bytes, *announce: str) -> Page:
    """Read a feed; without announce types all are wanted."""
    feed = read_feed(read_document(body))
    return whole(
        [one.found for one in feed.items if not announce or one.announce_type in {*announce, None}], date=feed.date
    )


def announced(identifier: str, kind: AnnounceType, *categories: str, version: int = 1) -> Paper:
    """A paper as a feed gives it."""
    return Paper(
        id=identifier,
        version=version,
        title="On $x<y$ & more",
        abstract="We show that $x<y$.",
        authors=("Ada Example (A, B)", r"Jos\'e {van, der} Sample"),
        categories=categories,
        primary_category=categories[0],
        published=MIDNIGHT,
        announce_type=kind,
    )


PAPERS = (
    announced("2604.00001", "new", "cs.AI", "cs.LG"),
    announced("math/0309136", "replace-cross", "math.GT", "cs.AI", version=7),
    announced("2604.00003", "cross", "stat.ML", "cs.AI"),
)


@pytest.mark.parametrize("flavour", ["rss", "atom"])
def test_a_feed_gives_its_papers_and_its_day(flavour: str) -> None:
    """With version, authors, categories, announce type and day, in the feed's order."""
    body = announcement_feed(PAPERS, "cs.AI", DAY, flavour=flavour)
    assert read(body) == whole(PAPERS, date="2026-04-27")


@pytest.mark.parametrize("flavour", ["rss", "atom"])
def test_announce_types_that_are_not_wanted_are_not_counted(flavour: str) -> None:
    """They were announced, but not for this reader."""
    body = announcement_feed(PAPERS, "cs.AI", DAY, flavour=flavour)
    assert read(body, "new", "cross") == whole([PAPERS[0], PAPERS[2]], date="2026-04-27")


@pytest.mark.parametrize("flavour", ["rss", "atom"])
def test_an_empty_feed_is_a_day_without_papers(flavour: str) -> None:
    """Weekends look so; the date is there."""
    assert read(announcement_feed([], "cs.AI", DAY, flavour=flavour)) == whole([], date="2026-04-27")


def rss(item: str) -> bytes:
    """A feed with one item and no date of its own."""
    names = 'xmlns:arxiv="http://arxiv.org/schemas/atom"'
    return f"<rss {names}><channel><title>cs on arXiv.org</title><item>{item}</item></channel></rss>".encode()


@pytest.mark.parametrize(
    ("item", "missing"),
    [
        ("<title>T</title><description>A</description>", Missing(id="item 1", reason="id: missing")),
        (
            f"<guid>oai:arXiv.org:2604.00001v1</guid><title>T</title><description>{HEAD}</description>",
            Missing(id="2604.00001", reason="abstract: must not be empty"),
        ),
        (
            "<guid>tag:elsewhere,1\x07</guid><title> </title><description>A</description>",
            Missing(
                id="tag:elsewhere,1",
                reason="'tag:elsewhere,1' is not an arXiv identifier such as 2404.02059 or math/0309136",
            ),
        ),
    ],
)
def test_an_item_that_cannot_become_a_paper_is_named_with_the_reason(item: str, missing: Missing) -> None:
    """It was announced and is missing."""
    assert read(rss(item), "new") == whole([missing], date=None)


def test_odd_fields_cost_no_paper() -> None:
    """A bad date, an unknown announce type, blanks in a DOI, an empty category."""
    item = (
        "<guid>2604.00001</guid><title>T</title><description>A</description><pubDate>soon</pubDate><category/>"
        "<arxiv:announce_type>revised</arxiv:announce_type><arxiv:DOI>\n10.1/x </arxiv:DOI>"
        "<arxiv:journal_reference>J.\n 1</arxiv:journal_reference>"
    )
    paper = Paper(id="2604.00001", title="T", abstract="A", doi="10.1/x", journal_ref="J. 1")
    assert read(rss(item), "new") == whole([paper], date=None)


def test_the_day_of_a_feed_without_date_is_that_of_its_first_item_with_one() -> None:
    """Whatever zone it is written in."""
    item = "<guid>2604.00001</guid><title>T</title><description>A</description>"
    page = read(rss(f"{item}<pubDate>Mon, 27 Apr 2026 00:00:00 -0400</pubDate>"))
    assert page.source.date == "2026-04-27"


@pytest.mark.parametrize(
    ("built", "day"),
    [("2026-04-27T04:00:19.866337+00:00", "2026-04-27"), ("2026-04-27T03:59:00Z", "2026-04-26"), ("2026-04-27", None)],
)
def test_an_empty_atom_feed_is_of_the_day_when_it_was_built_in_the_east_of_the_us(built: str, day: str | None) -> None:
    """A moment without zone says no day."""
    content = f"<title>cs updates on arXiv.org</title><updated>{built}</updated>"
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{content}</feed>'
    assert read(body.encode()) == whole([], date=day)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("", []),
        ("Ada Example", ["Ada Example"]),
        ("Ada Example,  Bo Sample ,", ["Ada Example", "Bo Sample"]),
        ("A. Ex (U, V), B. Sam (W (X, Y), Z)", ["A. Ex (U, V)", "B. Sam (W (X, Y), Z)"]),
        (r"Jos\'e {\L}ukasz, {Sam, Jr.} [a, b]", [r"Jos\'e {\L}ukasz", "{Sam, Jr.} [a, b]"]),
        ("A. Ex (U, B. Sam", ["A. Ex (U", "B. Sam"]),
        ("A. Ex :), B. Sam, C. Pat", ["A. Ex :)", "B. Sam", "C. Pat"]),
    ],
)
def test_authors_are_split_at_commas_outside_brackets(written: str, names: list[str]) -> None:
    """Where brackets do not match, every comma counts."""
    assert split_authors(written) == names


@given(st.text(alphabet="ab, (){}[]"))
def test_splitting_authors_loses_no_letter(written: str) -> None:
    """Only blanks and commas go."""
    kept = "".join(split_authors(written))
    assert [c for c in kept if c in "ab"] == [c for c in written if c in "ab"]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Mon, 27 Apr 2026 23:00:00 -0600", "2026-04-28"),
        ("Mon, 27 Apr 2026 03:00:00 +0000", "2026-04-26"),
        ("Mon, 27 Apr 0001 00:00:00 -0400", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 -0400", None),
    ],
)
def test_the_day_of_a_feed_is_that_of_the_east_of_the_us(written: str, day: str | None) -> None:
    """Whatever zone it is written in; a year that cannot be is none."""
    content = f"<title>cs on arXiv.org</title><pubDate>{written}</pubDate>"
    assert read(f"<rss><channel>{content}</channel></rss>".encode()) == whole([], date=day)
