"""Stage 1: papers from arXiv or from files, cleaned, checked, counted, a page at a time.

What asks arXiv is imported when it is first used, for `arxiv` and what that needs take a tenth of a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from pipeline.fetch.background import Fetching
from pipeline.fetch.files import read_file, read_stage, read_stream
from pipeline.fetch.kept import KeptPages, ShownPapers
from pipeline.fetch.limits import ArxivSettings, Limits
from pipeline.fetch.pages import Page, joined
from pipeline.fetch.repeats import without_repeats
from pipeline.fetch.schedule import eastern_today, submission_window
from pipeline.fetch.wire import LOCK_FILE, Kept, Pacer, Wire

if TYPE_CHECKING:
    from pipeline.fetch.days import announcement
    from pipeline.fetch.feed import Wanted, announced, forget_feed
    from pipeline.fetch.query import Asked, search

_ASKING = {
    "Asked": "query",
    "Wanted": "feed",
    "announced": "feed",
    "announcement": "days",
    "forget_feed": "feed",
    "search": "query",
}
"""What asks arXiv, and its module."""


def __getattr__(name: str) -> object:
    if name not in _ASKING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ASKING[name]}"), name)


__all__ = [
    "LOCK_FILE",
    "ArxivSettings",
    "Asked",
    "Fetching",
    "Kept",
    "KeptPages",
    "Limits",
    "Pacer",
    "Page",
    "ShownPapers",
    "Wanted",
    "Wire",
    "announced",
    "announcement",
    "eastern_today",
    "forget_feed",
    "joined",
    "read_file",
    "read_stage",
    "read_stream",
    "search",
    "submission_window",
    "without_repeats",
]
