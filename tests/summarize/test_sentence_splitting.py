"""The sentences of abstracts, English and Chinese."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.summarize.content.sentences import split_chinese, split_sentences

DATA = os.environ.get("ARXIV_DIGEST_TEST_DATA")
PIECES = ("We show. ", "e.g. Two", " (see A. B.) ", "$a. B$ ", "v2.0 ", "3.5 ", "et al. ", "et al. We ", "J. Smith ")
TEXTS = st.one_of(
    st.text(), st.lists(st.sampled_from((*PIECES, "done.We ", "! ", "? The", "。", "「好。」"))).map("".join)
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("We use, e.g. Adam and SGD. It works.", 2),
        ("As i.e. The former says.", 1),
        ("See cf. Smith for it.", 1),
        ("As Fig. 2 shows, it grows. So does Eq. 3 of it.", 2),
        ("It follows Smith et al. (2020) and more.", 1),
        ("It follows Smith et al. We extend it.", 2),
        ("We test A vs. B here.", 1),
        ("Version v2.0 is out. It is 3.5 times as fast.", 2),
        ("Code: https://a.org/x.Y?b. We share it.", 2),
        ("Code: https://a.org/x We share it.", 1),
        ("Let $x. Y$ be it. Then $y$ is.", 2),
        ("We (as B. Smith said. And he did.) agree. It holds.", 2),
        ("J. R. Smith found it.", 1),
        ("It is glued.We mend it.", 2),
        ('He said "It is so." We agree.', 2),
        ("Does it? It does! Then it is.", 3),
        ("Bounded by n. $k$ grows.", 2),
        ("An open ( bracket. Does not matter.", 2),
        ("1. First it is. 2. Then it was.", 2),
        ("It is so. % Then it was. %We end.", 2),
        ("It grows by 5 %. % Then it falls by 3 % of it.", 2),
        ("", 0),
        ("no mark at all", 1),
    ],
)
def test_an_abstract_is_cut_where_a_reader_would(text: str, count: int) -> None:
    """Abbreviations, initials, versions, formulas, addresses and brackets end no sentence."""
    assert len(split_sentences(text)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("第一句。第二句！第三句？", 3),
        ("他说：“好。”然后走了。", 2),
        ("版本 v2.0 是 3.5 倍；如 $a。b$ 所示。", 1),
        ("（见前文。后文亦然）如此。", 1),
        ("", 0),
    ],
)
def test_a_translation_is_cut_at_its_marks(text: str, count: int) -> None:
    """Semicolons and what stands in brackets and formulas end no sentence."""
    assert len(split_chinese(text)) == count


@given(TEXTS)
def test_the_sentences_are_the_text(text: str) -> None:
    """Put together they are the text without the blanks at the cuts, and none is empty."""
    for split in (split_sentences, split_chinese):
        sentences = split(text)
        assert "".join("".join(sentences).split()) == "".join(text.split())
        assert all(sentence == sentence.strip() != "" for sentence in sentences)


@pytest.mark.parametrize("unit", ["(", "a. B ", "$a", "a.We ", '"', ". ", ".", "1. ", "[(])", "。", "https://a. "])
def test_the_time_grows_with_the_length(unit: str) -> None:
    """A text of 200,000 characters, whatever it repeats, takes less than two seconds."""
    text = unit * (200_000 // len(unit))
    started = time.process_time()
    split_sentences(text)
    split_chinese(text)
    assert time.process_time() - started < 2


@pytest.mark.skipif(not DATA, reason="needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")
def test_recorded_abstracts_are_cut_as_people_cut_them() -> None:
    """All 26 abstracts whose sentences were numbered by hand."""
    folder = Path(DATA or "") / "judged"
    rows = {name: (folder / f"{name}.jsonl").read_text("utf-8").splitlines() for name in ("pairs", "numbered")}
    abstracts = {row["id"]: row["abstract"] for row in map(json.loads, rows["pairs"])}
    numbered = [json.loads(line) for line in rows["numbered"]]
    assert [list(split_sentences(abstracts[row["id"]])) for row in numbered] == [
        row["sentences_en"] for row in numbered
    ]
    assert len(numbered) == 26
