"""What arXiv is known to answer at times, seen from the command line: right papers, right exit code, one clear line."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence

import pytest

from tests.fetch.samples import QUICK, paper, papers
from tests.fetch.test_traps import ANSWERS, FIELDS, LASTING, PASSING, TEXTS, Text
from tests.servers.arxiv import Fault, api_feed, error_announcement, error_feed

from .days import Days, days

__all__ = ["days"]

MONDAY = "2026-04-27"


@pytest.fixture(autouse=True)
def _no_patience(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs and pauses of a fraction of a second; the program's own are minutes."""
    monkeypatch.setattr("pipeline.fetch.Limits", lambda: QUICK)
    monkeypatch.setenv("ARXIV_DIGEST_ARXIV_PATIENCE", "1.5")


def _names(count: int) -> list[str]:
    return [one.id for one in papers(count)]


def _lines(said: str) -> list[str]:
    """What was said besides progress."""
    return [line for line in said.splitlines() if not line.startswith("fetched ")]


@pytest.mark.parametrize(("number", "fault"), list(enumerate(PASSING.values())), ids=PASSING)
def test_what_passes_costs_no_paper_and_no_word(days: Days, number: int, fault: Fault) -> None:
    """In place of the feed or of an answer of the API, in turn."""
    days.announces(MONDAY, papers(3))
    days.arxiv.faults = [*[Fault()] * (number % 2), fault]
    ran = days("run", "cs.AI")
    assert (ran.code, _lines(ran.stderr), days.shown("cs.AI", MONDAY)) == (0, [], _names(3))
    assert days.report("cs.AI", MONDAY)["source"] == {"announced": 3, "fetched": 3, "missing": 0}


@pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING)
@pytest.mark.parametrize("asked", [("--date", "2026-04-24"), ()], ids=["past day", "today"])
def test_what_lasts_is_one_error_and_no_empty_page(
    days: Days, monkeypatch: pytest.MonkeyPatch, fault: Fault, asked: Sequence[str]
) -> None:
    """1: what was asked, how often, and what came back; nothing is written."""
    days.announces(MONDAY, papers(3))
    days.arxiv.faults = [fault] * 99
    monkeypatch.setenv("ARXIV_DIGEST_ARXIV_PATIENCE", "0.1")
    ran = days("run", "cs.AI", *asked)
    assert (ran.code, days.pages()) == (1, [])
    said, hint = _lines(ran.stderr)
    assert said.startswith("arxiv-digest: 127.0.0.1 was asked for ")
    assert "no answer that can be read" in said
    assert f"; the last was HTTP {fault.status} with " in said
    assert hint.startswith("  arXiv ")


def test_a_refused_connection_is_one_error(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """1, at the feed as at the API."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ARXIV_DIGEST_ARXIV_PATIENCE", "0.1")
        monkeypatch.setenv("ARXIV_DIGEST_ARXIV_FEED_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        ran = days("run", "cs.AI")
    assert (ran.code, days.pages(), len(_lines(ran.stderr))) == (1, [], 2)
    assert "in 0.1 s; the last was no answer (" in ran.stderr
    assert "refused" in ran.stderr


def test_a_category_that_arxiv_does_not_know_is_said_in_its_words(days: Days) -> None:
    """1, and it is not asked again."""
    days.arxiv.faults = [Fault(400, body=error_announcement("astroph"))]
    ran = days("run", "cs.AI")
    assert (ran.code, len(days.arxiv.requests)) == (1, 1)
    assert "arXiv refused: Bad archive 'astroph'." in _lines(ran.stderr)[0]


@pytest.mark.parametrize(("bodies", "of_api"), ANSWERS.values(), ids=ANSWERS)
def test_odd_pages_of_the_api_cost_no_paper(days: Days, bodies: list[bytes], of_api: int) -> None:
    """What the API keeps back is made from the feed, and one line says so."""
    days.announces(MONDAY, papers(8))
    days.arxiv.faults = [Fault(), *(Fault(body=body) for body in bodies)]
    ran = days("run", "cs.AI")
    assert (ran.code, days.shown("cs.AI", MONDAY)) == (0, _names(8))
    lacks = f"arXiv's query API does not have {8 - of_api} papers yet; they were made from the feed's own items"
    made = [f"arxiv-digest: warning: cs.AI {MONDAY}: {lacks}"]
    assert [line.partition(" and were")[0] for line in _lines(ran.stderr)] == (made if of_api < 8 else [])


ODD: dict[str, tuple[list[bytes], int, int]] = {
    "an empty first page where the total says otherwise": ([api_feed([], total=8)], 8, 0),
    "a total that rises": ([api_feed(papers(8)[:5], total=8), api_feed(papers(8)[5:], total=9, start=5)], 8, 0),
    "pages that overlap": ([api_feed(papers(8)[:5], total=8), api_feed(papers(8)[2:], total=8, start=5)], 8, 0),
    "an empty second page for ever": ([api_feed(papers(8)[:5], total=8), *[api_feed([], total=8, start=5)] * 3], 5, 3),
    "a refused second page": ([api_feed(papers(8)[:5], total=8), error_feed("no more today")], 5, 3),
}


@pytest.mark.parametrize(("bodies", "came", "missing"), ODD.values(), ids=ODD)
def test_odd_pages_of_a_past_day_lose_nothing_unsaid(days: Days, bodies: list[bytes], came: int, missing: int) -> None:
    """What did not come is counted, with the reason; then the run ends with 3."""
    days.announces("2026-04-28", [], of_api=papers(8, published="2026-04-24T10:00:00Z"))
    days.arxiv.faults = [Fault(body=body) for body in bodies]
    ran = days("run", "cs.AI", "--date", MONDAY, "--json")
    report = json.loads(ran.stdout)
    assert (ran.code, days.shown("cs.AI", MONDAY)) == (3 if missing else 0, _names(came))
    assert report["source"] == {"announced": came + missing, "fetched": came, "missing": missing}
    named = [f"{missing} more"] if missing else []
    assert [one["id"] for one in report["missing_papers"]] == named
    assert [line.split("  ")[1] for line in _lines(ran.stderr)] == named


@pytest.mark.parametrize(("spoil", "from_feed"), FIELDS.values(), ids=FIELDS)
def test_odd_fields_of_the_api_cost_no_paper(days: Days, spoil: Callable[[bytes], bytes], from_feed: int) -> None:
    """What the record lacks and a page needs, the feed's item has."""
    days.announces(MONDAY, papers(3))
    days.arxiv.faults = [Fault(), Fault(body=spoil(days.arxiv.answer("/api/query", {})[1]))]
    ran = days("run", "cs.AI")
    assert (ran.code, days.shown("cs.AI", MONDAY), len(_lines(ran.stderr))) == (0, _names(3), from_feed)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("has", [True, False], ids=["API", "feed alone"])
def test_odd_text_reaches_the_digest_whole(days: Days, text: Text, has: bool) -> None:
    """As the API has it, else as the feed has it; an abstract's paragraphs become one."""
    days.announces(MONDAY, [text.feed], of_api=[text.api] if has else [])
    assert days("run", "cs.AI").code == 0
    (entry,) = days.entries("cs.AI", MONDAY)
    expected = text.api if has else text.feed
    assert (entry["paper"]["title"], tuple(entry["paper"]["authors"])) == (expected.title, expected.authors)
    assert entry["paper"]["abstract"] == " ".join(expected.abstract.split())


def test_a_control_character_costs_no_paper_and_reaches_no_page(days: Days) -> None:
    """As a byte and as a reference, in the feed and in the API."""
    days.announces(MONDAY, papers(2))
    feed, api = (days.arxiv.answer(path, {})[1] for path in ("/rss/cs.AI", "/api/query"))
    odd = (feed.replace(b"Title 1", b"Title\x0b 1&#x1f;"), api.replace(b"Title 1", b"Ti\x02tle 1&#3;"))
    days.arxiv.faults = [Fault(body=body) for body in odd]
    ran = days("run", "cs.AI")
    assert (ran.code, [one["paper"]["title"] for one in days.entries("cs.AI", MONDAY)]) == (0, ["Title 1", "Title 2"])
    assert all(line.isprintable() for line in days.page("cs.AI", MONDAY).split("\n"))


def test_an_id_that_arxiv_refuses_costs_none_of_the_others(days: Days) -> None:
    """A bad id fails a whole list: it alone is dropped, and in an announcement the feed has it."""
    days.announces(MONDAY, papers(3))
    days.arxiv.refused = frozenset({"2604.00002"})
    ran = days("run", "cs.AI")
    assert (ran.code, days.shown("cs.AI", MONDAY)) == (0, _names(3))
    assert days.notes("cs.AI", MONDAY) == {"from_feed": {"count": 1, "ids": "2604.00002"}}
    ran = days("run", "--id", "2604.00001", "--id", "2604.00002")
    assert (ran.code, days.shown("papers", MONDAY)) == (3, ["2604.00001"])
    assert "  2604.00002  missing: arXiv refused: incorrect id format for 2604.00002" in ran.stderr.splitlines()


def test_a_paper_that_moderation_held_comes_on_its_day_and_not_again_with_its_window(days: Days) -> None:
    """Submitted four days before it was announced."""
    held, prompt = paper(1, published="2026-04-22T20:00:00Z"), paper(2, published="2026-04-22T20:00:00Z")
    days.announces(MONDAY, [held], of_api=[held, prompt])
    days("run", "cs.AI")
    assert days("run", "cs.AI", "--date", "2026-04-24").code == 0
    assert (days.shown("cs.AI", MONDAY), days.shown("cs.AI", "2026-04-24")) == ([held.id], [prompt.id])


@pytest.mark.parametrize(
    ("day", "window"),
    [
        ("2026-03-10", "submittedDate:[202603061900 TO 202603091759]"),
        ("2026-11-03", "submittedDate:[202610301800 TO 202611021859]"),
        ("2026-04-28", "submittedDate:[202604241800 TO 202604271759]"),
        ("2026-11-30", "submittedDate:[202611251900 TO 202611271859]"),
    ],
    ids=["summer time begins", "summer time ends", "Friday to Monday", "after a holiday"],
)
def test_a_past_day_is_asked_for_by_the_window_of_its_schedule(days: Days, day: str, window: str) -> None:
    """In GMT, both ends included."""
    days.announces("2026-12-01", [])
    assert days("run", "cs.AI", "--date", day).code == 5
    assert [window in seen.query["search_query"] for seen in days.arxiv.requests] == [True]
