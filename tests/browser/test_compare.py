"""The page of a comparison, read as a file and judged from its server, by keyboard alone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.compare import Comparison, page
from pipeline.compare.blinding import is_swapped
from pipeline.compare.page import Seat
from pipeline.compare.server import JudgeServer, Judging
from pipeline.compare.verdicts import PARTS, newest, read_verdicts
from pipeline.compare.wording import sentences
from pipeline.records import Mark
from tests.compare.samples import PAIR, cell, comparison

from .conftest import Open
from .test_quality import PHONE, WIDE, violations

NUMBER = Mark(check="number", field="translated_abstract", sentence=2, detail="'34'")


PATIENCE_S = 30.0
"""A verdict is flushed to disk, which a busy machine may take its time for."""


def _with_marks(of: Comparison) -> Comparison:
    """Return a comparison whose first paper has a mark in the second column, and whose second is the same in both."""
    marked = of.rows[0].model_copy(update={"cells": (cell(0, 0), cell(0, 1, marks=(NUMBER,)))})
    same = of.rows[1].model_copy(update={"cells": (cell(1, 0), cell(1, 0))})
    return of.model_copy(update={"rows": (marked, same, *of.rows[2:])})


COMPARISON = _with_marks(comparison(24))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 24 papers."""
    path = tmp_path_factory.mktemp("compare") / "trial.html"
    path.write_text(page(COMPARISON), "utf-8")
    return path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[JudgeServer]:
    """The same 24 papers, served to anna."""
    judging = Judging(COMPARISON, Seat("anna", (0, 1)), tmp_path / "v.jsonl", lambda: datetime.now(UTC))
    with JudgeServer(judging, "token") as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made
        made.shutdown()


def _id(page: Any) -> str:
    return str(page.locator("article").get_attribute("data-id"))


def _kept(server: JudgeServer, papers: int) -> dict[str, Any]:
    """Wait until so many papers are judged whole, and return their verdicts."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = newest(read_verdicts(server.judging.path), COMPARISON, PAIR).get("anna", {})
        if sum(verdict.is_whole for verdict in found.values()) == papers:
            return dict(found)
        assert time.monotonic() < end, f"waited in vain for {papers} verdicts"
        time.sleep(0.05)


def test_papers_are_read_by_keyboard(reading: Open, trial: Path) -> None:
    """Forth and back, by filters, with the differences and without."""
    page = reading(trial.as_uri())
    assert _id(page) == "2604.00000"
    assert page.locator("[data-part=tldr] mark").count() >= 2
    page.keyboard.press("d")
    assert page.locator("article mark").count() == 0
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert _id(page) == "2604.00001"
    page.keyboard.press("f")
    assert page.locator("#tools output").inner_text() == "23"
    page.keyboard.press("f")
    assert (_id(page), page.locator("#tools output").inner_text()) == ("2604.00000", "1")
    assert page.locator("[data-part=abstract] .check").inner_text() == "数字待核"


def test_columns_stand_side_by_side_beside_their_heading(reading: Open, tmp_path: Path) -> None:
    """Three of them too: all at one height, in order, and within the screen."""
    path = tmp_path / "three.html"
    path.write_text(page(comparison(2, columns=3)), "utf-8")
    shown = reading(path.as_uri())
    (heading, *cells) = shown.evaluate(
        """[...document.querySelectorAll("[data-part=title] h3, [data-part=title] .cell")].map((each) => {
            const box = each.getBoundingClientRect();
            return [box.left, box.top, box.right];
        })"""
    )
    assert {round(top) for _, top, _ in (heading, *cells)} == {round(heading[1])}
    edges = [left for left, _, _ in (heading, *cells)]
    assert edges == sorted(edges)
    assert cells[-1][2] <= WIDE["viewport"]["width"]


def test_differences_are_marked_by_character(reading: Open, trial: Path) -> None:
    """What both have is not; the words of one side joined are its text."""
    page = reading(trial.as_uri())
    texts = page.locator("[data-part=title] .text")
    assert [texts.nth(at).inner_text() for at in (0, 1)] == ["测量部件之第 0 篇", "部件的测量之第 0 篇"]
    marks = page.locator("[data-part=title] mark").all_inner_texts()
    assert "".join(marks).replace("的", "") in {"测量测量", "部件部件"}


def test_24_papers_are_judged_by_keyboard_alone(reading: Open, server: JudgeServer) -> None:
    """A key a part; each verdict is saved; names come with the end, and the verdict as a sentence."""
    page = reading(server.url)
    assert "digest@" not in page.content()
    for number in range(24):
        assert _id(page) == f"2604.{number:05}"
        side = "1" if is_swapped(COMPARISON.id, "anna", _id(page)) else "2"
        for key in (side, side, "3", side if number % 6 else "4"):
            page.keyboard.press(key)
    page.locator("#verdict[open]").wait_for()
    kept = _kept(server, 24)
    assert {verdict.choices["title"] for verdict in kept.values()} == {"second"}
    assert sum(verdict.choices["overall"] == "second" for verdict in kept.values()) == 20
    said = page.locator("#verdict li").all_inner_texts()
    assert said == list(sentences(COMPARISON, (0, 1), {"anna": kept}, "zh"))
    assert said[3] == "总评：digest@2 对 digest@1，胜 20，负 0，平 4；符号检验 p < 0.001，差别成立"
    page.keyboard.press("Escape")
    assert set(page.locator("article h4").all_inner_texts()) == set(PAIR)


def test_what_was_judged_is_there_after_a_second_start(reading: Open, server: JudgeServer) -> None:
    """The page goes on at the first paper that is open; a verdict can be changed."""
    page = reading(server.url)
    for key in "1234":
        page.keyboard.press(key)
    _kept(server, 1)
    again = reading(server.url)
    assert _id(again) == "2604.00001"
    again.keyboard.press("k")
    pressed = again.locator(".choices [aria-pressed=true]")
    assert [pressed.nth(at).get_attribute("value") for at in range(4)] == ["left", "right", "both", "neither"]
    again.locator("[data-part=overall] [value=both]").click()
    again.locator("#said", has_text="已保存").wait_for()
    assert _kept(server, 1)["2604.00000"].choices["overall"] == "both"


def test_reasons_by_keyboard(reading: Open, server: JudgeServer) -> None:
    """Side, part, kind, weight and words, without a mouse; a check's mark suggests one at once."""
    page = reading(server.url)
    suggested = page.locator(".reason")
    assert suggested.count() == 1
    assert "数字或公式错" in suggested.inner_text()
    page.keyboard.press("r")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("5")
    page.keyboard.press("z")
    page.locator("#reason [name=quote]").focus()
    page.keyboard.type("生硬的话")
    page.keyboard.press("Enter")
    for key in "1111":
        page.keyboard.press(key)
    reasons = _kept(server, 1)["2604.00000"].reasons
    assert [(one.part, one.kind, one.is_grave, one.quote) for one in reasons] == [
        ("abstract", "数字或公式错", False, "'34'"),
        ("title", "生硬", True, "生硬的话"),
    ]
    assert reasons[0].column == "second"


def test_a_reason_begins_with_the_words_that_are_selected(reading: Open, server: JudgeServer) -> None:
    """Beside them a button; side, part and words are filled in."""
    page = reading(server.url)
    page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('[data-part=tldr] [data-side=right] .text'))"
    )
    page.locator("#because").click()
    filled = page.evaluate("Object.fromEntries(new FormData(document.querySelector('#reason form')))")
    assert (filled["side"], filled["part"]) == ("right", "tldr")
    assert filled["quote"] in page.locator("[data-part=tldr] [data-side=right] .text").inner_text()


def test_a_verdict_that_cannot_be_saved_is_said_and_sent_again(chromium: Any, server: JudgeServer) -> None:
    """Until it is; the browser complains of the answer, so it is not that of the other tests."""
    page = chromium.new_page()
    page.goto(server.url)
    place = server.judging.path
    place.mkdir()
    page.keyboard.press("1")
    page.locator("#said", has_text="没有保存").wait_for()
    place.rmdir()
    page.locator("#said", has_text="已保存").wait_for()
    page.close()
    assert len(read_verdicts(place)) == 1


def test_a_file_is_judged_and_exported(reading: Open, trial: Path, tmp_path: Path) -> None:
    """The same shuffle as the server's; what is exported is what the program reads."""
    page = reading(trial.as_uri())
    page.get_by_role("button", name="盲评").click()
    page.keyboard.type("本")
    page.keyboard.press("Enter")
    assert page.locator("article h4").first.inner_text() == "左边"
    for _ in range(3):
        for key in "1111":
            page.keyboard.press(key)
    with page.expect_download() as download:
        page.get_by_role("button", name="导出评判").click()
    assert download.value.suggested_filename == "trial.verdicts.jsonl"
    path = tmp_path / "v.jsonl"
    download.value.save_as(path)
    (judge,) = newest(read_verdicts(path), COMPARISON, PAIR).items()
    assert judge[0] == "本"
    for paper_id, verdict in judge[1].items():
        chosen = "second" if is_swapped(COMPARISON.id, "本", paper_id) else "first"
        assert set(verdict.choices) == set(PARTS)
        assert set(verdict.choices.values()) == {chosen}
    assert [json.loads(line)["paper_id"] for line in path.read_text("utf-8").splitlines()] == list(judge[1])


@pytest.mark.parametrize("screen", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_either_page(
    reading: Open, axe: str, trial: Path, server: JudgeServer, screen: dict[str, Any], scheme: str
) -> None:
    """In either colours, on phone and wide screen: reading, judging, giving a reason, and with the keys shown."""
    for url in (trial.as_uri(), server.url):
        page = reading(url, color_scheme=scheme, **screen)
        page.evaluate(axe)
        assert violations(page) == []
        page.keyboard.press("?")
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("1")
        page.keyboard.press("r")
        assert violations(page) == []
        page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 2,000 papers with texts of the usual length."""
    of = comparison(2000)
    rows = []
    for row in of.rows:
        cells = tuple(
            each.model_copy(
                update={"summary": each.summary.model_copy(update={"translated_abstract": _long(at, row.paper.id)})}
            )
            for at, each in enumerate(row.cells)
            if each.summary
        )
        paper = row.paper.model_copy(update={"abstract": "We measure it again and find the same. " * 30})
        rows.append(row.model_copy(update={"cells": cells, "paper": paper}))
    path = tmp_path_factory.mktemp("large") / "large.html"
    path.write_text(page(of.model_copy(update={"rows": tuple(rows)})), "utf-8")
    return path


def _long(column: int, seed: str) -> str:
    words = ("我们再次测量部件", "得到更好的结果", "速度快一倍", "因而省下时间", "误差更小", f"见 {seed}")
    return "".join(f"{words[(at * (column + 2)) % 6]}，" for at in range(60))


def test_2000_papers_are_soon_there_and_move_at_once(reading: Open, large: Path) -> None:
    """The first is drawn within 3 s, and the next within 50 ms of its key; the best of three counts."""
    page = reading(large.as_uri())
    assert min(_seconds_to_open(page, large) for _ in range(3)) < 3.0
    assert min(_milliseconds_to_move(page) for _ in range(3)) < 50
    assert _id(page) == "2604.00060"


def _milliseconds_to_move(page: Any) -> float:
    """Return the median of 20 moves."""
    moves = page.evaluate(
        """() => Array.from({length: 20}, () => {
            const began = performance.now();
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "j", bubbles: true}));
            document.body.offsetHeight;
            return performance.now() - began;
        })"""
    )
    return float(sorted(moves)[10])


def _seconds_to_open(page: Any, path: Path) -> float:
    began = time.monotonic()
    page.goto(path.as_uri())
    page.locator("article").wait_for()
    return time.monotonic() - began
