"""Replies and papers in the cache: what is kept is read again exactly; a row that cannot be read is a miss."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records import Summary, Usage
from pipeline.store.cache import Cache
from pipeline.store.replies import CachedReply, UsageSeen

from .samples import NOW, Shelf, keep, paper, replace, reply

MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))


WORDS = st.text(max_size=20) | st.text("a中\x00\n\"'\\\u2028😀", max_size=20)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), raw=WORDS)
def test_a_reply_is_read_again_exactly(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, raw: str) -> None:
    """The summary, the model's own words and how it was asked, whatever text stands in them."""
    words: dict[str, Any] = {
        name: data.draw(WORDS) for name in ("translated_title", "tldr", "tldr_en", "translated_abstract")
    }
    kept = reply(**words, raw=raw, model=data.draw(WORDS.filter(bool)), created=data.draw(MOMENTS))
    kept = CachedReply(
        kept.key, kept.summary, kept.raw, {"replies": 3, "faults": data.draw(st.lists(WORDS, max_size=2))}
    )
    folder = tmp_path_factory.mktemp("cache")
    with Cache(folder, warn=pytest.fail) as cache:
        keep(cache, paper(), kept)
    with Cache(folder, warn=pytest.fail) as cache:
        read = cache.replies.get(kept.key)
    assert read is not None
    assert read.summary.model_dump() == kept.summary.model_dump()
    assert (read.key, read.raw, read.asked) == (kept.key, kept.raw, kept.asked)


@pytest.mark.parametrize(
    "fields",
    [
        {"usage": None},
        {"tldr_en": ""},
        {"prompt": None, "prompt_sha256": None, "model": None, "endpoint": None, "created": None, "usage": None},
    ],
    ids=["endpoint-that-counts-no-tokens", "no-english-line", "of-unknown-origin"],
)
def test_what_is_not_known_of_a_reply_is_not_known_afterwards(shelf: Shelf, fields: dict[str, Any]) -> None:
    """None stays None: it is neither 0 tokens nor an empty name."""
    kept = reply(**fields)
    with shelf.open() as cache:
        keep(cache, paper(), kept)
        assert (cache.replies.get(kept.key), cache.verify(), shelf.warnings) == (kept, (), [])


def test_a_reply_with_half_a_character_is_kept(shelf: Shelf) -> None:
    """A lone surrogate in a model's raw words has no UTF-8: what was read from them is kept all the same."""
    kept = reply(raw='{"tldr": "\ud83d"}')
    with shelf.open() as cache:
        keep(cache, paper(), kept)
        read = cache.replies.get(kept.key)
    assert read is not None
    assert read.summary == kept.summary


def test_an_unknown_key_is_a_miss_without_a_warning(shelf: Shelf) -> None:
    """As is an unknown paper."""
    with shelf.open() as cache:
        assert (
            cache.replies.get("0" * 64),
            cache.replies.of_paper("2404.00001"),
            cache.replies.paper("2404.00001"),
        ) == (None, (), None)
    assert shelf.warnings == []


def test_a_second_reply_to_the_same_ask_replaces_the_first(shelf: Shelf) -> None:
    """One to another ask about the same paper stands beside it; they come oldest first."""
    old, new = reply(1, created=NOW), reply(1, created=NOW + timedelta(days=1), tldr="新的。")
    other = reply(1, key="other", created=NOW + timedelta(microseconds=5), model="m2")
    with shelf.open() as cache:
        for kept in (old, new, other):
            replace(cache, paper(), kept)
        assert cache.replies.get(old.key) == new
        assert cache.replies.of_paper("2404.00001") == (other, new)
        assert cache.replies.of_paper("2404.00002") == ()


def test_the_newest_version_of_a_paper_is_given(shelf: Shelf) -> None:
    """Versions by number, not as text; one without a version comes last."""
    with shelf.open() as cache:
        for version in (None, 10, 9):
            keep(cache, paper(version=version), reply(key=f"v{version}"))
        assert cache.replies.paper("2404.00001") == paper(version=10)


@pytest.mark.parametrize("version", [2, None], ids=["with-version", "without-version"])
def test_a_paper_that_two_prompts_summarized_is_one_paper(shelf: Shelf, version: int | None) -> None:
    """The record of the last time counts."""
    with shelf.open() as cache:
        replace(cache, paper(version=version, title="old"), reply(key="a"))
        replace(cache, paper(version=version, title="new"), reply(key="b", prompt="digest@2"))
        assert cache.info().papers == 1
        assert cache.replies.paper("2404.00001") == paper(version=version, title="new")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("summary", "{cut"),
        ("summary", "{}"),
        ("summary", "[]"),
        ("summary", "null"),
        ("usage", "many"),
        ("usage", '{"prompt": "many"}'),
        ("created", "yesterday"),
        ("asked", "{cut"),
        ("summary", b"\xff\xfe"),
    ],
    ids=["cut", "empty", "list", "null", "usage", "tokens", "date", "asked", "bytes"],
)
def test_a_row_that_cannot_be_read_is_a_miss_and_one_warning(shelf: Shelf, column: str, value: str | bytes) -> None:
    """Verify names it, other rows are read, and it may be replaced."""
    shelf.fill(2)
    shelf.sql(f"UPDATE replies SET {column} = CAST(? AS TEXT) WHERE key = ?", value, reply(1).key)
    with shelf.open() as cache:
        assert (cache.replies.get(reply(1).key), len(shelf.warnings)) == (None, 1)
        assert shelf.warnings[0].startswith(f"{shelf.file}: ")
        assert cache.replies.of_paper("2404.00001") == ()
        faults = cache.verify()
        assert [fault.partition(":")[0] for fault in faults] == [f"reply {'0' * 12} for 2404.00001"]
        assert cache.replies.get(reply(2).key) == reply(2)
        replace(cache, paper(1), reply(1))
        assert (cache.replies.get(reply(1).key), cache.verify()) == (reply(1), ())


def test_a_paper_that_cannot_be_read_is_not_there(shelf: Shelf) -> None:
    """With one warning."""
    shelf.fill(1)
    shelf.sql("UPDATE papers SET record = '{'")
    with shelf.open() as cache:
        assert cache.replies.paper("2404.00001") is None
    assert len(shelf.warnings) == 1


def test_a_reply_is_kept_with_its_paper_or_not_at_all(shelf: Shelf) -> None:
    """One transaction: where the paper's row fails, the reply's is not left behind."""
    shelf.fill(1)
    shelf.sql("CREATE TRIGGER no_more BEFORE INSERT ON papers BEGIN SELECT RAISE(ABORT, 'no more'); END")
    with shelf.open() as cache:
        keep(cache, paper(2), reply(2))
        assert (cache.info().papers, cache.info().replies) == (1, 1)
    assert shelf.warnings == [f"{shelf.file}: no more; what cannot be kept is asked for again next time"]


def test_the_usage_of_one_prompt_and_model_is_averaged(tmp_path: Path) -> None:
    """Mean prompt tokens, and completion tokens for a character of an abstract; replies without usage do not count."""
    shelf = Shelf(tmp_path)
    with shelf.open() as cache:
        keep(cache, paper(1), reply(1, usage=Usage(prompt=100, completion=200)))
        keep(cache, paper(2, abstract="A" * 600), reply(2, usage=Usage(prompt=300, completion=100)))
        keep(cache, paper(3), reply(3, usage=None))
        keep(cache, paper(4), reply(4, usage=Usage(prompt=9, completion=0)))
        keep(cache, paper(5), reply(5, model="other"))
        keep(cache, paper(6), reply(6, prompt="digest@2"))
        assert cache.replies.usage_of("digest@1", "m") == UsageSeen(2, 200.0, 0.3)
        assert cache.replies.usage_of("digest@1", "nobody") == UsageSeen(0, 0.0, 0.0)


def test_the_usage_of_a_paper_of_several_versions_counts_once(tmp_path: Path) -> None:
    """A paper that came again in another version has one abstract for one reply."""
    shelf = Shelf(tmp_path)
    with shelf.open() as cache:
        replace(cache, paper(1), reply(1, usage=Usage(prompt=100, completion=200)))
        replace(cache, paper(1, version=2), reply(1, usage=Usage(prompt=100, completion=200)))
        assert cache.replies.usage_of("digest@1", "m") == UsageSeen(1, 100.0, 0.5)


def test_many_replies_are_read_at_once(shelf: Shelf) -> None:
    """Those that are there and can be read, by their keys; one that cannot be read is a miss and one warning."""
    shelf.fill(3)
    shelf.sql("UPDATE replies SET summary = '{' WHERE key = ?", reply(2).key)
    with shelf.open() as cache:
        found = cache.replies.get_many(Summary, [reply(number).key for number in (3, 2, 1, 9)])
        assert found == {reply(number).key: reply(number) for number in (1, 3)}
        assert cache.replies.get_many(Summary, []) == {}
    assert len(shelf.warnings) == 1


def test_a_page_of_papers_is_one_query(shelf: Shelf) -> None:
    """However many replies it has."""
    shelf.fill(50)
    with shelf.open() as cache:
        said: list[str] = []
        cache.database._db.set_trace_callback(said.append)
        assert len(cache.replies.get_many(Summary, [reply(number).key for number in range(1, 51)])) == 50
        cache.database._db.set_trace_callback(None)
    assert len(said) == 1


def test_the_newest_papers_are_those_that_were_summarized_last(shelf: Shelf) -> None:
    """Each once, in its newest version, at most as many as are wanted; one that cannot be read is left out."""
    with shelf.open() as cache:
        for number, version in ((1, 1), (2, 2), (2, 1), (3, 1), (4, 1)):
            keep(cache, paper(number, version=version), reply(number, key=f"{number}v{version}"))
    shelf.sql("UPDATE papers SET record = '{' WHERE id = '2404.00003'")
    with shelf.open() as cache:
        assert cache.replies.newest_papers(9) == (paper(4), paper(2, version=2), paper(1))
        assert cache.replies.newest_papers(1) == (paper(4),)
