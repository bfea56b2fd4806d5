"""The HTML page of a digest."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser

from pipeline.assemble import Digest, html, markdown
from pipeline.assemble.formulas import _ATTRIBUTES, _ELEMENTS
from pipeline.assemble.html import SCRIPTS, STYLES, asset
from pipeline.assemble.language import LANGUAGES
from pipeline.records import Entry, Missing, Note, Source
from pipeline.text import plain

from .gfm import read
from .samples import HOSTILE, HOSTILE_TITLE, done, failed, paper

DATA = os.environ.get("ARXIV_DIGEST_TEST_DATA")
WORDS = LANGUAGES["zh"]


def _page(*entries: Entry, source: Source | None = None) -> str:
    return html(Digest("cs.CV", "2024-04-03", entries, source or Source()))


def _read(page: str) -> Any:
    return parser.document_fromstring(page)


def _texts(root: Any, path: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in root.cssselect(path)]


FULL = Source(
    announced=5,
    fetched=3,
    missing=2,
    missing_papers=(Missing(id="math/0309136v2", reason="not returned"), Missing(id="2 papers", reason="stopped")),
    notes=(Note(key="follows_submission"), Note(key="follows_submission"), Note(key="stopped")),
)


def _full() -> str:
    """Return a page that has everything a page can have."""
    of = paper(
        1,
        title="A $x$. (arXiv:2404.00001v2 [cs.CV])",
        version=2,
        authors=["Zoë Zweite", "Ann Author"],
        categories=["cs.CV", "cs.LG"],
        published="2024-04-02T23:00:00Z",
        announce_type="cross",
        comment="12 pages, https://github.com/a/b. Project page: https://a.example/b/, https://anonymous.4open.science/r/b",
        doi="10.1234/a(b)",
        journal_ref="J. 1",
    )
    new = paper(2, categories=["cs.CV"], announce_type="new", published="2024-04-03T00:00:00Z")
    return _page(
        done(of, model="m-1", prompt="digest@1"),
        done(new, tldr_en="", model="m-2", prompt="digest@1"),
        failed(paper(3), "timeout", "no answer in 60 s"),
        source=FULL,
    )


def test_a_paper_has_all_its_parts_in_place() -> None:
    """Titles, category and kind, and lines to open; then who, when, where, both abstracts, the comment and links."""
    of = _read(_full()).get_element_by_id("2404.00001")
    assert _texts(of, "summary > *") == ["标题", "cs.CV · cs.LG 交叉 A x.", "一句话。", "One line."]
    assert _texts(of, "p") == [
        "Zoë Zweite, Ann Author 2024-04-02 发表于 J. 1",
        "译文。",
        "Abstract 1.",
        "12 pages, https://github.com/a/b. Project page: https://a.example/b/, https://anonymous.4open.science/r/b",
        "arXiv:2404.00001v2 PDF HTML alphaXiv GitHub 项目主页 代码 DOI",
    ]
    assert [link.get("href") for link in of.cssselect("a")] == [
        *(f"https://arxiv.org/{page}/2404.00001" for page in ("abs", "pdf", "html")),
        "https://www.alphaxiv.org/abs/2404.00001",
        *("https://github.com/a/b", "https://a.example/b/", "https://anonymous.4open.science/r/b"),
        "https://doi.org/10.1234/a%28b%29",
    ]
    assert of.get("data-type") == "cross"


def test_a_paper_may_have_the_least() -> None:
    """Of a paper of which only three things are known, and that has no line in English, no place is left empty."""
    of = _read(_page(done(paper(), tldr_en="\n"))).cssselect("article")[0]
    assert _texts(of, "summary > *") == ["标题", "Title 1", "一句话。"]
    assert _texts(of, "p") == ["译文。", "Abstract 1.", "arXiv:2404.00001 PDF HTML alphaXiv"]
    assert of.cssselect(".only")


def test_each_text_is_marked_with_its_language() -> None:
    """The page is Chinese; what stands in English says so."""
    root = _read(_full())
    assert root.get("lang") == "zh-CN"
    of = root.get_element_by_id("2404.00001")
    assert [text.split(",")[0] for text in _texts(of, "[lang=en]")] == ["A x.", "One line.", "Abstract 1.", "12 pages"]
    assert _texts(root, "#failures [lang=en]") == ["Title 3", "Abstract 3."]


def test_a_paper_without_a_summary_has_its_abstract_and_a_reason_in_chinese() -> None:
    """It is one of the papers, with mark and links; what is said of it in English is in the run report."""
    failure = failed(paper(3, announce_type="new", categories=["cs.CV"]), "incomplete", "translated_abstract has 105")
    (of,) = _read(_page(failure)).cssselect("main article")
    assert _texts(of, "summary > *") == ["Title 3", "cs.CV 新论文", "没有摘要：译文太短，不可能是完整的摘要"]
    assert _texts(of, "p") == ["Abstract 3.", "arXiv:2404.00003 PDF HTML alphaXiv"]
    assert (of.get("id"), of.get("data-type")) == ("2404.00003", "new")
    assert all(kept.get("class") == "only" for kept in of.cssselect("summary > :not(small), div > p"))


def test_text_macros_are_unwrapped_in_every_place() -> None:
    """In both languages, in a paper that failed too; formulas keep theirs."""
    written = r"\emph{a} 4\% $\textbf{x}$"
    of = paper(
        1, title=written, abstract=written, comment=written, authors=[r"G\"odel"], published="2024-04-02T00:00:00Z"
    )
    texts = dict.fromkeys(("translated_title", "tldr", "tldr_en", "translated_abstract"), written)
    main = _read(_page(done(of, **texts), failed(paper(2, title=written, abstract=written)))).cssselect("main")[0]
    assert "\\" not in main.text_content()
    assert main.text_content().count("a 4% ") == 9
    assert "Gödel" in main.text_content()


def test_only_abstracts_have_formulas_on_lines_of_their_own() -> None:
    """What a reader opens by a click stays one line, and so does the comment."""
    of = paper(1, title="A $$x$$", abstract="An $$x$$ and $y$.", comment=r"\[x\]", published="2024-04-02T00:00:00Z")
    texts = {
        "translated_title": "题 $$x$$",
        "tldr": r"一 \[x\]",
        "tldr_en": "One $$x$$",
        "translated_abstract": "摘 $$x$$",
    }
    root = _read(_page(done(of, **texts)))
    assert len(root.cssselect("article math")) == 8
    displayed = root.cssselect("math[display=block]")
    assert [math.getparent().text for math in displayed] == ["摘 ", "An "]


def test_the_newest_come_first() -> None:
    """Whatever order the entries came in."""
    assert [of.get("id") for of in _read(_full()).cssselect("article")] == ["2404.00002", "2404.00001", "2404.00003"]


def test_a_paper_that_comes_twice_has_one_anchor() -> None:
    """An id is unique on a page."""
    articles = _read(_page(done(paper(1)), done(paper(1)))).cssselect("article")
    assert [of.get("id") for of in articles] == ["2404.00001", None]


def test_the_head_says_what_is_there_and_what_is_not() -> None:
    """Name, day, how many papers; how many failed or are missing, with links to the foot."""
    root = _read(_full())
    assert _texts(root, "h1, body > header p") == ["cs.CV 2024-04-03", "3 篇论文 · 1 篇没有摘要 · 缺少 2 篇"]
    assert [link.get("href") for link in root.cssselect("header a")] == ["#failures", "#foot"]
    assert all(root.get_element_by_id(name) is not None for name in ("failures", "foot"))


def test_the_foot_says_what_the_markdown_page_says() -> None:
    """What is missing, notes, models and prompt: the same texts, in the same order."""
    of = paper(3)
    digest = Digest(
        "cs.CV", "2024-04-03", (done(paper(1), model="m-1", prompt="digest@1"), failed(of, "refused", "no")), FULL
    )
    root, page = _read(html(digest)), read(markdown(digest))
    rows = [tuple(_texts(row, "td, th")) for row in root.cssselect("footer tr")]
    assert rows == page.rows[4:]
    assert _texts(root, "footer h2") == page.headings[2:3] == ["说明"]
    assert _texts(root, "footer p") == page.paragraphs
    assert [link.get("href") for link in root.cssselect("footer a")] == [page.links[2]]


def test_a_page_without_papers_or_foot_is_one() -> None:
    """A digest may have no paper; one in which all went well has no foot, and none that failed."""
    assert _read(_page()).cssselect("article") == []
    assert _read(_page(done(paper()))).cssselect("#failures") == []
    assert _texts(_read(_page(done(paper()))), "footer") == [""]


def test_the_filters_offer_what_there_is() -> None:
    """Categories and types with their numbers, the commonest first; no choice where there is but one."""
    root = _read(_full())
    assert _texts(root, "[name=category]") == ["cs.CV 2", "cs.LG 1"]
    assert _texts(root, "[name=type]") == ["交叉 1", "新论文 1"]
    assert _read(_page(done(paper(categories=["cs.CV"])))).cssselect("[name=category], [name=type]") == []


def _policy(root: Any) -> dict[str, str]:
    (meta,) = root.cssselect("meta[http-equiv]")
    return dict(part.strip().split(" ", 1) for part in meta.get("content").split(";"))


def test_the_policy_lets_only_the_pages_own_style_and_script_in() -> None:
    """Each is named by the hash of what stands between its tags; all else is shut."""
    page = _full()
    policy = _policy(_read(page))
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        made = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy.pop(f"{tag}-src") == f"'sha256-{made}'"
    shut = dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    assert policy == shut | {"img-src": "data:"}
    assert page.index("Content-Security-Policy") < page.index("<style")


@pytest.mark.parametrize("name", [*STYLES, *SCRIPTS])
def test_style_and_script_are_safe_to_put_into_a_page(name: str) -> None:
    """They end no element, name no address, hold no line end that a browser would change."""
    text = str(asset(name).text)
    assert not re.search(r"</|<!--|https?:|url\(|@import|\r|innerHTML|eval", text)
    assert text


def test_the_page_asks_for_nothing() -> None:
    """Addresses stand in links alone, but for an icon that is empty."""
    page = _full()
    root = _read(page)
    addresses = {
        (of.tag, name): of.get(name) for of in root.iter() for name in of.attrib if name in {"src", "href", "srcset"}
    }
    assert {key for key in addresses if key[0] != "a"} == {("link", "href")}
    assert addresses["link", "href"] == "data:,"
    assert all(re.match(r"https://|#", link.get("href")) for link in root.cssselect("a"))


def test_a_page_beside_a_feed_names_it() -> None:
    """Where readers of feeds look for it: https://www.rfc-editor.org/rfc/rfc4287 and the link type ``alternate``."""
    (link,) = _read(html(Digest("a+b", "2024-04-03", (), Source(), has_feed=True))).cssselect("link[rel=alternate]")
    assert dict(link.attrib) == {
        "rel": "alternate",
        "type": "application/atom+xml",
        "title": "arXiv 摘要：a+b",
        "href": "feed.xml",
    }
    assert not _read(_page()).cssselect("link[rel=alternate]")


def test_the_same_digest_gives_the_same_page() -> None:
    """To the byte."""
    assert _full() == _full()


def test_headings_and_words_are_the_languages_own() -> None:
    """Every label and key of the table is on the page that has everything."""
    page = _full()
    fixed = [text for text in WORDS.labels.values() if "{" not in text]
    assert [text for text in (*fixed, *(does for _, does in WORDS.keys)) if text not in page] == []


UNKNOWN = LANGUAGES["zh"].missing[""]
FIELDS = ("translated_title", "tldr", "tldr_en", "translated_abstract", "model", "prompt")
OTHERS = ("name", "date", "reason", "detail", "figure", "note", "missing", "author", "category", "comment")
WRITTEN = st.fixed_dictionaries(
    {"title": HOSTILE_TITLE, "abstract": HOSTILE_TITLE} | dict.fromkeys((*FIELDS, *OTHERS), HOSTILE)
)
"""Texts of others, one for each place of a page that shows some."""


def _written(text: dict[str, str]) -> str:
    of = paper(
        1,
        **{name: text[name] for name in ("title", "abstract", "comment")},
        authors=[text["author"], "B"],
        categories=[text["category"], "cs.CV"],
        url=text["comment"],
        pdf_url="javascript:alert(1)",
    )
    source = Source(
        fetched=2,
        missing=1,
        missing_papers=(Missing(id=text["missing"], reason=text["reason"]),),
        notes=(Note(key="repeated", figures={"count": 1, "ids": text["figure"]}), Note(key=text["note"])),
    )
    summary = {field: text[field] for field in FIELDS}
    entries = (done(of, **summary), failed(of, text["reason"], text["detail"]))
    return html(Digest(text["name"], text["date"], entries, source))


def _seen(root: Any) -> set[tuple[str, ...]]:
    """Return what the elements of a page are, each with the names of its attributes."""
    return {(of.tag, *sorted(of.attrib)) for of in root.iter() if isinstance(of.tag, str)}


def _plain_of(text: dict[str, str]) -> list[str]:
    """Return what the places of a written page should show, in order."""
    makers = "；".join(
        f"{head}：{name}" for head, name in (("提示词", text["prompt"]), ("模型", text["model"])) if name
    )
    shown = [
        *(text["translated_title"], f"{text['category']} · cs.CV", text["title"], text["tldr"], text["tldr_en"]),
        *(f"{text['author']}, B", text["translated_abstract"], text["abstract"], text["comment"]),
        *(text["title"], f"{text['category']} · cs.CV", f"没有摘要：{text['reason']}"),
        *(f"{text['author']}, B", text["abstract"], text["comment"]),
        *("取得 2 篇，缺少 1 篇。本页 2 篇。", text["missing"], UNKNOWN),
        *(f"1 篇论文已登在其他日期的页上，不再列出：{text['figure']}", text["note"], makers),
    ]
    return [folded for each in shown if (folded := _folded(plain(each)))]


def _folded(text: str) -> str:
    return " ".join(text.split())


_PLACES = "summary > :not(small), small > *, .by > bdi, .by > span, details > div > p, .by[lang], #foot p, #foot td"


@settings(max_examples=150, deadline=None)
@given(WRITTEN)
def test_any_text_in_any_field_is_shown_as_it_is(text: dict[str, str]) -> None:
    """But for formulas, which have tests of their own: a parser finds each text, in its place, whole."""
    without = {name: re.sub(r"[$\\]", "¤", value) for name, value in text.items()}
    root = _read(_written(without))
    assert [shown for shown in _texts(root, _PLACES) if shown] == _plain_of(without)
    assert _folded(root.cssselect("h1 bdi")[0].text_content()) == _folded(plain(without["name"]))


@settings(max_examples=150, deadline=None)
@given(WRITTEN)
def test_no_text_adds_an_element_or_a_link(text: dict[str, str]) -> None:
    """A parser finds elements and attributes of the template's and of formulas, and the links of the checked ids."""
    root = _read(_written({name: f"{value} $x$ {value}" for name, value in text.items()}))
    for of in root.iter(*_ELEMENTS - {"span", "code", "b", "i", "em"}):
        assert set(of.attrib) <= _ATTRIBUTES
    own = {("bdi",), ("article",), ("article", "id")} | _seen(_read(_full()))
    strange = {
        seen for seen in _seen(root) if seen not in own and not (seen[0] in _ELEMENTS and {*seen[1:]} <= _ATTRIBUTES)
    }
    assert strange == set()
    links = {link.get("href") for link in root.cssselect("a")} - {"#failures", "#foot", "#"}
    addresses = r"https://(arxiv\.org/(abs|pdf|html)|www\.alphaxiv\.org/abs)/[a-z-]*/?[\d.]+(v\d+)?"
    assert all(re.fullmatch(addresses, link) for link in links)
    assert len(root.cssselect("script")) == len(root.cssselect("style")) == 1


def test_marks_that_turn_the_direction_are_dropped() -> None:
    """An override would turn what stands after it; the text is shown in its own order."""
    of = paper(title="abc\u202edcba\u2066x")
    assert _texts(_read(_page(done(of))), "cite[lang]") == ["abcdcbax"]


def test_a_paper_adds_little_to_its_texts() -> None:
    """What stands around the texts of a paper is below 750 bytes, and below 50,000 around all papers."""
    fields: dict[str, Any] = {
        "version": 1,
        "authors": ["A"],
        "categories": ["cs.CV"],
        "published": "2024-04-02T00:00:00Z",
    }
    papers = [done(paper(number, **fields)) for number in range(500)]
    once, many = (len(_page(*some).encode()) for some in (papers[:1], papers))
    assert (many - once) / 499 < 750
    assert once < 50_000


@pytest.mark.skipif(not DATA, reason="needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")
def test_500_recorded_replies_make_a_page_below_the_budget() -> None:
    """Of real texts, as a model wrote them, it is less than 1.6 MB."""
    path = Path(DATA or "") / "replies" / "ok.jsonl"
    replies = [json.loads(line) for line in path.read_text("utf-8").splitlines()[:500]]
    fields: dict[str, Any] = {"authors": ["Ann Author"] * 5, "categories": ["cs.CV", "cs.LG"], "announce_type": "new"}
    entries = [
        done(
            paper(number, title=reply["title"], abstract=reply["abstract"], published="2024-04-02T00:00:00Z", **fields),
            **{name: reply[name] for name in ("translated_title", "tldr", "translated_abstract")},
            tldr_en=reply["en_tldr"],
        )
        for number, reply in enumerate(replies)
    ]
    assert len(entries) == 500
    assert len(_page(*entries).encode()) < 1_600_000
