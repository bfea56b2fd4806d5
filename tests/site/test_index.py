"""The search index: which terms a text has, and in which file each is."""

from __future__ import annotations

import json
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.site.index import MOST_LETTERS, MOST_POSTINGS, Index, file_of, terms
from tests.assemble.samples import HOSTILE


def papers_with(index: Index, term: str) -> list[str]:
    """Return the papers that have a term, read from the index's files as a browser does."""
    files = dict(index.files())
    papers = json.loads(files["papers.json"])
    distances = json.loads(files[f"{file_of(term, index.count)}.json"]).get(term, [])
    return [papers[at] for at in accumulate(distances)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Zoë's GPT-4o", {"zoe", "s", "gpt", "4o"}),
        ("知识图谱", {"知识", "识图", "图谱", "谱"}),
        ("用BERT做检索。", {"用", "bert", "做检", "检索", "索"}),
        ("ＡＢＣ ﬁne", {"abc", "fine"}),
        ("x" * 100, {"x" * MOST_LETTERS}),
        ("— ，!", set()),
    ],
)
def test_terms_are_words_and_pairs_of_chinese_characters(text: str, found: set[str]) -> None:
    """In small letters and without accents; the last character of a Chinese run stands alone besides."""
    assert terms(text) == found


@given(st.lists(HOSTILE, max_size=8))
def test_every_term_of_a_paper_leads_to_it(texts: list[str]) -> None:
    """And to no paper that lacks it."""
    index = Index()
    for number, text in enumerate(texts):
        index.add(f"2404.{number:05}", text)
    for term in {term for text in texts for term in terms(text)}:
        has = [f"2404.{number:05}" for number, text in enumerate(texts) if term in terms(text)]
        assert papers_with(index, term) == has


def test_a_large_month_is_divided() -> None:
    """Into files of which each holds some of the terms; those that begin alike are in one."""
    index = Index()
    for number in range(100):
        index.add(f"2404.{number:05}", " ".join(f"w{number}x{word}" for word in range(3 * MOST_POSTINGS // 100)))
    assert index.count == 4
    assert len(list(index.files())) == 5
    assert file_of("diffusion", 64) == file_of("different", 64)
    assert file_of("图谱", 64) == file_of("图", 64)
    assert papers_with(index, "w7x1") == ["2404.00007"]
