"""The page of a comparison as text; what it does is tested in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from pipeline.compare import judging_page, page
from pipeline.compare.page import Seat
from pipeline.compare.verdicts import newest
from pipeline.records import Mark

from .samples import PAIR, cell, comparison, verdict

_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def data_of(text: str) -> dict[str, Any]:
    """Return what a page holds."""
    (found,) = _DATA.findall(text)
    return dict(json.loads(found))


def test_texts_of_others_stay_text() -> None:
    """A tag in an abstract ends no element, and what runs is what the policy names."""
    text = page(comparison())
    assert "<script>alert" not in text
    assert data_of(text)["rows"][0]["abstract"].endswith("<script>alert(1)</script>")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    sha256 = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{sha256}'" in text
    assert "connect-src 'none'" in text


def test_the_page_names_columns_and_figures() -> None:
    """In Chinese, with differences to the first column; a check that fired has a line, and so has a mark."""
    of = comparison()
    mark = Mark(check="number", field="translated_abstract", sentence=2, detail="'34'")
    marked = of.rows[0].model_copy(
        update={"cells": (cell(0, 0), cell(0, 1, marks=(mark,), faults=("wrong_language",)))}
    )
    text = page(of.model_copy(update={"rows": (marked, *of.rows[1:])}))
    for words in (
        "digest@1",
        "digest@2",
        "有摘要（篇）",
        "费用（美元，每篇）",
        "95 %",
        "模型的回复不是中文",
        "检查标记：数字待核",
    ):
        assert words in text
    seen = data_of(text)["rows"][0]["cells"][1]
    assert (seen["marks"], seen["faults"]) == ([["abstract", "number", "'34'"]], ["wrong_language"])


def test_a_judge_sees_nothing_that_tells() -> None:
    """No names, no figures, and sides by the judge's own shuffle."""
    of, seat = comparison(20), Seat("anna", (0, 1))
    text = judging_page(of, seat, {})
    assert "digest@" not in text
    assert "总览" not in text
    assert "connect-src 'self'" in text
    rows = data_of(text)["rows"]
    swapped = [seat.is_swapped(of, row["id"]) for row in rows]
    assert len(set(swapped)) == 2
    assert [row["cells"][0]["title"].startswith("部件的测量") for row in rows] == swapped


def test_what_was_judged_comes_back_by_sides_and_the_end_tells_the_names() -> None:
    """As long as one paper is open, nothing is told."""
    of, seat = comparison(3), Seat("anna", (0, 1))
    verdicts = [verdict(of, at, "second") for at in range(3)]
    early = data_of(judging_page(of, seat, newest(verdicts[:2], of, PAIR)))
    assert early["result"] is None
    for paper_id, seen in early["verdicts"].items():
        side = "left" if seat.is_swapped(of, paper_id) else "right"
        assert set(seen["choices"].values()) == {side}
    whole = data_of(judging_page(of, seat, newest(verdicts, of, PAIR)))
    assert whole["result"]["labels"] == list(PAIR)
    assert whole["result"]["sentences"][0].startswith("题目：digest@2 对 digest@1，胜 3")


def test_an_id_is_of_columns_and_texts_alone() -> None:
    """Time, money and seconds change nothing; another text does."""
    of = comparison()
    dearer = of.rows[0].model_copy(
        update={"cells": tuple(each.model_copy(update={"cost_usd": 9.0, "seconds": 3.0}) for each in of.rows[0].cells)}
    )
    assert of.model_copy(update={"rows": (dearer, *of.rows[1:])}).id == of.id
    other = of.rows[0].model_copy(update={"cells": (cell(0, 1), cell(0, 1))})
    assert of.model_copy(update={"rows": (other, *of.rows[1:])}).id != of.id
