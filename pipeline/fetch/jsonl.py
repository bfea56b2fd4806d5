"""JSON Lines: a paper a line, as `fetch`, `summarize` or anyone writes them, and the line that ends a stage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pipeline.errors import FetchError, InputError
from pipeline.exits import Exit
from pipeline.fetch.pages import Page, joined
from pipeline.fetch.papers import complaint, paper_from
from pipeline.records import End, Missing, Note, Paper, Source

_BOM = b"\xef\xbb\xbf"
_HINT = 'Each line is a JSON object with "id", "title" and "abstract"; a list or an indented object is not read.'


class _BadLineError(Exception):
    """A line that is no paper; the message says what is wrong."""


@dataclass(slots=True)
class _Count:
    """What came so far, and what the ends of the stages before said of it."""

    said: Source | None = None
    failed: bool = False
    """Whether an end said that its stage failed."""
    read: int = 0
    kept: int = 0
    bad: tuple[Missing, ...] = ()

    def source(self) -> Source:
        """Return the source as far as it is known; what an end counted and no line brought is missing."""
        said = self.said or Source()
        missing = said.missing_papers + self.bad
        lost = max(0, said.fetched - said.repeated - self.read - len(self.bad))
        if lost:
            missing += (Missing(id=f"{lost} more", reason="the input's last line counts them and no line holds them"),)
        counts = {
            "announced": None if said.announced is None else said.announced - (self.read - self.kept),
            "fetched": self.kept + said.repeated,
            "missing": said.missing + len(self.bad) + lost,
            "missing_papers": missing,
        }
        return said.model_copy(update=counts)


def read_lines(
    lines: Iterable[tuple[int, bytes]],
    name: str,
    announce: frozenset[str] | None,
    *,
    strict: bool,
    needs_end: bool = False,
) -> Iterator[Page]:
    """Yield a page for each line that holds a paper, and a last one with the final source.

    ``lines`` are numbered; blank ones are skipped. Papers whose announce type is known and not in ``announce`` (None:
    all) are left out. Without an end line nobody said how many there should be, and ``announced`` is None; where it
    ``needs_end``, the source then says that the input was cut.

    Raises:
        InputError: a line is no paper, and ``strict`` was asked for or no paper came before; else it is missing.
        FetchError: there is no paper, because the stage that wrote the lines failed or was cut.
    """
    count = _Count()
    for number, line in lines:
        if not line.strip():
            continue
        try:
            item = _item(line)
        except _BadLineError as error:
            if strict or not count.read:
                raise InputError(f"{name}, line {number}: {error}", hint=_HINT) from error
            count.bad += (Missing(id=f"line {number}", reason=str(error)),)
            continue
        if isinstance(item, End):
            count.said = joined(count.said, item.source) if count.said else item.source
            count.failed |= item.exit == Exit.FAILED
            continue
        count.read += 1
        if announce is None or item.announce_type in {*announce, None}:
            count.kept += 1
            yield Page((item,), count.source())
    yield Page((), _final(count, name, needs_end=needs_end))


def _final(count: _Count, name: str, *, needs_end: bool) -> Source:
    source = count.source()
    if count.failed and not count.read:
        raise FetchError(f"{name}: the stage that wrote it failed", hint="See what that stage said.")
    if needs_end and count.said is None:
        if not count.read:
            raise FetchError(f"{name}: ended before its first paper", hint="See what the stage before it said.")
        return source.model_copy(update={"notes": (*source.notes, Note(key="input_cut"))})
    return source


def _item(line: bytes) -> Paper | End:
    """Return the paper of a line, or what an end line says."""
    given = _object(line)
    try:
        if "end" in given:
            return End.model_validate(given["end"])
        return paper_from(given["paper"] if isinstance(given.get("paper"), dict) else given)
    except ValidationError as error:
        raise _BadLineError(complaint(error)) from error


def _object(line: bytes) -> dict[str, Any]:
    try:
        given = json.loads(line.removeprefix(_BOM).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _BadLineError("not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise _BadLineError("broken JSON") from error
    if not isinstance(given, dict):
        raise _BadLineError("no JSON object")
    return given
