"""When requests leave, as the process that sends them knows: a busy server may see one late and the next in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise

from pipeline.fetch import Pacer, SharedPace
from tests.servers.arxiv import ArxivServer


class NotingPacer(Pacer):
    """Gives ``note`` the moment of each departure, taken just before the delay to the next one begins."""

    def __init__(self, delay: float, note: Callable[[float], None], shared: SharedPace | None = None) -> None:
        super().__init__(delay, time.monotonic, time.sleep, shared=shared)
        self._note = note

    @contextmanager
    def turn(self) -> Iterator[Callable[[], None]]:
        """Have a turn whose departure is noted."""
        with super().turn() as departs:

            def noted() -> None:
                self._note(self.clock())
                departs()

            yield noted


def smallest_gap(departures: Iterable[float], server: ArxivServer) -> float:
    """Seconds from the departure of a request to that of the next one, or to its arrival if that was sooner."""
    left, arrived = sorted(departures), sorted(seen.at for seen in server.requests)
    assert len(left) == len(arrived)
    gaps = [later - earlier for earlier, later in pairwise(left)]
    return min(gaps + [there - earlier for earlier, there in zip(left, arrived[1:], strict=False)])
