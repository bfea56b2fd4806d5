"""Small records, and text of the kind that breaks pages."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pipeline.records import Entry, Failure, Paper, Summary


def paper(number: int = 1, **fields: Any) -> Paper:
    """Return a paper with an id of its own."""
    given = {"id": f"2404.{number:05}", "title": f"Title {number}", "abstract": f"Abstract {number}."}
    return Paper.model_validate(given | fields)


def done(of: Paper, **fields: Any) -> Entry:
    """Return a paper with a summary."""
    given = {"translated_title": "标题", "tldr": "一句话。", "tldr_en": "One line.", "translated_abstract": "译文。"}
    return Entry(paper=of, summary=Summary.model_validate({"paper_id": of.id} | given | fields))


def failed(of: Paper, reason: str = "timeout", detail: str = "") -> Entry:
    """Return a paper with a failure."""
    return Entry(paper=of, failure=Failure(paper_id=of.id, reason=reason, detail=detail, attempts=3))


_MARKUP = r"""
| || \ \\ \| ` `` ``` * ** *** _ __ ~ ~~ ~~~ [ ] ( ) ]( ](x) ]: [x] [x](y) ![x](y) [^ [^1] [^2]: [^a-z] [x]: # ## > - +
1. 2) --- *** === < > << </ <!-- --> <!--x--> <? ?> <![CDATA[ ]]> <script> </script> <b> <div <x@y.z> <http://x.y> &
&amp; &lt; &#35; &#x23; amp; ; : :// // https://x.y http:// ftp://a www. www.a.b x@y.z $ $x_{i}$ ^ ! = " ' / @ {{ {% %s
"""
_LETTERS = "a b 1 2 ab x_y 中 文 ， （ ） → € é \u2e50 \u0301 \u200b \u202e 😀"
_BLANKS = [" ", "  ", "    ", "\t", "\n", "\r\n", "\n\n", "\x85", "\u2028", "\u00a0", "\u3000"]
_CONTROLS = ["\x00", "\x1b[31m", "\ud800"]

HOSTILE = st.lists(
    st.sampled_from([*_MARKUP.split(), *_LETTERS.split(), *_BLANKS, *_CONTROLS]) | st.characters(codec="utf-8"),
    max_size=14,
).map("".join)
"""Text heavy with markup, as no paper has it and any reply may."""

HOSTILE_TITLE = HOSTILE.filter(lambda text: bool(text.strip()))
"""The same for a field that a record does not take empty."""
