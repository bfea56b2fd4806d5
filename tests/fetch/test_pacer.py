"""One pace, one connection and kept answers, over threads and processes."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock

from pipeline.fetch import LOCK_FILE, Pacer, SharedPace
from pipeline.store.answers import KeptAnswers
from pipeline.store.digest_file import FILE
from tests.fetch.departures import smallest_gap
from tests.fetch.fetching import DEPARTURES
from tests.fetch.samples import Clock, papers, unpaced
from tests.servers.arxiv import ArxivServer, Fault

ROOT = Path(__file__).resolve().parents[2]
DELAY = 0.25
PATIENCE_S = 180.0
"""A busy machine may take most of a minute to start Python."""


def start(server: ArxivServer, folder: Path, delay: float = 0, longest: float = 65) -> subprocess.Popen[str]:
    """Fetch the announcement in a process of its own."""
    options = [server.api_url, server.root, str(folder), str(delay), str(longest)]
    command = [sys.executable, "-m", "tests.fetch.fetching", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What it wrote to standard output and to standard error."""
    out, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    return out.strip(), said


def departures(folder: Path) -> list[float]:
    """When the requests of all processes left."""
    return [float(line) for line in (folder / DEPARTURES).read_text("ascii").split()]


def shared(folder: Path, said: list[str] | None = None) -> SharedPace:
    """The pace of a folder."""
    return SharedPace(folder / LOCK_FILE, tell=pytest.fail if said is None else said.append)


def test_two_processes_never_ask_within_the_delay(tmp_path: Path) -> None:
    """Nor do they have two connections at once; the feed and the query API count as one."""
    with ArxivServer(papers(150)) as server:
        processes = [start(server, tmp_path / name, DELAY) for name in ("one", "other")]
        assert [ended(process) for process in processes] == [("150 0", "")] * 2
        assert len(server.requests) == 6
        assert smallest_gap(departures(tmp_path), server) >= DELAY


def test_a_process_that_is_stopped_in_a_request_costs_the_others_its_time_once(tmp_path: Path) -> None:
    """They say so, and keep their distance from each other; when it goes on, it ends as ever."""
    with ArxivServer(papers(150), [Fault(manner="stall-once")]) as server:
        stopped = start(server, tmp_path / "stopped", DELAY, longest=1.5)
        while not server.requests:
            assert stopped.poll() is None
            time.sleep(0.01)
        stopped.send_signal(signal.SIGSTOP)
        try:
            others = [start(server, tmp_path / name, DELAY, longest=1.5) for name in ("one", "other")]
            outs = [ended(process) for process in others]
            gap = smallest_gap(departures(tmp_path), server)
        finally:
            stopped.send_signal(signal.SIGCONT)
        server.go_on.set()
        assert ended(stopped)[0] == "150 0"
    assert [out for out, _ in outs] == ["150 0"] * 2
    assert any("another process was stopped" in said for _, said in outs)
    assert gap >= DELAY


@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_rerun_after_a_kill_asks_only_for_what_is_not_yet_kept(tmp_path: Path, page: int) -> None:
    """Killed while it waits for the feed, the first and the second list of the API."""
    with ArxivServer(papers(230)) as server:
        server.faults = [*[Fault()] * page, Fault(manner="stall")]
        process = start(server, tmp_path / "cache")
        while len(server.requests) <= page:
            assert process.poll() is None
        process.kill()
        process.communicate()
        assert len(server.requests) == page + 1
        assert ended(start(server, tmp_path / "cache"))[0] == "230 0"
        assert len(server.requests) == page + 1 + 4 - page
        assert ended(start(server, tmp_path / "cache"))[0] == "230 0"
        assert len(server.requests) == page + 1 + 4 - page


def test_a_pacer_waits_only_for_what_is_left_of_the_delay() -> None:
    """The first request goes at once, and one after a pause too."""
    clock = Clock()
    pacer = Pacer(3, clock, clock.sleep)
    for pause in (1.0, 10.0, 0.0):
        wait(pacer)
        clock.now += pause
    wait(pacer)
    assert clock.slept == [2.05, 3.05]


def wait(pacer: Pacer) -> None:
    """Let one request have its turn."""
    with pacer.turn():
        pass


def test_pacers_of_one_folder_share_their_pace(tmp_path: Path) -> None:
    """Whoever asked last; a pause counts as waiting."""
    clock = Clock()
    one, other = (Pacer(3, clock, clock.sleep, shared=shared(tmp_path / "new")) for _ in range(2))
    wait(one)
    wait(other)
    clock.now += 1
    wait(one)
    clock.now += 10
    wait(other)
    assert clock.slept == [3.05, 2.05]


@pytest.mark.parametrize("written", ["", "soon", "nan nan", "1e9 2e9", "999 0", "0 1e9", "1 2 3", "\xff"])
def test_a_file_that_says_nothing_of_use_keeps_nobody_waiting(tmp_path: Path, written: str) -> None:
    """Such as one from before the machine was started; it is written over."""
    file = (tmp_path / LOCK_FILE).with_suffix(".pace")
    file.write_text(written, encoding="latin-1")
    clock = Clock()
    pacer = Pacer(1, clock, clock.sleep, shared=shared(tmp_path))
    wait(pacer)
    wait(pacer)
    assert clock.slept == ([0.05, 1.05] if written == "999 0" else [1.05])
    assert file.read_text() == f"{clock.now!r} 0.0"


def test_a_request_that_lasts_is_passed_over_once_and_said(tmp_path: Path) -> None:
    """Whoever comes next waits no more for it."""
    clock, said = Clock(), list[str]()
    one, other, third = (Pacer(0, clock, clock.sleep, shared=shared(tmp_path, said)) for _ in range(3))
    with one.turn():
        began = clock.now
        wait(other)
        assert 65 <= clock.now - began < 66
        between = clock.now
        wait(third)
        wait(other)
        assert clock.now == between
    assert said == ["another process was stopped in the middle of a request to arXiv; it is passed over"] * 2
    wait(other)


def test_threads_of_one_pacer_have_one_connection_at_a_time() -> None:
    """The second begins when the first has its answer."""
    pacer, log = unpaced(), list[str]()

    def second() -> None:
        wait(pacer)
        log.append("second")

    with pacer.turn():
        thread = Thread(target=second)
        thread.start()
        thread.join(0.05)
        log.append("first")
    thread.join()
    assert log == ["first", "second"]


def test_where_the_pace_cannot_be_shared_it_is_said_once_and_kept_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is a file, a lock that is a folder, a file system without locks."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder" / LOCK_FILE).mkdir(parents=True)

    def no_locks(*_args: object) -> None:
        raise OSError(95, "Operation not supported")

    def told(folder: Path) -> str:
        clock, said = Clock(), list[str]()
        pacer = Pacer(1, clock, clock.sleep, shared=shared(folder, said))
        wait(pacer)
        wait(pacer)
        assert clock.slept == [1.05]
        (line,) = said
        return line

    told_of = "the pace of requests to arXiv cannot be shared with other processes"
    assert told_of in told(tmp_path / "file")
    assert told_of in told(tmp_path / "folder")
    monkeypatch.setattr(FileLock, "_acquire", no_locks)
    assert told_of in told(tmp_path)


def answers(folder: Path, now: list[datetime], warnings: list[str]) -> KeptAnswers:
    """The answers kept in a folder, on a clock that the test sets."""
    return KeptAnswers(folder, now=lambda: now[0], warn=warnings.append)


def test_the_cache_keeps_whole_answers_for_the_day_and_others_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    """Old ones are dropped after a week."""
    now, warnings = [datetime(2026, 4, 27, tzinfo=UTC)], list[str]()
    kept = answers(tmp_path, now, warnings)
    kept.put({"one": b"\x00\xff" * 99, "both": b"1"}, whole=True)
    kept.put({"two": b"2", "both": b"2"}, whole=False)
    assert kept.get(["one", "two", "both", "none"]) == {"one": b"\x00\xff" * 99, "two": b"2", "both": b"2"}
    now[0] += timedelta(minutes=16)
    assert set(kept.get(["one", "two", "both"])) == {"one"}
    now[0] += timedelta(days=7)
    kept.put({"three": b""}, whole=True)
    assert (kept.get(["one", "three"]), warnings) == ({"three": b""}, [])


def test_answers_that_are_doubted_are_kept_for_a_quarter_of_an_hour_from_when_they_came(tmp_path: Path) -> None:
    """Pages that do not add up."""
    now, warnings = [datetime(2026, 4, 27, tzinfo=UTC)], list[str]()
    kept = answers(tmp_path, now, warnings)
    kept.put({"one": b"1", "two": b"2"}, whole=True)
    kept.doubt(["one"])
    assert set(kept.get(["one", "two"])) == {"one", "two"}
    now[0] += timedelta(minutes=16)
    assert (set(kept.get(["one", "two"])), warnings) == ({"two"}, [])


def test_answers_of_before_a_moment_can_be_left_alone(tmp_path: Path) -> None:
    """What this run kept itself is given."""
    now, warnings = [datetime(2026, 4, 27, tzinfo=UTC)], list[str]()
    answers(tmp_path, now, warnings).put({"old": b"1"}, whole=True)
    now[0] += timedelta(minutes=1)
    kept = KeptAnswers(tmp_path, now=lambda: now[0], warn=warnings.append, since=now[0])
    kept.put({"own": b"2"}, whole=False)
    assert kept.get(["old", "own"]) == {"own": b"2"}


def test_answers_of_a_clock_that_was_ahead_are_asked_for_again(tmp_path: Path) -> None:
    """Else a feed of this morning would be good until a quarter of an hour after the wrong time."""
    now, warnings = [datetime(2026, 4, 27, 18, tzinfo=UTC)], list[str]()
    kept = answers(tmp_path, now, warnings)
    kept.put({"feed": b"1"}, whole=False)
    kept.put({"record": b"2"}, whole=True)
    now[0] -= timedelta(hours=6)
    assert (kept.get(["feed", "record"]), warnings) == ({}, [])


def test_a_kept_answer_that_is_damaged_is_a_miss_and_a_warning(tmp_path: Path) -> None:
    """It is asked for again."""
    now, warnings = [datetime(2026, 4, 27, tzinfo=UTC)], list[str]()
    kept = answers(tmp_path, now, warnings)
    kept.put({"one": b"x"}, whole=True)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("UPDATE pages SET body = 'text'")
    assert (kept.get(["one"]), len(warnings)) == ({}, 1)


def test_a_cache_of_an_earlier_version_keeps_answers_too(tmp_path: Path) -> None:
    """The table is made when the file is opened."""
    now, warnings = [datetime(2026, 4, 27, tzinfo=UTC)], list[str]()
    kept = answers(tmp_path, now, warnings)
    kept.put({"one": b"x"}, whole=True)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.executescript("DROP TABLE pages; PRAGMA user_version = 1;")
    kept.put({"two": b"y"}, whole=True)
    assert (kept.get(["one", "two"]), warnings) == ({"two": b"y"}, [])


def test_a_cache_that_cannot_be_used_is_a_miss_and_a_warning(tmp_path: Path) -> None:
    """It costs no fetch."""
    (tmp_path / "file").write_text("")
    now, warnings = [datetime(2026, 4, 27, tzinfo=UTC)], list[str]()
    kept = answers(tmp_path / "file", now, warnings)
    kept.put({"one": b"x"}, whole=True)
    kept.doubt(["one"])
    assert (kept.get(["one"]), len(warnings)) == ({}, 3)
