"""Stage 1: papers from arXiv or from files, cleaned, checked, counted, a page at a time."""

from pipeline.fetch.background import Fetching
from pipeline.fetch.days import announcement
from pipeline.fetch.errand import ArxivSettings
from pipeline.fetch.feed import Wanted, announced, forget_feed
from pipeline.fetch.files import read_file, read_stage, read_stream
from pipeline.fetch.kept import KeptPages, ShownPapers
from pipeline.fetch.limits import Limits
from pipeline.fetch.pages import Page, joined
from pipeline.fetch.query import Asked, search
from pipeline.fetch.repeats import without_repeats
from pipeline.fetch.schedule import eastern_today, submission_window
from pipeline.fetch.wire import LOCK_FILE, Kept, Pacer, Wire

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
