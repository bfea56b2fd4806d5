"""Digests made by a program, without the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.compose import (
    Asking,
    Runtime,
    Selection,
    digests_for,
    estimate_digests,
    make_digests,
    make_digests_async,
)
from pipeline.errors import SettingsError, UsageError
from pipeline.exits import Exit
from pipeline.records import Paper
from pipeline.run import Outcome
from pipeline.settings import Settings, load
from tests.servers.arxiv import ArxivServer

SAMPLE = Path(__file__).resolve().parents[2] / "pipeline" / "sample"
NOON = datetime(2026, 4, 27, 12, tzinfo=UTC)
RUNTIME = Runtime(now=lambda: NOON)
SELECTION = Selection(input=SAMPLE / "papers.atom.xml", name="sample")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of which nothing lies outside a folder of the test."""
    places = {"cache": tmp_path / "cache", "output": tmp_path / "outputs"}
    return load(None, {}, {"base_url": f"replay:{SAMPLE / 'replies.jsonl'}", **places})


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    """A loopback arXiv that has more papers than a query may give unasked."""
    found = [
        Paper(id=f"2604.{number:05}", title=f"Widgets {number}", abstract="We show.", published=NOON, updated=NOON)
        for number in range(1, 1103)
    ]
    with ArxivServer(found) as server:
        yield server


def asking(settings: Settings, arxiv: ArxivServer) -> Settings:
    """The settings with that arXiv for the real one, without a pause."""
    places = {"arxiv_api_url": arxiv.api_url, "arxiv_feed_url": arxiv.root, "arxiv_delay": 0.0}
    return settings.model_copy(update=places)


def test_a_query_of_thousands_is_refused_unless_the_program_allows_it(settings: Settings, arxiv: ArxivServer) -> None:
    """Nothing is written before that; with a limit it need not be allowed."""
    at_arxiv, query = asking(settings, arxiv), Selection(query="all:widgets")
    with pytest.raises(UsageError, match="1,102 papers would be summarized"):
        make_digests(at_arxiv, query, RUNTIME)
    (few,) = make_digests(at_arxiv, replace(query, limit=3), RUNTIME)
    assert few.report.papers == 3
    (all_of_them,) = make_digests(at_arxiv, query, RUNTIME, may_be_large=True)
    assert all_of_them.report.papers == 1102


def test_a_program_asks_what_a_digest_would_take(settings: Settings, tmp_path: Path) -> None:
    """Papers, tokens and dollars, with no model asked and no page written; after a run the cache has all."""
    specs = digests_for(SELECTION, settings, RUNTIME)
    (before,) = estimate_digests(specs, settings, RUNTIME, Asking(), tmp_path)
    assert (before.source.name, before.asks.papers, before.asks.to_ask, before.cost.now) == ("sample", 12, 12, 0.0)
    assert not settings.output.exists()
    make_digests(settings, SELECTION, RUNTIME)
    (after,) = estimate_digests(digests_for(SELECTION, settings, RUNTIME), settings, RUNTIME, Asking(), tmp_path)
    assert (after.asks.to_ask, after.minutes) == (0, 0.0)


def _is_whole(made: tuple[Outcome, ...], settings: Settings) -> bool:
    (outcome,) = made
    page = settings.output / "sample" / "2026-04-27.md"
    return (outcome.exit, outcome.report.summarized, page in outcome.files) == (Exit.COMPLETE, 12, True)


def test_a_program_makes_a_digest_and_nothing_is_printed(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    """The day is that of the clock that it brings."""
    assert _is_whole(make_digests(settings, SELECTION, RUNTIME), settings)
    assert capfd.readouterr() == ("", "")


async def test_a_program_with_a_loop_of_its_own_awaits_its_digests(settings: Settings) -> None:
    """On that loop."""
    assert _is_whole(await make_digests_async(settings, SELECTION, RUNTIME), settings)


async def test_a_notebook_whose_loop_runs_already_may_call_the_plain_form(settings: Settings) -> None:
    """It takes a thread of its own, and the notebook's loop is left as it was."""
    assert _is_whole(make_digests(settings, SELECTION, RUNTIME), settings)
    assert asyncio.get_running_loop().is_running()


async def test_two_digests_are_made_at_once_on_one_loop(settings: Settings) -> None:
    """Each with its own job, over one cache."""
    both = ("one", "two")
    named = [Selection(input=SAMPLE / "papers.atom.xml", name=name) for name in both]
    made = await asyncio.gather(*(make_digests_async(settings, one, RUNTIME) for one in named))
    assert [outcome.report.name for (outcome,) in made] == list(both)
    assert {outcome.exit for (outcome,) in made} == {Exit.COMPLETE}


@pytest.mark.parametrize(
    ("selection", "options", "error", "words"),
    [
        (Selection(names=["nonsense"]), {}, SettingsError, "nonsense"),
        (Selection(names=["cs.CL"], date="2999-01-01"), {}, UsageError, "is in the future"),
        (Selection(names=["cs.CL"], announce=["old"]), {}, UsageError, "'old' is not one of"),
        (SELECTION, {"base_url": None}, SettingsError, "OPENAI_API_KEY is not set"),
        (SELECTION, {"base_url": "https://example.com/v1", "budget": 1.0}, SettingsError, "price"),
    ],
    ids=["name", "day", "kind", "key", "price"],
)
def test_what_cannot_be_made_is_an_error_that_says_why(
    selection: Selection, options: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
) -> None:
    """It is raised before anything is spent, and no file is written."""
    places = {"cache": tmp_path / "cache", "output": tmp_path / "outputs"}
    with pytest.raises(error, match=words):
        make_digests(load(None, {}, places | options), selection, RUNTIME)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
