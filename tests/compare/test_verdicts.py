"""The file of verdicts, and which of them hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.compare.blinding import is_swapped
from pipeline.compare.verdicts import Reason, append_verdict, newest, read_verdicts, verdict_path
from pipeline.errors import InputError, OutputError

from .samples import PAIR, comparison, verdict

OF = comparison()
FIRST, SECOND = verdict(OF, 0, "first"), verdict(OF, 1, "both")


def test_verdicts_are_read_back_in_order(tmp_path: Path) -> None:
    """A line each, beside the comparison."""
    path = verdict_path(tmp_path / "trial.json")
    assert path.name == "trial.verdicts.jsonl"
    assert read_verdicts(path) == ()
    for each in (FIRST, SECOND):
        append_verdict(path, each)
    assert read_verdicts(path) == (FIRST, SECOND)
    assert len(path.read_text("utf-8").splitlines()) == 2


@settings(deadline=None, max_examples=40)
@given(cut=st.integers(min_value=1))
def test_a_last_line_that_was_cut_costs_only_itself(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Wherever it was cut, the others are read, and the next verdict stands on a line of its own."""
    path = tmp_path_factory.mktemp("cut") / "v.jsonl"
    append_verdict(path, FIRST)
    append_verdict(path, SECOND)
    whole = path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    path.write_bytes(whole[: len(whole) - 1 - cut % (last - 1)])
    kept = read_verdicts(path)
    assert kept in ((FIRST,), (FIRST, SECOND))
    append_verdict(path, SECOND)
    assert read_verdicts(path) == (*kept, SECOND)


def test_a_line_that_is_no_verdict_is_named(tmp_path: Path) -> None:
    """With its file and its number; nothing is guessed."""
    path = tmp_path / "v.jsonl"
    append_verdict(path, FIRST)
    path.write_bytes(path.read_bytes() + b'{"judge": 1}\n')
    with pytest.raises(InputError, match=r"v\.jsonl, line 2: is not a verdict"):
        read_verdicts(path)


def test_a_folder_that_is_gone_is_an_error_of_output(tmp_path: Path) -> None:
    """It names the file."""
    with pytest.raises(OutputError, match=r"gone.*cannot be written"):
        append_verdict(tmp_path / "gone" / "v.jsonl", FIRST)


def test_the_last_verdict_of_a_judge_on_a_paper_holds() -> None:
    """Those on other comparisons, papers and columns do not count; those on the pair turned round are turned."""
    later = verdict(OF, 0, "second")
    other = verdict(comparison(3), 0, "first")
    strange = FIRST.model_copy(update={"pair": ("digest@1", "digest@3"), "judge": "eve"})
    reason = Reason(column="second", part="tldr", kind="生硬", quote="话")
    turned = verdict(OF, 2, "first", judge="ben").model_copy(update={"pair": PAIR[::-1], "reasons": (reason,)})
    found = newest((FIRST, SECOND, later, other, strange, turned), OF, PAIR)
    assert found["anna"] == {later.paper_id: later, SECOND.paper_id: SECOND}
    assert set(found) == {"anna", "ben"}
    (held,) = found["ben"].values()
    assert set(held.choices.values()) == {"second"}
    assert held.reasons[0].column == "first"


def test_sides_are_shuffled_by_paper_and_judge() -> None:
    """Always the same for one judge, different for another, and about as often one way as the other."""
    ids = [f"2604.{number:05}" for number in range(400)]
    anna, ben = ([is_swapped("c", judge, each) for each in ids] for judge in ("anna", "本"))
    assert anna == [is_swapped("c", "anna", each) for each in ids]
    for swapped in (anna, ben):
        assert 150 < sum(swapped) < 250
    assert 150 < sum(one == other for one, other in zip(anna, ben, strict=True)) < 250


def test_a_verdict_keeps_chinese_readable(tmp_path: Path) -> None:
    """The file is one that people open."""
    path = tmp_path / "v.jsonl"
    reason = Reason(column="first", part="title", kind="术语错", is_grave=True, quote="强健")
    append_verdict(path, FIRST.model_copy(update={"reasons": (reason,)}))
    text = path.read_text("utf-8")
    assert "术语错" in text
    assert json.loads(text)["reasons"][0]["quote"] == "强健"
