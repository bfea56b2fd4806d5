"""The site, built from the written digests alone: what stands in the output folder decides every byte of it.

It holds a few days, or the papers of one month of arXiv ids, at a time. In between the entries wait in temporary files,
one for each such month, so that all appearances of a paper meet there.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from pipeline import outputs
from pipeline.archive import FEED, Archive
from pipeline.assemble import as_written
from pipeline.errors import InputError, UsageError
from pipeline.records import Day, Entry, RunReport
from pipeline.site import month_terms
from pipeline.site.folder import Folder
from pipeline.site.index import Index
from pipeline.site.pages import (
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
from pipeline.site.paper import Appearance, Version, paper_page, searched_text, versions
from pipeline.site.stamp import STAMP, Stamp, entries_hash, files_hash, program_hash, read_stamp, stamps_hash
from pipeline.site.statistics import statistics_page
from pipeline.stream import line

FOLDER = "site"
"""Name of the site's folder below the output folder."""
PAPERS, SEARCH = "_papers", "_search"
_OURS = re.compile(r"index\.html|feed\.xml|\d{4}-\d\d(-\d\d)?\.html")
"""Files of a digest's folder that the site makes, and may remove; what else somebody puts there stays."""

Written = tuple[Day, RunReport | None]
"""A day as it was written, with its run report."""


@dataclass
class Built:
    """What became of a site."""

    folder: Folder
    days: list[DayLine] = field(default_factory=list)
    """Of all digests, each newest first."""
    feeds: list[str] = field(default_factory=list)
    """Digests that have a feed."""
    categories: Counter[str] = field(default_factory=Counter)
    """Papers by primary category, those without any under ""."""
    months: dict[str, int] = field(default_factory=dict)
    """Months of ids, newest first, and of how many files the index of each is."""
    broken: int = 0
    """Days that are not in it; each was warned of."""

    @property
    def papers(self) -> int:
        """Papers, each counted once."""
        return self.categories.total()


def build(archive: Archive, names: Sequence[str], warn: Callable[[str], None]) -> Built:
    """Build the site of the digests ``names``, and of no other.

    Raises:
        UsageError: none of their days can be read, or the folder cannot be written.
        OutputError: a file of the site could not be written.
    """
    built = Built(Folder(archive.output / FOLDER))
    outputs.check_writable(built.folder.root)
    with outputs.alone(built.folder.root, warn), tempfile.TemporaryDirectory(prefix="arxiv-digest-") as folder:
        spool = Path(folder)
        for name in names:
            _write_digest(archive, name, built, spool, warn)
        if not built.days:
            raise UsageError(f"{archive.output}: no digest can be read")
        _drop_digests(built)
        _write_papers(built, spool)
        _write_start(built)
    return built


def _write_digest(archive: Archive, name: str, built: Built, spool: Path, warn: Callable[[str], None]) -> None:
    """Write the folder of a digest and put its entries into ``spool``; nothing where no day can be read."""
    feed = _read(archive.output / name / FEED)
    days: list[DayLine] = []
    for later, (day, report), earlier in _with_neighbours(_read_days(archive, name, built, warn)):
        _spool(day, spool)
        page = day_page(as_written(day, report, has_feed=feed is not None), earlier=earlier, later=later)
        built.folder.put(f"{name}/{day.date}.html", page)
        days.append(day_line(day, report))
    if days:
        built.days += days
        if feed is not None:
            built.feeds.append(name)
            built.folder.put(f"{name}/{FEED}", feed)
        _write_archive(built, days, [name] if feed is not None else [])


def _read_days(archive: Archive, name: str, built: Built, warn: Callable[[str], None]) -> Iterator[Written]:
    """Yield the days of a digest that can be read, newest first, and count the others."""
    for date in archive.dates(name):
        try:
            yield archive.day(name, date), archive.report(name, date)
        except InputError as error:
            warn(f"{error.message}; the site goes without that day")
            built.broken += 1


def _with_neighbours(days: Iterator[Written]) -> Iterator[tuple[str | None, Written, str | None]]:
    """Yield each of some days, newest first, between the date of the later and that of the earlier one."""
    later, current = None, next(days, None)
    while current:
        following = next(days, None)
        yield later, current, following[0].date if following else None
        later, current = current[0].date, following


def _spool(day: Day, spool: Path) -> None:
    by_month = sorted(day.entries, key=lambda entry: paper_month(entry.paper.id))
    for month, entries in groupby(by_month, key=lambda entry: paper_month(entry.paper.id)):
        with (spool / month).open("a", encoding="utf-8", errors="replace", newline="\n") as file:
            file.writelines(f"{entry.paper.id}\t{day.name}\t{day.date}\t{line(entry)}\n" for entry in entries)


def _write_archive(built: Built, days: Sequence[DayLine], feeds: Sequence[str]) -> None:
    """Write the page of a digest and those of its months; remove the pages of days that are gone."""
    name, frame = days[0].name, Frame(1)
    kept = {"index.html", *(f"{day.date}.html" for day in days), *([FEED] if feeds else [])}
    built.folder.put(f"{name}/index.html", archive_page(name, days, feeds, frame))
    for month, lines in groupby(days, key=lambda day: day.month):
        kept.add(f"{month}.html")
        built.folder.put(f"{name}/{month}.html", month_page(list(lines), feeds, frame))
    there = list((built.folder.root / name).iterdir())
    built.folder.drop(path for path in there if _OURS.fullmatch(path.name) and path.name not in kept)


def _drop_digests(built: Built) -> None:
    """Remove the pages of digests that are left out; a folder whose start page is not ours is somebody else's."""
    kept = {PAPERS, SEARCH, *(day.name for day in built.days)}
    folders = [path for path in built.folder.root.iterdir() if path.is_dir() and not path.is_symlink()]
    for folder in folders:
        index = folder / "index.html"
        if folder.name in kept or not _is_ours(index):
            continue
        built.folder.drop(path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path != index)
        # Last, because it says whose the others are.
        built.folder.drop([index])
        if not any(folder.iterdir()):
            folder.rmdir()


def _is_ours(index: Path) -> bool:
    """Return whether a start page is the site's: it names the stylesheet that the site's pages share."""
    try:
        return b"_assets/site.css" in index.read_bytes()
    except OSError:
        return False


def _write_papers(built: Built, spool: Path) -> None:
    """Write the pages and the index of each month of ids, newest first, but for months in which nothing has changed."""
    program, root = program_hash(), built.folder.root
    for month in sorted((path.name for path in spool.iterdir()), key=_of_century, reverse=True):
        made_from = entries_hash(program, spool / month)
        stamp = read_stamp(root / SEARCH / month)
        if stamp is None or stamp.made_from != made_from or stamp.files != files_hash(root, _folders(root, month)):
            stamp = _write_month(built.folder, month, spool / month, made_from)
        built.categories.update(stamp.categories)
        built.months[month] = stamp.index_files
    _write_terms(built, program)
    built.folder.keep(PAPERS, built.months)
    built.folder.keep(SEARCH, [*built.months, month_terms.FOLDER])


def _write_month(folder: Folder, month: str, spooled: Path, made_from: str) -> Stamp:
    """Write the page of each paper of a month and their index, and last what it was all made from."""
    index, categories = Index(), Counter[str]()
    for of in _papers_of(spooled):
        paper = of[0].entry.paper
        folder.put(paper_path(paper.id), paper_page(of, Frame(2)))
        categories[paper.primary_category or next(iter(paper.categories), "")] += 1
        index.add(paper.id, searched_text(of))
    folder.keep(f"{PAPERS}/{month}", [Path(paper_path(paper_id)).name for paper_id in index.papers])
    files = dict(index.files())
    for name, text in files.items():
        folder.put(f"{SEARCH}/{month}/{name}", text)
    folder.keep(f"{SEARCH}/{month}", [*files, STAMP])
    made = files_hash(folder.root, _folders(folder.root, month))
    stamp = Stamp(made_from=made_from, files=made, index_files=index.count, categories=categories)
    folder.put(f"{SEARCH}/{month}/{STAMP}", stamp.model_dump_json())
    return stamp


def _write_terms(built: Built, program: str) -> None:
    """Write which months have a term, unless no month has changed since."""
    folder, search = built.folder, built.folder.root / SEARCH
    here = search / month_terms.FOLDER
    oldest_first = dict(reversed(built.months.items()))
    made_from = stamps_hash(program, (search / month for month in oldest_first))
    stamp = read_stamp(here)
    if stamp and stamp.made_from == made_from and stamp.files == files_hash(folder.root, [here]):
        return
    names = [STAMP]
    for name, text in month_terms.files(search, oldest_first):
        folder.put(f"{SEARCH}/{month_terms.FOLDER}/{name}", text)
        names.append(name)
    folder.keep(f"{SEARCH}/{month_terms.FOLDER}", names)
    made = Stamp(made_from=made_from, files=files_hash(folder.root, [here]), index_files=len(names) - 1, categories={})
    folder.put(f"{SEARCH}/{month_terms.FOLDER}/{STAMP}", made.model_dump_json())


def _folders(root: Path, month: str) -> tuple[Path, Path]:
    return root / PAPERS / month, root / SEARCH / month


def _papers_of(spooled: Path) -> Iterator[tuple[Version, ...]]:
    """Yield the versions of each paper in a file of entries, the newest paper first."""
    lines: dict[str, list[str]] = {}
    with spooled.open(encoding="utf-8", newline="\n") as file:
        for text in file:
            paper_id, _, rest = text.partition("\t")
            lines.setdefault(paper_id, []).append(rest)
    for paper_id in sorted(lines, key=lambda each: (each.rpartition("/")[2], each), reverse=True):
        yield versions(map(_appearance, lines.pop(paper_id)))


def _appearance(text: str) -> Appearance:
    name, date, entry = text.split("\t", 2)
    return Appearance(name, date, Entry.model_validate_json(entry))


def _write_start(built: Built) -> None:
    """Write the pages at the root and what all pages share."""
    newest = [next(days) for _, days in groupby(built.days, key=lambda day: day.name)]
    frame = Frame(0)
    texts = {
        "index.html": start_page(newest, built.feeds, frame),
        "statistics.html": statistics_page(built.days, built.categories, frame),
        "search.html": search_page(built.months, month_terms.count_files(built.months), built.papers, frame),
        # Else GitHub Pages, which serves a branch through Jekyll, would leave out what begins with an underscore.
        ".nojekyll": "",
        **{place: shared(place) for place in ASSETS},
    }
    for place, text in texts.items():
        built.folder.put(place, text)


def _of_century(month: str) -> str:
    """Return a month of ids so that it sorts: arXiv began in 1991."""
    return f"{'19' if month >= '91' else '20'}{month}"


def _read(path: Path) -> bytes | None:
    """Return what is in a file, None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
