"""``demo``: the digest of the embedded sample, with the sample's own replies."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli.environment import settings_for
from pipeline.cli.options import Given
from pipeline.cli.outcome import DEMO_NAME, check_open
from pipeline.cli.run import make
from pipeline.digest_spec import DigestSpec
from pipeline.endpoints import REPLAY
from pipeline.exits import Exit
from pipeline.fetch import read_file
from pipeline.records import Note

DEMO_DATE = "2026-11-23"
"""The announcement that the sample's papers would have been in."""
SAMPLE = Path(__file__).resolve().parent.parent / "sample"


def demo_command(given: Given) -> Exit:
    """Make the digest of the embedded sample by the same stages as any other."""
    settings = settings_for(given)
    check_open(given, settings)
    sample = settings.model_copy(update={"base_url": f"{REPLAY}{SAMPLE / 'replies.jsonl'}", "fallback": ()})
    items = read_file(SAMPLE / "papers.atom.xml", announce=None, limit=None)
    return make((DigestSpec(lambda: items, DEMO_NAME, DEMO_DATE, (Note(key="sample"),)),), given, sample)
