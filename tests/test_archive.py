"""Written digests are found and read back, one day at a time; what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.archive import Archive, feed_address, page_address
from pipeline.assemble import Digest, as_json
from pipeline.errors import InputError
from pipeline.records import Day, RunReport, Source, SourceCount
from tests.assemble.samples import done, failed, paper

HINT = "Move it away, or make that day again with 'arxiv-digest run'."
ENTRIES = (done(paper(1)), failed(paper(2)))
REPORT = RunReport(
    name="a",
    date="2024-04-01",
    papers=2,
    cached=0,
    summarized=1,
    source=SourceCount(announced=2, fetched=2, missing=0),
    complete=False,
)


def write(output: Path, name: str, text: str | None = None) -> Path:
    """Write a file below ``output``; by default a digest."""
    path = output / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(Digest("a", "2024-04-01", ENTRIES, Source())) if text is None else text, "utf-8")
    return path


def test_digests_and_days_are_found_by_their_places(tmp_path: Path) -> None:
    """Names sorted, days newest first; what is no digest is passed over."""
    for name in ("b/2024-04-01", "b/2024-04-10", "b/2023-12-31", "a.b+c/2024-04-02"):
        write(tmp_path, f"{name}.json")
    for other in ("b/2024-04-11.run.json", "b/2024-02-30.json", "b/20240412.json", "b/notes.json", "b/2024-04-13.md"):
        write(tmp_path, other, "{}")
    for other in ("site/2024-04-01.json", ".hidden/2024-04-01.json", "empty/feed.xml", "2024-04-01.json"):
        write(tmp_path, other, "{}")
    archive = Archive(tmp_path)
    assert archive.names() == ("a.b+c", "b")
    assert archive.dates("b") == ("2024-04-10", "2024-04-01", "2023-12-31")
    assert archive.dates("c") == ()


def test_where_nothing_was_written_there_is_nothing(tmp_path: Path) -> None:
    """Nor is a folder made."""
    assert Archive(tmp_path / "outputs").names() == ()
    assert list(tmp_path.iterdir()) == []


def test_a_day_is_read_as_it_was_written_and_called_after_its_place(tmp_path: Path) -> None:
    """A folder may be renamed."""
    write(tmp_path, "renamed/2024-04-02.json")
    assert Archive(tmp_path).day("renamed", "2024-04-02") == Day(name="renamed", date="2024-04-02", entries=ENTRIES)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is not a digest: it is not JSON: Expecting property name"),
        ("", "is not a digest: it is not JSON: Expecting value"),
        ("[]", "is not a digest: "),
        ("{}", "is not a digest: entries: missing"),
        (
            '{"entries": [{"paper": {"id": "2404.00001", "title": "T"}}]}',
            "is not a digest: entries.0.paper.abstract: missing",
        ),
        (
            '{"entries": [{"paper": {"id": "x", "title": "T", "abstract": "A"}}]}',
            "is not a digest: entries.0.paper: 'x' is no",
        ),
        ("[" * 100_000, "is not a digest: it is not JSON: "),
    ],
    ids=["cut", "empty", "list", "no-entries", "half-a-paper", "wrong-id", "deep"],
)
def test_a_file_that_is_no_digest_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    """In one error that says what is wrong with it."""
    path = write(tmp_path, "a/2024-04-01.json", text)
    with pytest.raises(InputError) as caught:
        Archive(tmp_path).day("a", "2024-04-01")
    assert caught.value.message.startswith(f"{path}: {complaint}")
    assert caught.value.hint == HINT


def test_bytes_that_are_no_text_and_a_file_that_is_missing_are_named(tmp_path: Path) -> None:
    """The same error."""
    write(tmp_path, "a/2024-04-01.json").write_bytes(b'{"entries": ["\xff"]}')
    with pytest.raises(InputError, match=r"a/2024-04-01\.json: is not a digest: it is not JSON: 'utf-8' codec"):
        Archive(tmp_path).day("a", "2024-04-01")
    with pytest.raises(InputError, match=r"a/2024-04-02\.json: cannot be read: No such file"):
        Archive(tmp_path).day("a", "2024-04-02")


def test_a_report_is_read_if_it_can_be(tmp_path: Path) -> None:
    """A digest is whole without."""
    archive = Archive(tmp_path)
    assert archive.report("a", "2024-04-01") is None
    path = write(tmp_path, "a/2024-04-01.run.json", REPORT.model_dump_json())
    assert archive.report("a", "2024-04-01") == REPORT
    path.write_text("{}")
    assert archive.report("a", "2024-04-01") is None


def test_addresses_follow_the_places_of_the_files() -> None:
    """Where the site's address is known."""
    assert page_address("https://x.org/d", "a+b", "2024-04-01") == "https://x.org/d/a%2Bb/2024-04-01.html"
    assert feed_address("https://x.org/d", "cs.CL") == "https://x.org/d/cs.CL/feed.xml"
    assert (page_address(None, "a", "2024-04-01"), feed_address(None, "a")) == (None, None)
