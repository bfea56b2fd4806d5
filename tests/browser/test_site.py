"""The site in a browser, served on loopback: what a reader finds, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.archive import Archive
from pipeline.assemble import Digest, FeedStyle, as_json, atom, html
from pipeline.records import Day, Entry, Source
from pipeline.site import build
from tests.assemble.samples import done, paper
from tests.servers.files import served

from .conftest import CHROMIUM, Open
from .samples import DIGEST, HOSTILE, LONG, VIDEO
from .test_quality import PHONE, WIDE, violations

NAME, DAY = "cs.CV", "2026-11-23"
START = ("arXiv 摘要", "往期")
EARLIER = tuple(
    done(
        paper(number, id=f"2610.{number:05}", title=f"Counting Sheep, Part {number}"),
        translated_title=f"数羊之第 {number} 篇",
        tldr="把羊一只一只地数清楚。",
        translated_abstract="我们数羊，直到入睡；这是自适应多任务在线学习的一个例子。",
    )
    for number in range(1, 26)
)


def _write(output: Path, day: str, *entries: Entry) -> None:
    folder = output / NAME
    folder.mkdir(parents=True, exist_ok=True)
    digest = Digest(NAME, day, entries, Source())
    (folder / f"{day}.json").write_text(as_json(digest), "utf-8")
    (folder / f"{day}.html").write_text(html(digest), "utf-8")
    feed = atom(NAME, iter([Day(name=NAME, date=day, entries=entries)]), FeedStyle())
    (folder / "feed.xml").write_text(feed, "utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of two days, of papers of two months of ids, with search."""
    pytest.importorskip("playwright.sync_api", reason="needs the dependency group browser")
    if CHROMIUM is None:
        pytest.skip("needs Chromium, as chromium on the path")
    output = tmp_path_factory.mktemp("site")
    _write(output, DAY, *DIGEST.entries)
    _write(output, "2026-10-30", *EARLIER, VIDEO)
    return build(Archive(output), [NAME], pytest.fail).folder.root


@pytest.fixture(scope="module")
def root(folder: Path) -> Iterator[str]:
    """The address of that site."""
    with served(folder) as address:
        yield address


def _found(page: Any, words: str) -> tuple[str, list[str]]:
    """Search as a reader does; return what is said of the results, and their titles."""
    page.get_by_role("searchbox").fill(words)
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("status").filter(has_text=re.compile(r"\d 篇|没有找到")).wait_for()
    return page.get_by_role("status").inner_text(), [of.inner_text() for of in page.locator(".found h2").all()]


SEARCHES = {
    "扩散模型": ["视频扩散模型"],
    "Diffusion": ["视频扩散模型"],
    "diffus": ["视频扩散模型"],
    "词频": ["数词"],
    "视频 steps": ["视频扩散模型"],
    "diffusions": ["视频扩散模型"],
    "ZWEITE, diffuse": ["视频扩散模型", "Never Summarized", "数词"],
    "diffusely": [],
}


def test_search_finds_words_in_both_languages(reading: Open, root: str) -> None:
    """Chinese and English, the beginning of a word, several words, an id; in any case; and nothing else."""
    page = reading(f"{root}search.html")
    found = {words: _found(page, words) for words in SEARCHES}
    none = "没有找到。换一个词，或者少写几个词。"
    assert found == {words: (f"共 {len(titles)} 篇" if titles else none, titles) for words, titles in SEARCHES.items()}


def test_results_come_by_the_page_and_lead_to_the_papers(reading: Open, root: str) -> None:
    """More on request; the words stay in the address, so that a search can be kept and sent."""
    page = reading(f"{root}search.html?q=Sheep")
    page.get_by_role("status").filter(has_text="前 20 篇").wait_for()
    assert page.locator(".found mark").first.inner_text() == "Sheep"
    page.get_by_role("button", name="更多").click()
    page.get_by_role("status").filter(has_text="共 25 篇").wait_for()
    assert len({of.inner_text() for of in page.locator(".found h2").all()}) == 25
    page.get_by_role("link", name="数羊之第 7 篇", exact=True).click()
    assert page.locator("h1").inner_text() == "数羊之第 7 篇"
    page.get_by_role("link", name=re.compile("2026-10-30")).click()
    assert page.locator("[id='2610.00007'] details").evaluate("details => details.open")


def test_a_phrase_that_is_cut_otherwise_is_found_by_its_words(reading: Open, root: str) -> None:
    """The browser and the index may see other words in the same characters; signs alone find nothing."""
    page = reading(f"{root}search.html")
    assert len(_found(page, "自适应多任务在线学习")[1]) == 20
    assert _found(page, "!?") == ("没有找到。换一个词，或者少写几个词。", [])


def test_a_page_that_is_opened_as_a_file_says_that_it_cannot_search(chromium: Any, folder: Path) -> None:
    """All else of it is there; browsers let no file read another."""
    page = chromium.new_page()
    page.goto((folder / "search.html").as_uri() + "?q=Sheep")
    page.get_by_role("status").filter(has_text="请通过网页服务器访问").wait_for()
    assert page.get_by_role("button", name="深色").is_visible()
    page.close()


def test_hostile_texts_are_found_and_do_nothing(reading: Open, root: str) -> None:
    """They are shown as text, on the results and on the paper's page."""
    page = reading(f"{root}search.html")
    _, titles = _found(page, "onerror")
    assert titles == [HOSTILE.replace("$\\text{<b>}$", "<b>")]
    assert page.locator(".found img, .found script, main style").count() == 0
    page.get_by_role("link", name="onerror").click()
    assert page.locator("main img, main script, main style").count() == 0


def test_from_the_start_page_everything_is_reached(reading: Open, root: str) -> None:
    """Day, paper, archive, month, statistics and search, by links."""
    page = reading(root)
    page.get_by_role("link", name="视频扩散模型").click()
    assert page.locator("h1").inner_text() == "视频扩散模型"
    page.go_back()
    page.get_by_role("link", name=f"{NAME} {DAY}").click()
    assert page.locator("h1").inner_text() == f"{NAME} {DAY}"
    page.go_back()
    page.get_by_role("link", name="往期").click()
    page.get_by_role("link", name="2026-10", exact=True).click()
    assert page.locator("h1").inner_text() == f"{NAME} 2026-10"
    page.get_by_role("link", name="统计").click()
    assert page.get_by_role("img", name=re.compile("每天的论文")).is_visible()
    page.get_by_role("link", name="搜索").click()
    page.locator("[name=q]:focus").wait_for()


def _goes(page: Any, link: str, heading: str) -> None:
    """Go by a link of the navigation, else of the page, and see where one has come to."""
    page.get_by_role("link", name=link, exact=True).first.click()
    page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()


@pytest.mark.parametrize("screen", [PHONE, WIDE], ids=["phone", "wide"])
def test_from_day_to_day_and_back_to_the_start(reading: Open, root: str, screen: dict[str, Any]) -> None:
    """By clicks alone; the newest day has none after it, the oldest none before it."""
    page = reading(root, **screen)
    _goes(page, "往期", f"{NAME} 往期")
    _goes(page, "11-23", f"{NAME} {DAY}")
    ways = page.get_by_role("navigation", name="站点")
    assert [way.inner_text() for way in ways.get_by_role("link").all()] == [*START, "上一期", "搜索", "统计"]
    assert ways.bounding_box()["height"] < 60
    _goes(page, "上一期", f"{NAME} 2026-10-30")
    assert [way.inner_text() for way in ways.get_by_role("link").all()] == [*START, "下一期", "搜索", "统计"]
    _goes(page, "下一期", f"{NAME} {DAY}")
    page.emulate_media(media="print")
    assert not ways.is_visible()
    page.emulate_media(media="screen")
    _goes(page, "arXiv 摘要", "最新一期")
    assert page.url == f"{root}index.html"


def test_dark_is_chosen_once_for_site_and_days(reading: Open, root: str) -> None:
    """And kept; pressed again, the system's colours are back."""
    page = reading(root, color_scheme="light")
    page.get_by_role("button", name="深色").click()
    page.goto(f"{root}{NAME}/{DAY}.html")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.goto(f"{root}statistics.html")
    button = page.get_by_role("button", name="深色")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert page.locator("html").get_attribute("data-theme") is None


def _pages(root: str) -> list[str]:
    long = f"_papers/2404/{LONG.paper.id}.html"
    places = (
        "",
        f"{NAME}/{DAY}.html",
        f"{NAME}/index.html",
        f"{NAME}/2026-11.html",
        long,
        "statistics.html",
        "search.html?q=Sheep",
    )
    return [f"{root}{place}" for place in places]


@pytest.mark.parametrize(("screen", "scheme"), [(PHONE, "light"), (WIDE, "dark")], ids=["phone", "wide"])
def test_axe_finds_nothing_on_any_page(reading: Open, root: str, axe: str, screen: dict[str, Any], scheme: str) -> None:
    """In light on a phone, in dark on a wide screen; and nothing is wider than the screen."""
    page = reading(root, color_scheme=scheme, **screen)
    for address in _pages(root):
        page.goto(address)
        if "?" in address:
            page.get_by_role("status").filter(has_text="篇").wait_for()
        page.evaluate(axe)
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
