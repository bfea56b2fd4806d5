"""Recorded answers of the query API."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.fetch.api_atom import read_recorded
from pipeline.fetch.documents import UnreadableError, read_document
from pipeline.fetch.pages import Page, whole
from pipeline.records import Missing, Paper
from tests.servers.arxiv import announcement_feed, api_feed

FULL = Paper(
    id="2604.00001",
    version=3,
    title="On $x<y$ & more",
    abstract="We show. And more.",
    authors=("Ada Example", "Wübben, D."),
    categories=("cs.AI", "eess.SY"),
    primary_category="cs.AI",
    published=datetime(2026, 4, 23, 18, tzinfo=UTC),
    updated=datetime(2026, 4, 24, 17, 59, 59, tzinfo=UTC),
    comment="44 pages",
    doi="10.1/x",
    journal_ref="J. 1",
)
BARE = Paper(id="math/0309136", version=1, title="T", abstract="A")


def read(body: bytes) -> Page:
    """Read a recorded answer."""
    return read_recorded(read_document(body))


def entry(content: str) -> bytes:
    """An answer with one entry, written by hand, among 99 results."""
    return api_feed([BARE], total=99).replace(b"</entry>", f"</entry><entry>{content}</entry>".encode())


def test_all_papers_of_an_answer_are_read_those_without_dates_too() -> None:
    """However many results the query has in all."""
    assert read(api_feed([FULL, BARE], total=214_881)) == whole([FULL, BARE], date=None)


def test_an_answer_without_results_is_an_empty_page() -> None:
    """Nothing was found, and nothing is missing."""
    assert read(api_feed([], total=0)) == whole([], date=None)
    assert read(api_feed([], total=30, start=30)) == whole([], date=None)


def test_text_is_cleaned_and_foreign_classes_are_no_categories() -> None:
    """Wrapped lines are folded, MSC classes left out, affiliations no part of a name."""
    page = read(
        entry(
            "<id>http://arxiv.org/abs/math/0502287v1</id><title>On\n  x</title><summary>  We\n\nshow.\n</summary>"
            '<author><name>A.\n Ex</name><n:affiliation xmlns:n="http://arxiv.org/schemas/atom">U</n:affiliation></author>'
            '<category term="math.DG"/><category term="53C25, 53A30 (Primary)"/><category/>'
            '<n:primary_category xmlns:n="http://arxiv.org/schemas/atom" term="I.2.7"/>'
            '<n:comment xmlns:n="http://arxiv.org/schemas/atom">two\n lines</n:comment>'
        )
    )
    expected = Paper(
        id="math/0502287",
        version=1,
        title="On x",
        abstract="We show.",
        authors=("A. Ex",),
        categories=("math.DG",),
        comment="two lines",
    )
    assert page == whole([BARE, expected], date=None)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("", None),
        ("yesterday", None),
        ("2026-13-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+10:00", None),
        ("<b>2026-04-23</b>", datetime(2026, 4, 23, tzinfo=UTC)),
        ("\n 2026-04-23Z18:00:00 ", datetime(2026, 4, 23, 18, tzinfo=UTC)),
        ("2026-04-23T18:00:00-04:00", datetime(2026, 4, 23, 22, tzinfo=UTC)),
    ],
)
def test_a_date_in_any_state_costs_no_paper(written: str, moment: datetime | None) -> None:
    """It is read or left out."""
    content = "<id>http://arxiv.org/abs/2604.00002v1</id><title>T</title><summary>A</summary>"
    paper = Paper(id="2604.00002", version=1, title="T", abstract="A", published=moment)
    assert read(entry(f"{content}<published>{written}</published>")) == whole([BARE, paper], date=None)


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (
            "<title>T</title><summary>A</summary>",
            Missing(id="entry 2", reason="'entry 2' is not an arXiv identifier such as 2404.02059 or math/0309136"),
        ),
        (
            "<id>http://arxiv.org/abs/2604.00002v1</id><title>T</title>",
            Missing(id="2604.00002", reason="abstract: must not be empty"),
        ),
    ],
)
def test_an_entry_that_cannot_become_a_paper_is_named_with_the_reason(content: str, missing: Missing) -> None:
    """It was there and is missing."""
    assert read(entry(content)) == whole([BARE, missing], date=None)


def test_a_page_without_the_papers_that_its_total_promises_is_no_answer() -> None:
    """An empty day would be a lie."""
    with pytest.raises(UnreadableError, match=r"^a page without papers where 25 should follow$"):
        read(api_feed([], total=30, start=5))


def test_another_feed_is_not_read_as_an_answer() -> None:
    """It says which kind came in place of which."""
    with pytest.raises(UnreadableError, match=r"an announcement feed \(RSS\) in place of an answer of the query API"):
        read(announcement_feed([], "cs", datetime(2026, 4, 27, tzinfo=UTC).date()))
