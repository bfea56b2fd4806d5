"""What a page says at its foot, in its own language."""

from __future__ import annotations

import pytest

from pipeline.assemble import Digest
from pipeline.assemble.foot import foot
from pipeline.assemble.language import LANGUAGES
from pipeline.records import Missing, Note, Source

WORDS = LANGUAGES["zh"]
ENGLISH = "the endpoint refuses the key"


def _foot(missing: Missing, *notes: Note) -> tuple[tuple[str, str], tuple[str, ...]]:
    """Return the name and the reason of a missing paper, and the remarks."""
    made = foot(Digest("a", "2026-11-23", (), Source(missing=1, missing_papers=(missing,), notes=notes)), (), WORDS)
    name, _, why = made.missing[0]
    return (name, why), made.remarks


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("2404.00001", "arXiv has no such paper"), ("2404.00001", "arXiv 没有这篇论文")),
        (("20 more", "http://x.org (query API): arXiv refused: no"), ("另有 20 篇", "arXiv 拒绝了请求")),
        (("2404.00001", "arXiv refused: incorrect id format"), ("2404.00001", "arXiv 拒绝了请求")),
        (
            ("5 more", "arXiv counts them among the results and did not give them"),
            ("另有 5 篇", "arXiv 计入了结果，却没有给出"),
        ),
        (
            ("2 more", "the input's last line counts them and no line holds them"),
            ("另有 2 篇", "输入的结束行计入了，却没有任何一行给出"),
        ),
        (("line 7", "broken JSON"), ("第 7 行", "这一行的 JSON 有错误")),
        (("line 8", "not UTF-8 text"), ("第 8 行", "这一行不是 UTF-8 文本")),
        (("line 9", "no JSON object"), ("第 9 行", "这一行不是 JSON 对象")),
        (("item 3", "id: missing; abstract: must not be empty"), ("第 3 条", "记录里没有摘要")),
        (("2404.00001", "title: missing; version: must be a whole number"), ("2404.00001", "记录里没有标题")),
        (("2404.00001", "budget"), ("2404.00001", "预算用完，还没有轮到这篇论文")),
        (("4 more", "503 from https://export.arxiv.org"), ("另有 4 篇", "没有取到，详情见运行报告")),
    ],
)
def test_a_missing_paper_is_accounted_for_in_chinese(given: tuple[str, str], said: tuple[str, str]) -> None:
    """What the fetch stage says of it in English is said in the language of the page, and so is what has no id."""
    name, why = given
    assert _foot(Missing(id=name, reason=why))[0] == said


@pytest.mark.parametrize("key", sorted(WORDS.notes))
def test_no_note_quotes_an_error(key: str) -> None:
    """Its detail, in English, is in the run report alone."""
    (note,) = _foot(Missing(id="1 more", reason=""), Note(key=key, figures={"detail": ENGLISH}))[1]
    assert ENGLISH not in note
