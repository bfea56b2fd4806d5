"""Where the parts of a page stand, with texts of the usual length: on a screen, and on paper."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.assemble import Digest, html
from pipeline.records import Source
from tests.assemble.samples import done, failed, paper

from .conftest import Open
from .test_quality import PHONE

DESK = {"viewport": {"width": 1440, "height": 900}}
NARROWER = {"viewport": {"width": 1100, "height": 800}}
TEXTS = {
    "translated_title": "面向长文档问答的分层检索：让大语言模型先读目录再读正文",
    "tldr": "提出先按目录选 chapter、再在其中检索的 two-step 方法，"
    "在 3 个长文档问答数据集上把 F1 提高 4.2 个百分点，检索的开销减半，并开源代码。",
    "tldr_en": "A two-step retriever reads the table of contents first.",
    "translated_abstract": "我们提出一种面向 long-document QA 的分层检索：先用 LLM 读目录、选出章节，再在章节内检索。"
    * 4,
}
TITLE = "Contents First: Hierarchical Retrieval for Question Answering over Long Documents"
PAPERS, PRINTED = 350, 26
"""Papers of a large day, and the A4 pages that they may take on paper."""


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page of 350 papers with texts of the usual length, the last without a summary."""
    fields = {"title": TITLE, "categories": ["cs.CL", "cs.IR"], "abstract": f"{TITLE}. " * 8, "version": 2}
    kinds = ("new", "replace")
    papers = [paper(number, announce_type=kinds[number % 2], **fields) for number in range(PAPERS)]
    entries = (*(done(of, **TEXTS) for of in papers[:-1]), failed(papers[-1]))
    path: Path = tmp_path_factory.mktemp("usual") / "page.html"
    path.write_text(html(Digest("cs.CL", "2026-11-23", entries, Source())), "utf-8")
    return path.as_uri()


def _box(of: Any) -> dict[str, float]:
    return {side: round(length) for side, length in of.bounding_box().items()}


def _open(page: Any) -> Any:
    """Open the first paper and return it."""
    first = page.locator("article").first
    first.locator("summary").click()
    return first


def test_closed_papers_stand_in_one_column(reading: Open, usual: str) -> None:
    """On a wide screen, too, title, place and line of a paper lie below each other, and papers likewise."""
    page = reading(usual, **DESK)
    boxes = [_box(of) for of in page.locator("main > article:nth-of-type(-n+5) > details > summary > :visible").all()]
    assert len(boxes) == 15
    assert len({box["x"] for box in boxes}) == 1
    assert all(above["y"] + above["height"] <= below["y"] + 1 for above, below in pairwise(boxes))


@pytest.mark.parametrize(("screen", "beside"), [(DESK, True), (NARROWER, False), (PHONE, False)])
def test_open_abstracts_stand_side_by_side_on_a_wide_screen(
    reading: Open, usual: str, screen: dict[str, Any], *, beside: bool
) -> None:
    """Elsewhere the English one stands below the Chinese one; side by side their first lines are level."""
    chinese, english = _open(reading(usual, **screen)).locator("details > div > p").all()
    one, other = _box(chinese), _box(english)
    assert (other["x"] >= one["x"] + one["width"]) == beside
    assert (other["y"] >= one["y"] + one["height"]) != beside
    if beside:
        assert abs(_first_baseline(chinese) - _first_baseline(english)) < 2


def _first_baseline(of: Any) -> float:
    """Return where the first line of a text stands."""
    probe = """text => {
      const mark = document.createElement("span");
      mark.style.cssText = "display: inline-block; height: 0; width: 0";
      text.prepend(mark);
      const { bottom } = mark.getBoundingClientRect();
      mark.remove();
      return bottom;
    }"""
    return float(of.evaluate(probe))


@pytest.mark.parametrize("screen", [DESK, NARROWER, PHONE], ids=["desk", "narrower", "phone"])
def test_a_page_is_as_wide_in_each_language(reading: Open, usual: str, screen: dict[str, Any]) -> None:
    """So that star and chevron stay beside the text; no text of a closed paper leaves much of its column free."""
    page = reading(usual, **screen)
    stars = set()
    for language in ("zh", "both", "en"):
        page.locator(f"[value={language}]").click()
        stars.add(_box(page.locator(".star").first)["x"])
        summary, article = (_box(page.locator(of).first) for of in ("summary", "article"))
        assert article["x"] + article["width"] - (summary["x"] + summary["width"]) < 20, language
    assert len(stars) == 1


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_in_english_the_title_stands_above_its_place(reading: Open, usual: str, screen: dict[str, Any]) -> None:
    """As in Chinese: closed and open, whole, with categories and kind on one line below it."""
    page = reading(usual, **screen)
    page.locator("[value=en]").click()
    of = page.locator("article").first
    for _ in ("closed", "open"):
        title, place, small = (_box(of.locator(f"summary > small{part}")) for part in (" > cite", " > b", ""))
        assert title["y"] + title["height"] <= place["y"] + 1
        assert small["height"] <= title["height"] + place["height"] + 4
        assert title["x"] == place["x"]
        of.locator("summary").click()


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_chinese_fills_its_lines(reading: Open, usual: str, screen: dict[str, Any]) -> None:
    """All lines but the last of a text end at one place, with Latin words and figures among the characters."""
    first = _open(reading(usual, **screen))
    for of in ("summary > span:not([lang])", "details > div > p:not([lang])"):
        ends = first.locator(of).evaluate(
            """text => {
              const range = document.createRange();
              range.selectNodeContents(text);
              const lines = new Map();
              for (const { top, right } of range.getClientRects()) {
                const at = Math.round(top / 8);
                lines.set(at, Math.max(lines.get(at) ?? 0, right));
              }
              return [...lines.values()];
            }"""
        )
        assert len(ends) >= 2
        assert max(ends[:-1]) - min(ends[:-1]) <= 8
        assert first.locator(of).evaluate("text => getComputedStyle(text).textAlign") == "justify"


def test_a_paper_shows_that_it_opens(reading: Open, usual: str) -> None:
    """A chevron at its side points down, and up once it is open."""
    page = reading(usual, **DESK)
    chevron = """summary => {
      const style = getComputedStyle(summary, "::after");
      const [a, b] = new DOMMatrix(style.transform).toString().match(/-?[\\d.]+/g).map(Number);
      return { width: parseFloat(style.width), line: parseFloat(style.borderBottomWidth), down: a + b > 0 };
    }"""
    summary = page.locator("summary").first
    closed = summary.evaluate(chevron)
    assert closed["width"] > 4
    assert closed["line"] >= 1
    _open(page)
    assert (closed["down"], summary.evaluate(chevron)["down"]) == (True, False)


def test_where_a_title_in_english_begins_a_line_it_is_not_set_in(reading: Open, usual: str) -> None:
    """On a phone the categories may leave no room beside them."""
    page = reading(usual, viewport={"width": 400, "height": 844})
    page.locator("summary > small > b").first.evaluate("b => { b.textContent = 'cs.CL · '.repeat(5) + 'cs' }")
    begin = page.locator("summary > small > cite").first.evaluate("cite => cite.getClientRects()[0].left")
    assert abs(begin - page.locator("summary > small").first.bounding_box()["x"]) < 1


def test_what_is_said_in_chinese_is_not_marked_as_english(reading: Open, usual: str) -> None:
    """Not the version beside the English title of a paper without a summary, which every language shows."""
    page = reading(usual)
    title = page.locator("article").last.locator("summary > cite")
    assert title.text_content() == f"{TITLE}（第 2 版）"
    assert title.locator("[lang=en]").text_content() == TITLE
    for language in ("zh", "en"):
        page.locator(f"[value={language}]").click()
        assert title.locator("[lang=en]").is_visible()


def test_a_large_day_is_a_thin_print(reading: Open, usual: str) -> None:
    """350 closed papers take 26 pages of A4, and no page ends with the empty beginning of a paper."""
    page = reading(usual, **DESK)
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= PRINTED
    page.emulate_media(media="print")
    assert page.locator("article").first.evaluate("article => getComputedStyle(article).breakInside") == "avoid"
