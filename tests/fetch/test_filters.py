"""What is left out of a stream, and the account of what is in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import FetchError
from pipeline.fetch import Heading, Item, Repeated, Tally, account_of, ending_well
from pipeline.fetch.filters import distinct, limited, merged, of_kinds
from pipeline.records import AnnounceType, Missing, Note, Paper, Shown, Source
from tests.fetch.samples import gather


def paper(identifier: str, version: int | None = None, kind: AnnounceType | None = None) -> Paper:
    """A paper of which only identity, version and announce type matter."""
    return Paper(id=identifier, title="T", abstract="A", version=version, announce_type=kind)


A, B, C = (paper(f"2604.0000{number}") for number in (1, 2, 3))
LOST = Missing(id="2604.00009", reason="abstract: missing")


def test_of_a_repeated_paper_the_latest_version_and_the_most_telling_type_are_kept_at_its_first_place() -> None:
    """New tells more than cross, and a type more than none."""
    records = [
        paper("2604.00001", 1, "cross"),
        paper("2604.00002", 2, None),
        paper("2604.00001", 2, "new"),
        paper("2604.00002", 1, "replace"),
        paper("2604.00001", None, "replace-cross"),
    ]
    assert merged(records) == [paper("2604.00001", 2, "new"), paper("2604.00002", 2, "replace")]


@given(st.lists(st.sampled_from([A, B, C, paper("math/0309136", 2)])))
def test_merging_keeps_every_id_once_in_its_order(papers: list[Paper]) -> None:
    """No paper is lost and none is there twice."""
    assert [one.id for one in merged(papers)] == list(dict.fromkeys(one.id for one in papers))


def test_the_account_counts_what_came_what_is_missing_and_what_was_repeated() -> None:
    """And has the day, the earlier pages and each note once."""
    shown = Shown(id=A.id, day="2026-04-24")
    note = Note(key="from_feed")
    counted = Missing(id="7 more", reason="lost", count=7)
    items: list[Item] = [Heading(11, "2026-04-27", "d"), note, A, shown, LOST, Repeated(B.id), counted, note]
    repeated = Note(key="repeated", figures={"count": 1, "ids": B.id})
    assert gather(items).papers == (A,)
    assert account_of(items) == Source(
        name="d",
        date="2026-04-27",
        announced=10,
        fetched=2,
        repeated=1,
        missing=8,
        missing_papers=(LOST, counted),
        earlier=(shown,),
        notes=(note, repeated),
    )


def test_what_is_announced_is_the_sources_own_word_until_the_stream_has_ended() -> None:
    """Then it is what came and what is missing; where nobody said a number, it stays so."""
    tally = Tally()
    tally.add(Heading(announced=5))
    tally.add(A)
    assert (tally.so_far().announced, tally.source().announced) == (5, 1)
    assert account_of([A]).announced is None


def test_several_streams_have_one_account() -> None:
    """Its day is that of the last one."""
    items: list[Item] = [Heading(1, "2026-04-24"), A, Heading(1, "2026-04-27"), B]
    assert account_of(items) == Source(date="2026-04-27", announced=2, fetched=2)


def test_a_paper_that_comes_twice_counts_once() -> None:
    """Its first record wins."""
    assert list(distinct([A, LOST, B, A.announced_as("new")])) == [A, LOST, B]


def test_kinds_that_are_not_wanted_are_left_out_and_unknown_ones_stay() -> None:
    """What is no paper passes."""
    new, cross = paper("2604.00004", 1, "new"), paper("2604.00005", 1, "cross")
    assert list(of_kinds([new, LOST, cross, A], frozenset({"new"}))) == [new, LOST, A]
    assert list(of_kinds([new, cross], None)) == [new, cross]


def test_a_limit_ends_the_stream_and_says_how_many_there_were() -> None:
    """The item after the last paper wanted is not even asked for."""
    asked: list[int] = []
    some: list[Item] = [Heading(announced=100), LOST, A, B, C]

    def items() -> Iterator[Item]:
        for number, item in enumerate(some):
            asked.append(number)
            yield item

    page = gather(limited(items(), 2))
    note = Note(key="limited", figures={"count": 2, "total": 100})
    assert page.papers == (A, B)
    assert page.source == Source(announced=3, fetched=2, missing=1, missing_papers=(LOST,), notes=(note,))
    assert asked == [0, 1, 2, 3]
    assert account_of(limited([*some[2:4]], 2)).notes == ()
    assert len(gather(limited(items(), None)).papers) == 3


def test_a_stream_that_fails_after_a_paper_says_so_at_its_end() -> None:
    """With what came before."""

    def items() -> Iterator[Item]:
        yield A
        raise FetchError("arXiv is down")

    source = account_of(ending_well(items))
    assert source == Source(
        fetched=1, notes=(Note(key="source_failed", figures={"count": 1, "detail": "arXiv is down"}),)
    )


def test_a_stream_that_fails_before_its_first_paper_is_an_error() -> None:
    """It is no empty day."""

    def items() -> Iterator[Item]:
        yield Heading(date="2026-04-27")
        raise FetchError("arXiv is down")

    with pytest.raises(FetchError):
        account_of(ending_well(items))
