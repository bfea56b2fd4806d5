"""What the tests of the stage share: papers, a prompt, a cache, and a model that says what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import FatalModelError
from pipeline.model.wire import Ask, Meter, Reply
from pipeline.prompts import Prompt, load
from pipeline.records import Entry, Failure, Paper, Source, Usage
from pipeline.summarize import Job, Summarizer

NOON = datetime(2026, 4, 27, 12, tzinfo=UTC)
USED = Usage(prompt=100, completion=20, cached=10)
GOOD = {
    "translated_title": "地图共享",
    "tldr": "机器人只发送别人尚不知道的变化，建图时间减半。",
    "tldr_en": "Robots send only changes.",
    "translated_abstract": "机器人保有自己的地图，只发送变化。",
}
PROMPT = """---
description: A prompt of the tests.
temperature: 0.3
---

# System

你是耐心的编辑。Answer in json.

# User

<title>{{ title }}</title>
<abstract>{{ abstract }}</abstract>
"""
Outcome = Reply | Exception


def paper(number: int = 1, title: str = "Sharing Maps", abstract: str = "Robots send only changes.") -> Paper:
    """Return a paper; papers of different numbers differ in nothing but the id."""
    return Paper(id=f"2404.{number:05}", title=title, abstract=abstract)


def papers(count: int) -> list[Paper]:
    """Return papers of different texts."""
    return [paper(number, abstract=f"Robots send only changes, {number}.") for number in range(1, count + 1)]


def saying(usage: Usage | None = USED, finish: str = "stop", **changes: str | None) -> Reply:
    """Return the good reply after ``changes``; None takes a field away."""
    fields = {name: text for name, text in (GOOD | changes).items() if text is not None}
    return Reply(json.dumps(fields, ensure_ascii=False), finish, usage)


@dataclass
class SaidModel:
    """Answers each paper's asks in turn with what it was told, and with a good reply where it was told nothing."""

    told: Mapping[str, list[Outcome]] = field(default_factory=dict)
    delay: Callable[[str], float] = lambda _: 0.0
    name: str = "told"
    endpoint: str = "example.org"
    meter: Meter = field(default_factory=Meter)
    asked: list[Ask] = field(default_factory=list)
    refusal: FatalModelError | None = None
    """What whoever waits gets, once the model was told to stop."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self, error: FatalModelError) -> None:
        """Let nobody wait any longer."""
        self.refusal = self.refusal or error
        self.stopping.set()

    def cost_usd(self, used: Meter) -> float | None:
        """Return a dollar a request."""
        return float(used.requests)

    async def ask(self, ask: Ask) -> Reply:
        """Answer after the delay, or raise."""
        if self.refusal:
            raise self.refusal
        self.asked.append(ask)
        self.meter.requests += 1
        number = sum(one.paper_id == ask.paper_id for one in self.asked) - 1
        told = self.told.get(ask.paper_id, [])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), self.delay(ask.paper_id))
        if self.refusal:
            raise self.refusal
        outcome = told[number] if number < len(told) else saying()
        if isinstance(outcome, Exception):
            raise outcome
        self.meter.tokens += outcome.usage or Usage()
        return outcome

    async def close(self) -> None:
        """Nothing is held open."""


@dataclass
class Watcher:
    """Remembers what it was told of."""

    seen: list[tuple[str, bool, bool]] = field(default_factory=list)
    """Paper, whether it has a summary, whether the cache had it."""

    def begins(self, name: str | None) -> None:
        """Digests are not the stage's."""

    def fetched(self, source: Source) -> None:
        """Pages are not the stage's."""

    def settled(self, entry: Entry, *, cached: bool) -> None:
        """Note an outcome."""
        self.seen.append((entry.paper.id, entry.summary is not None, cached))

    def warned(self, message: str) -> None:
        """Nothing warns here."""

    def close(self) -> None:
        """Nothing is open."""


def write_prompt(folder: Path, text: str = PROMPT) -> Prompt:
    """Write a prompt file and load it."""
    path = folder / "test" / "1.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load(path)


async def pages_of(*pages: Iterable[Paper]) -> AsyncIterator[Iterable[Paper]]:
    """Yield pages as a source does, with the loop free in between."""
    for page in pages:
        await asyncio.sleep(0)
        yield page


async def summarize(job: Job, *pages: Iterable[Paper]) -> tuple[list[Entry], Summarizer]:
    """Run the stage to its end; return the entries and the stage."""
    summarizer = Summarizer(job)
    return [entry async for entry in summarizer.entries(pages_of(*pages))], summarizer


def failures(entries: Iterable[Entry]) -> list[Failure]:
    """Return the failures among ``entries``."""
    return [entry.failure for entry in entries if entry.failure]
