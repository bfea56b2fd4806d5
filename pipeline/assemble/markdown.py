"""The Markdown page of a digest."""

from __future__ import annotations

from functools import cache, partial

from jinja2 import Template

from pipeline.assemble.digest import Digest, without_tail
from pipeline.assemble.escape import CELL, LINK_IN_CELL, PARAGRAPH, escape
from pipeline.assemble.foot import foot
from pipeline.assemble.language import LANGUAGES
from pipeline.assemble.marks import marked
from pipeline.assemble.rendering import environment


def markdown(digest: Digest, language: str = "zh") -> str:
    """Return the page of ``digest``: a table to skim, the details as footnotes, then what failed or is missing, if any.

    The page is GitHub Flavored Markdown with footnotes; text of papers and models shows on it as it is.

    Raises:
        KeyError: ``language`` is none of `pipeline.assemble.language.LANGUAGES`.
    """
    words = LANGUAGES[language]
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
    made.filters["paragraph"] = partial(escape, place=PARAGRAPH)
    made.filters["cell"] = partial(escape, place=CELL)
    made.filters["link_text"] = partial(escape, place=LINK_IN_CELL)
    made.filters["without_tail"] = without_tail
    return made.get_template("digest.md.j2")
