"""Whether an error about one paper is to be taken for an error about all."""

from __future__ import annotations

import re
from collections.abc import Callable

SEVERAL = 3
"""Different papers that get the same refusal of an endpoint that has answered nobody, after which none need try."""
SEVERAL_AFTER_REPLIES = 5
"""Different papers in a row with a final answer, after which it is taken for the run's: a gateway may refuse a few."""


class Health:
    """What an endpoint has answered so far, and what it has refused since."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.answered = 0
        """Replies so far."""
        self._failures = 0
        """In a row, of an endpoint that has answered nobody."""
        self._last_failure = float("-inf")
        self._refused: dict[str, set[str]] = {}
        """Papers by the words of their refusal, since the last reply."""
        self._final: set[str] = set()

    def replied(self) -> None:
        """Note a reply: what was refused before is not the endpoint's last word."""
        self.answered += 1
        self._refused.clear()
        self._final.clear()

    def ends_run(self, paper_id: str) -> bool:
        """Note a final answer; return whether it is the run's and not this paper's alone."""
        self._final.add(paper_id)
        return not self.answered or len(self._final) >= SEVERAL_AFTER_REPLIES

    def refuses_all(self, paper_id: str, words: str) -> bool:
        """Note a refusal of one paper; return whether all are refused in the same words and nobody was answered."""
        papers = self._refused.setdefault(re.sub("[0-9]+", "#", words), set())
        papers.add(paper_id)
        return not self.answered and len(papers) >= SEVERAL

    def failed(self, began: float) -> int:
        """Note a failure of a call that began so; return how many there were in a row before anybody was answered.

        Those that were under way together, by the clock, count once.
        """
        if not self.answered and began >= self._last_failure:
            self._last_failure = self._clock()
            self._failures += 1
            return self._failures
        return 0
