"""Files and standard input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DigestError, FetchError, InputError
from pipeline.fetch import Item, read_file, read_stream
from pipeline.records import End, Missing, Note, Paper, Source
from tests.fetch.samples import Page, gather
from tests.servers.arxiv import announcement_feed, api_feed, error_feed

A, B, C = (Paper(id=f"2604.0000{n}", title="T", abstract="A", categories=("cs.AI",), announce_type=kind)
           for n, kind in ((1, "new"), (2, "cross"), (3, None)))  # fmt: skip


def line(record: Any) -> bytes:
    """One line of JSON."""
    plain = record.model_dump(mode="json") if hasattr(record, "model_dump") else record
    return json.dumps(plain).encode() + b"\n"


def end(**source: Any) -> bytes:
    """The line that ends a stage."""
    return line({"end": End(source=Source(**source), exit=0).model_dump(mode="json")})


class Input:
    """The same bytes as a file and as standard input."""

    def __init__(self, folder: Path, body: bytes) -> None:
        self.path = folder / "papers.xml.jsonl"
        self.path.write_bytes(body)
        self._body = body

    def file(self, announce: frozenset[str] | None = None, limit: int | None = None) -> list[Page]:
        """Read it as a file."""
        return [gather(read_file(self.path, announce=announce, limit=limit))]

    def stream(self, announce: frozenset[str] | None = None, limit: int | None = None) -> list[Page]:
        """Read it as standard input."""
        return [gather(read_stream(BytesIO(self._body), announce=announce, limit=limit))]


def papers_of(pages: list[Page]) -> list[Paper]:
    """All papers of all pages."""
    return [paper for page in pages for paper in page.papers]


@pytest.mark.parametrize(
    ("body", "day"),
    [
        (api_feed([A, B]), None),
        (b"\xef\xbb\xbf\n" + api_feed([A, B]), None),
        (announcement_feed([A, B], "cs.AI", date(2026, 4, 27)), "2026-04-27"),
        (announcement_feed([A, B], "cs.AI", date(2026, 4, 27), flavour="atom"), "2026-04-27"),
    ],
)
def test_xml_is_told_by_content_and_is_one_page(tmp_path: Path, body: bytes, day: str | None) -> None:
    """As a file of any name and as standard input alike."""
    given_input = Input(tmp_path, body)
    pages = given_input.file()
    assert [paper.id for paper in papers_of(pages)] == [A.id, B.id]
    assert [page.source for page in pages] == [Source(date=day, announced=2, fetched=2)]
    assert given_input.stream() == pages


def test_json_lines_are_one_page_of_a_file_and_a_page_a_line_of_standard_input(tmp_path: Path) -> None:
    """Blank lines, a byte order mark and a missing last line end do no harm; a bare stream has no known length."""
    given_input = Input(tmp_path, b"\xef\xbb\xbf" + line(A) + b"\r\n \n" + line(B).rstrip())
    assert given_input.file() == [Page((A, B), Source(announced=2, fetched=2))]
    assert given_input.stream() == [Page((A, B), Source(fetched=2))]


def test_a_line_needs_id_title_and_abstract_and_is_cleaned() -> None:
    """Null is as good as absent, unknown keys are ignored, the version may stand in the id."""
    given_line = {
        "id": "arXiv:2401.08734v2",
        "title": "Bag of\nTricks. (arXiv:2401.08734v2 [cs.CV] UPDATED)",
        "abstract": "arXiv:2401.08734v2 Announce Type: new  Abstract: We show.",
        "authors": None,
        "categories": None,
        "version": None,
        "tldr": "unknown here",
    }
    paper = Paper(id="2401.08734", version=2, title="Bag of Tricks.", abstract="We show.")
    named = paper.model_copy(update={"authors": ("A. Ex",)})
    body = line(given_line) + line({"paper": given_line | {"authors": ["A.\n Ex"]}, "failure": {}})
    assert list(read_stream(BytesIO(body), announce=None, limit=None)) == [paper]
    assert list(read_stream(BytesIO(body.split(b"\n")[1]), announce=None, limit=None)) == [named]


@given(st.lists(st.from_regex(r"[0-9]{4}\.[0-9]{4,5}|[a-z]{2,5}(-[a-z]{2})?/[0-9]{7}", fullmatch=True), min_size=1))
def test_no_identifier_is_lost_or_changed(ids: list[str]) -> None:
    """Each comes once, in the order of the input."""
    body = b"".join(line({"id": name, "title": "T", "abstract": "A"}) for name in ids)
    pages = [gather(read_stream(BytesIO(body), announce=None, limit=None))]
    assert [paper.id for paper in papers_of(pages)] == list(dict.fromkeys(ids))
    assert pages[-1].source == Source(fetched=len(set(ids)))


def test_the_end_of_the_stage_before_is_honoured(tmp_path: Path) -> None:
    """Its date, name, counts and notes are carried on."""
    lost = Missing(id="2604.00009", reason="arXiv has no such paper")
    said: dict[str, Any] = {
        "name": "ai",
        "date": "2026-04-27",
        "announced": 3,
        "fetched": 2,
        "missing": 1,
        "missing_papers": (lost,),
    }
    given_input = Input(tmp_path, line(A) + line(B) + end(**said))
    assert given_input.file() == [Page((A, B), Source(**said))]
    assert given_input.stream()[-1] == Page((A, B), Source(**said))


def test_an_end_alone_is_an_empty_day(tmp_path: Path) -> None:
    """A weekend, passed on by the stage before."""
    given_input = Input(tmp_path, end(date="2026-04-25", announced=0))
    assert given_input.file() == given_input.stream() == [Page((), Source(date="2026-04-25", announced=0))]


def test_papers_that_the_end_counts_and_no_line_holds_are_missing(tmp_path: Path) -> None:
    """Lines were lost on the way."""
    lost = Missing(id="2 more", reason="the input's last line counts them and no line holds them", count=2)
    given_input = Input(tmp_path, line(A) + end(announced=3, fetched=3))
    assert given_input.file() == [Page((A,), Source(announced=3, fetched=1, missing=2, missing_papers=(lost,)))]


def test_two_streams_one_after_the_other_are_one(tmp_path: Path) -> None:
    """Counts add up, and a paper in both is counted once."""
    body = line(A) + line(B) + end(date="2026-04-27", announced=2, fetched=2)
    body += line(B) + line(C) + end(announced=2, fetched=2)
    assert Input(tmp_path, body).file() == [Page((A, B, C), Source(date="2026-04-27", announced=3, fetched=3))]
    unsaid = end(fetched=0) + line(A) + end(fetched=1)
    assert Input(tmp_path, unsaid).file() == [Page((A,), Source(announced=1, fetched=1))]


def test_announce_types_that_are_not_wanted_are_left_out_and_not_counted(tmp_path: Path) -> None:
    """Papers without a type pass always."""
    given_input = Input(tmp_path, line(A) + line(B) + line(C) + end(announced=3, fetched=3))
    expected = Source(announced=2, fetched=2)
    assert given_input.file(frozenset({"new"})) == [Page((A, C), expected)]
    assert given_input.stream(frozenset({"new"}))[-1].source == expected


def test_a_limit_leaves_nothing_missing(tmp_path: Path) -> None:
    """Standard input is not even read further."""
    given_input = Input(tmp_path, line(A) + line(B) + line(C) + b"{broken\n")
    assert given_input.stream(limit=2)[-1] == Page((A, B), Source(fetched=2))
    assert Input(tmp_path, api_feed([A, B, C])).file(limit=2)[0].source == Source(
        announced=2, fetched=2, notes=(Note(key="limited", figures={"count": 2, "total": 3}),)
    )


def test_a_bad_line_after_papers_of_a_stream_is_missing_and_the_rest_is_read() -> None:
    """Something was paid for already."""
    body = line(A) + b'{"id": "2604.00002", "title": " "}\n' + line(C) + end(announced=3, fetched=3)
    pages = [gather(read_stream(BytesIO(body), announce=None, limit=None))]
    bad = Missing(id="line 2", reason="title: must not be empty; abstract: missing")
    assert papers_of(pages) == [A, C]
    assert pages[-1].source == Source(announced=3, fetched=2, missing=1, missing_papers=(bad,))


def test_a_stream_is_read_as_it_arrives() -> None:
    """The first paper is there before the second line was asked for."""

    class Slow(BytesIO):
        asked = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            self.asked += 1
            return super().readline(size)

    stream = Slow(line(A) + line(B))
    items = read_stream(stream, announce=None, limit=None)
    assert (next(items), stream.asked) == (A, 1)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (b'{"id": "2604.00001", "title": "T"}', "abstract: missing"),
        (b'{"id": null, "title": "", "abstract": 7}', "id: missing; title: must not be empty; abstract: must be text"),
        (
            b'{"id": "abc", "title": "T", "abstract": "A"}',
            "'abc' is not an arXiv identifier such as 2404.02059 or math/0309136",
        ),
        (b'{"id": 2604.1, "title": "T", "abstract": "A"}', "id: must be text"),
        (b'{"id": "2604.00001", "title": "T"', "broken JSON"),
        (b"[" * 100_000, "broken JSON"),
        (b"[1]", "no JSON object"),
        ('{"title": "Wübben"}'.encode("latin-1"), "not UTF-8 text"),
        (b'{"end": {"exit": 999}}', "source: missing; exit: must be at most 130"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_what_is_wrong(tmp_path: Path, bad: bytes, complaint: str) -> None:
    """In a file wherever it is, and before its first paper is given out; on a stream as its first."""
    given_input = Input(tmp_path, line(A) + b"\n" + bad + b"\n")
    with pytest.raises(InputError) as caught:
        read_file(given_input.path, announce=None, limit=None)
    assert caught.value.message == f"{given_input.path}, line 3: {complaint}"
    assert caught.value.hint.startswith('Write one JSON object a line, with "id", "title" and "abstract"')
    assert papers_of(given_input.stream()) == [A]


def test_a_stream_that_begins_with_a_bad_line_is_refused() -> None:
    """Nothing was spent yet."""
    with pytest.raises(InputError) as caught:
        list(read_stream(BytesIO(b'\n{"id": "2604.00001"}\n'), announce=None, limit=None))
    assert caught.value.message == "standard input, line 2: title: missing; abstract: missing"


@pytest.mark.parametrize(
    ("body", "error", "what"),
    [
        (b"", InputError, "empty"),
        (b" \n\n", InputError, "empty"),
        (b"# A page\n", InputError, "neither XML nor JSON Lines"),
        (b"\xfa\x01 random", InputError, "neither XML nor JSON Lines"),
        (b"\x7fELF\0\0", InputError, "cannot be read: binary data"),
        (b"\x1f\x8b\x08\0", InputError, "cannot be read: a gzip file"),
        ("{}".encode("utf-16"), InputError, "cannot be read: UTF-16 text"),
        (b'[{"id": "2604.00001"}]', InputError, "cannot be read: a JSON list"),
        (b'{\n "date": "2026-04-24"\n}', InputError, "cannot be read: a JSON document over several lines"),
        (b"<!doctype html><p>", InputError, "cannot be read: an HTML page"),
        (b"<OAI-PMH/>", InputError, "cannot be read: a harvest by OAI-PMH"),
        (api_feed([], total=3), InputError, "cannot be read: a page without papers where 3 should follow"),
        (error_feed("bad id \x1b[1m"), FetchError, "an error feed, in which arXiv says: bad id [1m"),
    ],
)
def test_anything_else_is_refused_and_named(tmp_path: Path, body: bytes, error: type[DigestError], what: str) -> None:
    """As a file and on standard input, without control characters."""
    given_input = Input(tmp_path, body)
    with pytest.raises(error) as caught:
        read_file(given_input.path, announce=None, limit=None)
    assert caught.value.message == f"{given_input.path}: {what}"
    with pytest.raises(error) as caught:
        given_input.stream()
    assert caught.value.message == f"standard input: {what}"


def test_cut_xml_is_refused(tmp_path: Path) -> None:
    """It says so, where it broke, and which formats are read."""
    path = Input(tmp_path, api_feed([A, B])[:-20]).path
    with pytest.raises(InputError, match=r"cannot be read: XML that is cut or damaged \(.*line \d+.*\)") as caught:
        read_file(path, announce=None, limit=None)
    assert caught.value.hint.startswith("--input reads JSON Lines")


@pytest.mark.parametrize(("name", "why"), [("none", "No such file or directory"), (".", "Is a directory")])
def test_a_path_that_cannot_be_read_is_named(tmp_path: Path, name: str, why: str) -> None:
    """With the system's reason."""
    with pytest.raises(InputError) as caught:
        read_file(tmp_path / name, announce=None, limit=None)
    assert caught.value.message == f"{tmp_path / name}: cannot be read ({why})"


def test_reading_returns_an_iterator(tmp_path: Path) -> None:
    """Of pages, though the file was read whole."""
    items: Iterator[Item] = read_file(Input(tmp_path, line(A)).path, announce=None, limit=None)
    assert list(items)[1:] == [A]
    assert next(items, None) is None
