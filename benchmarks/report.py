"""The figures as lines on the screen, and as a table and a plot in docs/benchmarks.md."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


class Shown(Protocol):
    """What the report needs of a figure."""

    scenario: str
    what: str
    value: float
    target: float | None
    detail: str

    @property
    def met(self) -> bool:
        """Whether the figure is what it should be."""


def shown(figures: Iterable[Shown]) -> Iterator[Shown]:
    """Print each figure as it is measured, and hand it on."""
    for figure in figures:
        target = "" if figure.target is None else f" (at most {figure.target:g}{'' if figure.met else ', MISSED'})"
        print(f"{figure.scenario:14} {figure.what:9} {figure.value:8.3f}{target}  {figure.detail}", flush=True)
        yield figure


def write(figures: Sequence[Shown], folder: Path) -> None:
    """Put the table between the marks of ``benchmarks.md`` and draw ``benchmarks.svg`` beside it."""
    page = folder / "benchmarks.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    rows = "\n".join(
        f"| {one.scenario} | {one.what} | {one.value:.3f} | {'' if one.target is None else f'{one.target:g}'} "
        f"| {'yes' if one.met else 'no'} | {one.detail} |"
        for one in figures
    )
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    head = "| scenario | figure | value | at most | met | detail |\n|---|---|---|---|---|---|"
    table = f"Measured on {machine}.\n\n{head}\n{rows}"
    page.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}", encoding="utf-8")
    (folder / "benchmarks.svg").write_text(_plot(figures), encoding="utf-8")


def _plot(figures: Sequence[Shown]) -> str:
    """Draw each ratio as a bar with a tick at what it should be."""
    ratios = [one for one in figures if one.what in {"calls", "process"}]
    scale, height = 180, 26
    bars = "".join(_bar(one, number * height, scale) for number, one in enumerate(ratios))
    size = f'width="760" height="{height * len(ratios) + 10}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">{bars}</svg>\n'


def _bar(one: Shown, top: int, scale: int) -> str:
    width = min(one.value, 3.0) * scale
    label = f'<text x="150" y="{top + 18}" text-anchor="end">{one.scenario}: {one.what}</text>'
    bar = f'<rect x="160" y="{top + 5}" width="{width:.0f}" height="16" fill="{"#4a7fb5" if one.met else "#c0504d"}"/>'
    value = f'<text x="{168 + width:.0f}" y="{top + 18}">{one.value:.2f}</text>'
    if one.target is None:
        return label + bar + value
    at = 160 + one.target * scale
    tick = f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{top + 2}" y2="{top + 24}" stroke="#222" stroke-width="2"/>'
    return label + bar + value + tick
