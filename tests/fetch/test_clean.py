"""Titles and abstracts without what the feeds put around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.clean import clean_abstract, clean_title
from pipeline.text import fold

PIECES = st.sampled_from(
    [
        "arXiv:2404.02059v1",
        "Announce Type:",
        "new",
        "replace-cross",
        "Abstract:",
        " ",
        "\n",
        "(arXiv:2401.08734v1",
        "[cs.CV]",
        "UPDATED",
        ")",
        ".",
        "We",
        "\x00",
        " (arXiv:math/0309136v2 [math.GT] CROSS LISTED)",
        "arXiv:1v1 Announce Type: x Abstract:",
    ]
)
ANY_TEXT = st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(" ".join))


@pytest.mark.parametrize(
    ("given_title", "title"),
    [
        ("Bag of Tricks. (arXiv:2401.08734v1 [cs.CV] UPDATED)", "Bag of Tricks."),
        ("Bag of Tricks (arXiv:2401.08734v12 [cs.CV])", "Bag of Tricks"),
        ("Bag? (arXiv:math/0309136v2 [math.GT] CROSS LISTED)\n", "Bag?"),
        ("Bag\n  of\tTricks\x07", "Bag of Tricks"),
        ("Reply to a comment (arXiv:0911.1234)", "Reply to a comment (arXiv:0911.1234)"),
        ("On (arXiv:2401.08734v1 [cs.CV]) and more", "On (arXiv:2401.08734v1 [cs.CV]) and more"),
        ("All |brackets| [/INST] stay (really)", "All |brackets| [/INST] stay (really)"),
    ],
)
def test_a_title_loses_the_tail_of_the_old_feeds_and_nothing_else(given_title: str, title: str) -> None:
    """The dot before the tail is the old feeds' too, but cannot be told from the title's own."""
    assert clean_title(given_title) == title


@pytest.mark.parametrize(
    ("given_abstract", "abstract"),
    [
        ("arXiv:2404.02059v1 Announce Type: new  Abstract: We show.", "We show."),
        ("arXiv:2404.02059v1 Announce Type: replace-cross \nAbstract: We show.", "We show."),
        ("\n arXiv:math/0309136v2  Announce Type:\tcross\r\n\r\nAbstract:\n We\n\nshow.", "We show."),
        ("arXiv:2404.02059v1 Announce Type: new Abstract:", ""),
        ("We read arXiv:2404.02059v1 Announce Type: new Abstract: too.",) * 2,
        ("Abstract: a word of the authors' own.",) * 2,
    ],
)
def test_an_abstract_loses_the_head_of_the_feeds_and_nothing_else(given_abstract: str, abstract: str) -> None:
    """Whatever the announce type and the line breaks."""
    assert clean_abstract(given_abstract) == abstract


@given(ANY_TEXT)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """What was clean stays as it is."""
    for clean in (clean_title, clean_abstract):
        assert clean(clean(text)) == clean(text)


@given(ANY_TEXT)
def test_only_ends_are_cut(text: str) -> None:
    """A clean title is the beginning of the folded one, a clean abstract its end."""
    assert fold(text).startswith(clean_title(text))
    assert fold(text).endswith(clean_abstract(text))


@given(st.text(alphabet="abc $%<|\\\n"), st.sampled_from(["new", "cross", "replace", "replace-cross"]))
def test_what_stands_between_head_and_tail_is_kept_whole(text: str, kind: str) -> None:
    """Nothing within is cut, whatever it is."""
    assert clean_abstract(f"arXiv:2404.02059v1 Announce Type: {kind} \nAbstract: {text}") == fold(text)
    assert clean_title(f"{text} (arXiv:2401.08734v1 [cs.CV] UPDATED)") == fold(text)
