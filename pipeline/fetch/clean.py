"""Drop what arXiv's feeds put around titles and abstracts; cut nothing else."""

from __future__ import annotations

import re

from pipeline.text import fold

_ABSTRACT_HEAD = re.compile(r"(?:arXiv:[\w./-]+ ?Announce Type: ?[\w-]+ ?Abstract: ?)+")
_TITLE_TAIL = re.compile(r"(?: ?\(arXiv:[\w./-]+ ?\[[^\]]*\](?: [A-Z ]+)?\))+$")


def clean_title(text: str) -> str:
    """Return a title on one line, without the `` (arXiv:2401.08734v1 [cs.CV] UPDATED)`` that feeds added until 2024.

    A reference without a category in brackets stays: it belongs to the titles of comments and replies.
    """
    return _TITLE_TAIL.sub("", fold(text))


def clean_abstract(text: str) -> str:
    """Return an abstract on one line, without the ``arXiv:2404.02059v1 Announce Type: new Abstract:`` of the feeds."""
    folded = fold(text)
    head = _ABSTRACT_HEAD.match(folded)
    return folded[head.end() :] if head else folded
