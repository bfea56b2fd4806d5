"""A cache and a job for each test of the stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.model.interface import Model
from pipeline.store.cache import Cache
from pipeline.summarize import Job, task_of

from .samples import NOON, Watcher, write_prompt

MakeJob = Callable[..., Job]


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """An empty cache, in which nothing may go wrong."""
    with Cache(tmp_path / "cache", warn=pytest.fail) as cache:
        yield cache


@pytest.fixture
def job(tmp_path: Path, cache: Cache) -> MakeJob:
    """Make a job for a model; more arguments are the job's."""
    prompt = write_prompt(tmp_path)

    def make(model: Model, **more: Any) -> Job:
        return Job(
            task=task_of(prompt),
            prompt=prompt,
            model=model,
            cache=cache,
            progress=Watcher(),
            now=lambda: NOON,
            clock=time.monotonic,
            **more,
        )

    return make
