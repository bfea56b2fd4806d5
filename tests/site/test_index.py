"""The search index: which terms a text has, and in which file each is."""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.site import month_terms
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


@pytest.mark.parametrize("sizes", [(1, 1, 1), (400, 1, 40), (1, 300, 300)])
def test_every_term_leads_to_the_months_that_have_it(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """And to no other, whether the months have as many files or some far more than others."""
    months: dict[str, int] = {}
    held: dict[str, list[int]] = {}
    for place, papers in enumerate(sizes):
        index, month = Index(), f"24{place + 1:02}"
        for number in range(papers):
            index.add(f"{month}.{number:05}", f"common 图谱 {' '.join(f'{at % 97}w{place}x{at}' for at in range(200))}")
        (tmp_path / month).mkdir()
        for name, text in index.files():
            (tmp_path / month / name).write_text(text, "utf-8")
        months[month] = index.count
        for term in terms("common 图谱 " + " ".join(f"{at % 97}w{place}x{at}" for at in range(200))):
            held.setdefault(term, []).append(place)
    count = month_terms.count_files(months)
    files = dict(month_terms.files(tmp_path, months))
    assert set(files) == {f"{number}.json" for number in range(count)}
    found = {
        term: (name, list(accumulate(gaps))) for name, of in files.items() for term, gaps in json.loads(of).items()
    }
    assert found == {term: (f"{file_of(term, count)}.json", places) for term, places in held.items()}
