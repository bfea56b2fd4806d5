"""Stage 1: papers from arXiv or from files, cleaned and checked, as one flat stream with one account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.fetch.already_shown import DigestMemory
from pipeline.fetch.announcement import Wanted, announcement, check_wanted
from pipeline.fetch.arxiv.limits import ArxivSettings, Limits
from pipeline.fetch.arxiv.pacer import LOCK_FILE, Pacer, SharedPace
from pipeline.fetch.arxiv.schedule import HOLIDAYS, Schedule, eastern_today
from pipeline.fetch.files import read_file, read_stage, read_stream
from pipeline.fetch.ids import by_ids
from pipeline.fetch.items import Ended, Heading, Item, Repeated
from pipeline.fetch.query import Asked, search
from pipeline.fetch.read_ahead import Fetching
from pipeline.fetch.tally import Tally, account_of, ending_well

if TYPE_CHECKING:
    from pipeline.fetch.arxiv.session import AnswerCache, ArxivSession


def open_session(
    settings: ArxivSettings,
    pacer: Pacer,
    kept: AnswerCache,
    *,
    now: Callable[[], datetime],
    tell: Callable[[str], None],
) -> ArxivSession:
    """Return a way to arXiv; what it needs is imported now, for it takes a tenth of a second."""
    from pipeline.fetch.arxiv.session import ArxivSession  # noqa: PLC0415

    return ArxivSession(settings, pacer, kept, now=now, tell=tell)


__all__ = [
    "HOLIDAYS",
    "LOCK_FILE",
    "ArxivSettings",
    "Asked",
    "DigestMemory",
    "Ended",
    "Fetching",
    "Heading",
    "Item",
    "Limits",
    "Pacer",
    "Repeated",
    "Schedule",
    "SharedPace",
    "Tally",
    "Wanted",
    "account_of",
    "announcement",
    "by_ids",
    "check_wanted",
    "eastern_today",
    "ending_well",
    "open_session",
    "read_file",
    "read_stage",
    "read_stream",
    "search",
]
