"""What a source gives: a flat stream of papers, and of whatever else is to be known of it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import DigestError
from pipeline.records import Missing, Note, Paper, Shown


@dataclass(frozen=True, slots=True)
class Heading:
    """What a source says of itself: whose it is, of which day, and how many papers it has to give."""

    announced: int | None = None
    """Papers to come, missing ones included; None where nobody said. What is left out of them later does not count."""
    date: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A paper that came and is left out, because the page of another day has it."""

    paper_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended a source early, after it had given papers; always the last item."""

    error: DigestError


Item = Paper | Missing | Note | Heading | Repeated | Shown | Ended
"""An item of a stream. `Shown` says where an earlier version of a replaced paper was shown last."""
