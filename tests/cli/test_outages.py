"""Outages of arXiv, from the command to the page, in a process of its own whose pauses are a hundredth as long."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import date
from typing import Any

import pytest

from pipeline.records import Paper
from tests.anything import widgets
from tests.servers.arxiv import ArxivServer, Fault

from .days import several
from .program import Program, arxiv_environment, eastern_day, lines

TIMES = 100
MANY = several(range(1, 251))


class Outage(ArxivServer):
    """Answers 503 for some seconds, once it has answered some requests."""

    def __init__(self, seconds: float, *, after: int) -> None:
        super().__init__(MANY, day=date.fromisoformat(eastern_day()))
        self._seconds, self._after = seconds, after
        self._until = float("inf")

    def note(self, seen: Any) -> Fault | None:
        """Play the outage."""
        fault = super().note(seen)
        if len(self.requests) == self._after + 1:
            self._until = time.monotonic() + self._seconds
        is_down = len(self.requests) > self._after and time.monotonic() < self._until
        return Fault(503) if is_down else fault


@pytest.mark.parametrize("after", [0, 2], ids=["at the feed", "at the second list of the API"])
@pytest.mark.parametrize("seconds", [60, 600])
def test_an_outage_is_waited_out_and_every_record_is_the_apis(cli: Program, seconds: int, after: int) -> None:
    """The page is made, complete; meanwhile the screen says what is waited for and for how long at most."""
    cli.write("replies.jsonl", lines({"id": paper.id, **widgets(paper.id)} for paper in MANY))
    with Outage(seconds / TIMES, after=after) as arxiv:
        wanted = arxiv_environment(arxiv) | {"ARXIV_DIGEST_ARXIV_PATIENCE": "900", "NO_PROXY": "127.0.0.1"}
        ran = subprocess.run(
            [sys.executable, "-m", "tests.cli.hurried", str(TIMES), "run", "cs.AI"],
            check=False,
            cwd=cli.folder,
            env=cli.environment | wanted | {"OPENAI_BASE_URL": "replay:replies.jsonl"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    made = json.loads(cli.made()[f"cs.AI/{eastern_day()}.json"])["entries"]
    assert (ran.returncode, len(made)) == (0, len(MANY))
    assert all(Paper.model_validate(entry["paper"]).is_record for entry in made)
    assert cli.run_report("cs.AI")["notes"] == []
    assert "arXiv: HTTP 503 with" in ran.stderr
    assert "minutes more at most" in ran.stderr
