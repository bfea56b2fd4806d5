"""The site, built from the written digests alone: what stands in the output folder decides every byte of it.

It holds one day, or the papers of one month of arXiv ids, at a time. In between the entries wait in temporary files,
one for each such month, so that all appearances of a paper meet there.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from pipeline import outputs
from pipeline.archive import FEED, Archive
from pipeline.assemble import Digest, html
from pipeline.assemble.site import (
    ASSETS,
    DayLine,
    Frame,
    archive_page,
    day_line,
    day_page,
    month_page,
    paper_month,
    paper_path,
    search_page,
    shared,
    start_page,
)
from pipeline.assemble.statistics import statistics_page
from pipeline.assemble.versions import Appearance, paper_page, versions
from pipeline.errors import InputError, OutputError, UsageError
from pipeline.records import Day, Entry, Source
from pipeline.search import Pagefind
from pipeline.stream import line

FOLDER = "site"
"""Name of the site's folder below the output folder."""
PAPERS, SEARCH = "_papers", "_search"
_OURS = re.compile(r"index\.html|feed\.xml|\d{4}-\d\d(-\d\d)?\.html")
"""Files of a digest's folder that the site makes, and may remove; what else somebody puts there stays."""
_PAGES = ("index.html", "statistics.html", "search.html", ".nojekyll", *ASSETS)


@dataclass
class Built:
    """What became of a site."""

    root: Path
    days: list[DayLine] = field(default_factory=list)
    """Of all digests, each newest first."""
    categories: Counter[str] = field(default_factory=Counter)
    """Papers by primary category."""
    papers: int = 0
    written: int = 0
    """Files that are new or differ from those that were there, indexes not counted."""
    removed: int = 0
    """Files that no digest gives any more, indexes not counted."""
    indexed: int = 0
    """Indexes of a month that were made anew."""
    broken: int = 0
    """Days and indexes that are not in it; each was warned of."""

    def put(self, place: str, content: str | bytes) -> None:
        """Write a file of the site unless it is there already."""
        data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
        self.written += outputs.write_changed(self.root / place, data)

    def drop(self, paths: Iterable[Path]) -> None:
        """Remove files, and folders with what is in them."""
        for path in paths:
            self.removed += sum(each.is_file() for each in path.rglob("*")) if path.is_dir() else 1
            outputs.remove(path)


def build(archive: Archive, search: Pagefind | None, warn: Callable[[str], None]) -> Built:
    """Build the site of all digests; without ``search`` it has no full-text search.

    Raises:
        UsageError: there is no digest, or none that can be read; or the folder cannot be written.
        OutputError: a file of the site could not be written.
    """
    if not archive.names():
        raise UsageError(f"{archive.output}: no digest yet", hint="'arxiv-digest demo' makes one.")
    built = Built(archive.output / FOLDER)
    outputs.check_writable(built.root)
    with outputs.alone(built.root, warn), tempfile.TemporaryDirectory(prefix="arxiv-digest-") as folder:
        spool = Path(folder)
        feeds = _write_digests(archive, built, spool, warn=warn, frame=Frame(1, search is not None))
        if not built.days:
            raise UsageError(f"{archive.output}: no digest can be read")
        indexed = list(_write_papers(built, spool, search, warn))
        _write_start(built, feeds, indexed, Frame(0, search is not None))
    return built


def _write_digests(
    archive: Archive, built: Built, spool: Path, *, warn: Callable[[str], None], frame: Frame
) -> list[str]:
    """Write the folder of each digest and put its entries into ``spool``; return the digests that have a feed."""
    feeds = []
    made: set[str] = set()
    for name in archive.names():
        days = list(_read_days(archive, name, built, spool, warn))
        if not days:
            continue
        made.add(name)
        built.days += days
        feed = _read(archive.output / name / FEED)
        _write_days(archive, built, days, frame, has_feed=feed is not None)
        if feed is not None:
            feeds.append(name)
            built.put(f"{name}/{FEED}", feed)
        _write_archive(built, name, days, [name] if feed is not None else [], frame)
    for folder in built.root.iterdir():
        if folder.is_dir() and not folder.is_symlink() and folder.name not in {PAPERS, SEARCH, *made}:
            _drop_digest(folder, built)
    return feeds


def _drop_digest(folder: Path, built: Built) -> None:
    """Remove the pages of a digest that is gone; a folder whose start page is not ours is somebody else's."""
    index = folder / "index.html"
    if _is_ours(index):
        built.drop(path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path != index)
        # Last, because it says whose the others are.
        built.drop([index])
        if not any(folder.iterdir()):
            folder.rmdir()


def _is_ours(index: Path) -> bool:
    """Return whether a start page is the site's: it names the stylesheet that the site's pages share."""
    try:
        return b"_assets/site.css" in index.read_bytes()
    except OSError:
        return False


def _read_days(
    archive: Archive, name: str, built: Built, spool: Path, warn: Callable[[str], None]
) -> Iterator[DayLine]:
    """Put the entries of each day of a digest into ``spool``; yield what the site keeps of it, newest first."""
    for date in archive.dates(name):
        try:
            day = archive.day(name, date)
        except InputError as error:
            warn(f"{error.message}; the site goes without that day")
            built.broken += 1
            continue
        _spool(day, spool)
        yield day_line(day, archive.report(name, date))


def _write_days(archive: Archive, built: Built, days: Sequence[DayLine], frame: Frame, *, has_feed: bool) -> None:
    """Write the page of each day of a digest, ``days`` newest first, with links to those beside it."""
    dates = [None, *(day.date for day in days), None]
    for day, later, earlier in zip(days, dates, dates[2:], strict=False):
        page = _read(archive.output / day.name / f"{day.date}.html")
        if page is None:
            page = _page_of(archive, day, has_feed=has_feed)
        built.put(f"{day.name}/{day.date}.html", day_page(page, frame, earlier=earlier, later=later))


def _page_of(archive: Archive, day: DayLine, *, has_feed: bool) -> bytes:
    """Return the page of a day that was written without one."""
    report = archive.report(day.name, day.date)
    source = Source()
    if report:
        counts = report.source.model_dump()
        source = Source(**counts, missing_papers=report.missing_papers, notes=report.notes)
    entries = archive.day(day.name, day.date).entries
    page = html(Digest(day.name, day.date, entries, source, has_feed=has_feed))
    return page.encode("utf-8", "replace")


def _spool(day: Day, spool: Path) -> None:
    by_month = sorted(day.entries, key=lambda entry: paper_month(entry.paper.id))
    for month, entries in groupby(by_month, key=lambda entry: paper_month(entry.paper.id)):
        with (spool / month).open("a", encoding="utf-8", errors="replace", newline="\n") as file:
            file.writelines(f"{entry.paper.id}\t{day.name}\t{day.date}\t{line(entry)}\n" for entry in entries)


def _write_archive(built: Built, name: str, days: Sequence[DayLine], feeds: Sequence[str], frame: Frame) -> None:
    """Write the page of a digest and those of its months; remove the pages of days that are gone."""
    kept = {"index.html", *(f"{day.date}.html" for day in days), *([FEED] if feeds else [])}
    built.put(f"{name}/index.html", archive_page(name, days, feeds, frame))
    for month, lines in groupby(days, key=lambda day: day.month):
        kept.add(f"{month}.html")
        built.put(f"{name}/{month}.html", month_page(list(lines), feeds, frame))
    there = list((built.root / name).iterdir())
    built.drop(path for path in there if _OURS.fullmatch(path.name) and path.name not in kept)


def _write_papers(built: Built, spool: Path, search: Pagefind | None, warn: Callable[[str], None]) -> Iterator[str]:
    """Write the page of each paper, month by month; yield the months that can be searched, newest first."""
    months = sorted((path.name for path in spool.iterdir()), key=_of_century, reverse=True)
    frame = Frame(2, search is not None)
    for month in months:
        fingerprint = _write_month(built, spool / month, frame)
        if search is None:
            continue
        try:
            place = built.root / SEARCH / month
            built.indexed += search.index(built.root / PAPERS / month, place, fingerprint=fingerprint)
            yield month
        except OutputError as error:
            warn(f"{error.message}; papers of {month} cannot be searched")
            built.broken += 1
            # An index of pages that have changed would find what is no more.
            _remove_all([place] if place.exists() else [])
    _keep(built.root / PAPERS, months, built.drop)
    _keep(built.root / SEARCH, months if search else (), _remove_all)


def _write_month(built: Built, spooled: Path, frame: Frame) -> str:
    """Write the pages of the papers whose ids begin alike; return a fingerprint of them."""
    lines: dict[str, list[str]] = {}
    with spooled.open(encoding="utf-8", newline="\n") as file:
        for text in file:
            paper_id, _, rest = text.partition("\t")
            lines.setdefault(paper_id, []).append(rest)
    fingerprint = hashlib.sha256()
    places = set()
    for paper_id, rests in sorted(lines.items()):
        of = versions(map(_appearance, rests))
        page = paper_page(of, frame)
        place = paper_path(paper_id)
        built.put(place, page)
        built.papers += 1
        paper = of[0].entry.paper
        if category := paper.primary_category or next(iter(paper.categories), None):
            built.categories[category] += 1
        fingerprint.update(f"{place}\0{page}\0".encode("utf-8", "replace"))
        places.add(Path(place).name)
    _keep(built.root / PAPERS / spooled.name, places, built.drop)
    return fingerprint.hexdigest()


def _appearance(text: str) -> Appearance:
    name, date, entry = text.split("\t", 2)
    return Appearance(name, date, Entry.model_validate_json(entry))


def _write_start(built: Built, feeds: Sequence[str], indexed: Sequence[str], frame: Frame) -> None:
    """Write the pages at the root and what all pages share."""
    newest = [next(days) for _, days in groupby(built.days, key=lambda day: day.name)]
    texts = {
        "index.html": start_page(newest, feeds, frame),
        "statistics.html": statistics_page(built.days, built.categories, frame),
        # Else GitHub Pages, which serves a branch through Jekyll, would leave out what begins with an underscore.
        ".nojekyll": "",
        **{place: shared(place) for place in ASSETS},
    }
    if frame.has_search:
        texts["search.html"] = search_page(indexed, built.papers, frame)
    for place, text in texts.items():
        built.put(place, text)
    gone = (built.root / place for place in _PAGES if place not in texts)
    built.drop(path for path in gone if path.is_file())


def _of_century(month: str) -> str:
    """Return a month of ids so that it sorts: arXiv began in 1991."""
    return f"{'19' if month >= '91' else '20'}{month}"


def _keep(folder: Path, names: Iterable[str], drop: Callable[[Iterable[Path]], object]) -> None:
    """Have all but ``names`` dropped from a folder that is the site's alone, and that folder if nothing is left."""
    if folder.is_dir():
        there = list(folder.iterdir())
        kept = set(names)
        drop([path for path in there if path.name not in kept])
        if not kept:
            folder.rmdir()


def _remove_all(paths: Iterable[Path]) -> None:
    for path in paths:
        outputs.remove(path)


def _read(path: Path) -> bytes | None:
    """Return what is in a file, None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
