"""A digest's order and its JSON file."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assemble import Digest, as_json, as_written, in_page_order, markdown
from pipeline.records import Day, Entry, Source

from .samples import done, failed, paper

DAYS = st.lists(st.none() | st.integers(1, 4), max_size=8)


def _dated(number: int, day: int | None) -> Entry:
    return done(paper(number, published=None if day is None else f"2024-04-0{day}T12:00:00Z"))


def _numbers(entries: tuple[Entry, ...]) -> list[int]:
    return [int(entry.paper.id.removeprefix("2404.")) for entry in entries]


def test_newest_first_and_undated_in_place() -> None:
    """Dated entries are sorted among their own places, equal dates as they came; undated ones do not move."""
    entries = tuple(_dated(number, day) for number, day in enumerate([1, None, 3, 2, None, 3], 1))

    assert _numbers(in_page_order(entries)) == [3, 2, 6, 4, 5, 1]


def test_dates_are_compared_as_moments() -> None:
    """Zones count: 01:00 at +02:00 is before 00:00 at UTC."""
    earlier, later = paper(1, published="2024-04-02T01:00:00+02:00"), paper(2, published="2024-04-02T00:00:00Z")

    assert _numbers(in_page_order((done(earlier), failed(later)))) == [2, 1]


@settings(max_examples=50, deadline=None)
@given(DAYS)
def test_order_loses_nothing_and_settles(days: list[int | None]) -> None:
    """The page's order holds each entry once, dates descending, and ordering it again changes nothing."""
    entries = tuple(_dated(number, day) for number, day in enumerate(days, 1))
    ordered = in_page_order(entries)
    dates = [entry.paper.published for entry in ordered if entry.paper.published]

    assert sorted(_numbers(ordered)) == _numbers(entries)
    assert dates == sorted(dates, reverse=True)
    assert [entry for entry in ordered if not entry.paper.published] == [e for e in entries if not e.paper.published]
    assert in_page_order(ordered) == ordered


def test_json_holds_each_entry_as_summarize_wrote_it() -> None:
    """Name, date and the entries in the order of the page, each with its one outcome; readable, and as UTF-8."""
    new, old = failed(paper(2, published="2024-04-02T00:00:00Z"), "timeout", "慢"), done(paper(1), model="m")
    old = old.model_copy(update={"paper": paper(1, published="2024-04-01T00:00:00Z", title="题 \u2028")})
    text = as_json(Digest("cs.CV", "2024-04-03", (old, new), Source()))

    assert text.startswith('{\n  "name": "cs.CV",\n  "date": "2024-04-03",\n  "entries": [\n    {\n      "paper": {\n')
    assert text.endswith("}\n")
    assert "慢" in text
    assert json.loads(text) == {
        "name": "cs.CV",
        "date": "2024-04-03",
        "entries": [
            {
                "paper": new.paper.model_dump(mode="json"),
                "failure": new.failure and new.failure.model_dump(mode="json"),
            },
            {
                "paper": old.paper.model_dump(mode="json"),
                "summary": old.summary and old.summary.model_dump(mode="json"),
            },
        ],
    }


def test_json_can_be_written_whatever_a_text_holds() -> None:
    """A lone surrogate, which UTF-8 cannot hold, is escaped, and read back as it was."""
    text = as_json(Digest("n", "2024-04-03", (done(paper(title="a\ud800\\ud800")),), Source()))

    assert json.loads(text.encode())["entries"][0]["paper"]["title"] == "a\ud800\\ud800"


def test_json_without_entries() -> None:
    """An empty digest is valid JSON too."""
    empty = '{\n  "name": "n",\n  "date": "2024-04-03",\n  "entries": []\n}\n'

    assert as_json(Digest("n", "2024-04-03", (), Source())) == empty


def test_the_language_of_a_digest_is_its_records() -> None:
    """It is written where it is another than the default, read back with the day, and an unknown one has words too."""
    assert "language" not in json.loads(as_json(Digest("a", "2026-11-23", (), Source())))
    other = Digest("a", "2026-11-23", (), Source(), language="tlh")
    day = Day.model_validate_json(as_json(other))
    assert as_written(day, None, has_feed=False).language == "tlh"
    assert markdown(other) == markdown(Digest("a", "2026-11-23", (), Source()))
