"""``prompts judge``: serve a comparison to one judge on this machine, or say what the verdicts come to."""

from __future__ import annotations

import contextlib
import secrets
import threading
from pathlib import Path

from pipeline.cli import screen
from pipeline.cli.environment import now
from pipeline.compare.comparison import Comparison, read_comparison
from pipeline.compare.page import Seat
from pipeline.compare.server import JudgeServer, Judging
from pipeline.compare.standing import planned
from pipeline.compare.verdicts import read_verdicts, verdict_path
from pipeline.compare.wording import sentences
from pipeline.errors import UsageError
from pipeline.exits import Exit

TOKEN_BYTES = 24


def judge_command(path: Path, judge: str, pair: str | None, *, verdicts: bool, open_: bool) -> Exit:
    """Serve the comparison until Ctrl-C, then say the verdict; with ``verdicts`` say it at once."""
    comparison = read_comparison(path)
    seat = Seat(_name(judge), _pair(comparison, pair))
    judging = Judging(comparison, seat, verdict_path(path), now)
    _warn_of_others(judging)
    if not planned(comparison, seat.pair):
        raise UsageError(f"{path}: no paper has a summary in both columns, so there is nothing to judge")
    if not verdicts:
        _serve(judging, open_=open_)
    for sentence in sentences(comparison, seat.pair, judging.judged(), "en"):
        screen.say(sentence)
    return Exit.COMPLETE


def _warn_of_others(judging: Judging) -> None:
    """Say how many verdicts are on an earlier comparison of the same name.

    Raises:
        InputError: the file of verdicts cannot be read, which is said now and not in the browser.
    """
    others = sum(verdict.comparison != judging.comparison.id for verdict in read_verdicts(judging.path))
    if others:
        screen.warn(f"{judging.path}: verdicts on an earlier comparison of this name do not count: {others}")


def _name(judge: str) -> str:
    if not judge.strip() or len(judge) > 80 or not judge.isprintable():
        raise UsageError("--judge: give a name of 1 to 80 characters")
    return judge.strip()


def _pair(comparison: Comparison, given: str | None) -> tuple[int, int]:
    """Return the places of the two columns that are judged, which a user counts from 1."""
    count = len(comparison.columns)
    columns = ", ".join(f"{at} {column.label}" for at, column in enumerate(comparison.columns, 1))
    if given is None and count == 2:
        return 0, 1
    if given is None:
        raise UsageError(f"the comparison has {count} columns ({columns})", hint="Choose two of them: --pair 1,2")
    words = given.split(",")
    if len(words) != 2 or not all(word.strip().isdecimal() for word in words):
        raise UsageError(f"--pair {given!r}: write two numbers, such as 1,2 (columns: {columns})")
    first, second = (int(word) for word in words)
    if first == second or not {first, second} <= set(range(1, count + 1)):
        raise UsageError(f"--pair {given!r}: there are {count} columns ({columns})")
    return first - 1, second - 1


def _serve(judging: Judging, *, open_: bool) -> None:
    with JudgeServer(judging, secrets.token_urlsafe(TOKEN_BYTES)) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        screen.say(f"judge at {server.url}")
        screen.say(f"  each verdict is saved in {judging.path}; Ctrl-C ends and says what they come to")
        if open_:
            import webbrowser

            webbrowser.open(server.url)
        with contextlib.suppress(KeyboardInterrupt):
            # Where a wait without end cannot be interrupted, as on Windows, one with an end can.
            while serving.is_alive():
                serving.join(timeout=0.5)
        server.shutdown()
