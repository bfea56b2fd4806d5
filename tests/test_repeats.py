"""What a page of another day has does not come again as new; a stale feed is noticed; what was shown is kept."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from pipeline.assemble import Digest, markdown
from pipeline.fetch import DigestMemory, Heading, Item, Tally
from pipeline.records import Entry, Note, Paper, Shown, Source, Summary
from pipeline.store.days import DayState
from pipeline.store.memory import Memory, remembering

MONDAY, TUESDAY, WEDNESDAY = "2026-04-27", "2026-04-28", "2026-04-29"


def paper(number: int, kind: str | None = "new", version: int | None = 1, **fields: str) -> Paper:
    """A paper as it was announced."""
    made = {"id": f"2604.{number:05}", "title": f"T{number}", "abstract": "A.", "version": version}
    return Paper.model_validate(made | {"announce_type": kind} | fields)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """An empty memory."""
    with Memory(tmp_path, warn=pytest.fail) as opened:
        yield opened


def keep(memory: Memory, digest: str, day: str, *papers: Paper) -> None:
    """Keep the page of a day."""
    memory.days.keep_page(digest, day, [(one, True) for one in papers], complete=True)


def read(memory: Memory, day: str, *papers: Paper, digest: str = "d") -> tuple[list[str], Source]:
    """The papers of a day that are left, and the account."""
    remembered = DigestMemory(lambda: contextlib.nullcontext(memory), digest)
    tally = Tally()
    items: list[Item] = [Heading(len(papers), day), *papers]
    return [one.id for one in tally.papers(remembered.without_repeats(iter(items)))], tally.source()


def test_what_was_shown_is_read_again_by_digest_and_paper_the_earliest_day_first(memory: Memory) -> None:
    """Whatever the order it was kept in; papers that nobody announced are not in it."""
    keep(memory, "d", TUESDAY, paper(1, "replace", 2), paper(2), paper(3, None))
    keep(memory, "d", MONDAY, paper(1))
    keep(memory, "other", MONDAY, paper(2, "cross", None))
    first = Shown(id="2604.00001", day=MONDAY, version=1, announce_type="new")
    assert memory.days.shown("d", first.id) == (
        first,
        Shown(id=first.id, day=TUESDAY, version=2, announce_type="replace"),
    )
    assert memory.days.shown("other", "2604.00002") == (Shown(id="2604.00002", day=MONDAY, announce_type="cross"),)
    assert memory.days.shown("d", "2604.00003") == ()


def test_the_page_of_a_day_takes_the_place_of_the_one_before(memory: Memory) -> None:
    """What it has no longer is forgotten."""
    keep(memory, "d", MONDAY, paper(1), paper(2))
    keep(memory, "d", MONDAY, paper(2))
    assert [len(memory.days.shown("d", f"2604.0000{number}")) for number in (1, 2)] == [0, 1]


def test_a_row_that_cannot_be_read_is_as_none(memory: Memory) -> None:
    """A fault of the memory is a miss."""
    keep(memory, "d", "yesterday", paper(1))
    assert memory.days.shown("d", "2604.00001") == ()


def test_a_memory_that_cannot_be_used_remembers_nothing_and_warns(tmp_path: Path) -> None:
    """The fetch goes on."""
    (tmp_path / "file").write_text("")
    said: list[str] = []
    remembered = DigestMemory(partial(remembering, tmp_path / "file" / "cache", warn=said.append), "d")
    assert list(remembered.without_repeats(iter([paper(1)]))) == [paper(1)]
    assert not remembered.has_page(MONDAY)
    assert len(said) == 2


def test_the_state_of_a_day_says_whether_it_is_done_and_what_is_not_final(memory: Memory) -> None:
    """Announced when, from which feed; a paper that is announced and not on the page is not final."""
    announced = [Shown(id=f"2604.0000{number}", day=MONDAY, announce_type="new") for number in (1, 2, 3)]
    memory.days.keep_announced("d", (MONDAY, "http://x/rss/cs", "Mon, 27 Apr 2026"), announced)
    assert memory.days.state("d", MONDAY) is None
    memory.days.keep_page("d", MONDAY, [(paper(1), True), (paper(2), False)], complete=False)
    state = memory.days.state("d", MONDAY)
    assert state == DayState(False, "http://x/rss/cs", "Mon, 27 Apr 2026", ("2604.00002", "2604.00003"))
    memory.days.keep_page("d", MONDAY, [(paper(number), True) for number in (1, 2, 3)], complete=True)
    assert memory.days.state("d", MONDAY) == DayState(True, "http://x/rss/cs", "Mon, 27 Apr 2026", ())
    assert memory.days.state("other", MONDAY) is None


def test_what_earlier_versions_remember_is_taken_over_once(tmp_path: Path) -> None:
    """From the cache, where it was; what is remembered since stays as it is."""
    with contextlib.closing(sqlite3.connect(tmp_path / "digest.db")) as db, db:
        columns = "digest TEXT, paper_id TEXT, day TEXT, version INTEGER, announce_type TEXT"
        db.execute(f"CREATE TABLE shown ({columns})")
        db.execute("INSERT INTO shown VALUES ('d', '2604.00001', ?, 1, 'new')", (MONDAY,))
    for _ in range(2):
        with Memory(tmp_path, warn=pytest.fail) as memory:
            (shown,) = memory.days.shown("d", "2604.00001")
            assert (shown.day, memory.days.state("d", MONDAY)) == (MONDAY, DayState(True, "", "", ()))
            memory.days.keep_announced("d", (TUESDAY, "", ""), [])


@pytest.mark.parametrize("content", [b"", b"no database"])
def test_a_cache_that_cannot_be_read_costs_no_memory(tmp_path: Path, content: bytes) -> None:
    """There is nothing to take over; that mail may come again is said."""
    (tmp_path / "digest.db").write_bytes(content)
    warnings: list[str] = []
    with Memory(tmp_path, warn=warnings.append) as memory:
        assert memory.days.shown("d", "2604.00001") == ()
    assert [("messages that were sent may come again" in one) for one in warnings] == [True] * bool(content)


@pytest.mark.parametrize("first", ["new", "cross"])
@pytest.mark.parametrize("again", ["new", "cross"])
@pytest.mark.parametrize("other", [MONDAY, WEDNESDAY])
def test_a_paper_comes_once_whatever_day_was_made_first(memory: Memory, first: str, again: str, other: str) -> None:
    """As new or as a cross-list; it counts as fetched, and a note names it."""
    keep(memory, "d", other, paper(1, first))
    left, source = read(memory, TUESDAY, paper(1, again), paper(2))
    assert left == ["2604.00002"]
    assert (source.announced, source.fetched, source.repeated) == (2, 2, 1)
    assert source.notes == (Note(key="repeated", figures={"count": 1, "ids": "2604.00001"}),)


def test_the_same_day_again_and_other_digests_leave_nothing_out(memory: Memory) -> None:
    """A page that is made again has what it had."""
    keep(memory, "d", TUESDAY, paper(1))
    keep(memory, "other", MONDAY, paper(1))
    assert read(memory, TUESDAY, paper(1))[0] == ["2604.00001"]


def test_a_day_made_again_has_the_papers_that_were_replaced_later(memory: Memory) -> None:
    """A replacement is no second first time."""
    keep(memory, "d", WEDNESDAY, paper(1, "replace", 2))
    left, source = read(memory, TUESDAY, paper(1))
    assert (left, source.earlier) == (["2604.00001"], ())


def test_a_replacement_comes_and_says_where_the_paper_was_last(memory: Memory) -> None:
    """The latest day before its own."""
    keep(memory, "d", MONDAY, paper(1))
    keep(memory, "d", TUESDAY, paper(1, "replace", 2))
    keep(memory, "d", "2026-04-30", paper(1, "replace", 4))
    left, source = read(memory, WEDNESDAY, paper(1, "replace", 3), paper(2, "replace", 2))
    assert left == ["2604.00001", "2604.00002"]
    assert source.earlier == (Shown(id="2604.00001", day=TUESDAY, version=2, announce_type="replace"),)


def test_papers_that_nobody_announced_are_never_left_out(memory: Memory) -> None:
    """Who asks for a paper gets it."""
    keep(memory, "d", MONDAY, paper(1))
    assert read(memory, TUESDAY, paper(1, None))[0] == ["2604.00001"]


def as_shown(*papers: Paper) -> list[Shown]:
    """What a feed announces."""
    return [Shown(id=one.id, day=TUESDAY, version=one.version, announce_type=one.announce_type) for one in papers]


def test_a_feed_whose_papers_an_earlier_one_had_is_the_same_announcement(memory: Memory) -> None:
    """Also where the page of that day has only some of them, as with a limit."""
    some = as_shown(paper(1), paper(2, "cross"), paper(3))
    memory.days.keep_announced("d", (MONDAY, "", ""), some)
    keep(memory, "d", MONDAY, paper(1))
    assert memory.days.same_announcement("d", TUESDAY, some) == MONDAY
    assert memory.days.same_announcement("d", TUESDAY, some[:2]) == MONDAY


FRESH: Mapping[str, tuple[str, Iterable[Paper]]] = {
    "one paper more": (TUESDAY, [paper(1), paper(2)]),
    "of an earlier day": ("2026-04-24", [paper(1)]),
    "of weeks later": ("2026-05-20", [paper(1)]),
    "announced otherwise": (TUESDAY, [paper(1, "cross")]),
    "a later version": (TUESDAY, [paper(1, "new", 2)]),
    "nothing at all": (TUESDAY, []),
}


@pytest.mark.parametrize(("day", "papers"), FRESH.values(), ids=FRESH)
def test_a_feed_that_differs_from_every_earlier_one_is_another(
    memory: Memory, day: str, papers: Iterable[Paper]
) -> None:
    """A quiet day with one paper replaced once more is a day of its own."""
    memory.days.keep_announced("d", (MONDAY, "", ""), as_shown(paper(1)))
    assert memory.days.same_announcement("d", day, as_shown(*papers)) is None


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
