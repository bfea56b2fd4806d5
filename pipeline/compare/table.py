"""The figures of a comparison, a line for each, with the difference to the first column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from pipeline.compare.comparison import Cell, Comparison
from pipeline.compare.statistics import Difference, difference


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that is measured of each cell."""

    key: str
    of: Callable[[Cell], float | None]
    digits: int = 1
    """Decimals that are shown."""
    is_sum: bool = False
    """Whether the sum is shown, not the mean; the difference is always that of the means."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in every column."""

    key: str
    """Of the figure; ``check:NAME`` and ``mark:NAME`` are papers in which a check refused a reply, or left a mark."""
    digits: int
    values: tuple[float | None, ...]
    """None where no cell has it."""
    differences: tuple[Difference | None, ...]
    """To the first column, of the papers that both have it; of the first column None."""


FIGURES = (
    Figure("summaries", lambda cell: float(cell.summary is not None), digits=0, is_sum=True),
    Figure("asked_again", lambda cell: float(max(0, cell.replies - 1)), digits=0, is_sum=True),
    Figure("title", lambda cell: float(len(cell.summary.translated_title)) if cell.summary else None),
    Figure("tldr", lambda cell: float(len(cell.summary.tldr)) if cell.summary else None),
    Figure("abstract", lambda cell: float(len(cell.summary.translated_abstract)) if cell.summary else None),
    Figure("prompt_tokens", lambda cell: float(cell.usage.prompt) if cell.usage else None, digits=0),
    Figure("completion_tokens", lambda cell: float(cell.usage.completion) if cell.usage else None, digits=0),
    Figure("cost", lambda cell: cell.cost_usd, digits=5),
    Figure("seconds", lambda cell: cell.seconds),
)


def table(comparison: Comparison) -> tuple[Line, ...]:
    """Return every figure that a column has, then every check that fired in one."""
    lines = (_line(figure, comparison) for figure in (*FIGURES, *_checks(comparison)))
    return tuple(line for line in lines if any(value is not None for value in line.values))


def _checks(comparison: Comparison) -> Iterator[Figure]:
    cells = [cell for row in comparison.rows for cell in row.cells]
    for fault in sorted({fault for cell in cells for fault in cell.faults}):
        yield Figure(f"check:{fault}", partial(_was_refused, fault), digits=0, is_sum=True)
    for check in sorted({mark.check for cell in cells for mark in cell.marks}):
        yield Figure(f"mark:{check}", partial(_is_marked, check), digits=0, is_sum=True)


def _was_refused(check: str, cell: Cell) -> float:
    return float(check in cell.faults)


def _is_marked(check: str, cell: Cell) -> float:
    return float(any(mark.check == check for mark in cell.marks))


def _line(figure: Figure, comparison: Comparison) -> Line:
    columns = [[figure.of(row.cells[at]) for row in comparison.rows] for at in range(len(comparison.columns))]
    return Line(
        figure.key,
        figure.digits,
        tuple(_value(column, is_sum=figure.is_sum) for column in columns),
        tuple(_difference(columns[0], column) if at else None for at, column in enumerate(columns)),
    )


def _value(column: list[float | None], *, is_sum: bool) -> float | None:
    there = [value for value in column if value is not None]
    if not there:
        return None
    return sum(there) if is_sum else sum(there) / len(there)


def _difference(first: list[float | None], other: list[float | None]) -> Difference | None:
    pairs = zip(first, other, strict=True)
    return difference([(one, two) for one, two in pairs if one is not None and two is not None])
