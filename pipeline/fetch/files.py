"""Files and standard input, told apart by what is in them, never by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import FetchError, InputError
from pipeline.fetch.jsonl import read_lines
from pipeline.fetch.pages import Page, tidy
from pipeline.text import plain

_STDIN = "standard input"
_BOM = b"\xef\xbb\xbf"
_LONGEST_LINE = 2**24
_HINT = (
    "Read are JSON Lines (id, title and abstract a line), Atom from arXiv's query API, and arXiv's announcement feeds, "
    "RSS or Atom."
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


def read_file(path: Path, *, announce: frozenset[str] | None, limit: int | None) -> Iterator[Page]:
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
            page = _whole_file(file, name, announce)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror or error})", hint="Check the path.") from error
    return tidy(iter([page]), limit)


def read_stream(stream: BinaryIO, *, announce: frozenset[str] | None, limit: int | None) -> Iterator[Page]:
    """Yield the papers of standard input, those of JSON Lines as they arrive.

    Raises:
        InputError: the input is none of the formats, or begins with a line that is no paper; later such lines are
            counted as missing.
        FetchError: the input is an error feed of arXiv.
    """
    return tidy(_stream_pages(stream, announce), limit)


def read_stage(stream: BinaryIO, *, limit: int | None) -> Iterator[Page]:
    """Yield the papers that ``fetch`` writes, as they arrive; without its end line the source says that it was cut.

    Raises:
        InputError: the input begins with a line that is no paper; later such lines are counted as missing.
        FetchError: there is no paper, because the stage before failed or was cut.
    """
    lines = read_lines(enumerate(stream, start=1), _STDIN, None, strict=False, needs_end=True)
    return tidy(lines, limit)


def _stream_pages(stream: BinaryIO, announce: frozenset[str] | None) -> Iterator[Page]:
    name = _STDIN
    number, first, lines = _opened(stream, name)
    if first.startswith(b"<"):
        yield _from_document(first, stream, name, announce)
    else:
        yield from read_lines(enumerate(lines, start=number), name, announce, strict=False)


def _whole_file(file: BinaryIO, name: str, announce: frozenset[str] | None) -> Page:
    number, first, lines = _opened(file, name)
    if first.startswith(b"<"):
        return _from_document(first, file, name, announce)
    pages = list(read_lines(enumerate(lines, start=number), name, announce, strict=True))
    papers, source = tuple(paper for page in pages for paper in page.papers), pages[-1].source
    if source.announced is None:
        # A file is there as a whole, so that it says itself how many papers it has.
        source = source.model_copy(update={"announced": source.fetched + source.missing})
    return Page(papers, source)


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
            raise InputError(f"{name}: {what}, which is not read", hint=_HINT)
    if b"\0" in first:
        raise InputError(f"{name}: binary data, which is not read", hint=_HINT)
    if first.strip() == b"{":
        raise InputError(f"{name}: a JSON document over several lines, which is not read", hint=_HINT)
    if not first.startswith((b"<", b"{")):
        raise InputError(f"{name}: neither XML nor JSON Lines", hint=_HINT)


def _from_document(first: bytes, rest: BinaryIO, name: str, announce: frozenset[str] | None) -> Page:
    # Only where there is XML: JSON Lines need neither lxml nor `arxiv`, which take a tenth of a second to import.
    from pipeline.fetch.api_atom import read_recorded  # noqa: PLC0415
    from pipeline.fetch.documents import MAX_BYTES, Kind, RefusedError, UnreadableError, read_document  # noqa: PLC0415
    from pipeline.fetch.feed_items import read_announcement  # noqa: PLC0415

    try:
        document = read_document(first + rest.read(MAX_BYTES + 1))
        return read_recorded(document) if document.kind is Kind.API else read_announcement(document, announce)
    except RefusedError as error:
        raise FetchError(f"{name}: an error feed, in which arXiv says: {plain(str(error))}") from error
    except UnreadableError as error:
        raise InputError(f"{name}: {plain(str(error))}, which is not read", hint=_HINT) from error
