"""Thousands of replies that a model really gave, served over HTTP as they are, through the whole stage."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from pipeline.fetch.files import read_file
from pipeline.model.client import OpenAIModel, Terms
from pipeline.model.connection import Endpoint
from pipeline.model.limiter import Patience
from pipeline.model.limiter.limiter import Limiter
from pipeline.prompts import load
from pipeline.records import Entry, Paper
from pipeline.store.cache import Cache
from pipeline.summarize import TEMPLATES, Job, task_of
from tests.servers.openai import OpenAIServer

from .samples import NOON, Watcher, failures, summarize

DATA = os.environ.get("ARXIV_DIGEST_TEST_DATA")
PROMPT = Path(__file__).parents[2] / "prompts" / "digest" / "1.md"

pytestmark = pytest.mark.skipif(not DATA, reason="needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")


def recorded(kind: str) -> Path:
    """Return the file of one kind of replies."""
    return Path(DATA or "") / "replies" / f"{kind}.jsonl"


def read(kind: str) -> list[Paper]:
    """Return the papers of one kind, cleaned as any input is."""
    return [one for one in read_file(recorded(kind), announce=None, limit=None) if isinstance(one, Paper)]


async def served(kind: str, cache: Cache) -> tuple[list[Paper], list[Entry], Counter[str | None]]:
    """Serve the replies of one kind; return the papers, their entries, and how often each paper was asked about."""
    papers = read(kind)
    with OpenAIServer(recorded(kind)) as server:
        gate = Limiter(32, clock=time.monotonic, spread=lambda: 0.0)
        endpoint = Endpoint(server.base_url, None)
        model = OpenAIModel("recorded", endpoint, gate, Terms(now=lambda: NOON, patience=Patience(backoff=0.01)))
        prompt = load(PROMPT, TEMPLATES)
        job = Job(
            task=task_of(prompt),
            prompt=prompt,
            model=model,
            cache=cache,
            progress=Watcher(),
            now=lambda: NOON,
            clock=time.monotonic,
        )
        try:
            entries, _ = await summarize(job, papers)
        finally:
            await model.close()
        asked = Counter(call.paper for call in server.log)
    assert [entry.paper for entry in entries] == papers
    return papers, entries, asked


async def test_good_replies_are_accepted(cache: Cache) -> None:
    """Of 800 good replies at least 790 pass; each of the rest has its reason; the cache has those accepted."""
    papers, entries, asked = await served("ok", cache)
    accepted = [entry for entry in entries if entry.summary]
    assert (len(papers), len(asked)) == (800, 800)
    assert len(accepted) >= 790
    assert all(failure.reason and failure.detail and failure.attempts == 3 for failure in failures(entries))
    assert cache.info().replies == len(accepted)


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("missing_field", 60),
        ("prompt_echo", 12),
        ("source_header_leak", 60),
        ("tldr_not_chinese", 22),
        ("title_not_chinese", 28),
        ("abstract_not_chinese", 5),
        ("tldr_too_long", 40),
    ],
)
async def test_bad_replies_are_refused_and_named(cache: Cache, kind: str, count: int) -> None:
    """Each is asked for three times and then fails with a reason; not one is in the cache."""
    papers, entries, asked = await served(kind, cache)
    assert len(papers) == count
    assert [entry.paper.id for entry in entries if entry.summary] == []
    assert all(failure.reason and failure.detail and failure.attempts == 3 for failure in failures(entries))
    assert asked == Counter({paper.id: 3 for paper in papers})
    assert (cache.info().replies, cache.info().papers) == (0, 0)


async def test_bars_are_no_fault(cache: Cache) -> None:
    """A bar in a title or one-liner is the page's business, not the model's."""
    papers, entries, _ = await served("table_breaking", cache)
    assert (len(papers), failures(entries)) == (3, [])
    assert any("|" in f"{entry.summary.tldr}{entry.summary.translated_title}" for entry in entries if entry.summary)


async def test_a_missing_english_line_loses_no_paper(cache: Cache) -> None:
    """All 60 are asked once more and then kept with that line empty."""
    papers, entries, asked = await served("no_english_tldr", cache)
    assert (len(papers), failures(entries)) == (60, [])
    assert {entry.summary.tldr_en for entry in entries if entry.summary} == {""}
    assert asked == Counter({paper.id: 2 for paper in papers})
