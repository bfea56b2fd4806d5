"""JSON Lines: a paper a line, as `fetch`, `summarize` or anyone writes them, and the line that ends a stage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from pipeline.errors import FetchError, InputError
from pipeline.exits import Exit
from pipeline.fetch.items import Heading, Item, Repeated
from pipeline.fetch.papers import complaint, paper_from
from pipeline.records import REPEATED, End, Missing, Note, Paper

_BOM = b"\xef\xbb\xbf"
_HINT = 'Write one JSON object a line, with "id", "title" and "abstract"; not a list, and no object over several lines.'


class _BadLineError(Exception):
    """A line that is no paper; the message says what is wrong."""


def read_lines(
    lines: Iterable[tuple[int, bytes]], name: str, *, strict: bool, needs_end: bool = False
) -> Iterator[Item]:
    """Yield the paper of each line, and at last what the ends of the stages before said.

    ``lines`` are numbered; blank ones are skipped. Without an end line nobody said how many there should be; where the
    input ``needs_end``, a note then says that it was cut.

    Raises:
        InputError: a line is no paper, and ``strict`` was asked for or no paper came before; else it is missing.
        FetchError: there is no paper, because the stage that wrote the lines failed or was cut.
    """
    read, bad = 0, 0
    ends: list[End] = []
    for number, line in lines:
        if not line.strip():
            continue
        try:
            item = _item(line)
        except _BadLineError as error:
            if strict or not read:
                raise InputError(f"{name}, line {number}: {error}", hint=_HINT) from error
            bad += 1
            yield Missing(id=f"line {number}", reason=str(error))
            continue
        if isinstance(item, End):
            ends.append(item)
            continue
        read += 1
        yield item
    if not read:
        _refuse_failed(ends, name, needs_end=needs_end)
    if needs_end and not ends:
        yield Note(key="input_cut")
    yield from _said(ends, read + bad)


def _refuse_failed(ends: Sequence[End], name: str, *, needs_end: bool) -> None:
    if any(end.exit == Exit.FAILED for end in ends):
        raise FetchError(f"{name}: the stage that wrote it failed", hint="See what that stage said.")
    if needs_end and not ends:
        raise FetchError(f"{name}: ended before its first paper", hint="See what the stage before it said.")


def _said(ends: Sequence[End], came: int) -> Iterator[Item]:
    """Yield what the stages before said of their sources; what they counted and no line brought is missing."""
    for end in ends:
        source = end.source
        yield Heading(source.announced, source.date, source.name)
        yield from source.missing_papers
        yield from source.earlier
        for note in source.notes:
            if note.key == REPEATED:
                yield from (Repeated(one) for one in str(note.figures.get("ids", "")).split(", ") if one)
            else:
                yield note
    lost = sum(end.source.fetched - end.source.repeated for end in ends) - came
    if lost > 0:
        reason = "the input's last line counts them and no line holds them"
        yield Missing(id=f"{lost} more", reason=reason, count=lost)


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
