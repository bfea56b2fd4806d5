"""The limit: what a client without any cost of its own needs, simulated with the server's own delays and faults."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from tests.servers.openai_options import Options


def seconds(papers: Sequence[str], options: Options, *, at_once: int) -> float:
    """Return the seconds from the first request to the last reply.

    The client of the limit knows at once when a call is over or will never be, tries again without a pause, and lets a
    request leave the moment that the endpoint would take it. A silent call is given up after the mean delay.
    """
    free = [0.0] * min(at_once, len(papers))
    heapq.heapify(free)
    allowance = _Allowance(options)
    end = 0.0
    for paper in papers:
        at = heapq.heappop(free)
        attempt = 1
        while True:
            at = allowance.next(at) + options.delay_of(paper, attempt)
            if options.answer_to(paper, attempt)["fault"] in {"ok", "prose"}:
                break
            attempt += 1
        heapq.heappush(free, at)
        end = max(end, at)
    return end


class _Allowance:
    """When the endpoint's requests-a-minute bucket takes the next request."""

    def __init__(self, options: Options) -> None:
        self._every = 60 / options.rpm if options.rpm else 0.0
        self._burst = options.burst
        self._taken = 0

    def next(self, at: float) -> float:
        self._taken += 1
        return max(at, (self._taken - self._burst) * self._every)
