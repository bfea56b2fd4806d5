"""One pace, one connection and kept answers, over threads and processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from pipeline.cache import FILE
from pipeline.fetch import LOCK_FILE, KeptPages, Pacer, Wire
from tests.fetch.samples import papers
from tests.servers.arxiv import ArxivServer, Fault

ROOT = Path(__file__).resolve().parents[2]
DELAY = 0.25


class Clock:
    """Seconds that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(round(seconds, 2))
        self.now += seconds


def start(server: ArxivServer, folder: Path, delay: float = 0) -> subprocess.Popen[str]:
    """Fetch the announcement in a process of its own."""
    command = [sys.executable, "-m", "tests.fetch.fetching", server.api_url, server.root, str(folder), str(delay)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> str:
    """Its output."""
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out


def test_two_processes_never_ask_within_the_delay(tmp_path: Path) -> None:
    """Nor do they have two connections at once; the feed and the query API count as one."""
    with ArxivServer(papers(150)) as server:
        processes = [start(server, tmp_path / name, DELAY) for name in ("one", "other")]
        for process in processes:
            assert ended(process).split()[-1] == "150"
    times = sorted(seen.at for seen in server.requests)
    assert len(times) == 6
    assert min(later - earlier for earlier, later in pairwise(times)) >= DELAY


@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_rerun_after_a_kill_asks_only_for_the_pages_not_yet_kept(tmp_path: Path, page: int) -> None:
    """Killed while it waits for the feed, the first and the second page of the API."""
    with ArxivServer(papers(230)) as server:
        server.faults = [*[Fault()] * page, Fault(manner="stall")]
        process = start(server, tmp_path / "cache")
        while len(server.requests) <= page:
            assert process.poll() is None
        process.kill()
        process.communicate()
        assert len(server.requests) == page + 1
        assert ended(start(server, tmp_path / "cache")).split() == ["30", "130", "230"]
        assert len(server.requests) == page + 1 + 4 - page
        assert ended(start(server, tmp_path / "cache")).split() == ["30", "130", "230"]
        assert len(server.requests) == page + 1 + 4 - page


def test_pacers_of_one_file_share_their_pace(tmp_path: Path) -> None:
    """Whoever asked last; a pause counts as waiting."""
    clock = Clock()
    one, other = (Pacer(3, clock, clock.sleep, lock=tmp_path / "new" / LOCK_FILE) for _ in range(2))
    one.wait()
    other.wait()
    clock.now += 1
    one.wait()
    clock.now += 10
    other.wait()
    assert clock.slept == [3.05, 2.05]


@pytest.mark.parametrize("written", ["", "soon", "nan", "1e9", "999"])
def test_a_file_that_says_nothing_of_use_keeps_nobody_waiting(tmp_path: Path, written: str) -> None:
    """Such as one from before the machine was started anew; it is written over."""
    file = tmp_path / LOCK_FILE
    file.write_text(written)
    clock = Clock()
    pacer = Pacer(1, clock, clock.sleep, lock=file)
    pacer.wait()
    pacer.wait()
    assert clock.slept == ([0.05, 1.05] if written == "999" else [1.05])
    assert float(file.read_text()) == pytest.approx(clock.now)


def test_one_connection_at_a_time_and_a_lock_that_is_held_for_ever_is_passed_over(tmp_path: Path) -> None:
    """A process that was stopped does not stop the others."""
    clock = Clock()
    one, other = (Pacer(0, clock, clock.sleep, lock=tmp_path / LOCK_FILE) for _ in range(2))
    with one.turn():
        began = clock.now
        other.wait()
    assert 120 <= clock.now - began < 121


def test_threads_of_one_pacer_have_one_connection_at_a_time() -> None:
    """The second begins when the first has its answer."""
    pacer, log = Pacer(0), list[str]()

    def second() -> None:
        pacer.wait()
        log.append("second")

    with pacer.turn():
        thread = Thread(target=second)
        thread.start()
        thread.join(0.05)
        log.append("first")
    thread.join()
    assert log == ["first", "second"]


def test_without_a_lock_file_that_can_be_used_threads_are_spaced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is a file, a file system without locks or reading, a system without fcntl."""
    (tmp_path / "file").write_text("")

    def no_locks(*_args: object) -> None:
        raise OSError

    def spaced(lock: Path) -> bool:
        clock = Clock()
        pacer = Pacer(1, clock, clock.sleep, lock=lock)
        pacer.wait()
        pacer.wait()
        return clock.slept == [1.05]

    assert spaced(tmp_path / "file" / LOCK_FILE)
    monkeypatch.setattr("fcntl.flock", no_locks)
    assert spaced(tmp_path / LOCK_FILE)
    monkeypatch.setattr("pipeline.fetch.wire.fcntl", None)
    assert spaced(tmp_path / LOCK_FILE)


def test_the_cache_keeps_pages_for_any_thread_and_forgets_old_ones(tmp_path: Path) -> None:
    """A week, on the clock that is given."""
    now, warnings = [datetime(2026, 4, 27, tzinfo=UTC)], list[str]()
    kept = KeptPages(tmp_path, now=lambda: now[0], warn=warnings.append)
    kept.put("one", b"\x00\xff" * 99)
    now[0] += timedelta(minutes=61)
    assert (kept.get("one"), kept.get("two")) == (b"\x00\xff" * 99, None)
    assert kept.get("one", within=timedelta(hours=2)) is not None
    assert kept.get("one", within=timedelta(hours=1)) is None
    now[0] += timedelta(days=7)
    kept.put("two", b"")
    assert (kept.get("one"), kept.get("two"), warnings) == (None, b"", [])


def test_a_kept_page_that_is_damaged_is_a_miss_and_a_warning(tmp_path: Path) -> None:
    """It is asked for again."""
    warnings: list[str] = []
    kept = KeptPages(tmp_path, now=lambda: datetime(2026, 4, 27, tzinfo=UTC), warn=warnings.append)
    kept.put("one", b"x")
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("UPDATE pages SET body = 'text'")
    assert (kept.get("one"), len(warnings)) == (None, 1)


def test_a_cache_of_an_earlier_version_keeps_pages_too(tmp_path: Path) -> None:
    """The table is made when the file is opened."""
    kept = KeptPages(tmp_path, now=lambda: datetime(2026, 4, 27, tzinfo=UTC), warn=sys.exit)
    kept.put("one", b"x")
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.executescript("DROP TABLE pages; PRAGMA user_version = 1;")
    kept.put("two", b"y")
    assert (kept.get("one"), kept.get("two")) == (None, b"y")


def test_a_cache_that_cannot_be_used_is_a_miss_and_a_warning(tmp_path: Path) -> None:
    """It costs no fetch."""
    (tmp_path / "file").write_text("")
    warnings: list[str] = []
    kept = KeptPages(tmp_path / "file", now=lambda: datetime(2026, 4, 27, tzinfo=UTC), warn=warnings.append)
    kept.put("one", b"x")
    assert kept.get("one") is None
    assert len(warnings) == 2


def test_what_is_kept_is_of_one_day_and_one_address() -> None:
    """Without a day, of every day."""
    assert Wire(Pacer(0), day=date(2026, 4, 27)).key("http://x/?a=b") == "2026-04-27 http://x/?a=b"
    assert Wire(Pacer(0)).key("http://x/") == " http://x/"
