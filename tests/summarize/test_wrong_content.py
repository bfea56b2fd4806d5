"""Wrong content made by program from recorded good replies: what the checks see of it, and what of the good.

A sample of kinds and papers; ``python -m benchmarks.content`` measures all of them.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import content
from tests.summarize.more_alterations import KINDS

DATA = os.environ.get("ARXIV_DIGEST_TEST_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")
FOLDER = Path(DATA or "")
SAMPLE = range(0, content.MANY, 8)
FORMS = pytest.mark.parametrize("is_numbered", [True, False], ids=["by number", "as one text"])

REFUSED = (
    "another paper's whole reply",
    "refusal in Chinese as the abstract",
    "refusal in English",
    "translator's note added",
    "advertisement added",
    "link added",
    "preamble",
    "abstract given twice",
    "one character looped",
    "a phrase looped",
    "characters by chance",
    "html and script",
    "mojibake (UTF-8 read as GBK)",
    "replacement characters",
    "second half in English",
    "one-liner says nothing",
    "one-liner is the title",
    "generic sentences",
)
SEEN = (
    "another paper's abstract",
    "last sentence dropped",
    "first sentence dropped",
    "middle sentence dropped",
    "a sentence of another paper",
    "another paper's sentence added at the end",
    "an invented sentence added to the last",
    "one number changed",
    "all numbers changed",
    "refusal in a sentence",
    "one sentence looped",
    "the one-liner inside the abstract",
)
"""Kinds that are refused or marked."""


def outcomes(kind: str, *, is_numbered: bool) -> Counter[str]:
    """Count what becomes of one kind in the sample."""
    found = (content.outcome(FOLDER, number, kind, is_numbered=is_numbered) for number in SAMPLE)
    return Counter(name for name in found if name)


@FORMS
def test_good_replies_are_kept(is_numbered: bool) -> None:
    """Of 200 good replies at most two in a hundred are refused, and at most five marked."""
    names = [content.before(good, is_numbered=is_numbered).name for good in content.good_replies(FOLDER)]
    assert len(names) == content.MANY
    assert names.count("refused") <= 0.02 * content.MANY
    assert names.count("marked") <= 0.05 * content.MANY


@FORMS
@pytest.mark.parametrize("kind", REFUSED)
def test_wrong_content_is_refused(kind: str, is_numbered: bool) -> None:
    """Each kind of the list, but for one reply of the sample at most."""
    counts = outcomes(kind, is_numbered=is_numbered)
    assert counts.total() >= len(SAMPLE) - 2
    assert counts.total() - counts["refused"] <= 1, counts


@FORMS
@pytest.mark.parametrize("kind", SEEN)
def test_wrong_content_is_refused_or_marked(kind: str, is_numbered: bool) -> None:
    """Each kind of the list, but for one reply of the sample, or two of twenty and more."""
    counts = outcomes(kind, is_numbered=is_numbered)
    assert counts.total() >= 5
    assert counts["passed"] <= (2 if counts.total() >= 20 else 1), counts


@pytest.mark.parametrize(("kind", "share"), [("title cut in half", 0.75), ("all Latin names left out", 0.7)])
def test_much_of_a_kind_is_seen(kind: str, share: float) -> None:
    """Kinds of which some pass, since good replies look the same."""
    counts = outcomes(kind, is_numbered=True)
    assert counts["passed"] <= (1 - share) * counts.total(), counts


def test_the_kinds_are_many() -> None:
    """At least 170 kinds, each with a name of its own."""
    assert len(KINDS) >= 170
