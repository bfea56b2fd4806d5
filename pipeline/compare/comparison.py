"""The records of a comparison: papers by columns, each column one prompt at one model."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from pipeline.errors import InputError
from pipeline.records import Failure, Mark, Moment, Paper, PromptName, Record, Summary, Usage
from pipeline.validation import explain

ID_LENGTH = 12
"""Hexadecimal digits of a comparison's id."""
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9.@_-]+")


class Column(Record):
    """One prompt at one model."""

    label: str
    """How it is called: the prompt, and the model where several are compared."""
    prompt: PromptName
    model: str
    endpoint: str


class Cell(Record):
    """What became of one paper in one column, and what that took."""

    summary: Summary | None = None
    failure: Failure | None = None
    is_cached: bool = False
    """Whether an earlier run paid for it."""
    replies: int = 0
    """Replies asked for, those that the checks refused included."""
    faults: tuple[str, ...] = ()
    """Checks that refused a reply, one for each refused reply."""
    usage: Usage | None = None
    """Tokens of all replies, whenever they were paid for."""
    cost_usd: float | None = None
    """What those tokens cost; None where the price is not known."""
    seconds: float | None = None
    """From the first ask to the last reply; None where the cache answered."""

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.summary is None) == (self.failure is None):
            raise ValueError("needs either a summary or a failure")
        return self

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What checks found in the text that was kept."""
        return self.summary.marks if self.summary else ()


class Row(Record):
    """One paper in every column."""

    paper: Paper
    cells: tuple[Cell, ...]


class Comparison(Record):
    """What several columns made of the same papers."""

    created: Moment
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @model_validator(mode="after")
    def _is_rectangular(self) -> Self:
        if any(len(row.cells) != len(self.columns) for row in self.rows):
            raise ValueError("every paper needs a cell in every column")
        return self

    @property
    def id(self) -> str:
        """What tells it from others: a hash of the columns, the papers and the texts, not of time and money."""
        texts = [(row.paper.id, [_texts(cell) for cell in row.cells]) for row in self.rows]
        whole = repr(([column.model_dump() for column in self.columns], texts))
        return hashlib.sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()[:ID_LENGTH]

    @property
    def name(self) -> str:
        """What its files are called unless the user names them."""
        labels = "-".join(_NOT_IN_A_NAME.sub("-", column.label) for column in self.columns)
        return f"{labels[:100]}-{self.id}"


def read_comparison(path: Path) -> Comparison:
    """Read what ``prompts compare`` wrote.

    Raises:
        InputError: the file cannot be read, or is no comparison.
    """
    hint = "Give the .json file that 'arxiv-digest prompts compare' wrote."
    try:
        return Comparison.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint=hint) from error
    except ValidationError as error:
        raise InputError(f"{path}: is not a comparison: {explain(error)}", hint=hint) from error


def _texts(cell: Cell) -> tuple[str, ...]:
    made = cell.summary
    return (made.translated_title, made.tldr, made.tldr_en, made.translated_abstract) if made else ()
