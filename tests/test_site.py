"""The site, built from written digests."""

from __future__ import annotations

import errno
import fcntl
import os
import queue
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline import search as search_module
from pipeline.archive import Archive, feed_address, page_address
from pipeline.assemble import Digest, FeedStyle, as_json, atom, html
from pipeline.cli.edge import guarded
from pipeline.errors import OutputError, UsageError
from pipeline.outputs import alone
from pipeline.records import Day, Entry, Missing, Note, RunReport, Source, SourceCount
from pipeline.search import Pagefind
from pipeline.site import build
from tests.assemble.samples import done, failed, paper

HAS_PAGEFIND = Pagefind.installed() is not None
needs_pagefind = pytest.mark.skipif(not HAS_PAGEFIND, reason="needs the extra arxiv-digest[search]")
GOOD = done(paper(1, categories=["cs.CL", "cs.AI"], primary_category="cs.CL"))
OLD = done(paper(2, id="math/0309136", categories=["math.GT"]))
BAD = failed(paper(3))


def write(output: Path, name: str, day: str, *entries: Entry, page: bool = True) -> None:
    """Write a day of a digest as a run does, with the feed of that day."""
    folder = output / name
    folder.mkdir(parents=True, exist_ok=True)
    digest = Digest(name, day, entries, Source(fetched=len(entries)))
    (folder / f"{day}.json").write_text(as_json(digest), "utf-8")
    if page:
        (folder / f"{day}.html").write_text(html(digest), "utf-8")
        (folder / "feed.xml").write_text(
            atom(name, iter([Day(name=name, date=day, entries=entries)]), FeedStyle()), "utf-8"
        )


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output folder with two digests."""
    folder = tmp_path / "outputs"
    write(folder, "cs.CL", "2024-04-01", GOOD, BAD)
    write(folder, "cs.CL", "2024-04-02", OLD)
    write(folder, "a+b", "2024-03-29", GOOD, page=False)
    return folder


def made(output: Path) -> dict[str, bytes]:
    """Return every file of the site, by its place."""
    site = output / "site"
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def built(output: Path, said: Callable[[str], None] = pytest.fail) -> set[str]:
    """Build the site without search and return the places that were written."""
    before = {path: path.stat().st_mtime_ns for path in (output / "site").rglob("*") if path.is_file()}
    for path in before:
        os.utime(path, ns=(1, 1))
    result = build(Archive(output), None, said)
    written = {
        path.relative_to(output / "site").as_posix()
        for path in (output / "site").rglob("*")
        if path.is_file() and path.stat().st_mtime_ns != 1
    }
    assert result.written == len(written)
    return written


PLACES = {
    *("index.html", "statistics.html", ".nojekyll", "_assets/site.css", "_assets/site.js", "_assets/search.js"),
    *("cs.CL/index.html", "cs.CL/2024-04.html", "cs.CL/2024-04-01.html", "cs.CL/2024-04-02.html", "cs.CL/feed.xml"),
    *("a+b/index.html", "a+b/2024-03.html", "a+b/2024-03-29.html"),
    *("_papers/2404/2404.00001.html", "_papers/2404/2404.00003.html", "_papers/0309/math-0309136.html"),
}


def test_every_day_month_digest_and_paper_has_its_place(output: Path) -> None:
    """The pages and feeds of the days are those that were written; a day without a page gets one."""
    assert built(output) == PLACES
    files = made(output)
    assert files["cs.CL/feed.xml"] == (output / "cs.CL" / "feed.xml").read_bytes()
    before, ways, after = re.split(rb"(?s)(<nav.*</nav>\n)", files["cs.CL/2024-04-01.html"])
    assert ways
    assert before + after == (output / "cs.CL" / "2024-04-01.html").read_bytes()
    assert "2404.00001" in files["a+b/2024-03-29.html"].decode()


def ways_from(page: bytes) -> list[str]:
    """Return where the links of a page's navigation lead."""
    (ways,) = re.findall(r"(?s)<nav.*?</nav>", page.decode())
    return re.findall(r'href="([^"]*)"', ways)


def test_from_a_day_lead_ways_to_the_site_and_the_days_beside_it(output: Path) -> None:
    """Of the same digest, over a day that cannot be read; the page may have been written by a run or be made here."""
    write(output, "cs.CL", "2024-04-03", page=False)
    (output / "cs.CL" / "2024-04-02.json").write_text("{")
    build(Archive(output), None, lambda _: None)
    files = made(output)
    assert {place: ways_from(files[place]) for place in files if re.search(r"/\d{4}-\d\d-\d\d\.html", place)} == {
        "cs.CL/2024-04-01.html": ["../index.html", "index.html", "2024-04-03.html"],
        "cs.CL/2024-04-03.html": ["../index.html", "index.html", "2024-04-01.html"],
        "a+b/2024-03-29.html": ["../index.html", "index.html"],
    }
    build(Archive(output), Indexer(), lambda _: None)
    assert ways_from(made(output)["a+b/2024-03-29.html"]) == ["../index.html", "index.html", "../search.html"]


def test_a_page_of_another_kind_is_copied_as_it_is(output: Path) -> None:
    """No way is put where nobody knows what stands there."""
    page = output / "cs.CL" / "2024-04-01.html"
    page.write_text("<body class='mine'>\n<p>Mine\n")
    built(output)
    assert made(output)["cs.CL/2024-04-01.html"] == page.read_bytes()


def test_a_page_that_is_made_here_names_the_feed_that_is_there(output: Path) -> None:
    """And none where there is none."""
    write(output, "cs.CL", "2024-04-03", page=False)
    built(output)
    files = made(output)
    assert b'<link rel="alternate"' in files["cs.CL/2024-04-03.html"]
    assert b'<link rel="alternate"' not in files["a+b/2024-03-29.html"]


def test_places_are_those_that_feeds_and_messages_link_to(output: Path) -> None:
    """Whether the output folder is published or the site alone."""
    built(output)
    assert page_address("https://x.org", "cs.CL", "2024-04-01") == "https://x.org/cs.CL/2024-04-01.html"
    assert feed_address("https://x.org", "cs.CL") == "https://x.org/cs.CL/feed.xml"
    assert {"cs.CL/2024-04-01.html", "cs.CL/feed.xml"} <= made(output).keys()


def test_all_links_within_the_site_lead_somewhere(output: Path) -> None:
    """From any page, to files and to the papers on them."""
    built(output)
    files = made(output)
    for place, content in files.items():
        if not place.endswith(".html"):
            continue
        for link in re.findall(r'(?:href|src)="([^":#]+)(#[^"]*)?"', content.decode()):
            target = os.path.normpath(Path(place).parent / link[0].replace("%2B", "+"))
            assert target in files, (place, link)
            if link[1]:
                assert f'id="{link[1][1:]}"' in files[target].decode() or link[1] == "#main"


def test_the_same_digests_give_the_same_bytes(output: Path, tmp_path: Path) -> None:
    """In another folder, too; and built again, nothing is written."""
    built(output)
    first = made(output)
    assert built(output) == set()
    other = tmp_path / "other"
    write(other, "a+b", "2024-03-29", GOOD, page=False)
    write(other, "cs.CL", "2024-04-01", GOOD, BAD)
    write(other, "cs.CL", "2024-04-02", OLD)
    built(other)
    assert made(other) == first


def test_a_new_day_writes_what_it_changes(output: Path) -> None:
    """Its page, its papers, the lists it is in, the day before it and the figures; all else is left alone."""
    built(output)
    write(output, "cs.CL", "2024-05-01", done(paper(9, id="2405.00009")), GOOD)
    assert built(output) == {
        *("index.html", "statistics.html", "cs.CL/index.html", "cs.CL/2024-05.html", "cs.CL/2024-05-01.html"),
        *("cs.CL/2024-04-02.html", "cs.CL/feed.xml", "_papers/2405/2405.00009.html", "_papers/2404/2404.00001.html"),
    }


def test_what_no_digest_gives_any_more_is_removed(output: Path) -> None:
    """Pages of days, months, digests and papers; what somebody else put there stays."""
    built(output)
    for name in ("CNAME", "cs.CL/notes.txt", ".git/HEAD", "mine/index.html"):
        (output / "site" / name).parent.mkdir(exist_ok=True)
        (output / "site" / name).write_text("mine")
    (output / "site" / "search.html").write_text("of a build with search")
    for path in (output / "a+b").iterdir():
        path.unlink()
    (output / "cs.CL" / "2024-04-02.json").unlink()
    (output / "cs.CL" / "feed.xml").unlink()
    build(Archive(output), None, pytest.fail)
    gone = {place for place in PLACES if place.startswith("a+b")} | {
        *("cs.CL/2024-04-02.html", "cs.CL/feed.xml", "_papers/0309/math-0309136.html")
    }
    assert not (output / "site" / "a+b").exists()
    assert made(output).keys() == PLACES - gone | {"CNAME", "cs.CL/notes.txt", ".git/HEAD", "mine/index.html"}


def test_a_folder_of_somebody_elses_stays(output: Path, tmp_path: Path) -> None:
    """Though its files are called like those of a digest, and where a link leads out of the site."""
    built(output)
    theirs = {name: output / "site" / "blog" / name for name in ("index.html", "2024-05-01.html", "2024-05.html")}
    theirs["index.html"].parent.mkdir()
    for path in theirs.values():
        path.write_text("mine")
    (output / "site" / "odd" / "index.html").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for name in ("index.html", "2024-04-01.html"):
        (tmp_path / "elsewhere" / name).write_bytes((output / "site" / "cs.CL" / name).read_bytes())
    (output / "site" / "gone").symlink_to(tmp_path / "elsewhere")
    assert build(Archive(output), None, pytest.fail).removed == 0
    assert [path.read_text() for path in theirs.values()] == ["mine"] * 3
    assert sorted(path.name for path in (output / "site" / "gone").iterdir()) == ["2024-04-01.html", "index.html"]


def test_a_second_build_waits_for_the_first(output: Path) -> None:
    """And says so; else each would remove what the other is about to put into place."""
    site = output / "site"
    site.mkdir()
    said: queue.Queue[str] = queue.Queue()
    with ThreadPoolExecutor() as pool:
        with alone(site, pytest.fail):
            second = pool.submit(build, Archive(output), None, said.put)
            assert said.get(timeout=30) == f"{site}: another process is writing it; waiting for its end"
            assert (second.done(), list(site.iterdir())) == (False, [])
        assert second.result(timeout=30).papers == 3


def test_a_folder_without_locks_is_written_all_the_same(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on some network file systems."""

    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert built(output) == PLACES


def test_a_broken_day_is_named_and_left_out(output: Path) -> None:
    """The rest is built."""
    (output / "cs.CL" / "2024-04-02.json").write_text("{}")
    said: list[str] = []
    result = build(Archive(output), None, said.append)
    broken = output / "cs.CL" / "2024-04-02.json"
    assert said == [f"{broken}: is not a digest: entries: missing; the site goes without that day"]
    assert (result.broken, result.papers, len(result.days)) == (1, 2, 2)
    assert "cs.CL/2024-04-02.html" not in made(output)


def test_papers_are_counted_once_by_their_primary_category(output: Path) -> None:
    """Else by the first; a paper in two digests is one paper."""
    result = build(Archive(output), None, pytest.fail)
    assert (result.papers, result.categories) == (3, {"cs.CL": 1, "math.GT": 1})


def test_where_no_day_can_be_read_nothing_is_built(tmp_path: Path) -> None:
    """One error, and no page."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "2024-04-01.json").write_text("{")
    with pytest.raises(UsageError, match="no digest can be read"):
        build(Archive(tmp_path), None, lambda _: None)
    assert list((tmp_path / "site").iterdir()) == []


def test_a_page_that_cannot_be_read_is_an_error(output: Path) -> None:
    """That names it."""
    (output / "cs.CL" / "feed.xml").unlink()
    (output / "cs.CL" / "feed.xml").mkdir()
    with pytest.raises(UsageError, match=r"feed\.xml: cannot be read: Is a directory"):
        build(Archive(output), None, pytest.fail)


def test_a_place_that_is_taken_is_an_error(output: Path) -> None:
    """That names it."""
    (output / "site" / "index.html" / "x").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"index\.html: cannot be written"):
        build(Archive(output), None, pytest.fail)


class Indexer(Pagefind):
    """Writes down what it is to index; fails for one month."""

    def __init__(self, broken: str = "") -> None:
        super().__init__("1")
        self.broken = broken
        self.asked: list[tuple[str, str]] = []

    def index(self, pages: Path, place: Path, *, fingerprint: str) -> bool:
        """Make a folder, or fail."""
        if pages.name == self.broken:
            raise OutputError(f"{pages}: no")
        assert sorted(path.suffix for path in pages.iterdir()) == [".html"] * len(list(pages.iterdir()))
        place.mkdir(parents=True, exist_ok=True)
        self.asked.append((pages.name, fingerprint))
        return True


def test_each_month_of_ids_has_an_index_of_its_own(output: Path) -> None:
    """The newest first; its fingerprint changes with its papers alone; months that are gone go."""
    (output / "site" / "_search" / "2301").mkdir(parents=True)
    first, second = Indexer(), Indexer()
    result = build(Archive(output), first, pytest.fail)
    assert [month for month, _ in first.asked] == ["2404", "0309"]
    assert result.indexed == 2
    assert {path.name for path in (output / "site" / "_search").iterdir()} == {"2404", "0309"}
    assert 'data-months="2404 0309"' in made(output)["search.html"].decode()
    write(output, "cs.CL", "2024-04-03", done(paper(4)))
    build(Archive(output), second, pytest.fail)
    assert [old == new for old, new in zip(first.asked, second.asked, strict=True)] == [False, True]
    build(Archive(output), None, pytest.fail)
    assert not {"search.html", "_search"} & {path.name for path in (output / "site").iterdir()}


def test_an_index_that_fails_is_warned_of_and_left_out(output: Path) -> None:
    """An older index of that month goes, for it would find what is no more."""
    (output / "site" / "_search" / "0309").mkdir(parents=True)
    said: list[str] = []
    result = build(Archive(output), Indexer("0309"), said.append)
    assert said == [f"{output / 'site' / '_papers' / '0309'}: no; papers of 0309 cannot be searched"]
    assert (result.broken, result.indexed) == (1, 1)
    assert 'data-months="2404"' in made(output)["search.html"].decode()
    assert [path.name for path in (output / "site" / "_search").iterdir()] == ["2404"]


@needs_pagefind
def test_an_index_is_made_once(output: Path, tmp_path: Path) -> None:
    """Again for other pages or another Pagefind; the same pages give the same bytes; nothing else is left behind."""
    build(Archive(output), None, pytest.fail)
    pages, places = output / "site" / "_papers" / "2404", [tmp_path / "i" / name for name in ("one", "two")]
    indexer = Pagefind.installed()
    assert indexer
    assert [indexer.index(pages, place, fingerprint="x") for place in (*places, places[0])] == [True, True, False]
    files = [{path.name: path.read_bytes() for path in place.rglob("*") if path.is_file()} for place in places]
    assert files[0] == files[1]
    assert {"pagefind.js", "pagefind-worker.js", "pagefind-entry.json", "wasm.unknown.pagefind"} <= files[0].keys()
    assert not [name for name in files[0] if "ui" in name]
    assert indexer.index(pages, places[0], fingerprint="y")
    assert Pagefind("another").index(pages, places[0], fingerprint="y")
    assert sorted(path.name for path in (tmp_path / "i").iterdir()) == ["one", "two"]


@pytest.mark.parametrize("broken", ["pagefind", "pagefind_bin_extended"])
def test_a_pagefind_that_cannot_be_imported_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """The site is built without search then, as where it was never installed."""
    for name in ("pagefind", "pagefind_bin_extended"):
        (tmp_path / f"{name}.py").write_text(f"if __name__ == {broken!r}: raise ImportError('half installed')")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert Pagefind.installed() is None


@needs_pagefind
def test_pagefind_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pages, or without time; what was there stays."""
    indexer = Pagefind("1")
    with pytest.raises(OutputError, match="Pagefind made no index: "):
        indexer.index(tmp_path / "none", tmp_path / "place", fingerprint="x")
    monkeypatch.setattr(search_module, "START_S", 0.0)
    with pytest.raises(OutputError, match="Pagefind made no index within 0 s"):
        indexer.index(tmp_path, tmp_path / "place", fingerprint="x")
    assert list(tmp_path.iterdir()) == []


def test_an_index_needs_a_place(tmp_path: Path) -> None:
    """A folder that cannot be made is named."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="place: cannot be written"):
        Pagefind("1").index(tmp_path, tmp_path / "taken" / "place", fingerprint="x")


def test_a_year_of_days_is_listed_in_full(tmp_path: Path) -> None:
    """Each day and month once, whatever their number."""
    days = [(date(2024, 1, 1) + timedelta(days=number)).isoformat() for number in range(0, 366, 7)]
    for day in days:
        write(tmp_path, "a", day, page=False)
    result = build(Archive(tmp_path), None, pytest.fail)
    page = made(tmp_path)["a/index.html"].decode()
    assert re.findall(r'href="(\d{4}-\d\d-\d\d)\.html"', page) == days[::-1]
    assert len(re.findall(r'href="\d{4}-\d\d\.html"', page)) == 12
    assert (len(result.days), result.papers) == (53, 0)


def test_a_page_that_is_made_here_tells_what_is_missing(output: Path) -> None:
    """Each paper that did not come, and what is to be known of the source, as the run's own page would."""
    report = RunReport(
        name="a+b", date="2024-03-29", papers=1, cached=0, summarized=1, complete=False,
        source=SourceCount(announced=2, fetched=1, missing=1),
        missing_papers=(Missing(id="2403.99999", reason="not returned"),),
        notes=(Note(key="input_cut"),),
    )  # fmt: skip
    (output / "a+b" / "2024-03-29.run.json").write_text(report.model_dump_json())
    built(output)
    source = Source(announced=2, fetched=1, missing=1, missing_papers=report.missing_papers, notes=report.notes)
    page = html(Digest("a+b", "2024-03-29", (GOOD,), source))
    foot = page[page.index("<footer") :]
    assert "2403.99999" in foot
    assert made(output)["a+b/2024-03-29.html"].decode().endswith(foot)


def site(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Return how ``site`` ended and what it said."""
    code = guarded(["site", *words])
    return code, *capfd.readouterr()


def test_the_command_says_what_it_built(
    output: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And, where Pagefind is not installed, that search is left out; with -q nothing."""
    monkeypatch.chdir(output.parent)
    monkeypatch.setitem(sys.modules, "pagefind", None)
    assert site(capfd) == (
        0,
        (
            "site: 2 digests, 3 days, 3 papers; 17 files written, 0 removed, 0 indexes made\n"
            "  outputs/site/index.html\n"
            "  full-text search is left out; it needs pip install 'arxiv-digest[search]'\n"
        ),
        "",
    )
    assert site(capfd, "-q") == (0, "", "")


def test_the_command_ends_with_3_where_a_day_is_missing(
    output: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Having named its file."""
    monkeypatch.setitem(sys.modules, "pagefind", None)
    (output / "cs.CL" / "2024-04-02.json").write_text("{}")
    code, _, said = site(capfd, "-o", str(output))
    assert code == 3
    assert said.startswith(f"arxiv-digest: warning: {output / 'cs.CL' / '2024-04-02.json'}: is not a digest")


def test_the_command_needs_a_digest(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One error with what to do, and nothing is made."""
    assert site(capfd, "-o", str(tmp_path / "o")) == (
        2,
        "",
        f"arxiv-digest: {tmp_path / 'o'}: no digest yet\n  'arxiv-digest demo' makes one.\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_costs_and_missing_papers_come_from_the_reports(output: Path) -> None:
    """Onto the statistics page."""
    report = RunReport(
        name="x", date="2024-04-01", papers=2, cached=0, summarized=1, cost_usd=0.25,
        source=SourceCount(announced=9, fetched=2, missing=7), complete=False,
    )  # fmt: skip
    (output / "cs.CL" / "2024-04-01.run.json").write_text(report.model_dump_json())
    built(output)
    page = made(output)["statistics.html"].decode()
    assert "<td>7</td><td>0.2500</td>" in page
    assert "其中 2 期的费用未知" in page
