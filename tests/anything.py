"""Replies to papers that were made up, and one that any paper may have."""

from __future__ import annotations

import re
from importlib import resources

LEXICON = resources.files("pipeline.summarize.content").joinpath("lexicon.tsv").read_text("utf-8")
WORDS = "、".join(dict.fromkeys(line.split("\t")[1].split("|")[0] for line in LEXICON.splitlines()))


def anything(identifier: str) -> dict[str, str]:
    """Return a reply that is kept for the paper of this id, whatever it is; no two papers have the same.

    Its abstract has a rendering of every research word that the checks know. Of what else the paper says it lacks much,
    and so it has marks.
    """
    return {
        "translated_title": "一篇论文的中文题目",
        "tldr": "一种新的方法，比已有方法更快也更准，因而更容易用到实际问题里。",
        "tldr_en": "A new method that is faster and more accurate than what was there before.",
        "translated_abstract": f"第 {identifier} 篇谈到{WORDS}。",
    }


def widgets(identifier: str) -> dict[str, str]:
    """Return the good reply to the paper of this id whose title is ``Widgets N``, and which measures them."""
    number = int(re.sub(r"\D", "", identifier)[-5:])
    return {
        "translated_title": f"部件 {number}",
        "tldr": f"第 {number} 次测量部件，给出它们的大小。",
        "tldr_en": "Widgets are measured once more.",
        "translated_abstract": f"我们第 {number} 次测量部件。",
    }
