"""What is left of runs that are ended at random moments, by each signal in turn."""

from __future__ import annotations

from pathlib import Path

from benchmarks.endings import PAPERS, SIGNALS, endings

TIMES = 4


def test_runs_ended_at_random_lose_no_reply_and_leave_no_half_file(tmp_path: Path) -> None:
    """Nothing is lost, nothing paid twice but what was in flight, the database sound, and the digest whole at last."""
    said: list[str] = []
    account = endings(TIMES, seed=7, folder=tmp_path, say=said.append)
    assert account.faults == []
    assert account.endings == TIMES
    assert {number.name for number in SIGNALS} <= account.by_signal.keys()
    assert account.whole >= 1
    assert account.replies == PAPERS * account.whole + account.paid_twice
    assert len(said) == TIMES + 2
