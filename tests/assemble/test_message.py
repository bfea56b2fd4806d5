"""A digest as a message: what it says, where it is cut, and that text of others stays text."""

from __future__ import annotations

import re
from collections.abc import Callable

import cmarkgfm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assemble import Dialect, MessageLimits, message
from pipeline.assemble.message import LONGEST_FIELD
from pipeline.records import Day, Entry, Note, RunReport, SourceCount
from pipeline.text import plain

from .samples import HOSTILE, HOSTILE_TITLE, done, failed, paper

PAGE = "https://example.org/cs.CL/2024-04-02.html"
DIALECTS: tuple[Dialect, ...] = ("html", "markdown", "text")


def day(*entries: Entry) -> Day:
    """Return a digest of these entries."""
    return Day(name="cs.CL", date="2024-04-02", entries=entries)


def report(*, complete: bool, missing: int = 0) -> RunReport:
    """Return what matters here of a run report."""
    count = SourceCount(announced=None, fetched=0, missing=missing)
    return RunReport(name="", date="", papers=0, cached=0, summarized=0, source=count, complete=complete)


def body(of: Day, limits: MessageLimits, page: str | None = None, about: RunReport | None = None) -> str:
    """Return the body of a digest's message."""
    return message(of, about, limits, page).body


def test_text_numbers_the_papers_with_title_line_and_link() -> None:
    """And ends with the page's address."""
    assert body(day(done(paper(1)), done(paper(2), tldr="二。")), MessageLimits("text", 1000), PAGE) == (
        "cs.CL 2024-04-02：2 篇\n\n"
        "1. 标题\n一句话。\nhttps://arxiv.org/abs/2404.00001\n\n"
        "2. 标题\n二。\nhttps://arxiv.org/abs/2404.00002\n\n"
        f"全文：{PAGE}\n\n"
    )


def test_html_has_the_same_as_paragraphs() -> None:
    """A link's text is its address, so that it survives where links do not."""
    sent = message(day(done(paper(1), tldr="一 <b>")), None, MessageLimits("html", 1000, titled=True), None)
    assert sent.title == "cs.CL 2024-04-02：1 篇"
    assert sent.body == (
        "<p>1. <b>标题</b><br/>一 &lt;b&gt;<br/>"
        '<a href="https://arxiv.org/abs/2404.00001">https://arxiv.org/abs/2404.00001</a></p>\n'
    )


@pytest.mark.parametrize(
    ("of", "about", "notice"),
    [
        (day(done(paper(1))), None, None),
        (day(done(paper(1))), report(complete=True), None),
        (day(done(paper(1))), report(complete=False, missing=3), "本期不完整：3 篇缺失。"),
        (day(done(paper(1)), failed(paper(2))), None, "本期不完整：1 篇没有摘要。"),
        (
            day(done(paper(1)), failed(paper(2))),
            report(complete=False, missing=2),
            "本期不完整：1 篇没有摘要，2 篇缺失。",
        ),
        (day(done(paper(1))), report(complete=False), "本期不完整：可能缺少论文。"),
    ],
    ids=["unknown", "complete", "missing", "failed", "failed-and-missing", "uncounted"],
)
def test_a_digest_that_is_not_whole_says_so(of: Day, about: RunReport | None, notice: str | None) -> None:
    """By its report, or by its own entries; a paper without a summary is named with the reason."""
    sent = body(of, MessageLimits("text", 1000), None, about)
    assert ("本期不完整" in sent, notice is None or notice in sent) == (notice is not None, True)
    assert sent.count("没有摘要：模型没有在时限内回答") == len([entry for entry in of.entries if entry.failure])


def test_a_limited_digest_says_how_many_papers_there_were() -> None:
    """It is not called incomplete: the user wanted no more."""
    limited = Note(key="limited", figures={"count": 20, "total": 359})
    about = report(complete=False).model_copy(update={"notes": (limited,)})
    sent = body(day(done(paper(1))), MessageLimits("text", 1000), None, about)
    assert "本期限定了篇数：共有 359 篇，只取了 20 篇。" in sent
    assert "不完整" not in sent


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("measure", [len, lambda text: len(text.encode())], ids=["characters", "bytes"])
@pytest.mark.parametrize("most", [0, 60, 150, 300, 700, 1500, 5000, 10_000])
def test_a_long_digest_is_cut_between_entries(dialect: Dialect, measure: Callable[[str], int], most: int) -> None:
    """It never passes the limit that holds its frame, every entry shown is whole, and the others are counted."""
    of = day(*(done(paper(number)) for number in range(1, 41)))
    whole = body(of, MessageLimits(dialect, 1_000_000, measure), PAGE)
    sent = body(of, MessageLimits(dialect, most, measure), PAGE)
    frame = body(of, MessageLimits(dialect, 0, measure), PAGE)
    assert measure(sent) <= max(most, measure(frame))
    shown = re.findall(r"2404\.(\d{5})(?=</a>|>?\n)", sent)
    assert [int(number) for number in shown] == list(range(1, len(shown) + 1))
    if sent == whole:
        assert len(shown) == 40
        return
    assert f"还有 {40 - len(shown)} 篇没有列在这里" in sent
    left_out = body(day(*of.entries[: len(shown) + 1]), MessageLimits(dialect, 1_000_000, measure), PAGE)
    assert measure(left_out) + measure("<p>还有 40 篇没有列在这里。</p>\n") > most
    assert "2024-04-02.html" in sent


def test_no_entry_is_longer_than_any_service_takes() -> None:
    """Ten thousand characters without a blank are shortened, and show it."""
    long = "长" * 10_000
    sent = body(day(done(paper(1), translated_title=long, tldr=long), done(paper(2))), MessageLimits("text", 1500))
    assert f"1. {'长' * (LONGEST_FIELD - 1)}…\n{'长' * (LONGEST_FIELD - 1)}…\n" in sent
    assert "2. 标题" in sent


@settings(max_examples=60, deadline=None)
@given(HOSTILE_TITLE, HOSTILE, HOSTILE, st.integers(0, 400))
def test_text_of_others_stays_text(title: str, translated: str, tldr: str, most: int) -> None:
    """No element in HTML, no mention of anybody, no control character; and Markdown shows what was written."""
    translated, tldr = f"题{translated}", f"行{tldr}"
    of = day(done(paper(1, title=title), translated_title=translated, tldr=tldr), failed(paper(2, title=title), title))
    for dialect in DIALECTS:
        body(of, MessageLimits(dialect, most), PAGE)
    text, markdown, html = (body(of, MessageLimits(dialect, 100_000), PAGE) for dialect in ("text", "markdown", "html"))
    assert plain(text.replace("\n", "")) == text.replace("\n", "").strip()
    assert not set("@<") & set(text)
    assert set(re.findall(r"<[^>]*>", html)) <= {
        *("<p>", "</p>", "<b>", "</b>", "<br/>", "</a>"),
        *(f'<a href="https://arxiv.org/abs/2404.0000{number}">' for number in (1, 2)),
        f'<a href="{PAGE}">',
    }
    first = markdown.split("\n\n")[2].split("\n")[1]
    assert plain(re.sub(r"\\(.)", r"\1", first)) == plain(tldr)[:LONGEST_FIELD].translate({64: "＠", 60: "＜"})


@pytest.mark.parametrize(
    "markup", ["**b** _i_ `c`", "# h", "> q", "- l", "1. l", "[a](http://x)", "~~s~~", "||s||", "@everyone"]
)
def test_markdown_of_others_is_shown_as_written(markup: str) -> None:
    """By a Markdown reader that is not ours."""
    sent = body(day(done(paper(1), tldr=markup)), MessageLimits("markdown", 1000))
    shown = cmarkgfm.markdown_to_html(sent)
    assert set(re.findall(r"<(\w+)", shown)) <= {"p", "a"}
    assert markup.replace("@", "＠").replace(">", "&gt;") in shown


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_message_shows_tex_without_its_text_macros(dialect: Dialect) -> None:
    """In title and line, in each dialect."""
    entry = done(paper(1), translated_title=r"\emph{标题}", tldr=r"提高 4\% 的\textbf{准确率}。")
    sent = body(day(entry), MessageLimits(dialect, 1000))
    assert "提高 4% 的准确率。" in sent
    assert not re.search(r"\\(emph|textbf|%)", sent)
