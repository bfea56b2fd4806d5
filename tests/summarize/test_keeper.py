"""What a run writes while its calls are under way, and what several runs that share a cache pay for."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import FatalModelError
from pipeline.exits import Exit
from pipeline.records import Paper, Source
from pipeline.run import ending
from pipeline.store.cache import Cache
from pipeline.store.claims import ASK_CLAIM
from pipeline.store.digest_file import FILE
from pipeline.summarize import Job, Summarizer, task_of
from pipeline.summarize.keeper import Keeper
from tests.model import virtual

from .conftest import MakeJob
from .samples import NOON, SaidModel, Watcher, pages_of, papers, settle, summarize, write_prompt


@contextmanager
def locked(cache: Cache) -> Iterator[sqlite3.Connection]:
    """Hold the lock of the file as another process does; leaving the block lets it go."""
    other = sqlite3.connect(cache.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        if other.in_transaction:
            other.execute("ROLLBACK")
        other.close()


async def test_the_loop_goes_on_while_another_process_writes(job: MakeJob, cache: Cache) -> None:
    """All papers are asked and answered while the file is locked; none counts before its reply is on disk."""
    model = SaidModel()
    stage = Summarizer(job(model))
    settled: list[str] = []

    async def collect() -> None:
        settled.extend([one.entry.paper.id async for one in stage.settled(pages_of(papers(3)))])

    task = asyncio.create_task(collect())
    while not model.asked:  # noqa: ASYNC110 (the fake has no event)
        await asyncio.sleep(0)
    with locked(cache):
        await asyncio.sleep(0.1)
        assert (len(model.asked), settled, cache.info().replies) == (3, [], 0)
    await task
    assert (len(settled), cache.info().replies) == (3, 3)


async def test_replies_of_one_turn_of_the_loop_share_a_transaction(job: MakeJob, cache: Cache) -> None:
    """Fifty asks are claimed together, and fifty replies that come at once are committed together."""
    commits: list[str] = []
    cache.database._db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    await summarize(job(SaidModel()), papers(50))
    assert cache.info().replies == 50
    assert len(commits) < 10


@contextmanager
def full(cache: Cache) -> Iterator[None]:
    """Let the file grow no more, as on a disk without room."""
    cache.database._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = cache.database._db.execute("PRAGMA page_count").fetchone()[0]
    cache.database._db.execute(f"PRAGMA max_page_count = {pages}")
    yield


async def test_a_reply_that_cannot_be_kept_is_on_the_page_and_the_last_one(job: MakeJob, cache: Cache) -> None:
    """The disk is full: what is in flight is waited for and shown, nothing more is asked, and the run ends with 3."""
    model = SaidModel()
    everything = papers(60)

    async def pages() -> AsyncIterator[list[Paper]]:
        for start in range(0, 60, 4):
            yield everything[start : start + 4]
            while not watcher.seen and start:  # noqa: ASYNC110 (nothing tells)
                await asyncio.sleep(0)

    watcher = Watcher()
    stage = Summarizer(replace(job(model), progress=watcher))
    with full(cache):
        entries = [one.entry async for one in stage.settled(pages())]
    assert isinstance(stage.stopped, FatalModelError)
    assert stage.stopped.message.endswith(f"{cache.path}: database or disk is full")
    shown = [entry for entry in entries if entry.summary]
    assert len(shown) > cache.info().replies
    assert len(shown) == len(model.asked) < 20
    assert ending(entries, Source(), stage.stopped) is Exit.PARTIAL


async def test_a_reply_that_comes_with_the_interrupt_is_kept(job: MakeJob, cache: Cache) -> None:
    """The run is cancelled while the reply waits for another process: it is on disk when the run is over."""
    model = SaidModel()
    stage = Summarizer(job(model))

    async def collect() -> None:
        async for _ in stage.settled(pages_of(papers(1))):
            raise AssertionError("nothing settles meanwhile")

    task = asyncio.create_task(collect())
    while not model.asked:  # noqa: ASYNC110 (the fake has no event)
        await asyncio.sleep(0)
    with locked(cache):
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.sleep(0.1)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cache.info().replies == 1


def other_job(folder: Path, cache: Cache, model: SaidModel) -> Job:
    """Return the job of another run with the same prompt."""
    prompt = write_prompt(folder)
    return Job(task_of(prompt), prompt, model, cache, Watcher(), lambda: NOON, time.monotonic)


async def test_two_runs_at_once_pay_once_for_each_paper(job: MakeJob, cache: Cache, tmp_path: Path) -> None:
    """Both have all papers, and together they have asked once about each."""
    models = [SaidModel(delay=lambda _: 0.05), SaidModel(delay=lambda _: 0.05)]
    with Cache(cache.path.parent, warn=pytest.fail) as second:
        jobs = [job(models[0]), other_job(tmp_path, second, models[1])]
        both = await asyncio.gather(
            settle(jobs[0], papers(30)), settle(jobs[1], papers(20), list(reversed(papers(40)))[:20])
        )
    asked = [ask.paper_id for model in models for ask in model.asked]
    assert sorted(asked) == [one.id for one in papers(40)]
    assert [[one.entry.summary is None for one in settled].count(True) for settled, _ in both] == [0, 0]


async def test_a_run_that_is_cancelled_leaves_its_papers_to_others(job: MakeJob, cache: Cache, tmp_path: Path) -> None:
    """The next run asks at once."""
    first = SaidModel(delay=lambda _: 60.0)
    task = asyncio.create_task(summarize(job(first), papers(3)))
    while len(first.asked) < 3:  # noqa: ASYNC110 (the fake has no event)
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    with Cache(cache.path.parent, warn=pytest.fail) as later:
        model = SaidModel()
        settled, _ = await asyncio.wait_for(settle(other_job(tmp_path, later, model), papers(3)), 10)
    assert (len(settled), len(model.asked)) == (3, 3)


def test_a_run_that_died_holds_its_papers_for_seconds(cache: Cache) -> None:
    """Its claim is its own until then, and anybody's after."""
    assert cache.claims.try_claim(["k"], NOON) == {"k": "mine"}
    with Cache(cache.path.parent, warn=pytest.fail) as other:
        shortly_before = NOON + ASK_CLAIM - timedelta(microseconds=1)
        assert other.claims.try_claim(["k"], shortly_before) == {"k": "busy"}
        assert other.claims.try_claim(["k"], NOON + ASK_CLAIM) == {"k": "mine"}
    assert timedelta(seconds=120) > ASK_CLAIM


def test_a_run_holds_its_claims_for_as_long_as_it_lasts(tmp_path: Path) -> None:
    """An answer of ten minutes is waited for: no other run asks meanwhile, and it asks once the first gives up."""

    async def story() -> None:
        clock = asyncio.get_running_loop().time
        with Cache(tmp_path, warn=pytest.fail) as cache, Cache(tmp_path, warn=pytest.fail) as other:

            def now() -> timedelta:
                return timedelta(seconds=clock())

            keeper = Keeper(cache, lambda: NOON + now(), pytest.fail)
            said: list[str] = []
            second = Keeper(other, lambda: NOON + now(), said.append)
            assert await keeper.claim("k", is_over=lambda: False) is False
            waiting = asyncio.create_task(second.claim("k", is_over=lambda: False))
            await asyncio.sleep(600)
            assert not waiting.done()
            assert said == [f"another run that shares {tmp_path / FILE} asks about some of these papers; it is awaited"]
            keeper.release("k")
            assert await waiting is False
            assert clock() < 610
            await keeper.finish()
            await second.finish()

    virtual.run(story())
