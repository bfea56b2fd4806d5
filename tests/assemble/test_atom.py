"""The Atom feed: held against the schema of RFC 4287, and read back by a feed reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipeline.archive import Archive
from pipeline.assemble import Digest, FeedStyle, as_json, atom
from pipeline.assemble.atom import MOST_DAYS, MOST_PAPERS
from pipeline.records import Day, Entry, Source
from pipeline.settings import FeedKind
from pipeline.tex import readable
from pipeline.text import plain

from .samples import HOSTILE, HOSTILE_TITLE, done, failed, paper

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))
KINDS: tuple[FeedKind, ...] = get_args(FeedKind)
SITE = FeedStyle("day", "https://example.org/digests")
TEXT = "{http://www.w3.org/2005/Atom}"
EVIL = [
    '"><img onerror=alert(1)>',
    "<script>alert(1)</script>",
    "]]>",
    "\x00\x1b[31m\ud800",
    "\u202eabc\u200f",
    "x" * 10_000,
]


def day(date: str, *entries: Entry) -> Day:
    """Return the digest ``cs.CL`` of a day."""
    return Day(name="cs.CL", date=date, entries=entries)


def read(feed: str) -> Any:
    """Hold a feed against the schema and its two rules that no schema can say, and let a feed reader read it."""
    tree = etree.fromstring(feed.encode())
    SCHEMA.assertValid(tree)
    ids = [element.text for element in tree.iterfind(f"{TEXT}entry/{TEXT}id")]
    assert len(set(ids)) == len(ids)
    assert tree.find(f"{TEXT}author") is not None
    parsed = feedparser.parse(feed.encode())
    assert not parsed.bozo
    assert [entry.id for entry in parsed.entries] == ids
    return parsed


def days(count: int, papers: int = 1) -> Iterator[Day]:
    """Give days, newest first, each with as many papers."""
    for number in range(count, 0, -1):
        date = f"2024-{1 + number // 28:02}-{1 + number % 28:02}"
        yield day(date, *(done(paper(each)) for each in range(1, papers + 1)))


def test_an_entry_a_day_lists_its_papers() -> None:
    """Each with its link, its title and its line; one without a summary with the reason."""
    good = done(paper(1), translated_title="题 <一>", tldr="一 & 二。")
    feed = atom("cs.CL", [day("2024-04-02", good, failed(paper(2), "timeout")), day("2024-04-01", good)], FeedStyle())
    parsed = read(feed)
    newest, older = parsed.entries
    assert (parsed.feed.title, parsed.feed.id, parsed.feed.updated, parsed.feed.author) == (
        "arXiv 摘要：cs.CL",
        "tag:arxiv-digest.invalid,2026:cs.CL",
        "2024-04-02T00:00:00Z",
        "arxiv-digest",
    )
    assert (newest.title, newest.id, newest.updated) == (
        "cs.CL 2024-04-02：2 篇",
        "tag:arxiv-digest.invalid,2026:cs.CL/2024-04-02",
        "2024-04-02T00:00:00Z",
    )
    assert older.title == "cs.CL 2024-04-01：1 篇"
    content = newest.content[0].value
    assert '<a href="https://arxiv.org/abs/2404.00001">题 &lt;一&gt;</a><br />一 &amp; 二。' in content
    assert '<a href="https://arxiv.org/abs/2404.00002">Title 2</a><br />没有摘要：模型没有在时限内回答' in content


def test_an_entry_a_paper_has_it_whole() -> None:
    """Chinese and English, authors, categories, a link to arXiv; one without a summary says so."""
    good = done(paper(1, authors=["Zoë", "\x00", "李"], categories=["cs.CL", "cs.AI"]))
    parsed = read(atom("cs.CL", [day("2024-04-02", good, failed(paper(2), "refused"))], FeedStyle("paper")))
    first, second = parsed.entries
    assert (first.title, first.id, first.updated, first.link) == (
        "标题",
        "tag:arxiv-digest.invalid,2026:cs.CL/2024-04-02/2404.00001",
        "2024-04-02T00:00:00Z",
        "https://arxiv.org/abs/2404.00001",
    )
    assert [author.name for author in first.authors] == ["Zoë", "李"]
    assert [tag.term for tag in first.tags] == ["cs.CL", "cs.AI"]
    content = first.content[0].value
    assert [text for text in ("一句话。", "One line.", "译文。", "Title 1", "Abstract 1.") if text not in content] == []
    assert second.title == "Title 2"
    assert "没有摘要：模型拒绝回答" in second.content[0].value


def test_a_line_in_english_that_is_absent_leaves_no_gap() -> None:
    """Older replies have none."""
    (entry,) = read(atom("x", [day("2024-04-02", done(paper(1), tldr_en=""))], FeedStyle("paper"))).entries
    assert "<p></p>" not in entry.content[0].value.replace(' lang="en"', "")


def test_a_paper_that_is_twice_in_a_day_has_one_entry() -> None:
    """Two entries may not share an id."""
    parsed = read(atom("x", [day("2024-04-02", done(paper(1)), done(paper(1)))], FeedStyle("paper")))
    assert len(parsed.entries) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_only_links_tell_where_the_site_is(kind: FeedKind) -> None:
    """With an address the feed links to itself and to the pages; ids are the same without."""
    written = list(days(2))
    here, nowhere = (read(atom("a+b", written, FeedStyle(kind, url))) for url in (SITE.site_url, None))
    assert [entry.id for entry in here.entries] == [entry.id for entry in nowhere.entries]
    assert here.feed.links[0].href == "https://example.org/digests/a%2Bb/feed.xml"
    assert here.feed.links[0].rel == "self"
    assert "links" not in nowhere.feed
    if kind == "day":
        assert here.entries[0].link == f"https://example.org/digests/a%2Bb/{written[0].date}.html"
        assert "links" not in nowhere.entries[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_feed_is_bounded_and_reads_no_more_than_it_holds(kind: FeedKind) -> None:
    """Of many days the newest; of many papers the days that fit, but the newest day whole."""
    many = days(60)
    assert len({entry.updated for entry in read(atom("x", many, FeedStyle(kind))).entries}) == MOST_DAYS
    assert sum(1 for _ in many) == 60 - MOST_DAYS - 1
    most = MOST_PAPERS[kind]
    full = atom("x", days(5, most // 3), FeedStyle(kind))
    assert len({entry.updated for entry in read(full).entries}) == 3
    huge = etree.fromstring(atom("x", days(2, most + 1), FeedStyle(kind)).encode())
    assert {element.text for element in huge.iterfind(f"{TEXT}entry/{TEXT}updated")} == {"2024-01-03T00:00:00Z"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("evil", EVIL, ids=["attribute", "script", "cdata", "controls", "direction", "long"])
def test_text_of_others_is_text(kind: FeedKind, evil: str) -> None:
    """In every field; a reader is shown what a terminal would be shown, and nothing of it is an element."""
    hostile = paper(1, title=f"T{evil}", abstract=f"A{evil}", authors=[evil], categories=[evil])
    entry = done(hostile, translated_title=f"题{evil}", tldr=f"行{evil}", tldr_en=evil, translated_abstract=f"文{evil}")
    feed = atom("x", [day("2024-04-02", entry, failed(paper(2, title=f"T{evil}"), evil))], FeedStyle(kind))
    read(feed)
    tree = etree.fromstring(feed.encode())
    assert {etree.QName(element).localname for element in tree.iter("{http://www.w3.org/1999/xhtml}*")} <= {
        "div",
        "p",
        "a",
        "br",
    }
    assert plain(f"题{evil}") in etree.tostring(tree, method="text", encoding="unicode")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(KINDS), st.tuples(HOSTILE_TITLE, HOSTILE, HOSTILE, HOSTILE, HOSTILE), st.lists(HOSTILE, max_size=3)
)
def test_a_feed_is_valid_whatever_the_fields_hold(kind: FeedKind, texts: tuple[str, ...], words: list[str]) -> None:
    """By the schema, and its titles are read back."""
    title, translated, tldr, tldr_en, abstract = texts
    hostile = paper(1, title=title, abstract=title, authors=words, categories=words)
    entry = done(hostile, translated_title=translated, tldr=tldr, tldr_en=tldr_en, translated_abstract=abstract)
    (got,) = etree.fromstring(_valid(atom("x", [day("2024-04-02", entry)], FeedStyle(kind)))).iterfind(f"{TEXT}entry")
    if kind == "paper":
        assert (got.findtext(f"{TEXT}title") or "") == readable(translated)


def _valid(feed: str) -> bytes:
    SCHEMA.assertValid(etree.fromstring(feed.encode()))
    return feed.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_day_read_from_its_file_gives_the_same_bytes(kind: FeedKind, tmp_path: Path) -> None:
    """So a feed does not depend on which run made which day."""
    entries = (done(paper(1, published="2024-04-01T10:00:00Z", title="\ud800 题")), failed(paper(2), "timeout", "慢"))
    digest = Digest("cs.CL", "2024-04-02", entries, Source())
    file = tmp_path / "cs.CL" / "2024-04-02.json"
    file.parent.mkdir()
    file.write_bytes(as_json(digest).encode())
    written = Archive(tmp_path).day("cs.CL", "2024-04-02")
    assert atom("cs.CL", [written], FeedStyle(kind)) == atom("cs.CL", [day("2024-04-02", *entries)], FeedStyle(kind))


def test_the_schema_refuses_what_is_no_feed() -> None:
    """A check that nothing fails would check nothing."""
    good = atom("cs.CL", days(1), SITE)
    for part, wrong in {
        "<id>tag:": "<id>no uri ",
        "T00:00:00Z": "",
        "<author><name>arxiv-digest</name></author>": "<author/>",
        'type="xhtml"': 'type="html"',
        "<p>": "<p xmlns=''>",
        "<title>": "<title/><title>",
    }.items():
        assert part in good
        assert not SCHEMA.validate(etree.fromstring(good.replace(part, wrong, 1).encode())), part


@pytest.mark.parametrize("kind", KINDS)
def test_a_feed_shows_tex_without_its_text_macros(kind: FeedKind) -> None:
    """In titles, lines and abstracts, of both kinds; formulas stay."""
    tex, said = r"提高 4\% 的\textbf{准确率}，$\textbf{x}$", r"提高 4% 的准确率，$\textbf{x}$"
    entry = done(paper(1, title=r"\emph{Title}"), translated_title=tex, tldr=tex, translated_abstract=tex)
    feed = atom("cs.CL", iter((day("2024-04-02", entry),)), FeedStyle(kind, ""))
    assert said in feed
    assert not re.search(r"\\emph|\\%|的\\textbf", feed)
