"""The cache file: used by several, damaged, full, removed or of another format; a fault is a miss and one warning."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import CacheError
from pipeline.store.cache import Cache, CacheInfo
from pipeline.store.digest_file import FILE, SCHEMA

from .samples import NOW, ROOT, Shelf, keep, paper, reply, report

HINT = "Choose another --cache DIR."


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
