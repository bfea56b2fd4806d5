"""Stage 1: papers from arXiv's query API or from files, cleaned, checked, counted, a page at a time."""

from pipeline.fetch.background import Fetching
from pipeline.fetch.files import read_file, read_stage, read_stream
from pipeline.fetch.http import Limits, Pacer
from pipeline.fetch.pages import Page
from pipeline.fetch.query import ArxivSettings, Asked, search
from pipeline.fetch.schedule import eastern_today, submission_window

__all__ = [
    "ArxivSettings",
    "Asked",
    "Fetching",
    "Limits",
    "Pacer",
    "Page",
    "eastern_today",
    "read_file",
    "read_stage",
    "read_stream",
    "search",
    "submission_window",
]
