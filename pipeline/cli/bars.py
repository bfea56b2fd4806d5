"""The bars of a run on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

MOST_BAR = 40
"""Characters of a bar at most."""


class Bars(Progress):
    """A bar for each stage, and lines of text below them; all of it goes when they stop."""

    def __init__(self, status: Callable[[], list[str]], console: Console) -> None:
        self._status = status
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=min(MOST_BAR, max(10, console.width - 50))),
            MofNCompleteColumn(),
            _TimeColumn(),
            console=console,
            transient=True,
            # Standard output is data, and not the screen that the bars are on.
            redirect_stdout=False,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """Give the bars, then the lines below them."""
        yield self.make_tasks_table(self.tasks)
        for line in self._status():
            yield Text(line, style="dim")


class _TimeColumn(ProgressColumn):
    """The time that has passed and the time that is left, each named."""

    def render(self, task: Task) -> Text:
        """Return both, or what is known of them."""
        elapsed = _clock(task.finished_time if task.finished else task.elapsed)
        left = None if task.finished else task.time_remaining
        return Text(f"{elapsed} elapsed" + ("" if left is None else f", {_clock(left)} left"), style="cyan")


def _clock(seconds: float | None) -> str:
    minutes, rest = divmod(int(seconds or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
