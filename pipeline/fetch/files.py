"""Files and standard input, told apart by what is in them, never by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import FetchError, InputError
from pipeline.fetch.filters import distinct, limited, merged, of_kinds
from pipeline.fetch.items import Heading, Item
from pipeline.fetch.jsonl import read_lines
from pipeline.records import Missing, Paper
from pipeline.text import plain

_STDIN = "standard input"
_BOM = b"\xef\xbb\xbf"
_LONGEST_LINE = 2**24
_HINT = (
    "--input reads JSON Lines (id, title and abstract in each), Atom from arXiv's query API, and arXiv's announcement "
    "feeds (RSS or Atom)."
)
_MAGIC = {
    b"\x1f\x8b": "a gzip file",
    b"PK\x03\x04": "a ZIP file",
    b"%PDF": "a PDF file",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"[": "a JSON list",
}


def read_file(path: Path, *, announce: frozenset[str] | None, limit: int | None) -> Iterator[Item]:
    """Return the papers of a file, all of it read and checked before this returns.

    Papers whose announce type is known and not in ``announce`` (None: all) are left out, and what is beyond ``limit``
    (None: no limit).

    Raises:
        InputError: the file cannot be opened, is none of the formats, or has a line that is no paper.
        FetchError: the file is an error feed of arXiv.
    """
    name = plain(str(path))
    try:
        with path.open("rb") as file:
            items = list(_items(file, name, strict=True))
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror or error})", hint="Check the path.") from error
    if not any(isinstance(item, Heading) and item.announced is not None for item in items):
        # A file is there as a whole, so that it says itself how many papers it has.
        items.insert(0, Heading(announced=sum(isinstance(item, Paper | Missing) for item in items)))
    return _tidy(items, announce, limit)


def read_stream(stream: BinaryIO, *, announce: frozenset[str] | None, limit: int | None) -> Iterator[Item]:
    """Yield the papers of standard input, those of JSON Lines as they arrive.

    Raises:
        InputError: the input is none of the formats, or begins with a line that is no paper; later such lines are
            counted as missing.
        FetchError: the input is an error feed of arXiv.
    """
    return _tidy(_items(stream, _STDIN, strict=False), announce, limit)


def read_stage(stream: BinaryIO, *, limit: int | None) -> Iterator[Item]:
    """Yield the papers that ``fetch`` writes, as they arrive; without its end line a note says that it was cut.

    Raises:
        InputError: the input begins with a line that is no paper; later such lines are counted as missing.
        FetchError: there is no paper, because the stage before failed or was cut.
    """
    lines = read_lines(enumerate(stream, start=1), _STDIN, strict=False, needs_end=True)
    return _tidy(lines, None, limit)


def _tidy(items: Iterable[Item], announce: frozenset[str] | None, limit: int | None) -> Iterator[Item]:
    return limited(distinct(of_kinds(items, announce)), limit)


def _items(stream: BinaryIO, name: str, *, strict: bool) -> Iterator[Item]:
    number, first, lines = _opened(stream, name)
    if first.startswith(b"<"):
        yield from _of_document(first, stream, name)
    elif strict:
        yield from _merged(read_lines(enumerate(lines, start=number), name, strict=True))
    else:
        yield from read_lines(enumerate(lines, start=number), name, strict=False)


def _merged(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items of a whole file: its papers, each once, then all else."""
    papers: list[Paper | Missing] = []
    others: list[Item] = []
    for item in items:
        if isinstance(item, Paper):
            papers.append(item)
        else:
            others.append(item)
    yield from merged(papers)
    yield from others


def _opened(stream: BinaryIO, name: str) -> tuple[int, bytes, Iterator[bytes]]:
    """Return the number of the first line that is not blank, that line, and all lines from it on."""
    lines = iter(partial(stream.readline, _LONGEST_LINE), b"")
    for number, line in enumerate(lines, start=1):
        first = line.removeprefix(_BOM).lstrip()
        if first:
            _refuse_strange(first, name)
            return number, first, chain([first], lines)
    raise InputError(f"{name}: empty", hint=_HINT)


def _refuse_strange(first: bytes, name: str) -> None:
    for magic, what in _MAGIC.items():
        if first.startswith(magic):
            raise InputError(f"{name}: cannot be read: {what}", hint=_HINT)
    if b"\0" in first:
        raise InputError(f"{name}: cannot be read: binary data", hint=_HINT)
    if first.strip() == b"{":
        raise InputError(f"{name}: cannot be read: a JSON document over several lines", hint=_HINT)
    if not first.startswith((b"<", b"{")):
        raise InputError(f"{name}: neither XML nor JSON Lines", hint=_HINT)


def _of_document(first: bytes, rest: BinaryIO, name: str) -> Iterator[Item]:
    # Only where there is XML: JSON Lines need neither lxml nor `arxiv`, which take a tenth of a second to import.
    from pipeline.fetch.arxiv.atom import read_page  # noqa: PLC0415
    from pipeline.fetch.arxiv.documents import (  # noqa: PLC0415
        MAX_BYTES,
        Kind,
        RefusedError,
        UnreadableError,
        read_document,
    )
    from pipeline.fetch.arxiv.rss import read_feed  # noqa: PLC0415

    try:
        document = read_document(first + rest.read(MAX_BYTES + 1))
        if document.kind is Kind.API:
            date, found = None, list(read_page(document).results)
        else:
            feed = read_feed(document)
            date, found = feed.date, [item.found for item in feed.items]
    except RefusedError as error:
        raise FetchError(f"{name}: an error feed, in which arXiv says: {plain(str(error))}") from error
    except UnreadableError as error:
        raise InputError(f"{name}: cannot be read: {plain(str(error))}", hint=_HINT) from error
    once = merged(found)
    yield Heading(announced=len(once), date=date)
    yield from once
