"""Replies on their way into a cache and out of it: lines of ``cache export``, and the digests that were written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from pipeline.errors import InputError, PromptError
from pipeline.prompts import Prompt, PromptLibrary
from pipeline.records import Day, Entry, Paper, RunReport
from pipeline.store.replies import CachedReply
from pipeline.summarize.dialogue import first_ask
from pipeline.summarize.tasks import task_of
from pipeline.validation import explain


class KeptEntry(Entry):
    """A line of ``cache export``: an entry, and what the cache knows besides."""

    key: str = Field(pattern="^[0-9a-f]{64}$")
    raw: str
    """The model's own words."""
    asked: Mapping[str, Any]


Known = tuple[Paper, CachedReply]
KeyOf = Callable[[Entry, str | None], str | None]
"""Gives the cache key of an entry that a run with this model wrote; None where it cannot be told."""


def key_finder(library: PromptLibrary) -> KeyOf:
    """Return what finds the key of an entry's first ask, which needs the very prompt that was asked with."""

    @cache
    def prompt_for(label: str) -> Prompt | None:
        try:
            return library.get(label)
        except PromptError:
            return None

    def key_of(entry: Entry, model: str | None) -> str | None:
        made = entry.summary
        prompt = prompt_for(made.prompt) if made and made.prompt else None
        # A fallback's summary is kept under the model that was to be asked, which the run's report names.
        asked = model or (made.model if made else None)
        if not made or not prompt or not asked or prompt.sha256 != made.prompt_sha256:
            return None
        return first_ask(entry.paper, task_of(prompt), prompt).key(asked)

    return key_of


def from_day(day: Day, report: RunReport | None, key_of: KeyOf) -> Iterator[Known | None]:
    """Yield the replies of a written digest, and None for each whose key cannot be told."""
    for entry in day.entries:
        if entry.summary:
            yield _known(entry, key_of(entry, report.model if report else None))


def from_file(path: Path) -> Iterator[Known]:
    """Yield what ``cache export`` wrote into a file, which was read whole before the first.

    Raises:
        InputError: it cannot be read, or a line of it cannot; nothing was yielded.
    """
    for _ in _read(path):
        pass
    for kept in _read(path):
        if reply := _known(kept, kept.key, raw=kept.raw, asked=kept.asked):
            yield reply


def export_line(paper: Paper, reply: CachedReply) -> str:
    """Return a reply as one line of ``cache export``, without its line end."""
    # What is no UTF-8 in a cache that was tampered with is shown as such.
    raw = reply.raw.encode("utf-8", "replace").decode()
    kept = KeptEntry(paper=paper, summary=reply.summary, key=reply.key, raw=raw, asked=reply.asked)
    return kept.model_dump_json(exclude={"failure"})


def _read(path: Path) -> Iterator[KeptEntry]:
    try:
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                yield _line(path, number, text)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _line(path: Path, number: int, text: bytes) -> KeptEntry:
    try:
        return KeptEntry.model_validate_json(text)
    except ValidationError as error:
        raise InputError(
            f"{path}, line {number}: is not a line of 'arxiv-digest cache export': {explain(error)}",
            hint="Give a file that 'cache export' wrote, or an output folder.",
        ) from error


def _known(entry: Entry, key: str | None, *, raw: str = "", asked: Mapping[str, Any] | None = None) -> Known | None:
    if not entry.summary or not key:
        return None
    return entry.paper, CachedReply(key, entry.summary, raw, asked or {})
