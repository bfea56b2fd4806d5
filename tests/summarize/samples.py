"""What the tests of the stage share: papers, a prompt, a cache, and a model that says what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import CallError, FatalModelError
from pipeline.model.interface import Ask, Reply
from pipeline.prompts import Prompt, load
from pipeline.records import NOTHING_ASKED, Account, Entry, Failure, Paper, Settled, Source, Usage
from pipeline.summarize import TEMPLATES, Job, Summarizer

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
_LETTERS = str.maketrans("0123456789", "abcdefghij")
"""Numbers as small letters: a number that a reply lacks would be found."""


def paper(number: int = 1, title: str = "Sharing Maps", abstract: str = "Robots send only changes.") -> Paper:
    """Return a paper; papers of different numbers differ in nothing but the id."""
    return Paper(id=f"2404.{number:05}", title=title, abstract=abstract)


def papers(count: int) -> list[Paper]:
    """Return papers of different texts, of all of which the good reply is a translation."""
    codes = (str(number).translate(_LETTERS) for number in range(1, count + 1))
    return [paper(number, abstract=f"Robots send only changes, {code}.") for number, code in enumerate(codes, 1)]


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
    in_flight: int = 0
    asked: list[Ask] = field(default_factory=list)
    refusal: FatalModelError | None = None
    """What whoever waits gets, once the model was told to stop."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self, error: FatalModelError) -> None:
        """Let nobody wait any longer."""
        self.refusal = self.refusal or error
        self.stopping.set()

    async def ask(self, ask: Ask) -> Reply:
        """Answer after the delay, or raise; a request costs a dollar."""
        if self.refusal:
            raise self.refusal.charged(NOTHING_ASKED)
        self.asked.append(ask)
        number = sum(one.paper_id == ask.paper_id for one in self.asked) - 1
        told = self.told.get(ask.paper_id, [])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), self.delay(ask.paper_id))
        if self.refusal:
            raise self.refusal.charged(NOTHING_ASKED)
        outcome = told[number] if number < len(told) else saying()
        if isinstance(outcome, CallError):
            raise outcome.charged(Account(requests=1, cost_usd=1.0))
        if isinstance(outcome, Exception):
            raise outcome
        return replace(outcome, account=Account(requests=1, tokens=outcome.usage or Usage(), cost_usd=1.0))

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

    def settled(self, settled: Settled) -> None:
        """Note an outcome."""
        self.seen.append((settled.entry.paper.id, settled.entry.summary is not None, settled.is_cached))

    def warned(self, message: str) -> None:
        """Nothing warns here."""

    def close(self) -> None:
        """Nothing is open."""


def write_prompt(folder: Path, text: str = PROMPT) -> Prompt:
    """Write a prompt file and load it."""
    path = folder / "test" / "1.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load(path, TEMPLATES)


async def pages_of(*pages: Iterable[Paper]) -> AsyncIterator[Iterable[Paper]]:
    """Yield pages as a source does, with the loop free in between."""
    for page in pages:
        await asyncio.sleep(0)
        yield page


async def summarize(job: Job, *pages: Iterable[Paper]) -> tuple[list[Entry], Summarizer]:
    """Run the stage to its end; return the entries and the stage."""
    settled, summarizer = await settle(job, *pages)
    return [one.entry for one in settled], summarizer


async def settle(job: Job, *pages: Iterable[Paper]) -> tuple[list[Settled], Summarizer]:
    """Run the stage to its end; return what it settled and the stage."""
    summarizer = Summarizer(job)
    return [one async for one in summarizer.settled(pages_of(*pages))], summarizer


def failures(entries: Iterable[Entry]) -> list[Failure]:
    """Return the failures among ``entries``."""
    return [entry.failure for entry in entries if entry.failure]
