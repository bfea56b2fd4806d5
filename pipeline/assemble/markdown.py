"""The Markdown page of a digest."""

from __future__ import annotations

from functools import cache, partial

from jinja2 import Template

from pipeline.assemble.digest import Digest, without_tail
from pipeline.assemble.escape import CELL, LINK_IN_CELL, PARAGRAPH, Place, escape
from pipeline.assemble.foot import foot
from pipeline.assemble.language import words_of
from pipeline.assemble.links import further_links
from pipeline.assemble.marks import marked
from pipeline.assemble.rendering import environment
from pipeline.tex import without_macros


def markdown(digest: Digest) -> str:
    """Return the page of ``digest``: a table to skim, the details as footnotes, then what failed or is missing, if any.

    The page is GitHub Flavored Markdown with footnotes; text of papers and models shows on it as it is.
    """
    words = words_of(digest.language)
    entries = marked(digest, words)
    return _template().render(
        words=words,
        done=[(entry.paper, entry.summary, marks) for entry, marks in entries if entry.summary],
        foot=foot(digest, entries, words),
    )


@cache
def _template() -> Template:
    # Markdown has no use for HTML's escaping: every text of others passes one of the filters below.
    made = environment(autoescape=False)
    made.filters["paragraph"] = partial(_escaped, place=PARAGRAPH)
    made.filters["cell"] = partial(_escaped, place=CELL)
    made.filters["link_text"] = partial(_escaped, place=LINK_IN_CELL)
    made.filters["without_tail"] = without_tail
    made.filters["further_links"] = further_links
    return made.get_template("digest.md.j2")


def _escaped(text: str, place: Place) -> str:
    return escape(without_macros(text), place)
