"""The pages of the site without a mouse and without a screen: what Tab reaches, and what a screen reader is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.archive import Archive
from pipeline.assemble import Digest, FeedStyle, as_json, atom
from pipeline.records import Day, Source
from pipeline.site import build
from tests.servers.files import served

from .conftest import CHROMIUM, Open
from .samples import DIGEST, FAILED, TEXT, VIDEO

NAME, DAY = DIGEST.name, DIGEST.date
PLACES = (
    "index.html",
    f"{NAME}/{DAY}.html",
    f"{NAME}/index.html",
    f"{NAME}/{DAY[:7]}.html",
    f"_papers/2404/{VIDEO.paper.id}.html",
    "statistics.html",
    "search.html?q=diffuse",
)
REACHED = "a[href], button, input, summary, [tabindex='0']"
_VISIBLE = f"""[...document.querySelectorAll("{REACHED}")].filter((each) => each.checkVisibility() && !each.disabled)"""
_FOCUSED = """() => {
  const of = document.activeElement;
  const style = getComputedStyle(of.matches("summary") ? of.parentElement : of);
  const shown = style.outlineStyle !== "none" || style.boxShadow !== "none";
  return { at: VISIBLE.indexOf(of), what: of.outerHTML.slice(0, 100), shown };
}""".replace("VISIBLE", _VISIBLE)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site of one day."""
    pytest.importorskip("playwright.sync_api", reason="needs the dependency group browser")
    if CHROMIUM is None:
        pytest.skip("needs Chromium, as chromium on the path")
    output: Path = tmp_path_factory.mktemp("keys")
    entries = (VIDEO, TEXT, FAILED)
    (output / NAME).mkdir()
    (output / NAME / f"{DAY}.json").write_text(as_json(Digest(NAME, DAY, entries, Source())), "utf-8")
    feed = atom(NAME, iter([Day(name=NAME, date=DAY, entries=entries)]), FeedStyle())
    (output / NAME / "feed.xml").write_text(feed, "utf-8")
    with served(build(Archive(output), [NAME], pytest.fail).folder.root) as address:
        yield address


def _arrived(page: Any, address: str) -> None:
    page.goto(address)
    if "?" in address:
        page.get_by_role("status").filter(has_text="篇").wait_for()


@pytest.mark.parametrize("place", PLACES)
def test_tab_reaches_all_in_its_order_and_shows_where_it_is(reading: Open, root: str, place: str) -> None:
    """Each link, button, field and paper that can be seen, once, from the first to the last."""
    page = reading()
    _arrived(page, f"{root}{place}")
    count = page.evaluate(f"{_VISIBLE}.length")
    assert count >= 4
    page.evaluate(f"{_VISIBLE}[0].focus()")
    walk = []
    for _ in range(1, count):
        page.keyboard.press("Tab")
        walk.append(page.evaluate(_FOCUSED))
    assert [step["what"] for step in walk if not step["shown"]] == []
    assert [step["at"] for step in walk] == list(range(1, count))


def test_a_page_says_what_it_is_and_in_which_language(reading: Open, root: str) -> None:
    """A title of its own, one first heading, simplified Chinese; each picture has words or is for eyes alone."""
    page = reading()
    titles = []
    for place in PLACES:
        _arrived(page, f"{root}{place}")
        assert page.locator("html").get_attribute("lang") == "zh-CN", place
        assert page.locator("h1").count() == 1, place
        mute = "img:not([alt]), svg:not([aria-label], [aria-hidden=true])"
        assert page.locator(mute).count() == 0, place
        titles.append(page.title())
    assert len(set(titles)) == len(PLACES)
    assert all(titles)
