"""The site, built from written digests."""

from __future__ import annotations

import errno
import json
import os
import queue
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from filelock import FileLock

from pipeline.archive import Archive, feed_address, page_address
from pipeline.assemble import Digest, FeedStyle, as_json, atom, html
from pipeline.cli.edge import guarded
from pipeline.errors import OutputError, UsageError
from pipeline.outputs import alone
from pipeline.records import Day, Entry, Missing, Note, RunReport, Shown, Source, SourceCount
from pipeline.site import Built, build
from pipeline.site.pages import Frame
from pipeline.site.paper import Version, paper_page
from tests.assemble.samples import done, failed, paper

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


def site_of(output: Path, said: Callable[[str], None] = pytest.fail) -> Built:
    """Build the site of all digests."""
    archive = Archive(output)
    return build(archive, archive.names(), said)


def built(output: Path, said: Callable[[str], None] = pytest.fail) -> set[str]:
    """Build the site and return the places that were written."""
    before = {path: path.stat().st_mtime_ns for path in (output / "site").rglob("*") if path.is_file()}
    for path in before:
        os.utime(path, ns=(1, 1))
    result = site_of(output, said)
    written = {
        path.relative_to(output / "site").as_posix()
        for path in (output / "site").rglob("*")
        if path.is_file() and path.stat().st_mtime_ns != 1
    }
    assert result.folder.written == len(written)
    return written


PLACES = {
    *("index.html", "statistics.html", ".nojekyll", "search.html"),
    *("_assets/site.css", "_assets/site.js", "_assets/search.js"),
    *("cs.CL/index.html", "cs.CL/2024-04.html", "cs.CL/2024-04-01.html", "cs.CL/2024-04-02.html", "cs.CL/feed.xml"),
    *("a+b/index.html", "a+b/2024-03.html", "a+b/2024-03-29.html"),
    *("_papers/2404/2404.00001.html", "_papers/2404/2404.00003.html", "_papers/0309/math-0309136.html"),
    *("_search/2404/papers.json", "_search/2404/0.json", "_search/0309/papers.json", "_search/0309/0.json"),
    *("_search/2404/stamp.json", "_search/0309/stamp.json"),
    *("_search/terms/0.json", "_search/terms/stamp.json"),
}


def test_every_day_month_digest_and_paper_has_its_place(output: Path) -> None:
    """The feeds are those that were written."""
    assert built(output) == PLACES
    assert made(output)["cs.CL/feed.xml"] == (output / "cs.CL" / "feed.xml").read_bytes()


def test_days_are_rendered_from_their_records(output: Path) -> None:
    """The page of a run decides nothing: neither what is written in it, nor whether it is there."""
    built(output)
    first = made(output)
    (output / "cs.CL" / "2024-04-01.html").write_text("<body>\n<p>Of an older release\n")
    (output / "cs.CL" / "2024-04-02.html").unlink()
    assert built(output) == set()
    assert made(output) == first


def test_a_day_of_the_site_says_what_the_page_of_its_run_says(output: Path) -> None:
    """Missing papers, notes, papers left out and the day of an earlier version come from the run report."""
    again = done(paper(5, announce_type="replace", version=2))
    source = Source(
        announced=4, fetched=2, repeated=1, missing=1,
        missing_papers=(Missing(id="2403.99999", reason="not returned"),),
        earlier=(Shown(id="2404.00005", day="2024-04-01", version=1, announce_type="new"),),
        notes=(Note(key="input_cut"), Note(key="repeated", figures={"count": 1, "ids": "2404.00009"})),
    )  # fmt: skip
    report = RunReport(
        name="cs.CL", date="2024-04-03", papers=1, cached=0, summarized=1, complete=False,
        source=SourceCount(announced=4, fetched=2, missing=1),
        missing_papers=source.missing_papers, repeated=1, earlier=source.earlier, notes=source.notes,
    )  # fmt: skip
    write(output, "cs.CL", "2024-04-03", again)
    (output / "cs.CL" / "2024-04-03.run.json").write_text(report.model_dump_json())
    built(output)
    page = html(Digest("cs.CL", "2024-04-03", (again,), source, has_feed=True))
    ours = made(output)["cs.CL/2024-04-03.html"].decode()
    without = re.sub(r' <a href="\.\./_papers[^>]*>单篇页面</a>', "", re.sub(r"(?s)<nav.*</nav>\n", "", ours))
    assert "2403.99999" in page
    assert 'href="2024-04-01.html"' in page
    assert without == page


def test_a_day_whose_report_is_lost_says_so(output: Path) -> None:
    """Its papers are there; it does not say that none is missing."""
    built(output)
    assert (output / "cs.CL" / "2024-04-01.run.json").exists() is False
    page = made(output)["cs.CL/2024-04-01.html"].decode()
    assert "无从得知" in page
    assert 'id="2404.00001"' in page


def test_a_day_links_to_its_papers_own_pages(output: Path) -> None:
    """Those with a summary and those without."""
    built(output)
    page = made(output)["cs.CL/2024-04-01.html"].decode()
    assert re.findall(r'href="(\.\./_papers/[^"]*)"', page) == [
        "../_papers/2404/2404.00001.html",
        "../_papers/2404/2404.00003.html",
    ]


def ways_from(page: bytes) -> list[str]:
    """Return where the links of a page's navigation lead."""
    (ways,) = re.findall(r"(?s)<nav.*?</nav>", page.decode())
    return re.findall(r'href="([^"]*)"', ways)


def test_from_a_day_lead_ways_to_the_site_and_the_days_beside_it(output: Path) -> None:
    """Of the same digest, over a day that cannot be read."""
    write(output, "cs.CL", "2024-04-03", page=False)
    (output / "cs.CL" / "2024-04-02.json").write_text("{")
    site_of(output, lambda _: None)
    files = made(output)
    ends = ["../search.html", "../statistics.html"]
    assert {place: ways_from(files[place]) for place in files if re.search(r"/\d{4}-\d\d-\d\d\.html", place)} == {
        "cs.CL/2024-04-01.html": ["../index.html", "index.html", "2024-04-03.html", *ends],
        "cs.CL/2024-04-03.html": ["../index.html", "index.html", "2024-04-01.html", *ends],
        "a+b/2024-03-29.html": ["../index.html", "index.html", *ends],
    }


def test_a_day_names_the_feed_that_is_there(output: Path) -> None:
    """And none where there is none."""
    write(output, "cs.CL", "2024-04-03", page=False)
    built(output)
    files = made(output)
    assert b'<link rel="alternate"' in files["cs.CL/2024-04-03.html"]
    assert b'<link rel="alternate"' not in files["a+b/2024-03-29.html"]


def test_digests_that_are_not_named_are_left_out(output: Path) -> None:
    """Of lists, feeds, papers and search; their folder of an earlier build is removed."""
    site_of(output)
    write(output, "try", "2024-05-01", done(paper(9, id="2405.00009")))
    archive = Archive(output)
    build(archive, archive.names(), pytest.fail)
    assert "try/2024-05-01.html" in made(output)
    build(archive, ["a+b", "cs.CL"], pytest.fail)
    assert made(output).keys() == PLACES
    assert b"try/" not in made(output)["index.html"]


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
        *("search.html", "_search/2405/papers.json", "_search/2405/0.json"),
        *("_search/2404/stamp.json", "_search/2405/stamp.json", "_search/terms/0.json", "_search/terms/stamp.json"),
    }


def test_what_no_digest_gives_any_more_is_removed(output: Path) -> None:
    """Pages of days, months, digests and papers; what somebody else put there stays."""
    built(output)
    for name in ("CNAME", "cs.CL/notes.txt", ".git/HEAD", "mine/index.html"):
        (output / "site" / name).parent.mkdir(exist_ok=True)
        (output / "site" / name).write_text("mine")
    (output / "site" / "_search" / "0102").mkdir()
    (output / "site" / "_search" / "0102" / "0.json").write_text("{}")
    for path in (output / "a+b").iterdir():
        path.unlink()
    (output / "cs.CL" / "2024-04-02.json").unlink()
    (output / "cs.CL" / "feed.xml").unlink()
    site_of(output)
    gone = {place for place in PLACES if place.startswith("a+b")} | {
        *("cs.CL/2024-04-02.html", "cs.CL/feed.xml", "_papers/0309/math-0309136.html"),
        *("_search/0309/papers.json", "_search/0309/0.json", "_search/0309/stamp.json"),
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
    assert site_of(output).folder.removed == 0
    assert [path.read_text() for path in theirs.values()] == ["mine"] * 3
    assert sorted(path.name for path in (output / "site" / "gone").iterdir()) == ["2024-04-01.html", "index.html"]


def test_a_second_build_waits_for_the_first(output: Path) -> None:
    """And says so; else each would remove what the other is about to put into place."""
    site = output / "site"
    site.mkdir()
    said: queue.Queue[str] = queue.Queue()
    with ThreadPoolExecutor() as pool:
        with alone(site, pytest.fail):
            second = pool.submit(site_of, output, said.put)
            assert said.get(timeout=30) == f"{site}: another process is writing it; waiting for its end"
            assert (second.done(), list(site.iterdir())) == (False, [])
        assert second.result(timeout=30).papers == 3


def test_a_folder_without_locks_is_written_all_the_same(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on some network file systems."""

    def no_locks(_lock: FileLock) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "_acquire", no_locks)
    said: list[str] = []
    site_of(output, said.append)
    site = output / "site"
    assert (site / "index.html").is_file()
    assert said == [f"{site}: cannot be locked, so two processes may write it at once: [Errno 37] No locks available"]


def test_a_broken_day_is_named_and_left_out(output: Path) -> None:
    """The rest is built."""
    (output / "cs.CL" / "2024-04-02.json").write_text("{}")
    said: list[str] = []
    result = site_of(output, said.append)
    broken = output / "cs.CL" / "2024-04-02.json"
    assert said == [f"{broken}: is not a digest: entries: missing; the site goes without that day"]
    assert (result.broken, result.papers, len(result.days)) == (1, 2, 2)
    assert "cs.CL/2024-04-02.html" not in made(output)


def test_papers_are_counted_once_by_their_primary_category(output: Path) -> None:
    """Else by the first, or as papers without one; a paper in two digests is one paper."""
    result = site_of(output)
    assert (result.papers, result.categories) == (3, {"cs.CL": 1, "math.GT": 1, "": 1})


def test_where_no_day_can_be_read_nothing_is_built(tmp_path: Path) -> None:
    """One error, and no page."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "2024-04-01.json").write_text("{")
    with pytest.raises(UsageError, match="no digest can be read"):
        site_of(tmp_path, lambda _: None)
    assert list((tmp_path / "site").iterdir()) == []


def test_a_page_that_cannot_be_read_is_an_error(output: Path) -> None:
    """That names it."""
    (output / "cs.CL" / "feed.xml").unlink()
    (output / "cs.CL" / "feed.xml").mkdir()
    with pytest.raises(UsageError, match=r"feed\.xml: cannot be read: Is a directory"):
        site_of(output)


def test_a_place_that_is_taken_is_an_error(output: Path) -> None:
    """That names it."""
    (output / "site" / "index.html" / "x").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"index\.html: cannot be written"):
        site_of(output)


def test_each_month_of_ids_has_an_index_of_its_own(output: Path) -> None:
    """The newest first; a new paper changes that of its month alone; months that are gone go."""
    assert list(site_of(output).months) == ["2404", "0309"]
    assert 'data-months="2404:1 0309:1"' in made(output)["search.html"].decode()
    assert json.loads(made(output)["_search/2404/papers.json"]) == ["2404.00003", "2404.00001"]
    write(output, "cs.CL", "2024-04-03", done(paper(4)))
    assert {place for place in built(output) if "_search" in place} == {
        "_search/2404/papers.json",
        "_search/2404/0.json",
        "_search/2404/stamp.json",
        "_search/terms/0.json",
        "_search/terms/stamp.json",
    }


@pytest.mark.parametrize("place", ["_search/terms/0.json", "_search/terms/stamp.json", "_search/terms/other.json"])
def test_which_months_have_a_term_is_said_again_if_it_was_changed(output: Path, place: str) -> None:
    """Whatever was changed, added or removed; if nothing was and no month is new, it is left alone."""
    site_of(output)
    before = made(output)
    (output / "site" / place).write_text("{}")
    site_of(output)
    assert made(output) == before
    assert built(output) == set()


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of papers whose pages a build renders, in the place of what was there before."""
    ids: list[str] = []

    def page(of: tuple[Version, ...], frame: Frame) -> str:
        ids.append(of[0].entry.paper.id)
        return paper_page(of, frame)

    monkeypatch.setattr(import_module("pipeline.site.build"), "paper_page", page)
    return ids


def test_a_month_in_which_nothing_is_new_is_left_alone(output: Path, rendered: list[str]) -> None:
    """Neither its pages nor its index are made again; a changed day makes the months of its papers again."""
    first = site_of(output)
    assert sorted(rendered) == ["2404.00001", "2404.00003", "math/0309136"]
    rendered.clear()
    second = site_of(output)
    assert rendered == []
    assert (second.papers, second.categories, second.months) == (first.papers, first.categories, first.months)
    write(output, "cs.CL", "2024-04-02", done(OLD.paper, translated_title="改"))
    site_of(output)
    assert rendered == ["math/0309136"]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("_papers/0309/math-0309136.html", "changed by hand"),
        ("_papers/0309/another.html", "too many"),
        ("_search/0309/0.json", "{}"),
        ("_search/0309/papers.json", None),
        ("_search/0309/stamp.json", "{"),
        (
            "_search/0309/stamp.json",
            '{"made_from": "other", "files": "", "index_files": 1, "categories": {}}',
        ),
    ],
)
def test_a_month_whose_files_are_not_as_they_were_made_is_made_again(
    output: Path, rendered: list[str], place: str, text: str | None
) -> None:
    """Whatever was changed, added or removed, and whatever other program had made it."""
    site_of(output)
    before = made(output)
    rendered.clear()
    path = output / "site" / place
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    site_of(output)
    assert rendered == ["math/0309136"]
    assert made(output) == before


def test_a_year_of_days_is_listed_in_full(tmp_path: Path) -> None:
    """Each day and month once, whatever their number."""
    days = [(date(2024, 1, 1) + timedelta(days=number)).isoformat() for number in range(0, 366, 7)]
    for day in days:
        write(tmp_path, "a", day, page=False)
    result = site_of(tmp_path)
    page = made(tmp_path)["a/index.html"].decode()
    assert re.findall(r'href="(\d{4}-\d\d-\d\d)\.html"', page) == days[::-1]
    assert len(re.findall(r'href="\d{4}-\d\d\.html"', page)) == 12
    assert (len(result.days), result.papers) == (53, 0)


def site(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Return how ``site`` ended and what it said."""
    code = guarded(["site", *words])
    return code, *capfd.readouterr()


def test_the_command_says_what_it_built(
    output: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And which digests it left out, being neither sections nor categories; with -q nothing."""
    monkeypatch.chdir(output.parent)
    assert site(capfd) == (
        0,
        (
            "site: 1 digests, 2 days, 3 papers; 23 files written, 0 removed\n"
            "  outputs/site/index.html\n"
            "  without try-outs (a+b); --all shows them too\n"
        ),
        "",
    )
    assert "a+b" not in made(output)["index.html"].decode()
    assert site(capfd, "--all") == (
        0,
        "site: 2 digests, 3 days, 3 papers; 8 files written, 0 removed\n  outputs/site/index.html\n",
        "",
    )
    (output.parent / "digest.toml").write_text('[digests."a+b"]\ncategories = ["cs.AI"]\n')
    assert "site: 2 digests, 3 days, 3 papers; 0 files written" in site(capfd)[1]
    assert site(capfd, "-q") == (0, "", "")


def test_where_there_are_only_tryouts_they_are_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says so; they go when a digest of a category is there."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "outputs", "demo", "2024-04-01", GOOD)
    assert site(capfd)[1].endswith(
        "  there are only try-outs, so they are shown; once a section or category is made they need --all\n"
    )
    assert "demo/index.html" in made(tmp_path / "outputs")
    write(tmp_path / "outputs", "cs.AI+econ", "2024-04-01", GOOD)
    assert "without try-outs (demo)" in site(capfd)[1]
    assert "demo/index.html" not in made(tmp_path / "outputs")


def test_the_command_ends_with_3_where_a_day_is_missing(output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Having named its file."""
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
