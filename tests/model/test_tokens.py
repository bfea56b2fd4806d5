"""How many tokens a text has: counted, estimated, and bounded from above."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import tokens
from pipeline.model.tokens import TABLE_URL, counter, estimate, most_tokens

NAME = "fb374d419588a4632f3f557e76b4b70aebbca790"
"""What tiktoken calls its table in a folder: the sha1 of the table's address."""
BYTES = tiktoken.Encoding(
    "bytes", pat_str=r"[\s\S]", mergeable_ranks={bytes([n]): n for n in range(256)}, special_tokens={}
)
"""An encoding that merges nothing: the worst that one of its kind can be."""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("We make widgets fast, twice as fast.", 7),
        ("我们让部件变快。现在快了一倍。", 11),
        ("We show " * 100, 152),
        ("部件 widget", 3),
    ],
)
def test_an_estimate_goes_by_wide_and_narrow_characters(text: str, count: int) -> None:
    """Chinese has some three tokens for four characters, English one for five."""
    assert estimate(text) == count


@given(st.text())
def test_no_text_has_more_tokens_than_the_most(text: str) -> None:
    """Not by an encoding that has a token for each byte, and not by our own estimate."""
    assert len(BYTES.encode(text, disallowed_special=())) <= most_tokens(text)
    assert estimate(text) <= most_tokens(text)


@pytest.mark.parametrize(("text", "most"), [("", 0), ("abc", 3), ("文", 3), ("😀", 4), ("\ud83d", 3)])
def test_the_most_is_a_token_a_byte(text: str, most: int) -> None:
    """Half a character counts as well."""
    assert most_tokens(text) == most


@pytest.mark.parametrize("table", [None, b"", b"IQ== 0\n", b"x" * 100_000], ids=["none", "empty", "cut", "other"])
def test_without_the_right_table_a_count_is_an_estimate(
    table: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and nothing is downloaded: tiktoken is not even imported."""
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    if table is not None:
        (tmp_path / NAME).write_bytes(table)
    by = counter(tmp_path)
    assert (by.approximate, by.count("We show " * 100)) == (True, 152)


@pytest.mark.parametrize("kind", ["missing", "file", "folder"])
def test_a_place_that_holds_no_tables_is_no_error(kind: str, tmp_path: Path) -> None:
    """No folder, a file in its place, or a folder in the place of the table."""
    place = tmp_path / "tables"
    if kind == "file":
        place.write_text("x")
    if kind == "folder":
        (place / NAME).mkdir(parents=True)
    assert counter(place).approximate


def test_with_the_right_table_tokens_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By tiktoken itself; words that would steer a model count as any others."""
    (tmp_path / NAME).write_bytes(b"a table")
    monkeypatch.setattr(tokens, "TABLE_SHA256", hashlib.sha256(b"a table").hexdigest())
    monkeypatch.setattr(tiktoken, "get_encoding", {"o200k_base": BYTES}.__getitem__)
    by = counter(tmp_path)
    assert (by.approximate, by.count("文 <|endoftext|>")) == (False, 17)


def test_a_table_is_looked_for_where_tiktoken_keeps_it() -> None:
    """Under the sha1 of its address."""
    assert hashlib.sha1(TABLE_URL.encode(), usedforsecurity=False).hexdigest() == NAME
