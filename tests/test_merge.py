"""One more run of a day never makes its page poorer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.merge import merged
from pipeline.records import Entry, Failure, Paper, Summary

RECORDED: dict[str, Any] = {"updated": datetime(2026, 4, 24, tzinfo=UTC)}
"""What the query API says and an item of a feed does not."""


def _entry(number: int, *, text: str = "", failed: bool = False, **more: Any) -> Entry:
    paper = Paper(id=f"2604.{number:05}", title="A title", abstract="An abstract.", **more)
    if failed:
        return Entry(paper=paper, failure=Failure(paper_id=paper.id, reason="timeout", detail=text))
    summary = Summary(paper_id=paper.id, translated_title=text, tldr=text, translated_abstract=text)
    return Entry(paper=paper, summary=summary)


def test_what_only_the_earlier_run_had_is_kept_after_the_rest_and_named() -> None:
    """The ids of the kept papers are in the order of the earlier page."""
    now, before = [_entry(3), _entry(1)], [_entry(1), _entry(2), _entry(4)]
    assert merged(now, before) == ((_entry(3), _entry(1), _entry(2), _entry(4)), ("2604.00002", "2604.00004"))


BETTER = {
    "a summary": (_entry(1, failed=True, version=2), _entry(1, text="早", version=1)),
    "a newer version": (_entry(1, version=1, **RECORDED), _entry(1, version=2)),
    "a record of the query API": (_entry(1, version=1), _entry(1, version=1, **RECORDED)),
}


@pytest.mark.parametrize(("now", "before"), BETTER.values(), ids=BETTER)
def test_the_better_entry_of_an_earlier_run_stays_and_is_named(now: Entry, before: Entry) -> None:
    """A summary is worth more than a version, and a version more than where the record is from."""
    assert merged([now], [before]) == ((before,), (now.paper.id,))
    assert merged([before], [now]) == ((before,), ())


def test_of_equals_the_later_run_wins() -> None:
    """A summary replaces a summary, a failure a failure, and a summary a failure."""
    for failed, was in ((False, False), (True, True), (False, True)):
        now = _entry(1, text="now", failed=failed)
        assert merged([now], [_entry(1, text="before", failed=was)]) == ((now,), ())
