"""Text of others on one line, and what a validator says of it in plain words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import fold, plain, without_controls

MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
NASTY = st.text() | st.text(
    st.sampled_from(f" \t\n\r\x0b\x1b\x00\x1f\x7f\x85\u00a0\u2028\u3000\ud800\udfff\ufdd0\ufffe\U0001ffff{MARKS}ab中"),
    max_size=20,
)


def _is_nothing(char: str) -> bool:
    """Return whether ``char`` is a control, a surrogate or one of the 66 noncharacters."""
    is_noncharacter = ord(char) & 0xFFFE == 0xFFFE or "\ufdd0" <= char <= "\ufdef"
    return is_noncharacter or unicodedata.category(char) in {"Cc", "Cs"}


@pytest.mark.parametrize(
    ("text", "without", "folded", "shown"),
    [
        ("", "", "", ""),
        ("a\tb\r\nc", "a\tb\r\nc", "a b c", "a b c"),
        ("  a  \u3000 b\u00a0", "  a  \u3000 b\u00a0", "a b", "a b"),
        ("a\x00\x07b\x7f\x9fc", "abc", "abc", "abc"),
        ("\x1b[31mred\x1b]8;;", "[31mred]8;;", "[31mred]8;;", "[31mred]8;;"),
        ("a\x0b\x0cb", "ab", "ab", "ab"),
        ("a\ud83d b", "a b", "a b", "a b"),
        ("a\u2028\u2029b", "a\u2028\u2029b", "a b", "a b"),
        ("a\u202eb\u2066c\u200fd", "a\u202eb\u2066c\u200fd", "a\u202eb\u2066c\u200fd", "abcd"),
        ("\u200f a \u200e b \u202c", "\u200f a \u200e b \u202c", "\u200f a \u200e b \u202c", "a b"),
        ("a\ufffe\uffff\ufdd0\ufdefb\U0001fffe\U0010ffff\ufffd", "ab\ufffd", "ab\ufffd", "ab\ufffd"),
        ("é\u0301 😀 [/INST]", "é\u0301 😀 [/INST]", "é\u0301 😀 [/INST]", "é\u0301 😀 [/INST]"),
    ],
    ids=[
        "empty",
        "line-ends",
        "blanks",
        "controls",
        "escapes",
        "feeds",
        "surrogate",
        "separators",
        "turns",
        "turns-between-blanks",
        "noncharacters",
        "kept",
    ],
)
def test_text_is_cleaned_in_three_steps(text: str, without: str, folded: str, shown: str) -> None:
    """Controls go first, then blanks are folded, then marks that turn the reading direction go; nothing else does."""
    assert (without_controls(text), fold(text), plain(text)) == (without, folded, shown)


@settings(max_examples=150, deadline=None)
@given(NASTY)
def test_folded_text_is_one_trimmed_line_and_folding_it_changes_nothing(text: str) -> None:
    """Whatever the text is; and it can be written as UTF-8."""
    once = fold(text)
    assert fold(once) == once
    assert once == " ".join(once.split())
    assert once.encode().decode() == once


@settings(max_examples=150, deadline=None)
@given(NASTY)
def test_plain_text_is_fit_for_a_terminal_and_making_it_so_again_changes_nothing(text: str) -> None:
    """One trimmed line, without controls and marks that turn the reading direction."""
    once = plain(text)
    assert plain(once) == once
    assert once == " ".join(once.split())
    assert not [char for char in once if _is_nothing(char) or char in MARKS]


@settings(max_examples=100, deadline=None)
@given(NASTY)
def test_no_visible_character_is_lost_or_moved(text: str) -> None:
    """Letters, digits and signs stay in their order."""
    visible = [char for char in text if not char.isspace() and not _is_nothing(char)]
    assert [char for char in fold(text) if char != " "] == visible
    assert [char for char in plain(text) if char != " "] == [char for char in visible if char not in MARKS]
