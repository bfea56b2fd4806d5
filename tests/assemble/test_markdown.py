"""The Markdown page of a digest."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assemble import Digest, markdown
from pipeline.assemble.escape import one_line
from pipeline.assemble.language import LANGUAGES
from pipeline.records import Entry, Missing, Note, Source
from pipeline.tex import without_macros

from .gfm import PAGE_TAGS, fold, read
from .samples import HOSTILE, HOSTILE_TITLE, done, failed, paper


def _page(*entries: Entry, source: Source | None = None, notes: tuple[Note, ...] = ()) -> str:
    source = source or Source()
    noted = source.model_copy(update={"notes": (*source.notes, *notes)})
    return markdown(Digest("cs.CV", "2024-04-03", entries, noted))


TABLE = """\
# 摘要

| Ref | Title | Summary |
| --- | --- | --- |
| [^1] | [Title 1](https://arxiv.org/abs/2404.00001) | 一句话。 |

"""
DETAILS = """\
# 详细

[^1]: 标题

    Title 1

    [https://arxiv.org/abs/2404.00001](https://arxiv.org/abs/2404.00001)

    一句话。

    One line.

    译文。

    Abstract 1.
    \n
"""
ONE = TABLE + DETAILS


def _link(number: int) -> str:
    return "[{0}]({0})".format(f"https://arxiv.org/abs/2404.{number:05}")


REST = """\
# 没有摘要的论文

| 论文 | 原因 |
| --- | --- |
| [Title 2](https://arxiv.org/abs/2404.00002) [^3] | 模型没有在时限内回答 |
| [A title. (arXiv:2404.00003v1 [cs.CV])](https://arxiv.org/abs/2404.00003) [^4] | odd_reason_ |

# 说明

公告 5 篇，取得 3 篇，缺少 2 篇。本页 4 篇。

| 缺少的论文 | 原因 |
| --- | --- |
| [math/0309136v2](https://arxiv.org/abs/math/0309136) | 没有取到，详情见运行报告 |
| 2 papers | 运行提前停止，还没有轮到这篇论文 |

本页按提交日期选取论文，与 arXiv 当天公告的名单可能不同，也不含替换的版本。

arXiv 给出 3 篇论文后不再应答。

unknown_key_

提示词：digest@1；模型：m-1、m-2

"""


def test_a_complete_digest_is_a_table_and_its_details() -> None:
    """Where all went well and nobody knows who made it, nothing follows the details."""
    assert _page(done(paper())) == ONE


def test_what_failed_or_is_missing_precedes_the_details() -> None:
    """Failures, counts, missing papers, notes (each once) and makers stand below the table; footnotes end the page."""
    source = Source(
        announced=5,
        fetched=3,
        missing=2,
        missing_papers=(Missing(id="math/0309136v2", reason="not returned"), Missing(id="2 papers", reason="stopped")),
        notes=(Note(key="follows_submission"),),
    )
    figures: dict[str, str | int] = {"count": 3, "detail": "503 from http://export.arxiv.org"}
    page = _page(
        done(paper(1), model="m-1", prompt="digest@1"),
        failed(paper(2), "timeout", "no answer in 60 s"),
        failed(paper(3, title="A title. (arXiv:2404.00003v1 [cs.CV])"), "odd_reason_"),
        done(paper(1), model="m-2", prompt="digest@1"),
        source=source,
        notes=(Note(key="source_failed", figures=figures), Note(key="follows_submission"), Note(key="unknown_key_")),
    )

    table, rest = page.split("\n\n# ", maxsplit=1)
    assert table.startswith(TABLE.strip())
    assert f"# {rest}".startswith(f"{REST}# 详细\n\n[^1]: 标题\n")
    assert page.endswith(
        "\n[^4]: A title. (arXiv:2404.00003v1 [cs.CV])\n\n    " + _link(3) + "\n\n    Abstract 3.\n    \n\n"
    )


def test_what_a_paper_gives_besides_stands_below_its_address() -> None:
    """Where it appeared, its code and its DOI, each a line of its own; a page of papers without these has none."""
    code = "Code: https://github.com/a/b_c_"
    page = _page(done(paper(comment=code, doi="10.1234/x_y_", journal_ref="J. 1_a_")))
    lines = ["发表于 J. 1_a_", *(
        f"{label}：[{url}]({url})"
        for label, url in (("GitHub", "https://github.com/a/b_c_"), ("DOI", "https://doi.org/10.1234/x_y_"))
    )]  # fmt: skip
    assert page == ONE.replace(f"{_link(1)}\n\n", "".join(f"{line}\n\n    " for line in (_link(1), *lines))[:-4])
    assert read(page).links[2:] == ["https://github.com/a/b_c_", "https://doi.org/10.1234/x_y_"]


def test_text_macros_are_unwrapped() -> None:
    """In every field; those of formulas stay."""
    written = r"\emph{a} 4\% $\textbf{x}$"
    texts = dict.fromkeys(("translated_title", "tldr", "tldr_en", "translated_abstract"), written)
    page = _page(
        done(paper(1, title=written, abstract=written), **texts), failed(paper(2, title=written, abstract=written))
    )
    assert page.count("a 4% $") == 11
    assert page.replace(r"\textbf", "").count("\\") == 0


def test_counts_without_an_announcement() -> None:
    """Where nobody said how many papers there should be, the foot does not either; papers may lack names."""
    page = _page(done(paper()), source=Source(fetched=1, missing=2))

    assert page == TABLE + "# 说明\n\n取得 1 篇，缺少 2 篇。本页 1 篇。\n\n" + DETAILS


def test_a_note_without_its_figures_is_said_all_the_same() -> None:
    """A figure that nobody gave reads as a question mark."""
    assert _page(done(paper()), notes=(Note(key="repeated"),)) == (
        TABLE + "# 说明\n\n? 篇论文已登在其他日期的页上，不再列出：?\n\n" + DETAILS
    )


def test_a_maker_is_named_as_far_as_it_is_known() -> None:
    """A model without a prompt is named alone."""
    assert _page(done(paper(), model="m_1")) == TABLE + "# 说明\n\n模型：m_1\n\n" + DETAILS


def test_the_table_alone_drops_the_tail_of_a_title() -> None:
    """The feed's ``(arXiv:…)`` goes from the end of the title in the table; the details keep it."""
    title = "On (arXiv:x) and f(x). (arXiv:2404.00001v2 [cs.LG] UPDATED)"
    seen = read(_page(done(paper(title=title))))

    assert (seen.rows[1][1], seen.footnotes[0][1]) == ("On (arXiv:x) and f(x).", title)


def test_newest_papers_come_first() -> None:
    """The rows and the details are in the order of the page, whatever order the entries came in."""
    old, new = paper(1, published="2024-04-01T00:00:00Z"), paper(2, published="2024-04-02T00:00:00Z")
    seen = read(_page(done(old), done(new)))

    assert [row[1] for row in seen.rows[1:]] == [notes[1] for notes in seen.footnotes] == ["Title 2", "Title 1"]


def test_a_page_may_hold_no_summary() -> None:
    """A digest of failures alone has an empty table, and the abstracts of the papers that failed."""
    seen = read(_page(failed(paper())))

    assert seen.rows == [("Ref", "Title", "Summary"), ("论文", "原因"), ("Title 1 1", "模型没有在时限内回答")]
    assert seen.footnotes == [("Title 1", "https://arxiv.org/abs/2404.00001", "Abstract 1.")]


def test_replies_from_a_file_are_said_to_be() -> None:
    """Where no model was asked the foot says so, once, unless it says already that all of it is a sample."""
    replayed = done(paper(), model="replay", prompt="digest@1")
    makers = "提示词：digest@1；模型：replay\n\n"
    words = LANGUAGES["zh"].notes

    assert _page(replayed) == f"{TABLE}# 说明\n\n{words['replay']}\n\n{makers}{DETAILS}"
    assert _page(replayed, notes=(Note(key="sample"),)) == f"{TABLE}# 说明\n\n{words['sample']}\n\n{makers}{DETAILS}"


def test_own_texts_hold_no_markup() -> None:
    """What the page says of its own passes the same escape, and none of it needs one."""
    for words in LANGUAGES.values():
        notes = tuple(Note(key=key, figures={"count": 1, "detail": "x"}) for key in words.notes)
        page = _page(done(paper()), *(failed(paper(2), key) for key in words.reasons), notes=notes)

        assert "\\" not in page
        assert page.count("| [Title 2]") == len(words.reasons) == len(set(words.reasons.values()))


UNKNOWN = LANGUAGES["zh"].missing[""]
FIELDS = ("translated_title", "tldr", "tldr_en", "translated_abstract", "model", "prompt")
WRITTEN = st.fixed_dictionaries(
    {"title": HOSTILE_TITLE, "abstract": HOSTILE_TITLE}
    | dict.fromkeys((*FIELDS, "reason", "detail", "figure", "note", "missing", "comment"), HOSTILE)
)
"""Texts of others, one for each place of a page that shows some."""


def _written_page(text: dict[str, str]) -> str:
    comment = f"Withdrawn: {text['comment']}"
    of = paper(1, title=text["title"], abstract=text["abstract"], comment=comment)
    source = Source(
        fetched=2,
        missing=1,
        missing_papers=(Missing(id=text["missing"], reason=text["reason"]),),
        notes=(Note(key="repeated", figures={"count": 1, "ids": text["figure"]}), Note(key=text["note"])),
    )
    summary = {field: text[field] for field in FIELDS}
    return _page(done(of, **summary), failed(of, text["reason"], text["detail"]), done(paper(2)), source=source)


def _shown(*texts: str) -> tuple[str, ...]:
    return tuple(fold(one_line(without_macros(text))) for text in texts)


def _expected_rows(text: dict[str, str]) -> list[tuple[str, ...]]:
    return [
        ("Ref", "Title", "Summary"),
        _shown("1", f"{text['title']}（已撤稿）", text["tldr"]),
        ("2", "Title 2", "一句话。"),
        ("论文", "原因"),
        _shown(f"{text['title']}（已撤稿） 3", text["reason"]),
        ("缺少的论文", "原因"),
        _shown(text["missing"], UNKNOWN),
    ]


def _expected_paragraphs(text: dict[str, str]) -> tuple[str, ...]:
    makers = "；".join(
        f"{head}：{name}" for head, name in (("提示词", text["prompt"]), ("模型", text["model"])) if name
    )
    return _shown(
        "取得 2 篇，缺少 1 篇。本页 3 篇。",
        f"1 篇论文已登在其他日期的页上，不再列出：{text['figure']}",
        text["note"],
        makers,
    )


@settings(max_examples=150, deadline=None)
@given(WRITTEN)
def test_any_text_in_any_field_is_shown_and_breaks_nothing(text: dict[str, str]) -> None:
    """A GFM parser finds the same rows, cells, footnotes and links, the same text, and no element of the texts'."""
    seen = read(_written_page(text))
    first, second = (f"https://arxiv.org/abs/2404.0000{number}" for number in (1, 2))
    withdrawn = f"已撤稿：Withdrawn: {text['comment']}"
    details = _shown(text["translated_title"], text["title"], first, withdrawn, text["tldr"], text["tldr_en"])

    assert seen.tags == PAGE_TAGS
    assert seen.headings == ["摘要", "没有摘要的论文", "说明", "详细"]
    assert seen.rows == _expected_rows(text)
    assert _without_empty(seen.footnotes) == _without_empty(
        [
            (*details, *_shown(text["translated_abstract"], text["abstract"])),
            ("标题", "Title 2", second, "一句话。", "One line.", "译文。", "Abstract 2."),
            _shown(text["title"], first, text["abstract"]),
        ]
    )
    assert _without_empty([tuple(seen.paragraphs)]) == _without_empty([_expected_paragraphs(text)])
    assert seen.links == [first, second, first, first, second, first]


def _without_empty(paragraphs: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """A field of nothing but blanks makes no paragraph."""
    return [tuple(filter(None, texts)) for texts in paragraphs]
