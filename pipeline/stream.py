"""The JSON Lines between two stages: an entry a line, and one line that says the stream was whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.records import End, Entry, Record
from pipeline.text import without_surrogates
from pipeline.validation import explain


class EndLine(Record):
    """The line that ends a stage's stream."""

    end: End


def line(record: Record) -> str:
    """Return a record as one line of a stream, without its line end."""
    without: dict[str, Any] = {"exclude_none": False}
    if isinstance(record, Entry):
        without["exclude"] = {record.absent}
    return record.model_dump_json(**without)


def read_entries(lines: Iterable[bytes], *, name: str) -> Iterator[Entry | End]:
    """Yield what ``summarize`` wrote, line by line, up to the line that ends the stream; ``name`` is for errors.

    Raises:
        InputError: a line is neither an entry nor the end line, naming which and why.
    """
    for number, given in enumerate(lines, 1):
        if not (text := _without_halves(given)).strip():
            continue
        try:
            if text.lstrip().startswith(b'{"end"'):
                yield EndLine.model_validate_json(text).end
                return
            yield Entry.model_validate_json(text)
        except ValidationError as error:
            raise InputError(
                f"{name}, line {number}: is not a line of 'arxiv-digest summarize': {explain(error)}",
                hint="Feed assemble what summarize wrote.",
            ) from error


def _without_halves(text: bytes) -> bytes:
    """Return a line without lone surrogates, which JSON can say and its readers refuse; what is no JSON as it is."""
    if b"\\ud" not in text.lower():
        return text
    try:
        return without_surrogates(json.dumps(json.loads(text), ensure_ascii=False)).encode()
    except (ValueError, RecursionError):
        return text


def read_entry_file(path: Path) -> tuple[Entry | End, ...]:
    """Read a whole file of a summarize stream before anything is done with it.

    Raises:
        InputError: it cannot be read, or a line of it cannot.
    """
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint="Check the path.") from error
    return tuple(read_entries(lines, name=str(path)))
