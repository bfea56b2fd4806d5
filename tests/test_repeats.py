"""What a page of another day has does not come again as new; a stale feed is noticed; what was shown is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pipeline.assemble import Digest, markdown
from pipeline.cache import Cache
from pipeline.fetch import Page, ShownPapers, without_repeats
from pipeline.records import Entry, Note, Paper, Shown, Source, Summary

MONDAY, TUESDAY, WEDNESDAY = "2026-04-27", "2026-04-28", "2026-04-29"


def paper(number: int, kind: str | None = "new", version: int | None = 1, **fields: str) -> Paper:
    """A paper as it was announced."""
    made = {"id": f"2604.{number:05}", "title": f"T{number}", "abstract": "A.", "version": version}
    return Paper.model_validate(made | {"announce_type": kind} | fields)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """An empty cache."""
    with Cache(tmp_path, warn=pytest.fail) as opened:
        yield opened


def read(cache: Cache, pages: Sequence[Page], digest: str = "d") -> tuple[list[str], Source, int]:
    """The papers that are left, the final source, and how often the feed was forgotten."""
    forgotten: list[int] = []
    memory = ShownPapers(cache.path.parent, digest, warn=pytest.fail)
    left = list(without_repeats(iter(pages), memory, lambda: forgotten.append(1)))
    return [one.id for page in left for one in page.papers], left[-1].source, len(forgotten)


def day_of(day: str, *papers: Paper, notes: tuple[Note, ...] = ()) -> Page:
    """A day's announcement on one page."""
    return Page(papers, Source(date=day, announced=len(papers), fetched=len(papers), notes=notes))


def test_what_was_shown_is_read_again_by_digest_and_paper_the_earliest_day_first(cache: Cache) -> None:
    """Whatever the order it was kept in; papers that nobody announced are none of it."""
    cache.keep_shown("d", TUESDAY, [paper(1, "replace", 2), paper(2), paper(3, None)])
    cache.keep_shown("d", MONDAY, [paper(1)])
    cache.keep_shown("other", MONDAY, [paper(2, "cross", None)])
    first = Shown(id="2604.00001", day=MONDAY, version=1, announce_type="new")
    assert cache.shown("d", first.id) == (first, Shown(id=first.id, day=TUESDAY, version=2, announce_type="replace"))
    assert cache.shown("other", "2604.00002") == (Shown(id="2604.00002", day=MONDAY, announce_type="cross"),)
    assert cache.shown("d", "2604.00003") == ()


def test_the_page_of_a_day_takes_the_place_of_the_one_before(cache: Cache) -> None:
    """What it has no longer is forgotten."""
    cache.keep_shown("d", MONDAY, [paper(1), paper(2)])
    cache.keep_shown("d", MONDAY, [paper(2)])
    assert [len(cache.shown("d", f"2604.0000{number}")) for number in (1, 2)] == [0, 1]


def test_a_row_that_cannot_be_read_is_as_none(cache: Cache) -> None:
    """A cache problem is a miss."""
    cache.keep_shown("d", "yesterday", [paper(1)])
    assert cache.shown("d", "2604.00001") == ()


def test_a_cache_that_cannot_be_used_shows_nothing_and_warns(tmp_path: Path) -> None:
    """The fetch goes on."""
    (tmp_path / "file").write_text("")
    said: list[str] = []
    assert ShownPapers(tmp_path / "file" / "cache", "d", warn=said.append)(["2604.00001"]) == {}
    assert len(said) == 1


@pytest.mark.parametrize("first", ["new", "cross"])
@pytest.mark.parametrize("again", ["new", "cross"])
@pytest.mark.parametrize("other", [MONDAY, WEDNESDAY])
def test_a_paper_comes_once_whatever_day_was_made_first(cache: Cache, first: str, again: str, other: str) -> None:
    """As new or as a cross-list; it counts as fetched, and a note names it."""
    cache.keep_shown("d", other, [paper(1, first)])
    left, source, forgotten = read(cache, [day_of(TUESDAY, paper(1, again), paper(2))])
    assert left == ["2604.00002"]
    assert (source.announced, source.fetched, source.repeated, forgotten) == (2, 2, 1, 0)
    assert source.notes == (Note(key="repeated", figures={"count": 1, "ids": "2604.00001"}),)


def test_the_same_day_again_and_other_digests_leave_nothing_out(cache: Cache) -> None:
    """A page that is made anew has what it had."""
    cache.keep_shown("d", TUESDAY, [paper(1)])
    cache.keep_shown("other", MONDAY, [paper(1)])
    assert read(cache, [day_of(TUESDAY, paper(1))])[0] == ["2604.00001"]


def test_a_day_made_anew_has_the_papers_that_were_replaced_later(cache: Cache) -> None:
    """A replacement is no second first time."""
    cache.keep_shown("d", WEDNESDAY, [paper(1, "replace", 2)])
    left, source, _ = read(cache, [day_of(TUESDAY, paper(1))])
    assert (left, source.earlier) == (["2604.00001"], ())


def test_a_replacement_comes_and_says_where_the_paper_was_last(cache: Cache) -> None:
    """The latest day before its own."""
    cache.keep_shown("d", MONDAY, [paper(1)])
    cache.keep_shown("d", TUESDAY, [paper(1, "replace", 2)])
    cache.keep_shown("d", "2026-04-30", [paper(1, "replace", 4)])
    left, source, _ = read(cache, [day_of(WEDNESDAY, paper(1, "replace", 3), paper(2, "replace", 2))])
    assert left == ["2604.00001", "2604.00002"]
    assert source.earlier == (Shown(id="2604.00001", day=TUESDAY, version=2, announce_type="replace"),)


def test_papers_that_nobody_announced_are_never_left_out(cache: Cache) -> None:
    """Who asks for a paper gets it."""
    cache.keep_shown("d", MONDAY, [paper(1)])
    assert read(cache, [day_of(TUESDAY, paper(1, None))])[0] == ["2604.00001"]


def test_a_feed_whose_papers_one_earlier_page_has_is_stale(cache: Cache) -> None:
    """It is forgotten, so that it is asked for again, and one note says of which day it is."""
    cache.keep_shown("d", MONDAY, [paper(1), paper(2, "cross"), paper(3)])
    pages = [day_of(TUESDAY, paper(1)), day_of(TUESDAY, paper(1), paper(2, "cross"))]
    left, source, forgotten = read(cache, pages)
    assert (left, forgotten, source.is_stale, source.is_partial) == ([], 1, True, True)
    assert [(note.key, note.figures["day"]) for note in source.notes] == [("stale_feed", MONDAY)]


FRESH: Mapping[str, tuple[Iterable[Paper], Page]] = {
    "one paper more": ([paper(1)], day_of(TUESDAY, paper(1), paper(2))),
    "of a later page": ([paper(1)], day_of("2026-04-24", paper(1))),
    "announced otherwise": ([paper(1)], day_of(TUESDAY, paper(1, "cross"))),
    "nothing at all": ([paper(1)], day_of(TUESDAY)),
    "by submission": ([paper(1)], day_of(TUESDAY, paper(1), notes=(Note(key="follows_submission"),))),
}


@pytest.mark.parametrize(("shown", "page"), FRESH.values(), ids=FRESH)
def test_a_feed_that_differs_from_every_earlier_page_is_not_stale(
    cache: Cache, shown: Iterable[Paper], page: Page
) -> None:
    """Nothing is forgotten."""
    cache.keep_shown("d", MONDAY, shown)
    _, source, forgotten = read(cache, [page])
    assert (source.is_stale, forgotten) == (False, 0)


def done(of: Paper) -> Entry:
    """A paper with a summary."""
    summary = Summary(paper_id=of.id, translated_title="题", tldr="一句。", translated_abstract="译文。")
    return Entry(paper=of, summary=summary)


def page_of(of: Paper, *earlier: Shown) -> str:
    """The page of one paper."""
    return markdown(Digest("d", WEDNESDAY, (done(of),), Source(earlier=earlier)))


def test_a_replacement_is_marked_with_its_version_and_a_link_to_the_page_before() -> None:
    """In the table and in the details."""
    page = page_of(paper(1, "replace", 3), Shown(id="2604.00001", day=TUESDAY))
    assert "| [^1] | [T1](https://arxiv.org/abs/2604.00001)（第 3 版） | 一句。 |" in page
    assert f"\n    第 3 版；上一次登载：[{TUESDAY}]({TUESDAY}.md)\n\n" in page


def test_a_replacement_without_version_and_earlier_page_is_marked_all_the_same() -> None:
    """As a new version."""
    page = page_of(paper(1, "replace-cross", None))
    assert "（新版本） |" in page
    assert "\n    新版本\n\n" in page


@pytest.mark.parametrize(
    "comment",
    [
        "Withdrawn by the author because this early version does not reflect the scope",
        "arXiv admin note: This submission has been withdrawn due to violation of arXiv policies",
        "This manuscript has been withdrawn by the authors because we found a flaw",
        "12 pages. This paper was withdrawn from arXiv by its authors",
        "paper withdrawn",
    ],
)
def test_a_withdrawn_paper_is_marked_with_the_notice(comment: str) -> None:
    """In the table and in the details."""
    page = page_of(paper(1, comment=comment))
    assert "(https://arxiv.org/abs/2604.00001)（已撤稿） |" in page
    assert f"\n    已撤稿：{comment}\n\n" in page


def test_a_paper_whose_abstract_is_the_notice_is_marked() -> None:
    """As papers of old are; a withdrawn replacement says both."""
    of = paper(1, "replace", 2).model_copy(update={"abstract": "This paper has been withdrawn by the author."})
    page = page_of(of)
    assert "（第 2 版、已撤稿） |" in page
    assert "\n    已撤稿\n\n" in page


@pytest.mark.parametrize(
    "comment",
    [None, "12 pages", "This article supersedes the withdrawn arXiv:2401.00001", "Was withdrawn from ICLR 2026"],
)
def test_what_is_not_withdrawn_is_not_marked(comment: str | None) -> None:
    """A new paper has no mark of any kind."""
    assert page_of(Paper.model_validate(paper(1).model_dump() | {"comment": comment})).count("（") == 0
