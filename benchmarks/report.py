"""The figures as lines on the screen, and as a table and a plot in docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure

_HEAD = "| scenario | figure | ours | by hand | at most | met | detail |\n|---|---|---:|---:|---:|---|---|"
_RATIOS = ("calls", "process", "to by hand", "to import openai")
_WIDEST = 4.0
"""A longer bar is cut; its number stands beside it."""
_LEFT, _SCALE, _ROW = 230, 120, 34


def shown(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Print each figure as it is measured, and hand it on."""
    for one in figures:
        target = "" if one.target is None else f" (at most {one.target:g}{'' if one.met else ', MISSED'})"
        hand = "" if one.by_hand is None else f" [by hand {one.by_hand:.3f}]"
        print(f"{one.scenario:14} {one.what:16} {one.value:8.3f}{target}{hand}  {one.detail}", flush=True)
        yield one


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a Markdown table below the name of the machine."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return "\n".join([f"Measured on {machine}.", "", _HEAD, *map(_row, figures)])


def write(figures: Sequence[Figure], folder: Path) -> None:
    """Put the table between the marks of ``benchmarks.md`` and draw ``benchmarks.svg`` beside it."""
    put(table(figures), folder / "benchmarks.md")
    (folder / "benchmarks.svg").write_text(_plot(figures), encoding="utf-8")


def put(table: str, page: Path, what: str = "figures") -> None:
    """Put a table between the marks of a page that name ``what`` it is of, in place of what was there."""
    begin, end = f"<!-- {what} -->", f"<!-- end of {what} -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    page.write_text(f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def _row(one: Figure) -> str:
    hand = "" if one.by_hand is None else f"{one.by_hand:.3f}"
    asked = ("", "") if one.target is None else (f"{one.target:g}", "yes" if one.met else "**no**")
    return f"| {one.scenario} | {one.what} | {one.value:.3f} | {hand} | {asked[0]} | {asked[1]} | {one.detail} |"


def _plot(figures: Sequence[Figure]) -> str:
    """Draw each ratio as a bar, with a thin one for the client by hand and a tick at the most that it should be."""
    ratios = [one for one in figures if one.what in _RATIOS]
    rows = "".join(_bars(one, number * _ROW) for number, one in enumerate(ratios))
    height = _ROW * len(ratios) + 30
    legend = (
        f'<text x="{_LEFT}" y="{height - 8}">blue or red: ours; grey: the openai client by hand; '
        "tick: the most that it should be</text>"
    )
    size = f'width="800" height="{height}"'
    paper = '<rect width="100%" height="100%" fill="#fff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">'
    return f"{head}{paper}{rows}{legend}</svg>\n"


def _bars(one: Figure, top: int) -> str:
    colour = "#4a7fb5" if one.met else "#c0504d"
    label = f'<text x="{_LEFT - 10}" y="{top + 20}" text-anchor="end">{one.scenario}: {one.what}</text>'
    parts = [label, _bar(one.value, top + 6, 14, colour)]
    if one.by_hand is not None:
        parts.append(_bar(one.by_hand, top + 21, 6, "#aaa"))
    if one.target is not None:
        at = _LEFT + min(one.target, _WIDEST) * _SCALE
        parts.append(f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{top + 2}" y2="{top + 30}" stroke="#222"/>')
    reach = min(max(one.value, one.by_hand or 0.0, one.target or 0.0), _WIDEST) * _SCALE
    parts.append(f'<text x="{_LEFT + reach + 8:.0f}" y="{top + 18}">{one.value:.2f}</text>')
    return "".join(parts)


def _bar(value: float, top: int, height: int, colour: str) -> str:
    width = min(value, _WIDEST) * _SCALE
    return f'<rect x="{_LEFT}" y="{top}" width="{width:.0f}" height="{height}" fill="{colour}"/>'
