"""Search in a browser, held against a count of the same texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.archive import Archive
from pipeline.assemble import Digest, as_json
from pipeline.records import Source
from pipeline.site import build
from tests.assemble.samples import done, paper

from .conftest import CHROMIUM, Open
from .test_site import served

SENTENCES = (
    "我们研究模型的泛化，并证明泛化误差的上界。",
    "该方法提高了泛化能力，在变化广泛的任务上有效。",
    "数据泛滥，变化很快，应用广泛。",
    "我们从文本构建知识图谱，并在图谱上推理。",
    "基于知识图谱的推荐系统能够解释它的结果。",
    "先验知识与一份图表说明了谱聚类。",
    "多模态大模型同时理解图像与语言。",
    "我们提出一种多模态检索方法，支持多种模型状态。",
    "对抗训练提高了分类器的鲁棒性。",
    "鲁棒优化具有良好的性质，鲁棒性却难以度量。",
    "图神经网络在分子图上的预训练。",
    "神经网络读懂了这张图。",
)
"""Some have a word, some only its characters."""
WORDS = ("泛化", "泛化能力", "知识图谱", "多模态", "鲁棒性", "图神经网络", "神经网络", "预训练", "推荐系统")
COPIES = 3
UNLIKE = 410
"""Papers of the newest month that have a beginning of a word, and nothing else of it: more than are read at a time."""
TEXTS = {f"第 {number} 篇": SENTENCES[number % len(SENTENCES)] for number in range(COPIES * len(SENTENCES))}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site of two months of ids."""
    pytest.importorskip("playwright.sync_api", reason="needs the dependency group browser")
    if CHROMIUM is None:
        pytest.skip("needs Chromium, as chromium on the path")
    output: Path = tmp_path_factory.mktemp("found")
    (output / "a").mkdir()
    old = [
        done(paper(0, id=f"2610.{number:05}"), translated_title=title, tldr="x", translated_abstract=text)
        for number, (title, text) in enumerate(TEXTS.items())
    ]
    new = [
        done(paper(0, id=f"2611.{number:05}"), translated_title="y", tldr="x", translated_abstract="数据泛滥。")
        for number in range(UNLIKE)
    ]
    text = as_json(Digest("a", "2026-11-23", (*old, *new), Source()))
    (output / "a" / "2026-11-23.json").write_text(text, "utf-8")
    with served(build(Archive(output), ["a"], pytest.fail).folder.root) as address:
        yield address


def _all(page: Any, words: str) -> list[str]:
    """Return the titles of all that is found, page by page."""
    page.get_by_role("searchbox").fill(words)
    page.get_by_role("searchbox").press("Enter")
    status = page.get_by_role("status").filter(has_text=re.compile(r"\d 篇|没有找到"))
    status.wait_for()
    while page.get_by_role("button", name="更多").is_visible():
        page.get_by_role("button", name="更多").click()
        status.wait_for()
    return sorted(of.inner_text() for of in page.locator(".found h2").all())


def test_a_chinese_word_finds_every_paper_that_has_it(reading: Open, root: str) -> None:
    """However browser and index divide it, and no paper that has its characters apart."""
    page = reading(f"{root}search.html")
    found = {word: _all(page, word) for word in WORDS}
    assert found == {word: sorted(title for title, text in TEXTS.items() if word in text) for word in WORDS}


def test_a_page_of_results_looks_through_so_many_papers_and_goes_on_when_asked(reading: Open, root: str) -> None:
    """Else a word whose beginning is everywhere would load the texts of all papers."""
    page = reading(f"{root}search.html")
    loaded: list[str] = []
    page.on("request", lambda asked: loaded.append(asked.url) if "/fragment/" in asked.url else None)
    page.get_by_role("searchbox").fill("泛化")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("status").filter(has_text="前 0 篇，还有更多").wait_for()
    assert len(loaded) == 400
    page.get_by_role("button", name="更多").click()
    page.get_by_role("status").filter(has_text="共 6 篇").wait_for()
    assert page.locator(".found h2").first.inner_text() in TEXTS
