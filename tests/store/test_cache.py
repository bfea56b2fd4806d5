"""The cache: what is kept is read again exactly, by anyone, after anything; a fault is a miss and one warning."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import CacheError
from pipeline.records import Paper, RunReport, SourceCount, Summary, Usage
from pipeline.store.cache import Cache, CacheInfo
from pipeline.store.digest_file import FILE, SCHEMA
from pipeline.store.replies import CachedReply, UsageSeen

ROOT = Path(__file__).resolve().parent.parent.parent
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
HINT = "Choose another --cache DIR."


def paper(number: int = 1, **fields: Any) -> Paper:
    """A paper with an id of its own."""
    given_fields = {"id": f"2404.{number:05}", "version": 1, "title": f"T{number}", "abstract": "A" * 400}
    return Paper.model_validate(given_fields | fields)


def reply(number: int = 1, *, key: str | None = None, raw: str = '{"tldr": "…"}', **fields: Any) -> CachedReply:
    """A reply to that paper with a key of its own, about a page of the file in size."""
    made = {
        "paper_id": f"2404.{number:05}",
        "translated_title": f"题目{number}",
        "tldr": "一句话。",
        "tldr_en": "One line.",
        "translated_abstract": "译文。" * 300,
        "prompt": "digest@1",
        "prompt_sha256": "0" * 64,
        "model": "m",
        "endpoint": "localhost",
        "created": NOW + timedelta(seconds=number),
        "usage": Usage(prompt=100, completion=20, cached=50),
    }
    summary = Summary.model_validate(made | fields)
    return CachedReply(key or f"{number:064}", summary, raw, {"replies": 2, "faults": ["not_json"]})


def report(**fields: Any) -> RunReport:
    """A run's report."""
    source = SourceCount(announced=1, fetched=1, missing=0)
    made = {"name": "cs.AI", "date": "2026-11-23", "papers": 1, "cached": 0, "summarized": 1, "source": source}
    return RunReport.model_validate(made | {"complete": True} | fields)


def keep(cache: Cache, paper: Paper, reply: CachedReply) -> None:
    """Keep one reply, unless there is one to the same ask."""
    cache.replies.add([(paper, reply)])


def replace(cache: Cache, paper: Paper, reply: CachedReply) -> None:
    """Keep one reply, as a run does, in place of one to the same ask."""
    assert cache.claims.try_keep([(paper, reply)])


class Shelf:
    """A cache folder and everything that was warned of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / FILE
        self.warnings: list[str] = []

    def open(self) -> Cache:
        """Open the cache."""
        return Cache(self.folder, warn=self.warnings.append)

    def fill(self, count: int) -> None:
        """Keep replies 1 to ``count``."""
        with self.open() as cache:
            for number in range(1, count + 1):
                keep(cache, paper(number), reply(number))

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Work on the file behind the cache's back."""
        with contextlib.closing(sqlite3.connect(self.file)) as db, db:
            return db.execute(statement, values).fetchall()

    def overwrite(self, page: int) -> None:
        """Overwrite one page of the file, counted from 1, with what is no page."""
        size = self.sql("PRAGMA page_size")[0][0]
        with self.file.open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\x93" * size)

    def root(self, table: str) -> int:
        """Return the page at which a table begins."""
        return int(self.sql("SELECT rootpage FROM sqlite_master WHERE name = ?", table)[0][0])

    def set_aside_as(self, number: int, reason: str = "database disk image is malformed") -> str:
        """Return the warning about a damaged file."""
        aside = self.folder / f"{FILE}.damaged-{number}"
        return f"{self.file} is damaged ({reason}); it was set aside as {aside}, and an empty one is used"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A cache folder that does not exist yet."""
    return Shelf(tmp_path / "deep" / "cache")


MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))
WORDS = st.text(max_size=20) | st.text("a中\x00\n\"'\\\u2028😀", max_size=20)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), raw=WORDS)
def test_a_reply_is_read_again_exactly(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, raw: str) -> None:
    """The summary, the model's own words and how it was asked, whatever text stands in them."""
    words: dict[str, Any] = {
        name: data.draw(WORDS) for name in ("translated_title", "tldr", "tldr_en", "translated_abstract")
    }
    kept = reply(**words, raw=raw, model=data.draw(WORDS.filter(bool)), created=data.draw(MOMENTS))
    kept = CachedReply(
        kept.key, kept.summary, kept.raw, {"replies": 3, "faults": data.draw(st.lists(WORDS, max_size=2))}
    )
    folder = tmp_path_factory.mktemp("cache")
    with Cache(folder, warn=pytest.fail) as cache:
        keep(cache, paper(), kept)
    with Cache(folder, warn=pytest.fail) as cache:
        read = cache.replies.get(kept.key)
    assert read is not None
    assert read.summary.model_dump() == kept.summary.model_dump()
    assert (read.key, read.raw, read.asked) == (kept.key, kept.raw, kept.asked)


@pytest.mark.parametrize(
    "fields",
    [
        {"usage": None},
        {"tldr_en": ""},
        {"prompt": None, "prompt_sha256": None, "model": None, "endpoint": None, "created": None, "usage": None},
    ],
    ids=["endpoint-that-counts-no-tokens", "no-english-line", "of-unknown-origin"],
)
def test_what_is_not_known_of_a_reply_is_not_known_afterwards(shelf: Shelf, fields: dict[str, Any]) -> None:
    """None stays None: it is neither 0 tokens nor an empty name."""
    kept = reply(**fields)
    with shelf.open() as cache:
        keep(cache, paper(), kept)
        assert (cache.replies.get(kept.key), cache.verify(), shelf.warnings) == (kept, (), [])


def test_a_reply_with_half_a_character_is_kept(shelf: Shelf) -> None:
    """A lone surrogate in a model's raw words has no UTF-8: what was read from them is kept all the same."""
    kept = reply(raw='{"tldr": "\ud83d"}')
    with shelf.open() as cache:
        keep(cache, paper(), kept)
        read = cache.replies.get(kept.key)
    assert read is not None
    assert read.summary == kept.summary


def test_an_unknown_key_is_a_miss_without_a_warning(shelf: Shelf) -> None:
    """As is an unknown paper."""
    with shelf.open() as cache:
        assert (
            cache.replies.get("0" * 64),
            cache.replies.of_paper("2404.00001"),
            cache.replies.paper("2404.00001"),
        ) == (None, (), None)
    assert shelf.warnings == []


def test_a_second_reply_to_the_same_ask_replaces_the_first(shelf: Shelf) -> None:
    """One to another ask about the same paper stands beside it; they come oldest first."""
    old, new = reply(1, created=NOW), reply(1, created=NOW + timedelta(days=1), tldr="新的。")
    other = reply(1, key="other", created=NOW + timedelta(microseconds=5), model="m2")
    with shelf.open() as cache:
        for kept in (old, new, other):
            replace(cache, paper(), kept)
        assert cache.replies.get(old.key) == new
        assert cache.replies.of_paper("2404.00001") == (other, new)
        assert cache.replies.of_paper("2404.00002") == ()


def test_the_newest_version_of_a_paper_is_given(shelf: Shelf) -> None:
    """Versions by number, not as text; one without a version comes last."""
    with shelf.open() as cache:
        for version in (None, 10, 9):
            keep(cache, paper(version=version), reply(key=f"v{version}"))
        assert cache.replies.paper("2404.00001") == paper(version=10)


def test_the_newest_papers_are_those_that_were_summarized_last(shelf: Shelf) -> None:
    """Each once, in its newest version, at most as many as are wanted; one that cannot be read is left out."""
    with shelf.open() as cache:
        for number, version in ((1, 1), (2, 2), (2, 1), (3, 1), (4, 1)):
            keep(cache, paper(number, version=version), reply(number, key=f"{number}v{version}"))
    shelf.sql("UPDATE papers SET record = '{' WHERE id = '2404.00003'")
    with shelf.open() as cache:
        assert cache.replies.newest_papers(9) == (paper(4), paper(2, version=2), paper(1))
        assert cache.replies.newest_papers(1) == (paper(4),)


@pytest.mark.parametrize("version", [2, None], ids=["with-version", "without-version"])
def test_a_paper_that_two_prompts_summarized_is_one_paper(shelf: Shelf, version: int | None) -> None:
    """The record of the last time counts."""
    with shelf.open() as cache:
        replace(cache, paper(version=version, title="old"), reply(key="a"))
        replace(cache, paper(version=version, title="new"), reply(key="b", prompt="digest@2"))
        assert cache.info().papers == 1
        assert cache.replies.paper("2404.00001") == paper(version=version, title="new")


def test_info_counts_what_there_is(shelf: Shelf) -> None:
    """Papers, replies and runs, replies by prompt and model, and the bytes on disk."""
    with shelf.open() as cache:
        assert cache.info() == CacheInfo(shelf.file, shelf.file.stat().st_size + _wal(shelf), 0, 0, 0, ())
        for number, model in ((1, "m"), (2, "m"), (3, "m2")):
            keep(cache, paper(number), reply(number, model=model))
        keep(cache, paper(3), reply(3, key="k", model="m"))
        cache.runs.keep(report(), finished=NOW)
        by_model = (("digest@1", "m", 3), ("digest@1", "m2", 1))
        assert cache.info() == CacheInfo(shelf.file, shelf.file.stat().st_size + _wal(shelf), 3, 4, 1, by_model)


def _wal(shelf: Shelf) -> int:
    return shelf.file.with_name(f"{FILE}-wal").stat().st_size


def test_a_run_is_kept_with_its_report(shelf: Shelf) -> None:
    """The same digest twice is two runs."""
    with shelf.open() as cache:
        for _ in range(2):
            cache.runs.keep(report(), finished=NOW)
    row = ("cs.AI", "2026-11-23", "2026-11-23T08:30:00+00:00", report().model_dump_json())
    assert shelf.sql("SELECT number, name, date, finished, report FROM runs") == [(1, *row), (2, *row)]


def test_the_file_is_in_wal_mode_and_of_a_known_format(shelf: Shelf) -> None:
    """So readers do not wait for a writer; and closing leaves one file."""
    shelf.fill(1)
    assert shelf.sql("PRAGMA journal_mode") == [("wal",)]
    assert shelf.sql("PRAGMA user_version") == [(SCHEMA.version,)]
    assert [path.name for path in shelf.folder.iterdir()] == [FILE]


def test_a_reader_sees_what_another_has_just_kept(shelf: Shelf) -> None:
    """Two caches on one folder share it while both are open."""
    with shelf.open() as one, shelf.open() as other:
        for number, (writer, reader) in enumerate([(one, other), (other, one)] * 3):
            keep(writer, paper(number), reply(number))
            assert reader.replies.get(reply(number).key) == reply(number)
    assert shelf.warnings == []


_WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.store.test_cache import keep, paper, reply
from pipeline.store.cache import Cache
def warn(message):
    sys.exit(message)
sys.stdin.readline()
first, last, then = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
with Cache(Path(sys.argv[2]), warn=warn) as cache:
    for number in range(first, last):
        keep(cache, paper(number), reply(number))
        print(number, flush=True)
    if then == "wait":
        sys.stdin.readline()
"""


@contextlib.contextmanager
def writer(shelf: Shelf, first: int, last: int, *, then: str = "leave") -> Iterator[subprocess.Popen[str]]:
    """Another process that keeps replies once a line is written to it, and prints the number of each."""
    command = [
        sys.executable,
        "-c",
        _WRITER,
        str(ROOT),
        str(shelf.folder),
        str(first),
        str(last),
        then,
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_processes_that_write_at_once_lose_nothing(shelf: Shelf) -> None:
    """Not even where all of them make the file at the same moment."""
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(writer(shelf, first, first + 60)) for first in (0, 60, 120)]
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [(process.communicate(timeout=30)[0].count("\n"), process.returncode) for process in processes] == [
            (60, 0)
        ] * 3
    with shelf.open() as cache:
        assert [cache.replies.get(reply(number).key) for number in range(180)] == [
            reply(number) for number in range(180)
        ]
        assert (cache.info().papers, cache.verify(), shelf.warnings) == (180, (), [])


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_reply_survives_the_death_of_its_writer(shelf: Shelf) -> None:
    """Killed with -9 as soon as it was kept."""
    with writer(shelf, 0, 5, then="wait") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("go\n")
        process.stdin.flush()
        assert [int(process.stdout.readline()) for _ in range(5)] == list(range(5))
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(timeout=10) == -signal.SIGKILL
    with shelf.open() as cache:
        assert [cache.replies.get(reply(number).key) for number in range(5)] == [reply(number) for number in range(5)]
        assert (cache.verify(), shelf.warnings) == ((), [])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda body: bytes(range(1, 256)) * 40, "file is not a database"),
        (lambda body: b"SQLite format 3\x00" + b"\xff" * 5000, "file is not a database"),
        (lambda body: body[:100], "database disk image is malformed"),
        (lambda body: body[: len(body) // 2], "database disk image is malformed"),
        (lambda body: body[:4096] + b"\x93" * (len(body) - 4096), "database disk image is malformed"),
    ],
    ids=["random", "header", "stump", "truncated", "all-but-the-first-page"],
)
def test_a_damaged_file_is_set_aside_when_it_is_opened(
    shelf: Shelf, damage: Callable[[bytes], bytes], reason: str
) -> None:
    """Byte for byte under a new name, with one warning that says where; an empty cache is used and works."""
    shelf.fill(30)
    body = damage(shelf.file.read_bytes())
    shelf.file.write_bytes(body)
    with shelf.open() as cache:
        assert cache.replies.get(reply(1).key) is None
        keep(cache, paper(1), reply(1))
        assert (cache.replies.get(reply(1).key), cache.info().replies, cache.verify()) == (reply(1), 1, ())
    assert shelf.warnings == [shelf.set_aside_as(1, reason)]
    assert (shelf.folder / f"{FILE}.damaged-1").read_bytes() == body


def test_each_damaged_file_gets_a_name_of_its_own(shelf: Shelf) -> None:
    """None is written over another."""
    for number in (1, 2, 3):
        shelf.folder.mkdir(parents=True, exist_ok=True)
        shelf.file.write_bytes(b"damage %d" % number * 200)
        shelf.open().close()
    asides = {path.name: path.read_bytes()[:8] for path in shelf.folder.glob("*.damaged-*")}
    assert asides == {f"{FILE}.damaged-{number}": b"damage %d" % number for number in (1, 2, 3)}


def test_a_damage_behind_a_whole_head_is_found_by_opening(shelf: Shelf) -> None:
    """Where replies are looked up by paper, which is what opening tries."""
    shelf.fill(30)
    shelf.overwrite(shelf.root("replies_by_paper"))
    with shelf.open() as cache:
        assert shelf.warnings == [shelf.set_aside_as(1)]
        assert cache.info().replies == 0


@pytest.mark.parametrize(
    ("table", "read"),
    [
        ("replies", lambda cache: cache.replies.get(reply(1).key)),
        ("papers", lambda cache: cache.replies.paper("2404.00001")),
    ],
    ids=["reply", "paper"],
)
def test_a_damage_in_the_middle_is_found_by_reading(shelf: Shelf, table: str, read: Callable[[Cache], object]) -> None:
    """The read is a miss, the file is set aside, and what is kept afterwards is found again."""
    shelf.fill(30)
    shelf.overwrite(shelf.root(table))
    with shelf.open() as cache:
        assert shelf.warnings == []
        assert (read(cache), shelf.warnings) == (None, [shelf.set_aside_as(1)])
        keep(cache, paper(2), reply(2))
        assert (cache.replies.get(reply(2).key), cache.replies.get(reply(1).key)) == (reply(2), None)
    assert len(shelf.warnings) == 1


def test_a_reply_that_is_kept_while_the_damage_is_found_is_not_lost(shelf: Shelf) -> None:
    """It was paid for: it is kept in the empty cache."""
    shelf.fill(30)
    shelf.overwrite(shelf.root("papers"))
    with shelf.open() as cache:
        keep(cache, paper(99), reply(99))
        assert shelf.warnings == [shelf.set_aside_as(1)]
        assert cache.replies.get(reply(99).key) == reply(99)


def test_two_that_find_the_same_damage_set_aside_one_file(shelf: Shelf) -> None:
    """With its log; the second takes the empty cache that the first one made, with what that has kept since."""
    shelf.fill(30)
    shelf.overwrite(shelf.root("papers"))
    with shelf.open() as one, shelf.open() as other:
        assert one.replies.paper("2404.00001") is None
        keep(one, paper(99), reply(99))
        assert other.replies.paper("2404.00001") is None
        assert other.replies.get(reply(99).key) == reply(99)
    with shelf.open() as later:
        assert later.replies.get(reply(99).key) == reply(99)
    assert (shelf.folder / f"{FILE}.damaged-1-wal").exists()
    assert [path.name for path in shelf.folder.glob("*.damaged-?")] == [f"{FILE}.damaged-1"]


def test_verify_names_a_damage_that_nothing_else_has_met(shelf: Shelf) -> None:
    """Even one at which SQLite's own check gives up; a damaged file never passes for a sound one."""
    shelf.fill(30)
    shelf.overwrite(shelf.root("runs"))
    with shelf.open() as cache:
        assert shelf.warnings == []
        assert len(cache.verify()) > 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("summary", "{cut"),
        ("summary", "{}"),
        ("summary", "[]"),
        ("summary", "null"),
        ("usage", "many"),
        ("usage", '{"prompt": "many"}'),
        ("created", "yesterday"),
        ("asked", "{cut"),
        ("summary", b"\xff\xfe"),
    ],
    ids=["cut", "empty", "list", "null", "usage", "tokens", "date", "asked", "bytes"],
)
def test_a_row_that_cannot_be_read_is_a_miss_and_one_warning(shelf: Shelf, column: str, value: str | bytes) -> None:
    """Verify names it, other rows are read, and it may be replaced."""
    shelf.fill(2)
    shelf.sql(f"UPDATE replies SET {column} = CAST(? AS TEXT) WHERE key = ?", value, reply(1).key)
    with shelf.open() as cache:
        assert (cache.replies.get(reply(1).key), len(shelf.warnings)) == (None, 1)
        assert shelf.warnings[0].startswith(f"{shelf.file}: ")
        assert cache.replies.of_paper("2404.00001") == ()
        faults = cache.verify()
        assert [fault.partition(":")[0] for fault in faults] == [f"reply {'0' * 12} for 2404.00001"]
        assert cache.replies.get(reply(2).key) == reply(2)
        replace(cache, paper(1), reply(1))
        assert (cache.replies.get(reply(1).key), cache.verify()) == (reply(1), ())


def test_a_paper_that_cannot_be_read_is_not_there(shelf: Shelf) -> None:
    """With one warning."""
    shelf.fill(1)
    shelf.sql("UPDATE papers SET record = '{'")
    with shelf.open() as cache:
        assert cache.replies.paper("2404.00001") is None
    assert len(shelf.warnings) == 1


@pytest.mark.parametrize(
    ("trouble", "relief", "reason"),
    [
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "database or disk is full"),
        ("PRAGMA query_only = 1", "PRAGMA query_only = 0", "attempt to write a readonly database"),
    ],
    ids=["full", "read-only"],
)
def test_a_write_that_fails_is_one_warning_and_the_run_goes_on(
    shelf: Shelf, trouble: str, relief: str, reason: str
) -> None:
    """What was there is still read; when there is room again, writing goes on, too."""
    shelf.fill(1)
    with shelf.open() as cache:
        cache.database._db.execute(trouble)
        for number in range(2, 9):
            keep(cache, paper(number), reply(number))
        assert shelf.warnings == [f"{shelf.file}: {reason}; what cannot be kept is asked for again next time"]
        assert (cache.replies.get(reply(1).key), cache.replies.get(reply(8).key)) == (reply(1), None)
        cache.database._db.execute(relief)
        keep(cache, paper(8), reply(8))
        assert (cache.replies.get(reply(8).key), cache.verify()) == (reply(8), ())
    assert len(shelf.warnings) == 1


def test_a_file_that_another_holds_too_long_is_one_warning(shelf: Shelf) -> None:
    """Reading does not wait for it."""
    shelf.fill(1)
    with shelf.open() as cache, contextlib.closing(sqlite3.connect(shelf.file, isolation_level=None)) as other:
        cache.database._db.execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")
        keep(cache, paper(2), reply(2))
        keep(cache, paper(3), reply(3))
        assert cache.replies.get(reply(1).key) == reply(1)
        other.execute("ROLLBACK")
        keep(cache, paper(4), reply(4))
        assert cache.info().replies == 2
    assert shelf.warnings == [f"{shelf.file}: database is locked; what cannot be kept is asked for again next time"]


def test_a_reply_is_kept_with_its_paper_or_not_at_all(shelf: Shelf) -> None:
    """One transaction: where the paper's row fails, the reply's is not left behind."""
    shelf.fill(1)
    shelf.sql("CREATE TRIGGER no_more BEFORE INSERT ON papers BEGIN SELECT RAISE(ABORT, 'no more'); END")
    with shelf.open() as cache:
        keep(cache, paper(2), reply(2))
        assert (cache.info().papers, cache.info().replies) == (1, 1)
    assert shelf.warnings == [f"{shelf.file}: no more; what cannot be kept is asked for again next time"]


def test_a_newer_format_is_refused_and_left_alone(shelf: Shelf) -> None:
    """It is no damage."""
    shelf.fill(1)
    shelf.sql(f"PRAGMA user_version = {SCHEMA.version + 1}")
    with pytest.raises(CacheError) as caught:
        shelf.open()
    assert (caught.value.message, caught.value.hint) == (
        (
            f"{shelf.file}: was written by a newer arxiv-digest (format {SCHEMA.version + 1}; this one knows "
            f"{SCHEMA.version})"
        ),
        "Update arxiv-digest, or choose another --cache DIR.",
    )
    assert (shelf.warnings, shelf.sql("SELECT count(*) FROM replies")) == ([], [(1,)])


def test_a_file_of_another_program_is_refused_and_left_alone(shelf: Shelf) -> None:
    """One that says to be of our format and has none of our tables."""
    shelf.folder.mkdir(parents=True)
    shelf.sql("CREATE TABLE theirs (x)")
    shelf.sql(f"PRAGMA user_version = {SCHEMA.version}")
    with pytest.raises(CacheError) as caught:
        shelf.open()
    assert (caught.value.message, caught.value.hint) == (
        f"{shelf.file}: cannot be used: no such table: replies",
        HINT,
    )


@pytest.mark.parametrize("below", ["", "deeper"], ids=["a-file", "below-a-file"])
def test_a_folder_that_cannot_be_one_is_an_error(tmp_path: Path, below: str) -> None:
    """Said before anything is spent."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CacheError, match="cannot be used as cache: ") as caught:
        Shelf(tmp_path / "file" / below).open()
    assert caught.value.message.startswith(f"{tmp_path / 'file' / below}: ")
    assert caught.value.hint == HINT


def test_a_folder_in_the_files_place_is_an_error(shelf: Shelf) -> None:
    """It is not set aside."""
    shelf.file.mkdir(parents=True)
    with pytest.raises(CacheError) as caught:
        shelf.open()
    assert caught.value.message == f"{shelf.file}: cannot be used: unable to open database file"
    assert shelf.file.is_dir()


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Give up root's right to write anywhere, where the tests have it."""
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX rights")
@pytest.mark.parametrize("filled", [False, True], ids=["empty", "with-a-cache"])
def test_a_folder_without_the_right_to_write_is_an_error(*, filled: bool) -> None:
    """Whether there is a cache in it or not; what there is stays as it is."""
    with tempfile.TemporaryDirectory() as name:
        shelf = Shelf(Path(name))
        if filled:
            shelf.fill(1)
            shelf.file.chmod(0o444)
        shelf.folder.chmod(0o555)
        before = {path.name: path.read_bytes() for path in shelf.folder.iterdir()}
        with nobody(), pytest.raises(CacheError) as caught:
            shelf.open()
        assert caught.value.message.startswith(f"{shelf.file}: cannot be used: ")
        assert (caught.value.hint, shelf.warnings) == (HINT, [])
        assert {path.name: path.read_bytes() for path in shelf.folder.iterdir()} == before
        shelf.folder.chmod(0o755)


def test_what_was_learned_is_kept_for_one_endpoint_and_model(tmp_path: Path) -> None:
    """The last word counts, each endpoint and model has its own, and another process reads it."""
    shelf = Shelf(tmp_path)
    with shelf.open() as cache:
        assert cache.endpoints.learned("host:1", "m") is None
        cache.endpoints.keep("host:1", "m", '{"mode": "text"}')
        cache.endpoints.keep("host:1", "m", '{"mode": "json_object"}')
        cache.endpoints.keep("host:2", "m", "{}")
        cache.endpoints.keep("host:1", "n", "not JSON at all")
    with shelf.open() as cache:
        asked = [("host:1", "m"), ("host:2", "m"), ("host:1", "n"), ("host:2", "n")]
        assert [cache.endpoints.learned(*one) for one in asked] == [
            '{"mode": "json_object"}',
            "{}",
            "not JSON at all",
            None,
        ]
    assert shelf.warnings == []


def test_the_usage_of_one_prompt_and_model_is_averaged(tmp_path: Path) -> None:
    """Mean prompt tokens, and completion tokens for a character of an abstract; replies without usage do not count."""
    shelf = Shelf(tmp_path)
    with shelf.open() as cache:
        keep(cache, paper(1), reply(1, usage=Usage(prompt=100, completion=200)))
        keep(cache, paper(2, abstract="A" * 600), reply(2, usage=Usage(prompt=300, completion=100)))
        keep(cache, paper(3), reply(3, usage=None))
        keep(cache, paper(4), reply(4, usage=Usage(prompt=9, completion=0)))
        keep(cache, paper(5), reply(5, model="other"))
        keep(cache, paper(6), reply(6, prompt="digest@2"))
        assert cache.replies.usage_of("digest@1", "m") == UsageSeen(2, 200.0, 0.3)
        assert cache.replies.usage_of("digest@1", "nobody") == UsageSeen(0, 0.0, 0.0)


def test_the_usage_of_a_paper_of_several_versions_counts_once(tmp_path: Path) -> None:
    """A paper that came again in another version has one abstract for one reply."""
    shelf = Shelf(tmp_path)
    with shelf.open() as cache:
        replace(cache, paper(1), reply(1, usage=Usage(prompt=100, completion=200)))
        replace(cache, paper(1, version=2), reply(1, usage=Usage(prompt=100, completion=200)))
        assert cache.replies.usage_of("digest@1", "m") == UsageSeen(1, 100.0, 0.5)


def test_a_folder_that_is_removed_during_a_run_is_begun_once_more_and_said(shelf: Shelf) -> None:
    """What is paid for after that is kept."""
    shelf.fill(1)
    with shelf.open() as cache:
        shutil.rmtree(shelf.folder)
        keep(cache, paper(2), reply(2))
        assert (cache.replies.get(reply(1).key), cache.replies.get(reply(2).key)) == (None, reply(2))
    assert shelf.warnings == [
        f"{shelf.file} was removed while it was in use; what it held is lost, and a new one is begun"
    ]
    with shelf.open() as cache:
        assert cache.replies.get(reply(2).key) == reply(2)


def test_a_fresh_cache_that_another_process_prepares_is_waited_for(shelf: Shelf) -> None:
    """The other one holds the lock of the new file when this one would switch it to WAL."""
    shelf.folder.mkdir(parents=True)
    other = sqlite3.connect(shelf.file, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE anything (a)")
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO anything VALUES (1)")
    timer = threading.Timer(0.5, other.execute, ["COMMIT"])
    timer.start()
    try:
        with shelf.open() as cache:
            keep(cache, paper(), reply())
            assert cache.replies.get(reply().key) == reply()
    finally:
        timer.join()
        other.close()
    assert shelf.warnings == []


OPENING = """
import sys
from pathlib import Path
from pipeline.store.cache import Cache
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    with Cache(Path(sys.argv[1]) / str(number), warn=sys.exit):
        pass
"""


def test_a_fresh_cache_is_opened_by_several_at_once(tmp_path: Path) -> None:
    """Three processes open forty new ones, one after the other: none finds one locked."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in running] == [("", 0)] * 3
