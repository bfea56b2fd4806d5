"""The JSON Lines between summarize and assemble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.records import End, Entry, Failure, Note, Paper, PromptName, Source, Spent, Summary, Usage
from pipeline.stream import EndLine, line, read_entries, read_entry_file

PAPER = Paper(id="2404.02059", title="T", abstract="A", published=datetime(2024, 4, 2, tzinfo=UTC))
SUMMARY = Summary(paper_id="2404.02059", translated_title="题", tldr="一句。", translated_abstract="译文。")
FAILURE = Failure(paper_id="2404.02059", reason="timeout", detail="no answer", attempts=3)
DONE, FAILED = Entry(paper=PAPER, summary=SUMMARY), Entry(paper=PAPER, failure=FAILURE)
END = End(
    source=Source(name="cs.AI", date="2024-04-03", announced=2, fetched=2, notes=(Note(key="cut", figures={"n": 1}),)),
    exit=3,
    spent=Spent(
        summarized=1,
        requests=2,
        tokens=Usage(prompt=9, completion=3),
        cost_usd=0.5,
        model="m",
        prompt=PromptName(name="digest", version=1, sha256="0" * 64),
    ),
)

TEXT = st.text(min_size=1, max_size=15).filter(str.strip)
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5.5))]))
PAPERS = st.builds(
    Paper,
    id=st.just("math/0309136"),
    version=st.none() | st.integers(1, 99),
    title=TEXT,
    abstract=TEXT,
    authors=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    published=st.none() | MOMENTS,
    announce_type=st.sampled_from(["new", "cross", "replace", "replace-cross", None]),
    comment=st.none() | st.text(max_size=9),
)
SUMMARIES = st.builds(
    Summary,
    paper_id=st.just("math/0309136"),
    translated_title=st.text(max_size=9),
    tldr=st.text(max_size=9),
    tldr_en=st.text(max_size=9),
    translated_abstract=st.text(max_size=9),
    created=st.none() | MOMENTS,
    usage=st.none() | st.builds(Usage, prompt=st.integers(0, 9)),
)
FAILURES = st.builds(Failure, paper_id=st.just("math/0309136"), reason=st.just("timeout"), detail=st.text(max_size=9))
ENTRIES = st.builds(Entry, paper=PAPERS, summary=SUMMARIES) | st.builds(Entry, paper=PAPERS, failure=FAILURES)


def test_half_a_character_is_dropped_and_the_entry_kept() -> None:
    """JSON can say one, as Python and JavaScript write it; whole pairs and what only looks like one stay."""
    text = line(DONE).replace('"T"', r'"a\uD800b\ud83d\ude00\\ud800"').replace('"题"', r'"题\udc00"')
    (entry,) = read_entries([text.encode()], name="x")
    assert isinstance(entry, Entry)
    assert entry.summary
    assert (entry.paper.title, entry.summary.translated_title) == ("ab\U0001f600\\ud800", "题")


def test_a_broken_line_with_half_a_character_is_named() -> None:
    """As any other."""
    with pytest.raises(InputError, match="x, line 1: is not a line of 'arxiv-digest summarize'"):
        list(read_entries([rb'{"paper": "\ud800'], name="x"))


@settings(max_examples=75, deadline=None)
@given(st.lists(ENTRIES, max_size=4))
def test_what_was_written_is_read_again_exactly(tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]) -> None:
    """Whatever text stands in them, one line each, from a pipe and from a file alike."""
    body = "".join(f"{line(record)}\n" for record in (*entries, EndLine(end=END))).encode()
    path = tmp_path_factory.mktemp("stream") / "in.jsonl"
    path.write_bytes(body)
    assert len(body.splitlines()) == len(entries) + 1
    assert [*read_entries(body.splitlines(keepends=True), name="-")] == [*entries, END]
    assert read_entry_file(path) == (*entries, END)


def test_a_line_has_the_papers_fields_and_one_outcome() -> None:
    """The other outcome is absent; what is not known of the paper is null."""
    summary = (
        '{"paper":{"id":"2404.02059","version":null,"title":"T","abstract":"A","authors":[],"categories":[],'
        '"primary_category":null,"published":"2024-04-02T00:00:00Z","updated":null,"announce_type":null,"comment":null,'
        '"doi":null,"journal_ref":null,"url":"https://arxiv.org/abs/2404.02059",'
        '"pdf_url":"https://arxiv.org/pdf/2404.02059"},"summary":{"paper_id":"2404.02059","translated_title":"题",'
        '"tldr":"一句。","tldr_en":"","translated_abstract":"译文。","prompt":null,"prompt_sha256":null,"model":null,'
        '"endpoint":null,"created":null,"usage":null}}'
    )
    failure = (
        '"failure":{"paper_id":"2404.02059","reason":"timeout","detail":"no answer","attempts":3,'
        '"usage":null,"cost_usd":null}}'
    )
    assert line(DONE) == summary
    assert line(FAILED) == summary.partition('"summary"')[0] + failure


def test_reading_stops_at_the_end_and_skips_blank_lines() -> None:
    """What follows the end is not looked at; without an end there is none."""
    lines = [b"\n", line(DONE).encode() + b"\r\n", b"  ", b" " + line(EndLine(end=END)).encode(), b"{broken"]
    assert [*read_entries(lines, name="-")] == [DONE, END]
    assert [*read_entries(lines[:3], name="-")] == [DONE]


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    """As a shell on Windows writes it, and as every other input of ours may."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + line(DONE).encode() + b"\n")
    assert read_entry_file(path) == (DONE,)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (b"{broken", "invalid JSON: key must be a string at line 1 column 2"),
        (b"7", "must be an object with named values"),
        (b'{"paper": {"id": "x"}}', "paper: 'x' is not an arXiv identifier such as 2404.02059 or math/0309136"),
        (
            b'{"paper": {"id": "2404.02059", "title": "T"}, "failure": {"reason": "timeout"}}',
            "paper.abstract: missing; failure.paper_id: missing; failure.detail: missing",
        ),
        (b'{"id": "2404.02059", "title": "T", "abstract": "A"}', "paper: missing"),
        (b'{"paper": {"id": "2404.02059", "title": "T", "abstract": "A"}}', "needs either a summary or a failure"),
        (b'{"end": {"exit": 200}}', "end.source: missing; end.exit: must be at most 130"),
        (b"\xff\xfe{}", "invalid JSON: expected value at line 1 column 1"),
    ],
    ids=["json", "no-object", "id", "fields", "fetch's-line", "no-outcome", "end", "bytes"],
)
def test_a_bad_line_is_named_with_its_number_and_every_fault(tmp_path: Path, bad: bytes, complaint: str) -> None:
    """A file is read whole first; a pipe gives what came before the bad line."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(line(DONE).encode() + b"\n\n" + bad + b"\n")
    with pytest.raises(InputError) as caught:
        read_entry_file(path)
    assert (caught.value.message, caught.value.hint) == (
        f"{path}, line 3: is not a line of 'arxiv-digest summarize': {complaint}",
        "Feed assemble what summarize wrote.",
    )
    entries = read_entries(path.read_bytes().splitlines(), name="standard input")
    assert next(entries) == DONE
    with pytest.raises(InputError, match=r"^standard input, line 3: "):
        next(entries)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(InputError) as caught:
        read_entry_file(tmp_path / "none.jsonl")
    assert caught.value.message == f"{tmp_path / 'none.jsonl'}: cannot be read: No such file or directory"
