"""``feed.xml``, as runs write it from day to day."""

from __future__ import annotations

from pathlib import Path

import feedparser
import pytest

from pipeline.cli.edge import guarded
from pipeline.records import End, Source
from pipeline.stream import EndLine, line
from tests.assemble.samples import done, paper

from .program import RECORDS, lines

REPLIES = "replay:replies.jsonl"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with ten papers and their replies."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ten.jsonl").write_text(lines(RECORDS[:10]))
    (tmp_path / "two.jsonl").write_text(lines(RECORDS[:2]))
    (tmp_path / "replies.jsonl").write_text(lines(RECORDS))
    return tmp_path


def run(date: str, *more: str, papers: str = "two.jsonl") -> int:
    """Make the digest of a day."""
    return guarded(["run", "--input", papers, "--base-url", REPLIES, "--name", "x", "--date", date, "-q", *more])


def test_the_feed_has_every_day_whichever_was_made_last(folder: Path) -> None:
    """Newest first; a day that is made again is there once, and the same days give the same bytes."""
    feed = folder / "outputs" / "x" / "feed.xml"
    made = []
    for date, papers in (("2026-04-28", "two.jsonl"), ("2026-04-27", "ten.jsonl"), ("2026-04-28", "two.jsonl")):
        assert run(date, papers=papers) == 0
        made.append(feed.read_bytes())
    assert made[1] == made[2] != made[0]
    assert [entry.title for entry in feedparser.parse(made[2]).entries] == ["x 2026-04-28：2 篇", "x 2026-04-27：10 篇"]


def test_the_settings_say_what_an_entry_is_and_where_the_site_is(folder: Path) -> None:
    """In digest.toml."""
    (folder / "digest.toml").write_text('feed = "paper"\nsite_url = "https://example.org/d/"\n')
    assert run("2026-04-28") == 0
    parsed = feedparser.parse((folder / "outputs" / "x" / "feed.xml").read_bytes())
    assert len(parsed.entries) == 2
    assert parsed.feed.links[0].href == "https://example.org/d/x/feed.xml"


def entries_of(name: str) -> int:
    """Return how many entries the feed of a digest has."""
    return len(feedparser.parse(Path("outputs", name, "feed.xml").read_bytes()).entries)


SECTIONS = 'feed = "{0}"\n[digests.x]\ncategories = ["cs.CL"]\nfeed = "{1}"\n[digests.y]\ncategories = ["cs.CL"]\n'


@pytest.mark.parametrize(("top", "own", "x", "other"), [("day", "paper", 2, 1), ("paper", "day", 1, 2)])
def test_a_section_says_what_an_entry_of_its_own_feed_is(
    folder: Path, *, top: str, own: str, x: int, other: int
) -> None:
    """For the digest of its name, by whichever command; for all others the top of the file does."""
    (folder / "digest.toml").write_text(SECTIONS.format(top, own))
    for name in ("x", "y", "z"):
        assert run("2026-04-28", "--name", name) == 0
    assert [entries_of(name) for name in ("x", "y", "z")] == [x, other, other]
    for name in ("x", "y"):
        Path("outputs", name, "feed.xml").unlink()
    end = EndLine(end=End(source=Source(name="y", date="2026-04-28"), exit=0))
    (folder / "entries.jsonl").write_text("".join(f"{line(one)}\n" for one in (done(paper(1)), done(paper(2)), end)))
    for words in (("--name", "x"), ()):
        assert guarded(["assemble", "--input", "entries.jsonl", "--replace", *words, "-q"]) == 0
    assert [entries_of(name) for name in ("x", "y")] == [x, other]


def test_a_page_names_the_feed_that_is_written_with_it(folder: Path) -> None:
    """And no other."""
    page = folder / "outputs" / "x" / "2026-04-28.html"
    for formats, links in (("html,json,atom", 1), ("html,json", 0)):
        assert run("2026-04-28", "--format", formats) == 0
        assert page.read_text("utf-8").count('<link rel="alternate" type="application/atom+xml"') == links


def test_a_format_that_is_not_asked_for_is_not_written(folder: Path) -> None:
    """The feed is one of them."""
    assert run("2026-04-28", "--format", "md,json") == 0
    assert not (folder / "outputs" / "x" / "feed.xml").exists()


def test_a_day_that_cannot_be_read_costs_that_day_and_a_warning(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not the run that was paid for."""
    broken = folder / "outputs" / "x" / "2026-04-27.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    assert run("2026-04-28") == 0
    said = capfd.readouterr().err
    assert "arxiv-digest: warning: outputs/x/2026-04-27.json: is not a digest: it is not JSON" in said
    assert said.strip().endswith("; the feed goes without that day")
    assert len(feedparser.parse((folder / "outputs" / "x" / "feed.xml").read_bytes()).entries) == 1
