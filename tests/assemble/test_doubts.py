"""What is said of a text that a check found doubtful: on the page, in Markdown, in the feed and in messages."""

from __future__ import annotations

import pytest

from pipeline.assemble import Digest, FeedStyle, atom, html, markdown
from pipeline.assemble.language import LANGUAGES
from pipeline.assemble.message import MessageLimits, message
from pipeline.records import Day, Mark, Sentence, Source
from pipeline.summarize.content.table import reasons

from .samples import done, paper

PAPER = paper(abstract="Robots send 5 maps. They are | fast.")
MARKED = done(
    PAPER,
    translated_abstract="机器人发送 7 张地图。它们很快。",
    sentences=(
        Sentence(en="Robots send 5 maps.", zh="机器人发送 7 张地图。", marks=("number",)),
        Sentence(en="They are | fast.", zh="它们很快。"),
    ),
    marks=(
        Mark(check="title_short", field="translated_title", detail=""),
        Mark(check="number", field="tldr", detail="9|"),
        Mark(check="number", field="translated_abstract", sentence=1, detail="7"),
    ),
)
DIGEST = Digest("cs.CV", "2026-11-23", (MARKED,), Source(fetched=1))
IN_FULL = "待核：题目 题目不全；要点 数字待核“9|”；摘要第 1 句 数字待核“7”"


def test_every_check_that_marks_has_its_words() -> None:
    """The same as the table of checks gives, and those for sentences that were paired afterwards."""
    assert LANGUAGES["zh"].checks == reasons() | {"aligned": "未逐句对应"}


def test_the_page_has_a_badge_beside_what_is_doubtful() -> None:
    """Beside title, line and sentence, and all of it with the words that it concerns in one line below."""
    page = html(DIGEST)
    assert "标题<mark>题目不全</mark></cite>" in page
    assert "<mark>数字待核</mark>一句话。" in page
    assert "<span>机器人发送 7 张地图。</span><mark>数字待核</mark><span>它们很快。</span>" in page
    assert f"<p>{IN_FULL}" in page
    assert '<p lang="en"><span>Robots send 5 maps.</span> <span>They are | fast.</span>' in page


def test_sentences_that_do_not_make_up_the_text_are_not_shown() -> None:
    """The text itself is, as it stands."""
    changed = MARKED.model_copy(update={"paper": PAPER.model_copy(update={"abstract": "Robots send maps."})})
    page = html(Digest("cs.CV", "2026-11-23", (changed,), Source(fetched=1)))
    assert "<span>机器人" not in page
    assert "机器人发送 7 张地图。它们很快。" in page


def test_markdown_says_it_in_brackets_and_its_table_stays_whole() -> None:
    """After title and line, and with the sentence's number after the abstract."""
    page = markdown(DIGEST)
    (row,) = (line for line in page.splitlines() if line.startswith("| [^1]"))
    assert row.endswith("| 一句话。（数字待核） |")
    assert row.count("|") == 4
    assert "[^1]: 标题（题目不全）\n" in page
    assert "    机器人发送 7 张地图。它们很快。（第 1 句 数字待核）\n" in page


def test_a_message_says_that_there_is_something() -> None:
    """In one word, for there is little room."""
    day = Day(name="cs.CV", date="2026-11-23", entries=(MARKED,))
    assert "一句话。（待核）\n" in message(day, None, MessageLimits("text", 4000), None).body


@pytest.mark.parametrize("kind", ["day", "paper"])
def test_the_feed_says_all_of_it(kind: str) -> None:
    """In the entry of the paper, or within that of the day."""
    day = Day(name="cs.CV", date="2026-11-23", entries=(MARKED,))
    assert IN_FULL in atom("cs.CV", [day], FeedStyle(kind=kind))  # type: ignore[arg-type]
