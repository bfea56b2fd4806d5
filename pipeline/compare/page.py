"""The page of a comparison: one file that asks for nothing else, its papers drawn one at a time by its script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from pipeline.assemble.html import Asset, joined
from pipeline.assemble.html import environment as page_environment
from pipeline.assemble.language import words_of
from pipeline.assemble.rendering import LOADER
from pipeline.compare.blinding import is_swapped
from pipeline.compare.comparison import Cell, Comparison, Row
from pipeline.compare.standing import Judged, planned
from pipeline.compare.statistics import Difference
from pipeline.compare.table import Line, table
from pipeline.compare.verdicts import KIND_OF, KINDS, Verdict
from pipeline.compare.wording import sentences
from pipeline.records import DEFAULT_LANGUAGE, Summary
from pipeline.text import plain

STYLES = ("page.css", "compare.css")
SCRIPTS = ("data.js", "diff.js", "view.js", "judge.js", "keys.js")
"""What the page's script is made of; the parts share one scope."""
FIGURES = {
    "summaries": "有摘要（篇）",
    "asked_again": "重问（次）",
    "title": "题目（字）",
    "tldr": "要点（字）",
    "abstract": "摘要（字）",
    "prompt_tokens": "输入词元（每篇）",
    "completion_tokens": "输出词元（每篇）",
    "cost": "费用（美元，每篇）",
    "seconds": "用时（秒，每篇）",
}
_CHECK, _MARK = "检查不通过：{}（篇）", "检查标记：{}（篇）"
_LOADER = ChoiceLoader([PackageLoader("pipeline.compare"), LOADER])


@dataclass(frozen=True)
class Seat:
    """One judge before two columns of a comparison."""

    judge: str
    pair: tuple[int, int]
    """Places of the columns."""

    def labels(self, comparison: Comparison) -> tuple[str, str]:
        """Return the labels of the pair."""
        first, second = (comparison.columns[at].label for at in self.pair)
        return first, second

    def is_swapped(self, comparison: Comparison, paper_id: str) -> bool:
        """Return whether the second of the pair stands on the left."""
        return is_swapped(comparison.id, self.judge, paper_id)


def page(comparison: Comparison) -> str:
    """Return the page with its columns named; two columns can be judged on it too, and the verdicts be exported."""
    data = {
        "id": comparison.id,
        "columns": [column.label for column in comparison.columns],
        "rows": [_row(row, list(row.cells)) for row in comparison.rows],
    }
    return _rendered(comparison, data, lines=table(comparison))


def judging_page(comparison: Comparison, seat: Seat, judged: Judged) -> str:
    """Return the page for one judge: two columns, shuffled by paper, without names, prices or anything else that tells.

    ``judged`` are all verdicts so far; once those of this judge are whole, the page says whose text is whose.
    """
    verdicts = judged.get(seat.judge, {})
    data = {
        "id": comparison.id,
        "judge": seat.judge,
        "rows": [_seated(row, comparison, seat) for row in comparison.rows],
        "verdicts": {
            paper_id: _as_seen(verdict, swapped=seat.is_swapped(comparison, paper_id))
            for paper_id, verdict in verdicts.items()
        },
        "planned": planned(comparison, seat.pair),
        "result": result(comparison, seat, judged),
    }
    return _rendered(comparison, data, lines=())


def result(comparison: Comparison, seat: Seat, judged: Judged) -> dict[str, Any] | None:
    """Return what a judge learns once every paper is judged: names, sides and the verdict; None before."""
    own = judged.get(seat.judge, {})
    if not all(paper_id in own and own[paper_id].is_whole for paper_id in planned(comparison, seat.pair)):
        return None
    return {
        "labels": seat.labels(comparison),
        "swapped": [row.paper.id for row in comparison.rows if seat.is_swapped(comparison, row.paper.id)],
        "sentences": list(sentences(comparison, seat.pair, judged, "zh")),
    }


def _seated(row: Row, comparison: Comparison, seat: Seat) -> dict[str, Any]:
    pair = [row.cells[at] for at in seat.pair]
    return _row(row, pair[::-1] if seat.is_swapped(comparison, row.paper.id) else pair)


def _as_seen(verdict: Verdict, *, swapped: bool) -> dict[str, Any]:
    """Return a verdict by sides, as its judge gave it."""
    sides = {"first": "right", "second": "left"} if swapped else {"first": "left", "second": "right"}
    return {
        "choices": {part: sides.get(choice, choice) for part, choice in verdict.choices.items()},
        "reasons": [
            {"side": sides[one.column], "part": one.part, "kind": one.kind, "grave": one.is_grave, "quote": one.quote}
            for one in verdict.reasons
        ],
    }


def _rendered(comparison: Comparison, data: Mapping[str, Any], *, lines: tuple[Line, ...]) -> str:
    own = {"kinds": KINDS, "kindOf": KIND_OF, "checks": _checks(comparison)}
    text = json.dumps({**own, **data}, ensure_ascii=False).replace("<", "\\u003c")
    return (
        _environment()
        .get_template("compare.html.j2")
        .render(
            comparison=comparison,
            is_blind="judge" in data,
            lines=[(_name(line.key), _values(line)) for line in lines],
            data=Markup(text),  # noqa: S704 (it is JSON without a <, in an element that is not run)
            style=_asset(*STYLES),
            script=_asset(*SCRIPTS),
        )
    )


def _row(row: Row, cells: list[Cell]) -> dict[str, Any]:
    paper = row.paper
    return {
        "id": paper.id,
        "url": paper.url,
        "category": paper.primary_category or "",
        "title": plain(paper.title),
        "abstract": plain(paper.abstract),
        "cells": [_cell(cell) for cell in cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    if cell.failure:
        return {"failure": _in_words(cell.failure.reason), "detail": plain(cell.failure.detail)}
    made = cell.summary
    assert made
    marks = [[_PARTS.get(mark.field, ""), mark.check, plain(mark.detail)] for mark in cell.marks]
    return {**_texts(made), "marks": marks, "faults": cell.faults}


_PARTS = {"translated_title": "title", "tldr": "tldr", "tldr_en": "tldr", "translated_abstract": "abstract"}


def _texts(made: Summary) -> dict[str, str]:
    return {
        "title": plain(made.translated_title),
        "tldr": plain(made.tldr),
        "english": plain(made.tldr_en),
        "abstract": plain(made.translated_abstract),
    }


def _checks(comparison: Comparison) -> dict[str, str]:
    """Return the words for readers of every check that fired."""
    cells = [cell for row in comparison.rows for cell in row.cells]
    names = {mark.check for cell in cells for mark in cell.marks} | {fault for cell in cells for fault in cell.faults}
    return {name: _in_words(name) for name in sorted(names)}


def _name(key: str) -> str:
    kind, _, check = key.partition(":")
    if not check:
        return FIGURES[key]
    return (_CHECK if kind == "check" else _MARK).format(_in_words(check))


def _in_words(check: str) -> str:
    """Return what a check, or a failure, is called for readers."""
    words = words_of(DEFAULT_LANGUAGE)
    return words.reasons.get(check) or words.checks.get(check, check)


def _values(line: Line) -> list[tuple[str, str]]:
    """Return of each column its value and the difference to the first, as text."""
    return [
        ("–" if value is None else f"{value:,.{line.digits}f}", _difference(difference, line.digits))
        for value, difference in zip(line.values, line.differences, strict=True)
    ]


def _difference(found: Difference | None, digits: int) -> str:
    if found is None:
        return ""
    if found.is_nothing:
        return "无差别"
    # Of a count the mean over papers is a share.
    mean, low, high = (
        f"{value:+.{max(digits, 2)}f}".replace("-", "−") for value in (found.mean, found.low, found.high)
    )
    return f"{mean}（{low} 至 {high}）"


@cache
def _asset(*names: str) -> Asset:
    return joined(_LOADER.get_source(_environment(), name)[0] for name in names)


@cache
def _environment() -> Environment:
    return page_environment().overlay(loader=_LOADER)
