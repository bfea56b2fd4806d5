"""The stream of the fetch stage, read by the stage after it."""

from __future__ import annotations

from io import BytesIO

import pytest

from pipeline.errors import FetchError
from pipeline.fetch import read_stage
from pipeline.records import End, Note, Paper, Source
from tests.fetch.samples import Page, gather

PAPER = Paper(id="2604.00001", title="T", abstract="A")
LINE = PAPER.model_dump_json().encode() + b"\n"


def end(source: Source, code: int = 0) -> bytes:
    """The line that ends a stage."""
    return b'{"end": ' + End(source=source, exit=code).model_dump_json().encode() + b"}\n"


def read(body: bytes) -> Page:
    """Read a stream whole."""
    return gather(read_stage(BytesIO(body), limit=None))


def test_a_whole_stream_ends_with_the_source_that_its_end_tells() -> None:
    """A stage that failed after some papers has said so in its source."""
    source = Source(date="2026-04-27", announced=1, fetched=1)
    for code in (0, 1):
        assert read(LINE + end(source, code)) == Page((PAPER,), source)


def test_a_stream_without_end_says_that_it_was_cut() -> None:
    """Half a day is never taken for a whole one."""
    assert read(LINE) == Page((PAPER,), Source(fetched=1, notes=(Note(key="input_cut"),)))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "standard input: ended before its first paper"),
        (end(Source(), 1), "standard input: the stage that wrote it failed"),
    ],
)
def test_a_stream_without_papers_that_was_cut_or_failed_is_an_error(body: bytes, said: str) -> None:
    """It is no empty day."""
    with pytest.raises(FetchError) as caught:
        read(body)
    assert caught.value.message == said
