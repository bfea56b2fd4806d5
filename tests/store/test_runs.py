"""The reports of runs in the cache."""

from __future__ import annotations

from pipeline.store.claims import ASK_CLAIM

from .samples import NOW, Shelf, report


def test_a_run_is_kept_with_its_report(shelf: Shelf) -> None:
    """The same digest twice is two runs."""
    with shelf.open() as cache:
        for _ in range(2):
            cache.runs.keep(report(), finished=NOW)
    row = ("cs.AI", "2026-11-23", "2026-11-23T08:30:00+00:00", report().model_dump_json())
    assert shelf.sql("SELECT number, name, date, finished, report FROM runs") == [(1, *row), (2, *row)]


def test_the_end_of_a_run_removes_what_runs_that_died_claimed(shelf: Shelf) -> None:
    """A claim that lapsed goes; one that still holds stays."""
    with shelf.open() as cache, shelf.open() as other:
        assert cache.claims.try_claim(["old"], NOW) == {"old": "mine"}
        assert other.claims.try_claim(["new"], NOW + ASK_CLAIM) == {"new": "mine"}
        cache.runs.keep(report(), finished=NOW + ASK_CLAIM)
    assert shelf.sql("SELECT key FROM claims") == [("new",)]


def test_runs_are_counted(shelf: Shelf) -> None:
    """As they end."""
    with shelf.open() as cache:
        assert cache.runs.count() == 0
        cache.runs.keep(report(), finished=NOW)
        assert cache.runs.count() == 1
