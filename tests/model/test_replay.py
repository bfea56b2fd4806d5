"""A file of replies in the place of a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import CallError, InputError
from pipeline.model.interface import Ask, Message, Model, Reply
from pipeline.model.replay import ReplayModel
from pipeline.records import Account

FREE = Account(requests=1)
FIELDS = {"translated_title": "题", "tldr": "一句。", "tldr_en": "One line.", "translated_abstract": "译文。"}


def ask(paper_id: str) -> Ask:
    """An ask about a paper; what it says does not count."""
    return Ask(paper_id, (Message("user", "anything"),), {})


def write(path: Path, *lines: Any) -> Path:
    """Write a file of replies."""
    path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
    return path


def write_bytes(path: Path, body: bytes) -> None:
    """Write a file as it is."""
    path.write_bytes(body)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the replies stand."""
    return tmp_path / "replies.jsonl"


async def test_each_paper_gets_its_own_reply(path: Path) -> None:
    """By id, however it is written; the rest of a line is not part of the reply."""
    old = {"id": "math.GT/0309136v2", **FIELDS, "tldr": "旧。"}
    model: Model = ReplayModel(write(path, {"id": "arXiv:2404.02059v1", "title": "T", **FIELDS}, old))
    replies = [await model.ask(ask(paper_id)) for paper_id in ("math/0309136", "2404.02059")]
    said = (json.dumps(made, ensure_ascii=False) for made in (FIELDS | {"tldr": "旧。"}, FIELDS))
    assert replies == [Reply(text, account=FREE) for text in said]
    assert (model.name, model.endpoint) == ("replay", "replay")
    await model.close()


async def test_asking_again_about_a_paper_is_answered_as_before(path: Path) -> None:
    """A file has one reply to each paper."""
    model = ReplayModel(write(path, {"id": "2404.02059", "tldr": "1"}))
    assert await model.ask(ask("2404.02059")) == await model.ask(ask("2404.02059"))


@pytest.mark.parametrize(
    ("given_fields", "answered"),
    [
        ({"en_tldr": "Old."}, {"tldr_en": "Old."}),
        ({"tldr_en": "New.", "en_tldr": "Old."}, {"tldr_en": "New."}),
        ({"tldr_en": None, "tldr": ""}, {"tldr": "", "tldr_en": None}),
        ({"other": 1}, {}),
        ({"tldr": ["a", 1]}, {"tldr": ["a", 1]}),
        ({"sentences": ["一。", "二。"]}, {"sentences": ["一。", "二。"]}),
    ],
    ids=["older-key", "both-keys", "null", "nothing", "other-type", "sentences"],
)
async def test_a_reply_is_given_as_it_stands(
    path: Path, given_fields: dict[str, Any], answered: dict[str, Any]
) -> None:
    """Good or bad: judging it is for the checks, as with a real one."""
    model = ReplayModel(write(path, {"id": "2404.02059"} | given_fields))
    assert json.loads((await model.ask(ask("2404.02059"))).text) == answered


async def test_a_paper_without_a_reply_fails_by_name(path: Path) -> None:
    """No request is counted for it."""
    model = ReplayModel(write(path, {"id": "2404.02059", **FIELDS}))
    with pytest.raises(CallError) as caught:
        await model.ask(ask("2404.02060"))
    assert (caught.value.reason, caught.value.message) == (
        "no_reply",
        "replies.jsonl has no reply for 2404.02060",
    )
    assert caught.value.account == Account()


async def test_of_two_replies_to_a_paper_the_last_counts(path: Path) -> None:
    """As a file to which replies are appended needs it."""
    model = ReplayModel(write(path, {"id": "2404.02059", "tldr": "1"}, {"id": "2404.02059v2", "tldr": "2"}))
    assert await model.ask(ask("2404.02059")) == Reply('{"tldr": "2"}', account=FREE)


async def test_blank_lines_windows_line_ends_and_a_byte_order_mark_do_no_harm(path: Path) -> None:
    """Nor does a last line without an end."""
    write_bytes(path, b'\xef\xbb\xbf\r\n{"id": "2404.02059", "tldr": "1"}\r\n \r\n{"id": "2404.02060", "tldr": "2"}')
    model = ReplayModel(path)
    assert [(await model.ask(ask(name))).text for name in ("2404.02059", "2404.02060")] == [
        '{"tldr": "1"}',
        '{"tldr": "2"}',
    ]


@settings(max_examples=50, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, st.text() | st.text('\u2028\x85\x0b\n\r"\\', max_size=5))))
async def test_any_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, fields: dict[str, str]) -> None:
    """Signs that some take for line ends do not end a line."""
    model = ReplayModel(write(tmp_path_factory.mktemp("any") / "r.jsonl", {"id": "2404.02059"} | fields))
    assert json.loads((await model.ask(ask("2404.02059"))).text) == fields


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("{cut", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("{}", "'id'"),
        ('{"id": "x"}', "'x' is not an arXiv identifier such as 2404.02059 or math/0309136"),
        ('{"id": 2404.02059}', "'float' object has no attribute 'strip'"),
        ('["2404.02059"]', "list indices must be integers or slices, not str"),
        ("[" * 100_000, "maximum recursion depth exceeded while decoding a JSON array from a unicode string"),
    ],
    ids=["cut", "no-id", "bad-id", "number", "list", "deep"],
)
def test_a_line_that_is_no_reply_is_refused_before_anything_is_asked(path: Path, bad: str, complaint: str) -> None:
    """The error names the file and the line."""
    write(path, {"id": "2404.02059", **FIELDS})
    with path.open("a") as file:
        file.write(f"\n{bad}\n")
    with pytest.raises(InputError) as caught:
        ReplayModel(path)
    assert (caught.value.message, caught.value.hint) == (
        f"{path}, line 3: is not a reply: {complaint}",
        "Each line is a JSON object with an id.",
    )


@pytest.mark.parametrize("body", [b"\xff", None], ids=["bytes", "missing"])
def test_a_file_that_cannot_be_read_is_refused(path: Path, body: bytes | None) -> None:
    """The error names it."""
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(InputError) as caught:
        ReplayModel(path)
    assert caught.value.message.startswith(f"{path}: cannot be read as replies: ")
