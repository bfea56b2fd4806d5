"""What a page is held to: accessible, light, quick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.assemble import Digest, html
from pipeline.records import Source
from tests.assemble.samples import done, paper

from .conftest import Open

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WIDE = {"viewport": {"width": 1280, "height": 800}}
SLOWER = 4
"""How many times slower than this machine's the processor of a reader is."""


@pytest.mark.parametrize("screen", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "both", "en"])
def test_axe_finds_nothing(reading: Open, axe: str, screen: dict[str, Any], scheme: str, language: str) -> None:
    """In either colours, on phone and wide screen, in each language: closed, open, marked, and with the keys shown."""
    page = reading(color_scheme=scheme, **screen)
    page.locator(f"[value={language}]").click()
    page.evaluate(axe)
    assert violations(page) == []
    page.evaluate("document.querySelectorAll('article:not(:first-child) details').forEach(each => each.open = true)")
    page.locator(".star").first.click()
    assert violations(page) == []
    page.keyboard.press("?")
    assert violations(page) == []


def violations(page: Any) -> list[tuple[str, str]]:
    """Return what axe has against a page that has loaded it: rules and elements."""
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]]


def _sentences(text: str, length: int) -> str:
    return (text * (length // len(text) + 1))[:length]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 500 papers with texts of the usual length."""
    abstract, line = "We measure it again and find what we had found before. ", "我们再次测量，得到更好的结果。"
    entries = [
        done(
            paper(
                number,
                abstract="$O(n)$ steps. " + _sentences(abstract, 950),
                categories=["cs.CV", "cs.LG"],
                authors=["Ann Author"] * 5,
            ),
            tldr=_sentences(line, 60),
            tldr_en=_sentences(abstract, 120),
            translated_title=_sentences(line, 20),
            translated_abstract="$O(n)$ 步。" + _sentences(line, 250),
        )
        for number in range(500)
    ]
    path = tmp_path_factory.mktemp("large") / "page.html"
    path.write_text(html(Digest("cs.CV", "2026-11-23", tuple(entries), Source())), "utf-8")
    return path


def test_500_papers_are_light_and_soon_there(reading: Open, large: Path) -> None:
    """Less than 1.6 MB; the first text within a second on a processor four times slower; the best of three counts."""
    assert large.stat().st_size < 1_600_000
    page = reading()
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    assert min(_first_text(page, large) for _ in range(3)) < 1000


def _first_text(page: Any, path: Path) -> float:
    """Return the milliseconds from asking for a page to its first text."""
    page.goto(path.as_uri())
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    return float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))


@pytest.mark.parametrize(("screen", "least"), [({"viewport": {"width": 1440, "height": 900}}, 7), (PHONE, 4)])
def test_a_screen_shows_many_papers(reading: Open, tmp_path: Path, screen: dict[str, Any], least: int) -> None:
    """Seven on a desk and four on a phone, whole, at the top and below the tools, with texts of the usual length."""
    texts = {
        "translated_title": "面向长文档问答的分层检索：让大语言模型先读目录再读正文",
        "tldr": "提出先按目录选章节、再在章节内检索的两步方法，"
        "在三个长文档问答数据集上把答案准确率提高 4.2 个百分点，检索的开销减半。",
        "tldr_en": "A two-step retriever reads the table of contents first.",
    }
    title = "Contents First: Hierarchical Retrieval for Question Answering over Long Documents"
    fields = {"title": title, "categories": ["cs.CL", "cs.IR"], "announce_type": "new"}
    entries = tuple(done(paper(number, **fields), **texts) for number in range(60))
    path = tmp_path / "page.html"
    path.write_text(html(Digest("cs.CL", "2026-11-23", entries, Source())), "utf-8")
    page = reading(path.as_uri(), **screen)
    assert _whole(page) >= least
    page.evaluate("papers[30].querySelector('summary').focus(); papers[30].scrollIntoView({ block: 'start' })")
    assert _whole(page) >= least


def _whole(page: Any) -> int:
    """Return how many papers are to be seen whole."""
    seen = page.evaluate(
        """papers.map(paper => paper.getBoundingClientRect())
        .filter(box => box.bottom <= innerHeight + 1 && box.top >= (isSticky() ? tools.offsetHeight : 0) - 1).length"""
    )
    return int(seen)


def test_filters_answer_at_once(reading: Open, large: Path) -> None:
    """In 50 ms, of 500 papers; the best of five counts."""
    page = reading(large.as_uri())
    page.get_by_role("searchbox").focus()
    page.wait_for_function("texts.size === papers.length")
    for act in ("tools.elements.words.value = '更好', filter()", "tools.elements.words.value = '', filter()"):
        taken = f"(() => {{ const start = performance.now(); {act}; return performance.now() - start }})()"
        assert min(page.evaluate(taken) for _ in range(5)) < 50


@pytest.mark.parametrize("screen", [PHONE, WIDE], ids=["phone", "wide"])
def test_a_filter_moves_nothing_above_the_list(reading: Open, large: Path, screen: dict[str, Any]) -> None:
    """Pressed and taken back, with many results, few or none: tools and chips stay where they are on the screen."""
    page = reading(large.as_uri(), **screen)
    page.evaluate("scrollTo(0, 20)")
    before = _places(page)
    for act in ("starred", "starred", "unread"):
        page.locator(f"#chips [value={act}]").click()
        assert _places(page) == before, act
    for words in ("更好", "no paper has this"):
        _type(page, words)
        assert _places(page) == before, words


def test_a_filter_from_within_the_list_shows_what_it_found_from_the_beginning(reading: Open, large: Path) -> None:
    """The tools stay at the top of the screen, the first paper that fits comes right below them."""
    page = reading(large.as_uri(), **WIDE)
    page.evaluate("scrollTo(0, 20000)")
    for words in ("更好", "Title 49", "no paper has this", ""):
        _type(page, words)
        page.evaluate("new Promise(requestAnimationFrame)")
        tools = page.locator("#tools").bounding_box()
        assert tools["y"] == 0, words
        main = page.locator("main").bounding_box()
        assert tools["height"] - 1 <= main["y"] < tools["height"] + 24, words


def _places(page: Any) -> list[float]:
    """Return where tools and chips are on the screen, once it has been laid out."""
    page.evaluate("new Promise(requestAnimationFrame)")
    return [float(page.locator(of).bounding_box()["y"]) for of in ("#tools", "#chips")]


def _type(page: Any, words: str) -> None:
    """Put words in the place of those that are looked for, as a keyboard does: a browser scrolls to what is typed."""
    page.evaluate("tools.elements.words.focus({ preventScroll: true })")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(words)
