"""What a reader does with a page: by mouse, by keyboard, by touch."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.assemble import html
from tests.assemble.test_doubts import DIGEST as DOUBTFUL

from .conftest import Open
from .samples import HOSTILE, IDS

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def _paper(page: Any, number: int) -> Any:
    return page.locator("article").nth(number)


def _chip(page: Any, name: str) -> Any:
    return page.locator("#chips").get_by_role("button", name=re.compile(f"^{re.escape(name)}( \\d+)?$"))


def _shown(page: Any) -> list[str]:
    """Return the ids of the papers that are to be seen."""
    return [of.get_attribute("id") for of in page.locator("article").all() if of.is_visible()]


def _pressed(of: Any, mark: str) -> bool:
    return bool(of.locator(f".{mark}").get_attribute("aria-pressed") == "true")


def _is_open(of: Any) -> bool:
    return bool(of.locator("details").evaluate("details => details.open"))


def _focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.closest('article')?.id ?? document.activeElement.name ?? ''"))


def _by_mouse(of: Any) -> None:
    of.locator("summary > span").first.click()


def _by_touch(of: Any) -> None:
    of.locator("summary > span").first.tap()


def _by_key(of: Any) -> None:
    of.locator("summary").focus()
    of.page.keyboard.press("Enter")


@pytest.mark.parametrize(("act", "options"), [(_by_mouse, {}), (_by_key, {}), (_by_touch, PHONE)])
def test_a_line_opens_in_place(reading: Open, act: Any, options: dict[str, Any]) -> None:
    """And shows titles, abstracts with their formulas, and links; once more, and it closes; it stays marked as read."""
    of = _paper(reading(**options), 0)
    assert not of.get_by_text("我们用").is_visible()
    act(of)
    for text in ("视频扩散模型", "Video Diffusion", "我们用", "We diffuse", "Zoë Zweite, 刘一"):
        assert of.get_by_text(text).first.is_visible()
    assert [link.get_attribute("href") for link in of.locator("a").all()] == [
        *(f"https://arxiv.org/{page}/{IDS[0]}" for page in ("abs", "pdf", "html")),
        f"https://www.alphaxiv.org/abs/{IDS[0]}",
    ]
    assert of.locator("math").first.bounding_box()["width"] > 20
    assert _pressed(of, "read")
    act(of)
    assert not of.get_by_text("我们用").is_visible()
    assert _pressed(of, "read")


@pytest.mark.parametrize(
    ("name", "seen", "unseen"),
    [
        ("中文", ["用扩散模型", "视频扩散模型", "我们用"], ["Diffusion makes", "Video Diffusion", "We diffuse"]),
        ("英文", ["Diffusion makes", "Video Diffusion", "We diffuse"], ["用扩散模型", "视频扩散模型", "我们用"]),
        ("双语", ["用扩散模型", "视频扩散模型", "我们用", "Diffusion makes", "Video Diffusion", "We diffuse"], []),
    ],
)
def test_a_touch_changes_the_language(reading: Open, name: str, seen: list[str], unseen: list[str]) -> None:
    """The other language goes, closed and open, and stays away when the page is read again."""
    page = reading(**PHONE)
    page.get_by_role("button", name=name).tap()
    page.reload()
    assert page.get_by_role("button", name=name).get_attribute("aria-pressed") == "true"
    of = _paper(page, 0)
    assert of.get_by_text(seen[0]).is_visible()
    of.locator("summary").tap()
    assert [text for text in seen if not of.get_by_text(text, exact=False).first.is_visible()] == []
    assert [text for text in unseen if of.get_by_text(text).first.is_visible()] == []


def test_a_paper_without_an_english_line_keeps_its_chinese_one(reading: Open) -> None:
    """In English, too, no paper is without a line."""
    page = reading()
    page.get_by_role("button", name="英文").click()
    assert _paper(page, 1).get_by_text("统计").is_visible()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("扩散", [0]),
        ("DIFFUSE  视频", [0]),
        ("abc", [1]),
        ("zweite", [0, 1, 4]),
        ("never 摘要", [4]),
        ("2404.00002", [1]),
        ("onerror", [2]),
        ("扩散 数词", []),
        ("   ", [0, 1, 2, 3, 4]),
    ],
)
def test_words_find_papers(reading: Open, words: str, found: list[int]) -> None:
    """All of them, in either language, in any part, whatever their case or width."""
    page = reading()
    page.get_by_role("searchbox").click()
    page.keyboard.insert_text(words)
    assert _shown(page) == [IDS[number] for number in found]
    assert page.get_by_text("没有符合条件的论文").is_visible() == (not found)
    count = page.locator("output").text_content()
    assert count == ("" if len(found) == 5 else f"显示 {len(found)} / 5 篇")


def test_words_are_looked_for_when_they_are_written(reading: Open) -> None:
    """What an input method has not yet turned into Chinese finds nothing and hides nothing."""
    page = reading()
    page.get_by_role("searchbox").focus()
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "kuosan", "selectionStart": 6, "selectionEnd": 6})
    assert _shown(page) == IDS
    session.send("Input.insertText", {"text": "扩散"})
    assert _shown(page) == IDS[:1]


def test_categories_types_and_marks_narrow_what_is_shown(reading: Open) -> None:
    """One of the categories and one of the kinds is enough, of marks all must hold; a button clears them."""
    page = reading()
    _chip(page, "cs.CL").click()
    assert _shown(page) == [IDS[1]]
    _chip(page, "cs.LG").click()
    assert _shown(page) == IDS[:4]
    _chip(page, "新论文").click()
    assert _shown(page) == [IDS[0], IDS[2]]
    _paper(page, 0).get_by_role("button", name="星标").click()
    _chip(page, "星标").click()
    assert _shown(page) == [IDS[0]]
    _paper(page, 0).get_by_role("button", name="已读").click()
    assert _shown(page) == [IDS[0]]
    _chip(page, "未读").click()
    assert _shown(page) == []
    page.get_by_role("button", name="清除筛选").click()
    assert _shown(page) == IDS
    assert page.locator("#chips [aria-pressed=true]").count() == 0


def test_a_failed_paper_is_starred_found_and_counted(reading: Open) -> None:
    """Like any other: with its abstract in English in each language, and its reason in Chinese."""
    page = reading()
    of = _paper(page, 4)
    of.get_by_role("button", name="星标").click()
    _chip(page, "星标").click()
    assert _shown(page) == [IDS[4]]
    of.locator("summary").click()
    for language in ("zh", "both", "en"):
        page.locator(f"[value={language}]").click()
        for text in ("Never Summarized", "Abstract 5.", "没有摘要：模型没有在时限内回答"):
            assert of.get_by_text(text).is_visible(), (language, text)
    assert page.get_by_text("已读 1 / 5").is_visible()


def test_what_came_since_the_last_visit_can_be_chosen(reading: Open) -> None:
    """Half an hour after a page was opened last a new visit begins; on the first one there is nothing to choose."""
    page = reading()
    assert not page.locator("[value=fresh]").is_visible()
    then = "{ began: Date.now() - 4e6, last: Date.now() - 3e6 }"
    page.evaluate(
        f"ids => {{ save('visit', {then}); save('shown', [{{ began: load('visit').began, ids }}]) }}", IDS[:3]
    )
    for _ in range(2):
        page.reload()
        _chip(page, "上次之后新到").click()
        assert _shown(page) == IDS[3:]


def test_marks_are_kept_and_seen_in_every_window(reading: Open) -> None:
    """A star and a read mark are there after a reload, and at once in a second window; both can be taken away."""
    page = reading()
    second = page.context.new_page()
    second.goto(page.url)
    for mark, name in (("star", "星标"), ("read", "已读")):
        _paper(page, 1).get_by_role("button", name=name).click()
        second.wait_for_function(
            "mark => document.querySelectorAll(`.${mark}[aria-pressed=true]`).length == 1", arg=mark
        )
    page.reload()
    assert [(_pressed(of, "star"), _pressed(of, "read")) for of in (_paper(page, 0), _paper(page, 1))] == [
        (False, False),
        (True, True),
    ]
    _paper(page, 1).get_by_role("button", name="星标").click()
    page.reload()
    assert not _pressed(_paper(page, 1), "star")


def test_keys_do_all_of_it(reading: Open) -> None:
    """To walk, open, mark, change the language, find and leave; at the ends nothing happens, nor by other keys."""
    page = reading()
    press = page.keyboard.press
    for key, at in (
        ("j", 0),
        ("j", 1),
        ("j", 2),
        ("j", 3),
        ("j", 4),
        ("j", 4),
        ("k", 3),
        ("k", 2),
        ("k", 1),
        ("k", 0),
        ("k", 0),
    ):
        press(key)
        assert _focused(page) == IDS[at], key
    of = _paper(page, 0)
    press("o")
    assert _is_open(of)
    press("s")
    press("m")
    assert (_pressed(of, "star"), _pressed(of, "read")) == (True, False)
    press("o")
    assert (_is_open(of), _pressed(of, "read")) == (False, False)
    press("l")
    assert page.get_by_role("button", name="英文").get_attribute("aria-pressed") == "true"
    press("/")
    page.keyboard.type("jo words")
    assert (_focused(page), page.get_by_role("searchbox").input_value(), _shown(page)) == ("words", "jo words", [])
    page.get_by_role("searchbox").fill("words")
    press("Escape")
    assert (page.get_by_role("searchbox").input_value(), _shown(page)) == ("words", [IDS[1]])
    press("k")
    assert _focused(page) == IDS[1]
    press("Control+s")
    press("x")
    assert not _pressed(_paper(page, 1), "star")


def test_keys_work_from_where_a_reader_is(reading: Open) -> None:
    """After a click into a text or on a mark, in capitals, after a choice, and after words and Enter."""
    page = reading()
    press = page.keyboard.press
    _paper(page, 1).locator("summary").click()
    _paper(page, 1).get_by_text("我们数词").click()
    press("j")
    assert _focused(page) == IDS[2]
    _paper(page, 0).get_by_role("button", name="星标").click()
    press("J")
    assert _focused(page) == IDS[1]
    _chip(page, "未读").focus()
    press("k")
    assert _focused(page) == IDS[0]
    press("u")
    assert _shown(page) == [IDS[0], *IDS[2:]]
    press("u")
    press("/")
    page.keyboard.type("words")
    press("Enter")
    press("j")
    assert (_focused(page), page.get_by_role("searchbox").input_value()) == (IDS[1], "words")


@pytest.mark.parametrize("width", [360, 390, 641, 1280])
def test_the_tools_take_one_line(reading: Open, width: int) -> None:
    """And the chips another, on a phone and on a wide screen."""
    page = reading(viewport={"width": width, "height": 844})
    for of in ("#tools > *", "#chips button"):
        boxes = [box for each in page.locator(of).all() if each.is_visible() and (box := each.bounding_box())]
        assert len({round(box["y"] + box["height"] / 2) for box in boxes}) == 1
    assert page.locator("#tools").bounding_box()["height"] < 64


@pytest.mark.parametrize("width", [700, 1280])
def test_what_is_stepped_to_lies_beneath_nothing(reading: Open, width: int) -> None:
    """The tools stay at the top while the page scrolls, on one line or two, and hide no line that a key leads to."""
    page = reading(viewport={"width": width, "height": 500})
    for key in "jjj":
        page.keyboard.press(key)
    page.evaluate("scrollTo(0, 1e6)")
    page.keyboard.press("k")
    top, tools = (page.locator(of).bounding_box() for of in ("summary:focus", "#tools"))
    assert page.evaluate("scrollY") > 0
    assert tools["y"] == 0
    assert tools["height"] <= top["y"] < 500


def test_a_question_mark_shows_the_keys(reading: Open) -> None:
    """In a dialog that shuts by Escape or its button, and leaves the page where it was."""
    page = reading()
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="快捷键").is_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    page.locator("#tools").get_by_role("button", name="快捷键").click()
    page.get_by_role("button", name="关闭").click()
    assert not page.locator("dialog").is_visible()


def _background(page: Any) -> int:
    """Return how light the page is, 0 to 255."""
    return int(page.evaluate("parseInt(getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/)[0])"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_until_a_button_says_otherwise(reading: Open, scheme: str) -> None:
    """The choice is kept; pressed again, the system's colours are back, whatever they become."""
    page = reading(color_scheme=scheme)
    own, button = _background(page) > 128, page.get_by_role("button", name="深色")
    assert (own, button.get_attribute("aria-pressed")) == (scheme == "light", "false" if own else "true")
    button.click()
    page.reload()
    assert (_background(page) > 128) != own
    button.click()
    page.emulate_media(color_scheme="dark" if own else "light")
    assert (_background(page) > 128) != own
    page.wait_for_function("on => document.querySelector('[name=dark]').ariaPressed == on", arg=str(own).lower())


def test_a_link_to_a_paper_opens_it(reading: Open, file: Path) -> None:
    """On arrival and afterwards; one that names none does nothing."""
    page = reading(f"{file.as_uri()}#{IDS[1]}")
    assert (_is_open(_paper(page, 0)), _is_open(_paper(page, 1))) == (False, True)
    page.evaluate("id => { location.hash = id }", IDS[0])
    page.wait_for_function("document.querySelector('article details').open")
    for nonsense in ("none", "%", "%zz"):
        page.evaluate("hash => { location.hash = hash }", nonsense)
        page.reload()
    assert _shown(page) == IDS


def test_where_nothing_can_be_kept_all_else_works(reading: Open, file: Path) -> None:
    """A page without an origin may not use the browser's storage; marks and language then last until it is left."""
    page = reading(f"data:text/html;base64,{base64.b64encode(file.read_bytes()).decode()}")
    assert page.evaluate("(() => { try { return !localStorage } catch { return 'refused' } })()") == "refused"
    _paper(page, 0).get_by_role("button", name="星标").click()
    _chip(page, "星标").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="中文").click()
    assert _shown(page) == [IDS[0]]


def test_what_an_earlier_release_kept_is_understood(reading: Open) -> None:
    """Lists of ids that were read and starred, a language, a theme: as they stand in the storage of its readers."""
    page = reading(color_scheme="light")
    earlier = {"read": IDS[:2], "star": [IDS[1], "1901.00001"], "language": "en", "theme": "dark"}
    page.evaluate(
        "kept => Object.entries(kept).forEach(([k, v]) => localStorage.setItem(`arxiv-digest:${k}`, v))",
        {key: json.dumps(value) for key, value in earlier.items()},
    )
    page.reload()
    marks = [(_pressed(of, "read"), _pressed(of, "star")) for of in page.locator("article").all()]
    assert marks == [(True, False), (True, True), *[(False, False)] * 3]
    assert page.locator("[value=en]").get_attribute("aria-pressed") == "true"
    assert _background(page) < 128
    _paper(page, 0).get_by_role("button", name="星标").click()
    assert page.evaluate("JSON.parse(localStorage['arxiv-digest:star'])") == [IDS[1], "1901.00001", IDS[0]]


@pytest.mark.parametrize("kept", ["{", "null", '"x"', "7", '{"a": 1}', "[1, null]"])
def test_nonsense_in_the_browsers_storage_breaks_nothing(reading: Open, kept: str) -> None:
    """What another program left there reads as nothing."""
    page = reading()
    page.evaluate(
        "kept => ['read', 'star', 'language', 'theme'].forEach(k => localStorage.setItem(`arxiv-digest:${k}`, kept))",
        kept,
    )
    page.reload()
    _paper(page, 0).get_by_role("button", name="星标").click()
    assert _pressed(_paper(page, 0), "star")


def test_without_javascript_all_is_there_to_read(reading: Open) -> None:
    """Papers open, both languages show, the foot is there; no button stands that would do nothing."""
    page = reading(java_script_enabled=False)
    assert page.locator("button:visible, input:visible, select:visible").count() == 0
    of = _paper(page, 0)
    assert not of.get_by_text("我们用").is_visible()
    of.locator("summary").click()
    for text in ("用扩散模型", "Diffusion makes", "视频扩散模型", "Video Diffusion", "我们用", "We diffuse"):
        assert of.get_by_text(text).first.is_visible()
    assert page.get_by_text("Never Summarized").is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_on_paper_a_paper_is_as_it_was_left(reading: Open, script: bool) -> None:
    """Closed it has titles and line, open all of it; in black on white whatever the screen was, without a button."""
    page = reading(java_script_enabled=script, color_scheme="dark")
    _paper(page, 0).locator("summary").click()
    page.pdf()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("button:visible, input:visible, #count:visible").count() == 0
    for text in ("用扩散模型", "Diffusion makes", "视频扩散模型", "Video Diffusion", "我们用", "We diffuse"):
        assert _paper(page, 0).get_by_text(text).first.is_visible(), text
    for text, seen in (("统计", True), ("Words Counted", True), ("数词", True), ("We count", False)):
        assert _paper(page, 1).get_by_text(text).first.is_visible() == seen, text
    if script:
        assert _background(page) == 255


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_no_width_and_no_text_breaks_the_layout(reading: Open, width: int) -> None:
    """From a small phone to a wide screen nothing stands out at the side, whatever is open."""
    page = reading(viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    for language in ("both", "zh", "en"):
        page.locator(f"[value={language}]").click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        edges = page.evaluate(
            "[...document.querySelectorAll('main p, main span,td,#tools *')].map(e => e.getBoundingClientRect().right)",
        )
        assert max(edges) <= width


def test_hostile_text_is_text(reading: Open) -> None:
    """Nothing of it runs, loads or closes what it stands in; it is found as text in each of its places."""
    page = reading()
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    of = _paper(page, 2)
    of.locator("summary").click()
    assert page.locator("img, main script, main style, iframe").count() == 0
    start = HOSTILE.partition("$")[0].strip()
    assert of.get_by_text(start).count() == 8
    assert page.locator("#foot").get_by_text(start).count() == 1


@pytest.mark.parametrize("language", ["both", "zh"])
def test_a_sentence_shows_its_original(reading: Open, tmp_path: Path, language: str) -> None:
    """By a click and by keys, beneath it and behind its badge, and hides it again; in one language too."""
    made = tmp_path / "doubtful.html"
    made.write_text(html(DOUBTFUL), "utf-8")
    page = reading(made.as_uri())
    page.click(f"[name=language][value={language}]")
    page.click("summary")
    sentence, text = page.locator("[role=button]").first, page.locator("details > div > p").first
    sentence.click()
    assert text.inner_text().split("\n") == ["机器人发送 7 张地图。数字待核", "Robots send 5 maps.", "它们很快。"]
    sentence.press("Enter")
    assert "Robots" not in text.inner_text()
    sentence.press(" ")
    assert (sentence.get_attribute("aria-expanded"), page.locator(".original").count()) == ("true", 1)
