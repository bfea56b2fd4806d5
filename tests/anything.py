"""A reply that any paper may have: its abstract has a rendering of every research word that the checks know."""

from __future__ import annotations

from importlib import resources

LEXICON = resources.files("pipeline.summarize.content").joinpath("lexicon.tsv").read_text("utf-8")
WORDS = "、".join(dict.fromkeys(line.split("\t")[1].split("|")[0] for line in LEXICON.splitlines()))


def good(identifier: str) -> dict[str, str]:
    """Return the fields of a reply for the paper of this id; no two papers have the same."""
    return {
        "translated_title": "一篇论文的中文题目",
        "tldr": "本文给出一种新的方法，比已有方法更快也更准，因而更容易用到实际问题里。",
        "tldr_en": "A new method that is faster and more accurate than what was there before.",
        "translated_abstract": f"第 {identifier} 篇谈到{WORDS}。",
    }
