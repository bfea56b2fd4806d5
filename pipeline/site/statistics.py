"""The statistics of the site as plots, drawn as SVG: papers, failures and cost over time, the share of categories."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from pipeline.site.pages import DayLine, Frame, rendered

MOST_SLOTS = 100
"""Bars of a plot at most, unless its unit is a month."""
MOST_CATEGORIES = 12
_DATE = Markup("<time>{}</time>")
_WIDTH, _HEIGHT = 360.0, 150.0
_LEFT, _BOTTOM, _TOP = 40.0, 20.0, 12.0
_HIGH = _HEIGHT - _BOTTOM - _TOP
_WIDEST = 24.0
"""Of a bar."""
_HALF_LABEL = 28.0
"""Half of the room that a date takes."""


Words = Mapping[str, str]
"""The site's own texts."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit of time, as wide as a bar."""

    unit: str
    slot: Callable[[date], int]
    """Numbers the units, one after the other."""
    label: Callable[[date], str]


_SCALES = (
    Scale("day", date.toordinal, date.isoformat),
    # Day 1 of the calendar is a Monday.
    Scale("week", lambda day: (day.toordinal() - 1) // 7, date.isoformat),
    Scale("month", lambda day: day.year * 12 + day.month, lambda day: day.isoformat()[:7]),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a plot, in its units of length."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot over time, ready to be drawn."""

    title: str
    says: str
    """The plot in a sentence."""
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    """Heights of the grid, and what they stand for."""
    ends: tuple[tuple[float, str], ...]
    """What stands below the first and the last bar, and below its middle where there is but one."""
    width: float = _WIDTH
    height: float = _HEIGHT
    left: float = _LEFT


@dataclass(frozen=True, slots=True)
class Share:
    """A category, and how much of all papers it has."""

    name: str
    count: int
    share: float
    """Of 1."""
    width: float
    """Of its bar; the widest has 100."""


@dataclass(frozen=True, slots=True)
class Month:
    """The figures of a month, of all digests together."""

    month: str
    days: int
    papers: int
    failed: int
    missing: int
    cost_usd: float | None
    """None where no cost is known."""


def statistics_page(days: Sequence[DayLine], categories: Mapping[str, int], frame: Frame) -> str:
    """Return the statistics page of all days of all digests.

    ``categories`` counts the papers, each once; those without a category under "".
    """
    words = frame.words.site
    dates = sorted({line.date for line in days})
    return rendered(
        "statistics.html.j2",
        frame,
        totals=escape(words["totals"]).format(
            digests=len({line.name for line in days}),
            days=len(days),
            papers=sum(categories.values()),
            first=_DATE.format(dates[0]),
            last=_DATE.format(dates[-1]),
        ),
        plots=_plots(days, words),
        unknown=sum(line.cost_usd is None for line in days),
        shares=shares(categories, words),
        months=months(days),
    )


def _plots(days: Sequence[DayLine], words: Words) -> list[Plot]:
    known = [(line.date, line.cost_usd) for line in days if line.cost_usd is not None]
    scale = scale_for([line.date for line in days])
    return [
        plot("papers", [(line.date, line.papers) for line in days], scale, words),
        plot("failed", [(line.date, line.failed + line.missing) for line in days], scale, words),
        *([plot("cost", known, scale, words)] if any(cost for _, cost in known) else []),
    ]


def scale_for(dates: Sequence[str]) -> Scale:
    """Return the finest unit of time that leaves the bars between the first and the last date wide enough."""
    first, last = (date.fromisoformat(day) for day in (min(dates), max(dates)))
    fits = (scale for scale in _SCALES[:-1] if scale.slot(last) - scale.slot(first) < MOST_SLOTS)
    return next(fits, _SCALES[-1])


def plot(what: str, figures: Sequence[tuple[str, float]], scale: Scale, words: Words) -> Plot:
    """Return the bars of some figures, those of one unit of time added up."""
    sums, labels = _added_up(figures, scale)
    first, last = min(sums), max(sums)
    most = max(sums, key=lambda slot: sums[slot])
    heights = _grid(sums[most])
    title = words[f"{what}_{scale.unit}"]
    says = words["plot"].format(
        title=title,
        first=labels[first],
        last=labels[last],
        total=_number(sum(sums.values())),
        most=_number(sums[most]),
        when=labels[most],
    )
    top = heights[-1] or 1
    ticks = tuple((_y(height / top), _number(height)) for height in heights)
    bars = _bars(sums, labels, top)
    ends = tuple((_below(bars[at]), labels[slot]) for at, slot in dict.fromkeys(((0, first), (len(bars) - 1, last))))
    return Plot(title, says, bars, ticks, ends)


def _grid(most: float) -> tuple[float, ...]:
    """Return the heights of the grid's lines, from zero to ``most`` or above; where all is zero, that line alone."""
    if most <= 0:
        return (0,)
    step = nice_step(most)
    return tuple(at * step for at in range(math.ceil(most / step) + 1))


def _below(bar: Bar) -> float:
    """Return the middle of a label below a bar, within the plot."""
    return min(max(bar.x + bar.width / 2, _LEFT + _HALF_LABEL), _WIDTH - _HALF_LABEL)


def _added_up(figures: Sequence[tuple[str, float]], scale: Scale) -> tuple[dict[int, float], dict[int, str]]:
    """Return the sum of each unit of time that has a figure, and the label of its first day, both by its number."""
    sums: dict[int, float] = {}
    labels: dict[int, str] = {}
    for day, figure in sorted(figures):
        slot = scale.slot(date.fromisoformat(day))
        sums[slot] = sums.get(slot, 0) + figure
        labels.setdefault(slot, scale.label(date.fromisoformat(day)))
    return sums, labels


def _bars(sums: Mapping[int, float], labels: Mapping[int, str], top: float) -> tuple[Bar, ...]:
    first, last = min(sums), max(sums)
    slot_width = (_WIDTH - _LEFT) / (last - first + 1)
    wide = min(slot_width * 0.8, _WIDEST)
    return tuple(
        Bar(
            x=round(_LEFT + (slot - first + 0.5) * slot_width - wide / 2, 2),
            y=_y(figure / top),
            width=round(wide, 2),
            height=round(_HIGH * figure / top, 2),
            label=f"{labels[slot]}：{_number(figure)}",
        )
        for slot, figure in sorted(sums.items())
    )


def _y(share: float) -> float:
    """Return the place of a height, given as a share of the plot's."""
    return round(_TOP + _HIGH * (1 - share), 2)


def nice_step(most: float) -> float:
    """Return a distance of grid lines, 1, 2 or 5 times a power of ten, of which two to five fit below ``most`` > 0."""
    power = 10.0 ** math.floor(math.log10(most / 2))
    return max(times * power for times in (1, 2, 5) if times * power <= most / 2)


def shares(categories: Mapping[str, int], words: Words) -> list[Share]:
    """Return the commonest categories, then all others together, then the papers without one."""
    named = {name: count for name, count in categories.items() if name}
    ordered = sorted(named.items(), key=lambda each: (-each[1], each[0]))
    others = sum(count for _, count in ordered[MOST_CATEGORIES:])
    rest = ((words["others"], others), (words["uncategorized"], categories.get("", 0)))
    shown = ordered[:MOST_CATEGORIES] + [each for each in rest if each[1]]
    most = max((count for _, count in shown), default=1)
    total = sum(categories.values())
    return [Share(name, count, count / total, round(100 * count / most, 2)) for name, count in shown]


def months(days: Iterable[DayLine]) -> list[Month]:
    """Return the figures of each month, newest first."""
    by_month: dict[str, list[DayLine]] = {}
    for line in days:
        by_month.setdefault(line.month, []).append(line)
    return [_month(month, lines) for month, lines in sorted(by_month.items(), reverse=True)]


def _month(month: str, lines: Sequence[DayLine]) -> Month:
    costs = [line.cost_usd for line in lines if line.cost_usd is not None]
    return Month(
        month=month,
        days=len(lines),
        papers=sum(line.papers for line in lines),
        failed=sum(line.failed for line in lines),
        missing=sum(line.missing for line in lines),
        cost_usd=sum(costs) if costs else None,
    )


def _number(figure: float) -> str:
    """Return a figure with thousands apart and no more decimals than tell something."""
    return f"{figure:,.0f}" if figure == round(figure) else f"{figure:,.2f}" if figure >= 0.1 else f"{figure:.2g}"
