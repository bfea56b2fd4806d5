"""What is escaped in a text of others, and what stays as it is."""

from __future__ import annotations

import re
from html import escape as escape_html

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from pipeline.assemble.escape import CELL, LINK_IN_CELL, PARAGRAPH, Place, escape, one_line

from .gfm import fold, read
from .samples import HOSTILE

URL = "https://arxiv.org/abs/2404.00001"
PLACES = [PARAGRAPH, CELL, LINK_IN_CELL]

HARMLESS = [
    "",
    "plain text. 中文，标点。",
    "a_b and snake_case_name",
    "2 * 3 * 4",
    "5*",
    "*args",
    "_private",
    "x_i, y_j, z_k",
    "$x_{i}$ and $y_{j}$",
    "$\\alpha$, \\etc. and \\eg",
    "$e^2$KD",
    "a lone ` backtick",
    "two runs ` of `` different length",
    "~5 ms and ~6 ms",
    "a~b ~~c",
    "a < b, b > c",
    "<5 minutes",
    "if a <b then",
    "x<y, and z>w",
    "R&D, AT&T; &nosuch; &# &#x;",
    "array[0] [cs.CV]",
    "f[x] (y)",
    "the class [^a-z0-9]",
    "! and !x",
    "example.org/path, arXiv:2404.02059v1",
    "xhttp://a.b",
    "xwww.a.b",
    "http:// and www.",
    "see #5 and C# and a > b",
    "costs 1.5, 2) and - 3 + 4",
    "1.5 times",
    "-5 degrees",
    "#tag",
    "--",
    "``",
    "== x ==",
    "{{ braces }} {% percent %}",
]

MARKUP = [
    ("a\\*b", "a\\\\*b"),
    ("\\\\", "\\\\\\"),
    ("*a* b", "\\*a\\* b"),
    ("a**b**c", "a\\*\\*b\\*\\*c"),
    ("_a_", "\\_a\\_"),
    ("*a b_ c", "*a b_ c"),
    ("**a*", "\\*\\*a\\*"),
    ("10~20 and 30~40", "10\\~20 and 30\\~40"),
    ("~~a~~", "\\~\\~a\\~\\~"),
    ("*~a~*", "\\*\\~a\\~\\*"),
    ("`a`", "\\`a\\`"),
    ("` ``a``", "\\` \\`\\`a\\`\\`"),
    ("a<b>c", "a\\<b>c"),
    ("x<y and z>w", "x\\<y and z>w"),
    ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
    ("a <!-- b --> c", "a \\<!-- b --> c"),
    ("<https://x.y>", "\\<https\\://x.y>"),
    ("&amp; &lt &#35; &copy;", "\\&amp; &lt \\&#35; \\&copy;"),
    ("[a](b)", "[a]\\(b)"),
    ("![a](b)", "![a]\\(b)"),
    ("a[^1]", "a\\[^1]"),
    ("see https://x.y and WWW.a.b", "see https\\://x.y and WWW\\.a.b"),
    ("(http://x.y)", "(http\\://x.y)"),
    ("中www.a.b (www.a.b)", "中www.a.b (www\\.a.b)"),
]

AT_LINE_START = [
    ("# a", "\\# a"),
    ("###", "\\###"),
    ("> a", "\\> a"),
    (">a", "\\>a"),
    ("- a", "\\- a"),
    ("+ a", "\\+ a"),
    ("* a", "\\* a"),
    ("-", "\\-"),
    ("1. a", "1\\. a"),
    ("12) a", "12\\) a"),
    ("---", "\\---"),
    ("_ _ _", "\\_ _ _"),
    ("```python", "\\`\\`\\`python"),
    ("~~~ a", "\\~\\~\\~ a"),
    ("<!-- a", "\\<!-- a"),
    ("<div a", "\\<div a"),
    ("<script", "\\<script"),
    ("[a]: b", "\\[a]: b"),
    ("[^a]: b", "\\[^a]: b"),
    ("    a", "a"),
    ("\ta", "a"),
]

IN_A_LINK = [
    ("a https://x.y www.a.b", "a https://x.y www.a.b"),
    ("a [b] c", "a [b] c"),
    ("a [b c", "a \\[b c"),
    ("a ]b[ c", "a \\]b\\[ c"),
    ("[[a]", "\\[[a]"),
    ("a\\", "a\\\\"),
    ("^a", "\\^a"),
    ("a [^1] b", "a \\[^1\\] b"),
    ("# a", "# a"),
    ("a|b", "a\\|b"),
]

WITH_PIPES = [("a|b", "a\\|b"), ("a\\|b", "a\\\\\\|b"), ("a\\\\|b", "a\\\\\\\\\\|b"), ("a\\", "a\\"), ("- a", "- a")]


@pytest.mark.parametrize("place", PLACES, ids=["paragraph", "cell", "link"])
@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text: str, place: Place) -> None:
    """What no parser reads as markup has no backslash added."""
    assert escape(text, place) == text


@pytest.mark.parametrize("text", ["](x)", "[1, 2)", "[^ without an end"])
@pytest.mark.parametrize("place", [PARAGRAPH, CELL], ids=["paragraph", "cell"])
def test_a_lone_bracket_stays_outside_links(text: str, place: Place) -> None:
    """A bracket without its other half makes nothing; only the text of a link must not hold it."""
    assert escape(text, place) == text


@pytest.mark.parametrize(("text", "escaped"), MARKUP)
def test_markup_is_escaped_anywhere(text: str, escaped: str) -> None:
    """Inline markup is escaped character by character, and only where it would be read."""
    assert escape(text, CELL) == escaped


@pytest.mark.parametrize(("text", "escaped"), AT_LINE_START)
def test_blocks_begin_only_at_the_start_of_a_line(text: str, escaped: str) -> None:
    """The same characters need no backslash behind other text, nor in a cell."""
    assert escape(text, PARAGRAPH) == escaped
    assert escape(f"a {text.strip()}", PARAGRAPH) == f"a {text.strip()}"
    assert escape(text.strip(), CELL) == text.strip()


@pytest.mark.parametrize(("text", "escaped"), IN_A_LINK)
def test_link_text_keeps_its_brackets_in_pairs(text: str, escaped: str) -> None:
    """Within a link, brackets, the bracket that follows and pipes matter; addresses and blocks do not."""
    assert escape(text, LINK_IN_CELL) == escaped


@pytest.mark.parametrize(("text", "escaped"), WITH_PIPES)
def test_a_cell_splits_at_no_pipe(text: str, escaped: str) -> None:
    """A pipe and a backslash before a pipe both reach the reader, because a row is split first."""
    assert escape(text, CELL) == escaped


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\r\nc\rd\u2028e\x85f", "a b c d e f"),
        ("a\tb  c ", "a b  c "),
        ("  \n a", "a"),
        ("a\x00\x1b[0m\x7fb\ud800", "a[0mb"),
        ("\u3000a\u202eb", "\u3000a\u202eb"),
    ],
)
def test_a_field_is_one_line(text: str, line: str) -> None:
    """Line ends are blanks, control characters go, leading blanks go, other blanks stay."""
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("*\u2e50a* b", "\\*\u2e50a\\* b"), ("a*→b* c*", "a\\*→b\\* c\\*"), ("（*注） (*a)", "（*注） (*a)")],
)
def test_readings_that_differ_between_parsers_all_count(text: str, escaped: str) -> None:
    """Symbols and recent punctuation flank a run in either way; punctuation that all know does in one."""
    assert escape(text, CELL) == escaped


def _second_parser(text: str) -> str:
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    return re.sub(r"\s*(</?[a-z][^>]*>)\s*", r"\1", fold(html))


@settings(max_examples=100, deadline=None)
@given(HOSTILE)
def test_a_second_parser_reads_the_same(text: str) -> None:
    """markdown-it shows any text, in each place, as it is too."""
    shown = escape_html(fold(one_line(text))).replace("&#x27;", "'")
    cell, link = escape(text, CELL), escape(text, LINK_IN_CELL)

    table = _second_parser(f"| a | b |\n| --- | --- |\n| {cell} | [{link}]({URL}) |\n")
    paragraphs = _second_parser(f"{escape(text, PARAGRAPH)}\n\nend\n")

    assert table.split("<tbody>")[1] == f'<tr><td>{shown}</td><td><a href="{URL}">{shown}</a></td></tr></tbody></table>'
    assert paragraphs.replace("<p></p>", "") == f"<p>{shown}</p><p>end</p>".replace("<p></p>", "")


def test_an_email_address_is_the_one_thing_left() -> None:
    """A parser looks for e-mail addresses after escapes are gone: it links to itself, and shows what was written."""
    seen = read(escape("write to a@b.org", PARAGRAPH))

    assert (seen.paragraphs, seen.links, seen.tags) == (["write to a@b.org"], [], {"p", "a"})
