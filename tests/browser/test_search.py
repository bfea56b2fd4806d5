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
from tests.servers.files import served

from .conftest import CHROMIUM, Open

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
"""Papers of the newest month that have one and the same text."""
TEXTS = {f"第 {number} 篇": SENTENCES[number % len(SENTENCES)] for number in range(COPIES * len(SENTENCES))}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site of three months of ids."""
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
    oldest = done(paper(0, id="math/0309136"))
    text = as_json(Digest("a", "2026-11-23", (*old, *new, oldest), Source()))
    (output / "a" / "2026-11-23.json").write_text(text, "utf-8")
    site = build(Archive(output), ["a"], pytest.fail).folder.root
    build(Archive(_years(tmp_path_factory.mktemp("years"))), ["a"], pytest.fail).folder.root.rename(site / "years")
    with served(site) as address:
        yield address


def _years(output: Path) -> Path:
    """Write a day of papers of ten months of ids, eight of each, all with one word; return its folder."""
    entries = tuple(
        done(
            paper(0, id=f"{month}.{number:05}"),
            translated_title=f"{month} 第 {number} 篇",
            translated_abstract="泛化。",
        )
        for month in range(2603, 2613)
        for number in range(8)
    )
    (output / "a").mkdir()
    (output / "a" / "2026-12-31.json").write_text(as_json(Digest("a", "2026-12-31", entries, Source())), "utf-8")
    return output


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


def test_papers_with_more_of_a_query_come_first(reading: Open, root: str) -> None:
    """Though all that have less of it are newer; those that have as much come newest first."""
    page = reading(f"{root}search.html")
    page.get_by_role("searchbox").fill("数据泛滥 应用广泛")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("status").filter(has_text="前 20 篇").wait_for()
    both = [title for title, text in TEXTS.items() if "数据泛滥" in text and "应用广泛" in text]
    assert [of.inner_text() for of in page.locator(".found h2").all()] == [*reversed(both), *["y"] * (20 - len(both))]


def test_a_phrase_whose_characters_are_apart_is_searched_by_its_words(reading: Open, root: str) -> None:
    """The index knows pairs of characters only; where the texts show that none has the phrase, its words decide."""
    page = reading(f"{root}search.html")
    found = _all(page, "鲁棒性质")
    assert found
    assert set(found) <= {title for title, text in TEXTS.items() if "鲁棒" in text or "性质" in text}


def _loaded(page: Any, root: str, words: str, said: str) -> list[str]:
    """Search, and return what was loaded meanwhile, but for the numbers of files."""
    loaded: list[str] = []
    page.on("request", lambda asked: loaded.append(re.sub(r"\d+\.json", "N.json", asked.url.removeprefix(root))))
    page.get_by_role("searchbox").fill(words)
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("status").filter(has_text=said).wait_for()
    return sorted(loaded)


def test_a_query_loads_the_files_of_its_terms_and_the_papers_that_are_shown(reading: Open, root: str) -> None:
    """What says which months have a pair, one file of each of these, the ids of those shown, twenty papers."""
    loaded = _loaded(reading(f"{root}search.html"), root, "泛滥", "前 20 篇")
    index = [place for place in loaded if place.startswith("_search/")]
    assert index == ["_search/2610/N.json", "_search/2611/N.json", "_search/2611/papers.json", "_search/terms/N.json"]
    assert len([place for place in loaded if place.startswith("_papers/2611/")]) == 20


def test_a_query_loads_nothing_of_months_that_lack_it(reading: Open, root: str) -> None:
    """A rare word costs a few files, one that no paper has but the file that says so."""
    index = "_search/terms/N.json"
    rare = _loaded(reading(f"{root}search.html"), root, "分子", "共 3 篇")
    assert [place for place in rare if place.startswith("_search/")] == [
        "_search/2610/N.json",
        "_search/2610/papers.json",
        index,
    ]
    assert _loaded(reading(f"{root}search.html"), root, "quokka", "没有找到") == [index]


def test_the_newest_months_are_searched_first_and_no_more_than_a_page_needs(reading: Open, root: str) -> None:
    """Older months are loaded when more is asked for."""
    page = reading(f"{root}years/search.html")
    loaded = _loaded(page, f"{root}years/", "泛化", "前 20 篇")
    months = {place.split("/")[1] for place in loaded if place.startswith("_search/")} - {"terms"}
    assert months == {"2612", "2611", "2610", "2609"}
    assert [of.inner_text() for of in page.locator(".found h2").all()] == [
        f"{month} 第 {number} 篇" for month in (2612, 2611, 2610) for number in reversed(range(8))
    ][:20]
    assert len(_all(page, "泛化")) == 80


def test_papers_that_have_but_a_part_of_a_query_are_said_to(reading: Open, root: str) -> None:
    """Where no paper has all of it."""
    page = reading(f"{root}search.html")
    assert _all(page, "图谱 quokka")
    said = page.get_by_role("status").inner_text()
    assert said == "没有完全匹配的论文，以下论文含其中部分词语。共 6 篇"


@pytest.mark.parametrize(
    "query",
    [
        "2610.00007",
        " arXiv:2610.00007v2 ",
        "https://arxiv.org/abs/2610.00007",
        "https://arxiv.org/pdf/2610.00007v1.pdf",
    ],
)
def test_an_id_leads_to_the_paper_without_an_index(reading: Open, root: str, query: str) -> None:
    """In each form that arXiv and its links have; nothing of the index is loaded."""
    page = reading(f"{root}search.html")
    loaded: list[str] = []
    page.on("request", lambda asked: loaded.append(asked.url))
    page.get_by_role("searchbox").fill(query)
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url(f"{root}_papers/2610/2610.00007.html")
    assert [url for url in loaded if "/_search/" in url] == []


def test_an_old_id_leads_to_the_paper(reading: Open, root: str) -> None:
    """With its subject class or without; from an address, too."""
    for query in ("math/0309136", "math.GT/0309136v1"):
        page = reading(f"{root}search.html?q={query}")
        page.wait_for_url(f"{root}_papers/0309/math-0309136.html")


def test_an_id_that_is_not_there_is_said(chromium: Any, root: str) -> None:
    """With the id, and nothing is shown."""
    page = chromium.new_page()
    page.goto(f"{root}search.html?q=2610.99999")
    page.get_by_role("status").filter(has_text="本站没有 arXiv:2610.99999 这一篇").wait_for()
    assert page.locator(".found li").count() == 0
    page.close()
