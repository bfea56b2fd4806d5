"""Wrong content made by program from recorded good replies: what the checks refuse of it, and what of the good."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from benchmarks import content
from pipeline.records import Paper
from pipeline.summarize.checks import first_fault
from pipeline.summarize.finding import Context
from tests.summarize.alterations import ALTERATIONS, Reply
from tests.summarize.more_alterations import KINDS

DATA = os.environ.get("ARXIV_DIGEST_TEST_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")

MANY = 200
HEAD = re.compile(r"^arXiv:\S+ Announce Type: \S+\s+Abstract: ")
TAIL = re.compile(r"\s*[(（]arXiv:.*$")
REFUSED = (
    "another paper's whole reply",
    "another paper's abstract",
    "refusal in Chinese as the abstract",
    "refusal in a sentence",
    "refusal in English",
    "translator's note added",
    "advertisement added",
    "link added",
    "preamble",
    "closing offer",
    "abstract given twice",
    "one sentence looped",
    "one character looped",
    "a phrase looped",
    "characters by chance",
    "html and script",
    "bold and headings",
    "mojibake (UTF-8 read as GBK)",
    "mojibake (UTF-8 read as Latin-1)",
    "replacement characters",
    "second half in English",
    "every second sentence in English",
    "ends in （略）",
    "one-liner says nothing",
    "one-liner is the title",
    "one-liner in English",
    "generic sentences",
)
"""Kinds of which the checks refuse at least 97 in a hundred."""


@cache
def good_replies() -> tuple[Reply, ...]:
    """Return recorded replies whose abstract has as many sentences as its translation, in a fixed order."""
    lines = (Path(DATA or "") / "replies" / "ok.jsonl").read_text("utf-8").splitlines()
    replies = [reply for line in lines if (reply := _aligned(json.loads(line)))]
    random.Random(3).shuffle(replies)
    return tuple(replies[:MANY])


def _aligned(row: dict[str, str]) -> Reply | None:
    english = tuple(re.split(r"(?<=[a-z)][.!?]) (?=[A-Z])", HEAD.sub("", row["abstract"])))
    chinese = tuple(re.findall(r"[^。！？]+[。！？]?", row["translated_abstract"].strip()))
    if len(english) != len(chinese) or len(english) < 3:
        return None
    title, zh_title = TAIL.sub("", row["title"]), TAIL.sub("", row["translated_title"])
    return Reply(title, english, zh_title, row["tldr"], chinese)


def refusal(of: Reply, reply: Reply) -> str | None:
    """Return the reason for which a reply about the paper of ``of`` is refused."""
    paper = Paper(id="2404.02059", title=of.title, abstract=" ".join(of.english))
    fields = {
        "translated_title": reply.zh_title,
        "tldr": reply.tldr,
        "tldr_en": "A line in English.",
        "translated_abstract": "".join(reply.chinese),
    }
    fault = first_fault(fields, Context(paper, instructions=""))
    return fault.check if fault else None


def altered(kind: str) -> Iterator[tuple[Reply, Reply]]:
    """Yield each paper's good reply that the checks keep, and that reply made wrong in one way."""
    replies = good_replies()
    for number, reply in enumerate(replies):
        wrong = ALTERATIONS[kind](reply, replies[(number + 1) % len(replies)], random.Random(number))
        if wrong and wrong != reply and refusal(reply, reply) is None:
            yield reply, wrong


def test_good_replies_are_kept() -> None:
    """At most one in a hundred is refused."""
    refused = [reply.title for reply in good_replies() if refusal(reply, reply)]
    assert len(good_replies()) == MANY
    assert len(refused) <= MANY / 100, refused


@pytest.mark.parametrize("kind", REFUSED)
def test_wrong_content_is_refused(kind: str) -> None:
    """Of every kind that the table names, at least 97 in a hundred."""
    pairs = tuple(altered(kind))
    passed = [wrong for reply, wrong in pairs if refusal(reply, wrong) is None]
    assert len(pairs) > MANY / 2
    assert len(passed) <= 0.03 * len(pairs), passed[:2]


SEEN = (
    "another paper's whole reply",
    "another paper's abstract",
    "last sentence dropped",
    "first sentence dropped",
    "middle sentence dropped",
    "a sentence of another paper",
    "another paper's sentence added at the end",
    "one number changed",
    "refusal in a sentence",
    "one sentence looped",
    "advertisement added",
)
"""Kinds of which at least 97 in a hundred are refused or marked, whether a reply came by numbers or as one text."""


@pytest.mark.parametrize("is_numbered", [True, False], ids=["by number", "as one text"])
def test_few_good_replies_are_marked(is_numbered: bool) -> None:
    """Of 200 good replies at most two in a hundred are refused, and at most five marked."""
    folder = Path(DATA or "")
    names = [content.before(good, is_numbered=is_numbered).name for good in content.good_replies(folder)]
    assert len(names) == MANY
    assert names.count("refused") <= 0.02 * MANY
    assert names.count("marked") <= 0.05 * MANY


@pytest.mark.parametrize("is_numbered", [True, False], ids=["by number", "as one text"])
@pytest.mark.parametrize("kind", SEEN)
def test_wrong_content_is_refused_or_marked(kind: str, is_numbered: bool) -> None:
    """Each kind of the list, in either form."""
    counts = content.tally(Path(DATA or ""), kind, is_numbered=is_numbered)
    assert counts.total() >= 20
    assert counts["passed"] <= 0.03 * counts.total(), counts


def test_the_kinds_are_many() -> None:
    """At least 130 kinds, each with a name of its own."""
    assert len(KINDS) >= 130
