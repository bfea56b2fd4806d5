"""Verdicts of judges, a line each, in a file beside the comparison."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from pydantic import Field, ValidationError

from pipeline.compare.comparison import Comparison
from pipeline.errors import InputError, OutputError
from pipeline.records import Moment, Record
from pipeline.validation import explain

Part = Literal["title", "tldr", "abstract", "overall"]
"""What is judged of a paper."""
Choice = Literal["first", "second", "both", "neither"]
"""Which column of the pair is better; ``both`` are equally good, ``neither`` is any good."""
Kind = Literal["术语错", "漏译", "增译", "数字或公式错", "生硬", "要点不准", "标点排版"]
"""Reasons, in the words of the page."""
PARTS: tuple[Part, ...] = get_args(Part)
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST_QUOTE = 500
MOST_REASONS = 100

KIND_OF: dict[str, Kind] = {
    "number": "数字或公式错",
    "formula": "数字或公式错",
    "regional": "术语错",
    "half_translated": "漏译",
    "unfinished": "漏译",
    "name_lost": "漏译",
    "dropped_sentence": "漏译",
    "title_short": "漏译",
    "title_english": "漏译",
    "name_added": "增译",
    "added_sentence": "增译",
    "line_unlike": "要点不准",
    "traditional": "标点排版",
}
"""Reasons that marks of checks suggest; a mark of another check is shown beside the text alone."""


class Reason(Record):
    """A fault that a judge found."""

    column: Literal["first", "second"]
    part: Literal["title", "tldr", "abstract"]
    kind: Kind
    is_grave: bool = False
    quote: str = Field(default="", max_length=LONGEST_QUOTE)
    """The words that it is about."""


class Verdict(Record):
    """What one judge says of one paper; the last line of a judge on a paper holds."""

    comparison: str
    """Id of the comparison."""
    judge: str = Field(min_length=1, max_length=80)
    pair: tuple[str, str]
    """Labels of the first and the second column."""
    paper_id: str
    choices: dict[Part, Choice]
    reasons: tuple[Reason, ...] = Field(default=(), max_length=MOST_REASONS)
    at: Moment

    @property
    def is_whole(self) -> bool:
        """Whether every part is judged."""
        return len(self.choices) == len(PARTS)


def verdict_path(comparison: Path) -> Path:
    """Return where the verdicts on a comparison are kept."""
    return comparison.with_suffix(".verdicts.jsonl")


def read_verdicts(path: Path) -> tuple[Verdict, ...]:
    """Read a file of verdicts; one that is missing has none, and a last line that was cut is left out.

    Raises:
        InputError: it cannot be read, or another line is no verdict.
    """
    if not path.is_file():
        return ()
    try:
        *lines, last = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    verdicts = [_read(f"{path}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if (whole := _read_cut(last)) is not None:
        verdicts.append(whole)
    return tuple(verdicts)


def append_verdict(path: Path, verdict: Verdict) -> None:
    """Write a verdict behind the others, on disk when this returns; what is left of a line that was cut goes away.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        with path.open("a+b") as file:
            _mend_end(file)
            file.write(verdict.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: the verdict cannot be written: {error.strerror}") from error


def newest(verdicts: Iterable[Verdict], comparison: Comparison, pair: tuple[str, str]) -> dict[str, dict[str, Verdict]]:
    """Return the verdicts that hold on two columns of a comparison, by judge and paper.

    Those on the same two in the other order are turned round.
    """
    found: dict[str, dict[str, Verdict]] = {}
    ids = {row.paper.id for row in comparison.rows}
    for verdict in verdicts:
        if verdict.comparison != comparison.id or verdict.paper_id not in ids or set(verdict.pair) != set(pair):
            continue
        found.setdefault(verdict.judge, {})[verdict.paper_id] = verdict if verdict.pair == pair else _turned(verdict)
    return found


def _turned(verdict: Verdict) -> Verdict:
    other: dict[str, Choice] = {"first": "second", "second": "first"}
    turned = {
        "pair": verdict.pair[::-1],
        "choices": {part: other.get(choice, choice) for part, choice in verdict.choices.items()},
        "reasons": tuple(one.model_copy(update={"column": other[one.column]}) for one in verdict.reasons),
    }
    return verdict.model_copy(update=turned)


def _read(where: str, line: bytes) -> Verdict:
    try:
        return Verdict.model_validate_json(line)
    except ValidationError as error:
        raise InputError(f"{where}: is not a verdict: {explain(error)}", hint="Mend the line or remove it.") from error


def _read_cut(line: bytes) -> Verdict | None:
    try:
        return Verdict.model_validate_json(line)
    except ValidationError:
        return None


def _mend_end(file: BinaryIO) -> None:
    """End the file with a line end: complete a last line that is whole but for it, cut off one that is not."""
    file.seek(0)
    content = file.read()
    if not content or content.endswith(b"\n"):
        return
    start = content.rfind(b"\n") + 1
    if _read_cut(content[start:]) is None:
        file.truncate(start)
    else:
        file.write(b"\n")
