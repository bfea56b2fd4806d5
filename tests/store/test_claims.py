"""Claims on asks, and the way on which a run keeps its replies: nothing is lost, and nothing waits."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipeline.errors import UnkeptError
from pipeline.store.claims import ASK_CLAIM

from .samples import NOW, ROOT, Shelf, paper, reply

_WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.store.samples import keep_at_last, paper, reply
from pipeline.store.cache import Cache
def warn(message):
    sys.exit(message)
sys.stdin.readline()
first, last, then = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
with Cache(Path(sys.argv[2]), warn=warn) as cache:
    for number in range(first, last):
        keep_at_last(cache, paper(number), reply(number))
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


def test_of_two_runs_one_asks_until_its_claim_lapses(shelf: Shelf) -> None:
    """A claim is renewed by whoever has it, held against others, and free to all a while after its run died."""
    key, later = "k", NOW + ASK_CLAIM
    with shelf.open() as one, shelf.open() as other:
        assert one.claims.try_claim([key], NOW) == {key: "mine"}
        assert one.claims.try_claim([key], NOW) == {key: "mine"}
        assert other.claims.try_claim([key], NOW) == {key: "busy"}
        assert one.claims.try_renew(later - timedelta(seconds=1))
        assert other.claims.try_claim([key], later) == {key: "busy"}
        assert other.claims.try_claim([key], later + ASK_CLAIM) == {key: "mine"}


def test_a_claim_ends_with_the_reply_or_without(shelf: Shelf) -> None:
    """What is kept is taken from the cache by the other run; what came to nothing may be asked by it."""
    kept, lost = reply(1).key, reply(2).key
    with shelf.open() as one, shelf.open() as other:
        one.claims.try_claim([kept, lost], NOW)
        assert one.claims.try_keep([(paper(1), reply(1))])
        assert one.claims.try_release([lost])
        assert other.claims.try_claim([kept, lost], NOW) == {kept: "kept", lost: "mine"}
        assert other.replies.get(kept) == reply(1)


def test_nobody_ends_the_claim_of_another(shelf: Shelf) -> None:
    """A run that comes late with a reply keeps it, and the claim of the run that asks now stays."""
    with shelf.open() as one, shelf.open() as other:
        one.claims.try_claim(["k"], NOW)
        assert other.claims.try_release(["k"])
        assert other.claims.try_claim(["k"], NOW) == {"k": "busy"}


def test_while_another_process_writes_nothing_waits(shelf: Shelf) -> None:
    """Each says that it has to be tried again, and is not lost once it is."""
    shelf.fill(1)
    with shelf.open() as cache, contextlib.closing(sqlite3.connect(shelf.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert cache.claims.try_claim(["k"], NOW) == {}
        assert not cache.claims.try_renew(NOW)
        assert not cache.claims.try_release(["k"])
        assert not cache.claims.try_keep([(paper(2), reply(2))])
        other.execute("ROLLBACK")
        assert cache.claims.try_keep([(paper(2), reply(2))])
        assert cache.replies.get(reply(2).key) == reply(2)


def test_what_can_never_be_kept_is_an_error(shelf: Shelf) -> None:
    """It names the file and the reason."""
    with shelf.open() as cache:
        cache.database._db.execute("PRAGMA query_only = 1")
        with pytest.raises(UnkeptError) as caught:
            cache.claims.try_keep([(paper(), reply())])
    assert caught.value.message == f"{shelf.file}: attempt to write a readonly database"
