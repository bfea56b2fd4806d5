"""A page that readers already have, made again from its entries by the template of every page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.assemble import Digest, markdown
from pipeline.records import Entry, Paper, Source, Summary

DATA = os.environ.get("ARXIV_DIGEST_TEST_DATA")

pytestmark = pytest.mark.skipif(not DATA, reason="needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")


def _entry(stored: dict[str, Any]) -> Entry:
    return Entry(
        paper=Paper.model_validate(stored | {"url": stored["link"]}),
        summary=Summary.model_validate(stored | {"paper_id": stored["id"]}),
    )


def test_the_seed_page_byte_for_byte() -> None:
    """23 entries as an older program stored them, uncleaned, give the very bytes that it published."""
    seed = Path(DATA or "") / "seed"
    lines = (seed / "entries.jsonl").read_text("utf-8").splitlines()
    entries = tuple(_entry(json.loads(line)) for line in lines)

    page = markdown(Digest("cs.CV", "2024-04-03", entries, Source()))

    assert len(entries) == 23
    assert page.encode() == (seed / "digest.md").read_bytes()
