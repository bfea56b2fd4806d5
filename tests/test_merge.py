"""One more run of a day never makes its page poorer."""

from __future__ import annotations

from pipeline.merge import merged
from pipeline.records import Entry, Failure, Paper, Summary


def _entry(number: int, *, text: str = "", failed: bool = False) -> Entry:
    paper = Paper(id=f"2604.{number:05}", title="A title", abstract="An abstract.")
    if failed:
        return Entry(paper=paper, failure=Failure(paper_id=paper.id, reason="timeout", detail=text))
    summary = Summary(paper_id=paper.id, translated_title=text, tldr=text, translated_abstract=text)
    return Entry(paper=paper, summary=summary)


def test_what_only_the_earlier_run_had_is_kept_after_the_rest_and_named() -> None:
    """The ids of the kept papers are in the order of the earlier page."""
    now, before = [_entry(3), _entry(1)], [_entry(1), _entry(2), _entry(4)]
    assert merged(now, before) == ((_entry(3), _entry(1), _entry(2), _entry(4)), ("2604.00002", "2604.00004"))


def test_an_earlier_summary_beats_a_failure() -> None:
    """The paper counts as found, not as kept."""
    assert merged([_entry(1, failed=True)], [_entry(1, text="早")]) == ((_entry(1, text="早"),), ())


def test_of_equals_the_later_run_wins() -> None:
    """A summary replaces a summary, a failure a failure, and a summary a failure."""
    for failed, was in ((False, False), (True, True), (False, True)):
        now = _entry(1, text="now", failed=failed)
        assert merged([now], [_entry(1, text="before", failed=was)]) == ((now,), ())
