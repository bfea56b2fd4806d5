"""Pages, each paper once, and no more than asked for."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.pages import Page, merged, tidy, whole
from pipeline.records import AnnounceType, Missing, Paper, Source


def paper(identifier: str, version: int | None = None, kind: AnnounceType | None = None) -> Paper:
    """A paper of which only identity, version and announce type matter."""
    return Paper(id=identifier, title="T", abstract="A", version=version, announce_type=kind)


A, B, C = (paper(f"2604.0000{number}") for number in (1, 2, 3))


def test_of_a_repeated_paper_the_latest_version_and_the_most_telling_type_are_kept_at_its_first_place() -> None:
    """New tells more than cross, and a type more than none."""
    records = [
        paper("2604.00001", 1, "cross"),
        paper("2604.00002", 2, None),
        paper("2604.00001", 2, "new"),
        paper("2604.00002", 1, "replace"),
        paper("2604.00001", None, "replace-cross"),
    ]
    assert merged(records) == (paper("2604.00001", 2, "new"), paper("2604.00002", 2, "replace"))


@given(st.lists(st.sampled_from([A, B, C, paper("math/0309136", 2)])))
def test_merging_keeps_every_id_once_in_its_order(papers: list[Paper]) -> None:
    """No paper is lost and none is there twice."""
    assert [one.id for one in merged(papers)] == list(dict.fromkeys(one.id for one in papers))


def test_a_document_is_one_page_of_which_all_was_announced() -> None:
    """What could not become a paper is named."""
    lost = Missing(id="2604.00009", reason="abstract: missing")
    source = Source(date="2026-04-27", announced=3, fetched=2, missing=1, missing_papers=(lost,))
    assert whole([A, lost, B], date="2026-04-27") == Page((A, B), source)


def test_a_record_that_is_repeated_counts_neither_as_announced_nor_as_missing() -> None:
    """Within a page and over pages; where nobody said how many there are, that stays so."""
    pages = [Page((A, B, A), Source(announced=5, fetched=3)), Page((B, C), Source(announced=5, fetched=5))]
    assert list(tidy(iter(pages), None)) == [
        Page((A, B), Source(announced=4, fetched=2)),
        Page((C,), Source(announced=3, fetched=3)),
    ]
    assert list(tidy(iter([Page((A, A), Source(fetched=2))]), None)) == [Page((A,), Source(fetched=1))]


def test_a_limit_ends_the_pages_and_leaves_nothing_missing_that_was_not_before() -> None:
    """The page after the last one wanted is not even asked for."""
    lost = Missing(id="x", reason="y")
    asked: list[int] = []

    def pages() -> Iterator[Page]:
        for number, papers in enumerate([(A, B), (C,), ()]):
            asked.append(number)
            counts = {"announced": 100, "fetched": min(2 + number, 3), "missing": 1, "missing_papers": (lost,)}
            yield Page(papers, Source.model_validate(counts))

    kept = list(tidy(pages(), 3))
    assert [page.papers for page in kept] == [(A, B), (C,)]
    assert kept[-1].source == Source(announced=4, fetched=3, missing=1, missing_papers=(lost,))
    assert asked == [0, 1]
    assert [page.papers for page in tidy(pages(), 4)] == [(A, B), (C,), ()]
