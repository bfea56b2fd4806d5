"""``run`` by days: today from the feed, days that are past, several of them; each paper once, every lack said."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tracemalloc
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.edge import guarded
from pipeline.records import Paper
from pipeline.store.memory import Memory
from tests.anything import widgets
from tests.servers.arxiv import ArxivServer, Fault, error_announcement, error_feed
from tests.servers.openai import OpenAIServer

from .days import Days, announced, days, row_of, several
from .program import Program, arxiv_environment, eastern_day, lines, wait_until

__all__ = ["days"]

THURSDAY, FRIDAY, SATURDAY, MONDAY, TUESDAY = ("2026-04-23", "2026-04-24", "2026-04-25", "2026-04-27", "2026-04-28")
EVERY = ("--announce", "new,cross,replace,replace-cross")
SECTIONS = """
[digests.ai]
categories = ["cs.AI"]
[digests.lg]
categories = ["cs.LG"]
"""
BOTH: dict[str, Any] = {"categories": ("cs.AI", "cs.LG")}
OF_LG: dict[str, Any] = {"categories": ("cs.LG", "cs.AI"), "primary_category": "cs.LG"}


def _asked(arxiv: ArxivServer) -> list[str]:
    """The ids of each request to the query API, in order."""
    return [name for seen in arxiv.requests for name in seen.query.get("id_list", "").split(",") if name]


def test_categories_alone_are_todays_announcement(days: Days) -> None:
    """Its new papers and cross-lists, by the feed's date; the foot counts what was announced, fetched and shown."""
    days.announces(MONDAY, [*several((1, 2)), *several([3], "cross"), *several([4], "replace")])
    ran = days("run", "cs.AI")
    assert (ran.code, ran.stdout.splitlines()[0].rpartition(", ")[0]) == (
        0,
        f"cs.AI {MONDAY}: 3 papers, 3 new, 0 cached, 0 without summary, 0 missing; 3 requests, $0.0000",
    )
    assert days.shown("cs.AI", MONDAY) == ["2604.00001", "2604.00002", "2604.00003"]
    assert "公告 3 篇，取得 3 篇，缺少 0 篇。本页 3 篇。" in days.page("cs.AI", MONDAY)
    assert "按提交日期" not in days.page("cs.AI", MONDAY)
    assert [seen.path for seen in days.arxiv.requests] == ["/rss/cs.AI", "/api/query"]


@pytest.mark.parametrize("command", [("run", "cs.AI"), ("run", "cs.AI", "--date", MONDAY), ("fetch", "cs.AI")])
def test_a_second_run_on_the_same_day_asks_arxiv_nothing(days: Days, command: tuple[str, ...]) -> None:
    """And makes the same page, byte for byte."""
    days.announces(MONDAY, several(range(1, 131)))
    days("run", "cs.AI")
    before = {name: text for name, text in days.program.made().items() if not name.endswith(".run.json")}
    asked = len(days.arxiv.requests)
    assert days(*command).code == 0
    after = {name: text for name, text in days.program.made().items() if not name.endswith(".run.json")}
    assert (len(days.arxiv.requests), after) == (asked, before)


def test_the_kinds_and_the_primary_category_are_chosen_in_the_settings_and_by_option(days: Days) -> None:
    """The option beats the section."""
    days.program.write("digest.toml", f'{SECTIONS}announce = ["cross", "replace"]\nprimary_only = true\n')
    days.announces(MONDAY, [*several([1], "cross", **OF_LG), *several([2], "replace", **OF_LG), *several([3], **OF_LG),
                            *several([4], "cross", **BOTH)])  # fmt: skip
    days("run", "lg")
    assert days.shown("lg", MONDAY) == ["2604.00001", "2604.00002"]
    days("run", "lg", "--announce", "new", "--name", "new")
    assert days.shown("new", MONDAY) == ["2604.00003"]


def test_a_past_day_is_what_was_submitted_in_its_window_and_the_page_and_report_say_so(days: Days) -> None:
    """Of the feed nothing is asked; new papers and cross-lists can still be told apart, replacements cannot be had."""
    late = announced(9, published="2026-04-27T19:00:00Z")
    days.announces(TUESDAY, [], of_api=[announced(1), announced(2, **OF_LG), late])
    ran = days("run", "cs.AI", "--date", MONDAY)
    assert (ran.code, days.shown("cs.AI", MONDAY)) == (0, ["2604.00001", "2604.00002"])
    assert "本页按提交日期选取论文" in days.page("cs.AI", MONDAY)
    assert list(days.notes("cs.AI", MONDAY)) == ["follows_submission"]
    assert [entry["paper"]["announce_type"] for entry in days.entries("cs.AI", MONDAY)] == ["new", "cross"]
    assert {seen.path for seen in days.arxiv.requests} == {"/api/query"}
    for kinds, wanted in (("new", ["2604.00001"]), ("cross,replace", ["2604.00002"])):
        days("run", "cs.AI", "--date", MONDAY, "--announce", kinds, "--name", kinds[:3], "--limit", "1")
        assert days.shown(kinds[:3], MONDAY) == wanted
    ran = days("run", "cs.AI", "--date", MONDAY, "--announce", "replace")
    assert (ran.code, ran.stderr.splitlines()[0]) == (
        2,
        f"arxiv-digest: {MONDAY}: arXiv no longer says what was announced as replace then",
    )


def test_a_feed_that_is_not_yet_of_the_day_that_was_asked_for_is_not_taken_for_it(days: Days) -> None:
    """Between midnight and the feed's new making, the window stands in; without a day the feed's own date counts."""
    days.announces(TUESDAY, several([1]), of_api=[announced(1), announced(2, published="2026-04-27T10:00:00Z")])
    days.arxiv.day = date.fromisoformat(MONDAY)
    ran = days("run", "cs.AI")
    late = (
        f"arXiv has not made the feed of {TUESDAY} yet; its feed is still that of {MONDAY}. Run again after 12:30 UTC"
    )
    assert (ran.code, late in ran.stderr, days.report("cs.AI", MONDAY)["complete"]) == (3, True, False)
    ran = days("run", "cs.AI", "--date", TUESDAY)
    assert (ran.code, "warning" in ran.stderr) == (0, False)
    assert days.pages() == [f"cs.AI/{MONDAY}", f"cs.AI/{TUESDAY}"]
    assert days.shown("cs.AI", TUESDAY) == ["2604.00002"]
    ran = days("run", "cs.AI")
    assert (ran.code, ran.stdout) == (5, f"cs.AI {TUESDAY}: nothing was announced\n")


def test_three_mornings_make_three_pages_and_none_is_green_without_one(days: Days) -> None:
    """The feed of the second day comes later than usual: the run before ends with 3, the next one makes the page."""
    days.answers(several(range(1, 10)))
    ends = []
    for number, day in enumerate((MONDAY, TUESDAY, "2026-04-29"), start=1):
        before = days.arxiv.day, days.arxiv.feed_papers
        days.announces(day, several([number]))
        days.later(-373)
        if day == TUESDAY:
            feed = days.arxiv.day, days.arxiv.feed_papers
            days.arxiv.day, days.arxiv.feed_papers = before
            ends.append(days("run", "cs.AI").code)
            days.later(60)
            days.arxiv.day, days.arxiv.feed_papers = feed
        ends.append(days("run", "cs.AI").code)
    assert ends == [0, 3, 0, 0]
    assert days.pages() == [f"cs.AI/{day}" for day in (MONDAY, TUESDAY, "2026-04-29")]
    assert [days.shown("cs.AI", day) for day in (MONDAY, TUESDAY)] == [["2604.00001"], ["2604.00002"]]


def test_a_feed_that_is_late_and_empty_makes_no_page_and_is_not_green(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a Monday before arXiv made the feed: that of Sunday is empty. So through the pipe."""
    days.announces(MONDAY, [])
    days.arxiv.day = date(2026, 4, 26)
    assert (days("run", "cs.AI").code, days.pages()) == (3, [])
    assert _piped(days, monkeypatch, "cs.AI") == [3, 3, 3]
    assert days.pages() == []
    days.announces(SATURDAY, [])
    days.arxiv.day = date(2026, 4, 24)
    assert days("run", "cs.AI").code == 5


def test_a_feed_that_is_ahead_of_the_clock_is_a_page_of_its_own_day(days: Days) -> None:
    """As at midnight, or where the clock is an hour slow: 0 and no warning; the day is then done."""
    days.announces(TUESDAY, several([1]))
    days.later(-491)
    assert days.now().isoformat() == "2026-04-28T03:49:00+00:00"
    ran = days("run", "cs.AI")
    assert (ran.code, days.pages(), "warning" in ran.stderr) == (0, [f"cs.AI/{TUESDAY}"], False)
    days.later(60)
    ran = days("run", "cs.AI")
    assert (ran.code, days.pages(), days.report("cs.AI", TUESDAY)["requests"]) == (0, [f"cs.AI/{TUESDAY}"], 0)


def test_replacements_of_a_day_whose_feed_is_gone_are_no_longer_told(days: Days) -> None:
    """The feed of tomorrow is there already: wrong usage, not a feed that is late."""
    days.announces(TUESDAY, several([1], "replace"))
    days.later(-491)
    ran = days("run", "cs.AI", "--date", MONDAY, "--announce", "replace")
    assert (ran.code, days.pages()) == (2, [])
    assert f"{MONDAY}: arXiv no longer says what was announced as replace then" in ran.stderr


def test_replacements_of_a_day_whose_feed_is_late_are_not_there_yet(days: Days) -> None:
    """3, not wrong usage."""
    days.announces(TUESDAY, several([1], "replace"))
    days.arxiv.day = date.fromisoformat(MONDAY)
    ran = days("run", "cs.AI", "--date", TUESDAY, "--announce", "replace")
    assert (ran.code, days.pages()) == (3, [])
    assert f"arXiv has not made the feed of {TUESDAY} yet" in ran.stderr


def test_a_later_run_takes_up_what_the_feed_gained_and_asks_the_model_for_that_alone(days: Days) -> None:
    """12 items, then 20; after a quarter of an hour, or at once with --refetch."""
    days.announces(MONDAY, several(range(1, 13)))
    assert days("run", "cs.AI").code == 0
    days.announces(MONDAY, several(range(1, 21)))
    assert (days("run", "cs.AI").code, len(days.shown("cs.AI", MONDAY))) == (0, 12)
    days.later(1)
    assert (days("run", "cs.AI", "--refetch").code, len(days.shown("cs.AI", MONDAY))) == (0, 20)
    report = days.report("cs.AI", MONDAY)
    assert (report["summarized"], report["requests"], report["cached"]) == (8, 8, 12)
    days.announces(MONDAY, several(range(1, 23)))
    days.later(17)
    assert (days("run", "cs.AI").code, len(days.shown("cs.AI", MONDAY))) == (0, 22)


def test_a_later_run_heals_what_was_made_from_the_feed(days: Days) -> None:
    """The page then has the API's records; of arXiv the feed and the lacking ids are asked, of the model nothing."""
    announcement = several(range(1, 31))
    days.announces(MONDAY, announcement, of_api=several(range(1, 26)))
    replies = [one.model_dump(include={"id", "title", "abstract"}) | widgets(one.id) for one in announcement]
    with OpenAIServer(replies) as model:
        run = ("run", "cs.AI", "--base-url", model.base_url, "--model", "m")
        assert days(*run).code == 0
        assert days.notes("cs.AI", MONDAY)["from_feed"]["count"] == 5
        assert len(model.log) == 30
        model.reset()
        days.announces(MONDAY, announcement)
        days.later(16)
        assert (days(*run).code, dict(days.notes("cs.AI", MONDAY))) == (0, {})
        assert model.log == []
    assert [one["paper"]["updated"] is not None for one in days.entries("cs.AI", MONDAY)] == [True] * 30
    assert _asked(days.arxiv) == [f"2604.000{number}" for number in range(26, 31)]
    report = days.report("cs.AI", MONDAY)
    assert (report["requests"], len(days.arxiv.requests)) == (0, 2)


def test_a_page_never_becomes_poorer_unless_it_is_replaced(days: Days) -> None:
    """By a limit, by the window of a past day, by a model that fails after the cache was lost."""
    some = several(range(1, 31))
    days.announces(MONDAY, some)
    days("run", "cs.AI")
    whole = days.shown("cs.AI", MONDAY)
    ran = days("run", "cs.AI", "--limit", "5")
    assert (ran.code, days.shown("cs.AI", MONDAY)) == (0, whole)
    assert "25 of them are from earlier runs of the day; --replace keeps only what this run found" in ran.stdout
    assert len(days.report("cs.AI", MONDAY)["kept"]) == 25
    days.announces(TUESDAY, [], of_api=some[:20])
    assert (days("run", "cs.AI", "--date", MONDAY).code, days.shown("cs.AI", MONDAY)) == (0, whole)
    shutil.rmtree("cache")
    days.answers(some[:3])
    days.announces(MONDAY, some)
    ran = days("run", "cs.AI")
    entries = days.entries("cs.AI", MONDAY)
    assert (len(entries), sum("summary" in one for one in entries)) == (30, 30)
    assert len(days.report("cs.AI", MONDAY)["kept"]) == 27
    assert days("run", "cs.AI", "--limit", "5", "--replace").code == 3
    assert len(days.shown("cs.AI", MONDAY)) == 5


def test_with_a_limit_a_day_is_not_remembered_as_complete(days: Days) -> None:
    """And what the feed announced is remembered whole, so that it is not taken for another day's."""
    days.announces(MONDAY, several(range(1, 21)))
    days("run", "cs.AI", "--limit", "10")
    with Memory(Path("cache"), warn=pytest.fail) as memory:
        state = memory.days.state("cs.AI", MONDAY)
    assert state is not None
    assert (state.complete, len(state.pending)) == (False, 10)
    days.announces(TUESDAY, several(range(1, 21)))
    ran = days("run", "cs.AI")
    assert (ran.code, list(days.notes("cs.AI", TUESDAY))) == (3, ["stale_feed"])


def test_a_quiet_day_with_one_more_version_is_no_stale_feed(days: Days) -> None:
    """The same paper is replaced on two days."""
    days.announces(MONDAY, several([1], "replace", version=2))
    days("run", "cs.AI", *EVERY)
    days.announces(TUESDAY, several([1], "replace", version=3))
    assert days("run", "cs.AI", *EVERY).code == 0
    assert days.shown("cs.AI", TUESDAY) == ["2604.00001"]


def test_a_section_that_cannot_be_made_leaves_the_others_alone(days: Days) -> None:
    """It is refused before anything is spent; the gravest code counts."""
    replaced = '[digests.r]\ncategories = ["cs.AI"]\nannounce = ["replace"]\n'
    days.program.write(
        "digest.toml", f'[digests.a]\ncategories = ["cs.AI"]\n{replaced}[digests.z]\ncategories = ["cs.LG"]\n'
    )
    days.announces(TUESDAY, [], of_api=[announced(1), announced(2, **OF_LG)])
    ran = days("run", "--date", MONDAY)
    assert (ran.code, days.pages()) == (2, [f"a/{MONDAY}", f"z/{MONDAY}"])
    assert "arXiv no longer says what was announced as replace then" in ran.stderr
    days.program.write("digest.toml", replaced)
    assert (days("run", "--date", MONDAY).code, len(days.pages())) == (2, 2)


def test_a_section_that_arxiv_does_not_serve_leaves_the_others_alone(days: Days) -> None:
    """1 for the whole; the pages of the others are made."""
    days.program.write("digest.toml", SECTIONS)
    days.announces(MONDAY, [announced(1, **BOTH)])
    days.arxiv.faults = [Fault(400, body=error_announcement("cs.AI"))]
    assert (days("run").code, days.pages()) == (1, [f"lg/{MONDAY}"])


def test_days_that_arxiv_does_not_serve_end_with_the_first(days: Days) -> None:
    """What comes after is not asked for."""
    days.announces("2026-05-29", [])
    days.arxiv.faults = [Fault(503)] * 999
    ran = days("run", "cs.AI", "--from", "2026-05-04", "--to", "2026-05-22")
    assert ran.code == 1
    assert len({seen.query["search_query"] for seen in days.arxiv.requests}) == 1


def test_a_day_of_a_year_without_a_list_of_holidays_says_so(days: Days) -> None:
    """On the page and on the screen."""
    days.announces("2027-01-26", [], of_api=[announced(1, published="2027-01-19T12:00:00Z")])
    ran = days("run", "cs.AI", "--date", "2027-01-20")
    assert days.notes("cs.AI", "2027-01-20")["unknown_holidays"] == {"year": 2027}
    assert "arXiv's holidays in 2027 are not known" in ran.stderr
    assert "2027 年哪些节假日" in days.page("cs.AI", "2027-01-20")


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "0001-01-03", "1991-08-14"])
def test_before_arxiv_nothing_was_announced(days: Days, day: str) -> None:
    """Nothing is asked."""
    days.announces(MONDAY, [])
    assert (days("run", "cs.AI", "--date", day).code, days.arxiv.requests) == (5, [])


def test_a_range_makes_a_page_for_each_day_that_has_an_announcement_and_says_which_have_none(days: Days) -> None:
    """Thursday to Tuesday: the weekend is said; the last day, which is today, comes from the feed; 0 for the whole."""
    stamps = {n: f"2026-04-{day}T10:00:00Z" for n, day in ((1, "22"), (2, "23"), (3, "24"), (4, "26"))}
    some = [announced(number, published=stamp) for number, stamp in stamps.items()]
    days.announces(TUESDAY, some[3:], of_api=some)
    ran = days("run", "cs.AI", "--from", THURSDAY, "--to", TUESDAY)
    made = {day: days.shown("cs.AI", day) for day in (THURSDAY, FRIDAY, MONDAY, TUESDAY)}
    assert (ran.code, days.pages()) == (0, [f"cs.AI/{day}" for day in made])
    assert list(made.values()) == [[one.id] for one in some]
    silent = re.findall(r"^cs.AI (\S+): nothing was announced$", ran.stdout, re.MULTILINE)
    assert silent == [SATURDAY, "2026-04-26"]
    assert [list(days.notes("cs.AI", day)) for day in (MONDAY, TUESDAY)] == [["follows_submission"], []]


def test_holidays_are_those_of_the_settings(days: Days) -> None:
    """The evening before is without announcement, and the next day has both windows; 5 for a day without."""
    days.announces("2026-05-04", [], of_api=[announced(1, published="2026-04-24T10:00:00Z")])
    days.program.write("digest.toml", "holidays = [2026-04-26]\n")
    assert [days("run", "cs.AI", "--date", day).code for day in (MONDAY, TUESDAY)] == [5, 0]
    assert days.shown("cs.AI", TUESDAY) == ["2604.00001"]
    assert days("run", "cs.AI", "--from", SATURDAY, "--to", MONDAY).code == 5


def test_christmas_is_a_holiday_without_settings(days: Days) -> None:
    """The days after the evenings of arXiv's list are said to be without announcement."""
    days.announces("2026-12-31", [])
    ran = days("run", "cs.AI", "--from", "2026-12-26", "--to", "2026-12-26")
    assert (ran.code, ran.stdout, days.arxiv.requests) == (5, "cs.AI 2026-12-26: nothing was announced\n", [])


def test_several_categories_in_one_digest_have_each_paper_once(days: Days) -> None:
    """Asked for and fetched once, and of its kinds the most telling counts."""
    days.announces(MONDAY, [announced(1, "cross", **BOTH), announced(1, "new", **BOTH), announced(2)])
    days("run", "cs.AI", "cs.LG")
    (entry,) = (one for one in days.entries("cs.AI+cs.LG", MONDAY) if one["paper"]["id"] == "2604.00001")
    assert (entry["paper"]["announce_type"], days.shown("cs.AI+cs.LG", MONDAY)) == ("new", ["2604.00001", "2604.00002"])
    assert [seen.path for seen in days.arxiv.requests] == ["/rss/cs.AI+cs.LG", "/api/query"]


def test_several_digests_of_one_run_fetch_and_summarize_each_paper_once(days: Days) -> None:
    """Each has the paper that both were announced, with one request to arXiv and one reply for it."""
    days.program.write("digest.toml", SECTIONS)
    days.announces(MONDAY, [announced(1, **BOTH), announced(2), announced(3, categories=("cs.LG",))])
    assert days("run").code == 0
    assert (days.shown("ai", MONDAY), days.shown("lg", MONDAY)) == (
        ["2604.00001", "2604.00002"],
        ["2604.00001", "2604.00003"],
    )
    assert Counter(_asked(days.arxiv)) == {"2604.00001": 1, "2604.00002": 1, "2604.00003": 1}
    reports = [days.report(name, MONDAY) for name in ("ai", "lg")]
    assert [(one["summarized"], one["cached"], one["requests"]) for one in reports] == [(2, 0, 2), (1, 1, 1)]


def test_a_category_by_its_other_name_finds_its_papers(days: Days) -> None:
    """Asked cs.SY, given eess.SY; old numbers and new ones, four digits and five."""
    names: dict[str, Any] = {"categories": ("eess.SY", "cs.SY"), "primary_category": "eess.SY"}
    some = [announced(1, **names), *(announced(2, id=one, **names) for one in ("math/0309136", "0808.0539"))]
    days.announces(MONDAY, some)
    days.answers(some)
    days.program.write("digest.toml", '[digests.sy]\ncategories = ["cs.SY"]\nprimary_only = true\n')
    assert days("run", "sy").code == 0
    assert days.shown("sy", MONDAY) == ["0808.0539", "2604.00001", "math/0309136"]


def test_a_paper_that_the_api_does_not_have_comes_from_the_feed_and_is_named(days: Days) -> None:
    """On the page, in the report and on the screen; the digest is complete."""
    days.announces(MONDAY, several((1, 2)), of_api=[announced(2)])
    ran = days("run", "cs.AI")
    assert (ran.code, days.shown("cs.AI", MONDAY)) == (0, ["2604.00001", "2604.00002"])
    assert days.notes("cs.AI", MONDAY) == {"from_feed": {"count": 1, "ids": "2604.00001"}}
    assert "1 篇论文在 arXiv 的查询接口里还没有记录，取自公告源本身：2604.00001" in days.page("cs.AI", MONDAY)
    assert f"warning: cs.AI {MONDAY}: arXiv's query API does not have 1 papers yet" in ran.stderr


def test_an_api_that_refuses_costs_the_records_and_no_paper(days: Days) -> None:
    """The page says so in Chinese; what arXiv said stands on the screen."""
    days.announces(MONDAY, several((1, 2)))
    days.arxiv.faults = [Fault(), Fault(400, body=error_feed("closed today"))]
    ran = days("run", "cs.AI")
    assert (ran.code, days.shown("cs.AI", MONDAY)) == (0, ["2604.00001", "2604.00002"])
    assert "其余论文取自公告源本身。" in days.page("cs.AI", MONDAY)
    assert "closed today" not in days.page("cs.AI", MONDAY)
    assert "arXiv refused: closed today" in ran.stderr


def test_an_announced_paper_that_cannot_be_had_is_missing_named_and_ends_with_3(days: Days) -> None:
    """Its id and the reason are on the page, in the report and on the screen."""
    days.announces(MONDAY, several((1, 2)), of_api=[announced(2)])
    feed = days.arxiv.answer("/rss/cs.AI", {})[1]
    days.arxiv.faults = [Fault(body=re.sub(rb"<title>Widgets 1</title>", b"<title> </title>", feed))]
    ran = days("run", "cs.AI", "--json")
    report = json.loads(ran.stdout)
    assert (ran.code, report["source"]) == (3, {"announced": 2, "fetched": 1, "missing": 1})
    (missing,) = report["missing_papers"]
    assert missing == {"id": "2604.00001", "reason": "title: must not be empty"}
    page = days.page("cs.AI", MONDAY)
    assert "公告 2 篇，取得 1 篇，缺少 1 篇。本页 1 篇。" in page
    assert "| [2604.00001](https://arxiv.org/abs/2604.00001) | 记录里没有标题 |" in page
    assert "  2604.00001  missing: title: must not be empty" in ran.stderr.splitlines()


def test_of_many_missing_papers_the_screen_names_some_and_with_v_all(days: Days) -> None:
    """The report has them all."""
    days.announces(MONDAY, [announced(1)])
    wanted = [word for number in range(1, 15) for word in ("--id", f"2604.{number:05}")]
    brief, whole = (days("run", *wanted, *more).stderr for more in ([], ["-v"]))
    assert (brief.count("  missing: "), whole.count("  missing: ")) == (10, 13)
    assert "  and 3 other missing papers; -v or the report names all" in brief
    assert len(days.report("papers", MONDAY)["missing_papers"]) == 13


def test_a_stale_feed_is_told_on_the_page_and_asked_for_again(days: Days) -> None:
    """No paper comes twice; 3; and once arXiv has made the feed, the same command makes the right page."""
    days.announces(MONDAY, several((1, 2)))
    days("run", "cs.AI")
    days.announces(TUESDAY, several((1, 2)))
    ran = days("run", "cs.AI")
    assert (ran.code, days.shown("cs.AI", TUESDAY)) == (3, [])
    assert f"公告源仍是 {MONDAY} 的内容" in days.page("cs.AI", TUESDAY)
    assert f"warning: arXiv's feed is still that of {MONDAY}, and its papers are all on pages already" in ran.stderr
    assert (days.report("cs.AI", TUESDAY)["complete"], list(days.notes("cs.AI", TUESDAY))) == (False, ["stale_feed"])
    days.announces(TUESDAY, several((3, 4)))
    days.later(16)
    assert (days("run", "cs.AI").code, days.shown("cs.AI", TUESDAY)) == (0, ["2604.00003", "2604.00004"])
    assert "公告源仍是" not in days.page("cs.AI", TUESDAY)


def test_a_stale_feed_is_told_once_for_all_sections(days: Days) -> None:
    """Two sections of one feed, one warning, and a line for each."""
    days.program.write("digest.toml", '[digests.one]\ncategories = ["cs.AI"]\n[digests.two]\ncategories = ["cs.AI"]\n')
    days.announces(MONDAY, several((1, 2)))
    days("run")
    days.announces(TUESDAY, several((1, 2)))
    ran = days("run")
    assert (ran.code, ran.stderr.count("feed is still that of")) == (3, 1)
    assert [line.partition(":")[0] for line in ran.stdout.splitlines() if line[0] != " "] == [
        f"one {TUESDAY}",
        f"two {TUESDAY}",
    ]


def test_a_stale_feed_of_one_section_is_told_with_its_name(days: Days) -> None:
    """The other one has a page of today, and the warning does not sound as if it had none."""
    days.program.write("digest.toml", '[digests.one]\ncategories = ["cs.AI"]\n[digests.two]\ncategories = ["cs.LG"]\n')
    days.announces(MONDAY, several((1, 2)))
    days("run", "one")
    days.announces(TUESDAY, several((1, 2)))
    ran = days("run")
    warnings = [line for line in ran.stderr.splitlines() if "feed is still that of" in line]
    assert [line.partition(": arXiv's feed")[0] for line in warnings] == [f"arxiv-digest: warning: one {TUESDAY}"]


def _piped(days: Days, monkeypatch: pytest.MonkeyPatch, *asked: str) -> list[int]:
    """Fetch, summarize and assemble, joined by files; return the exit codes."""
    ran = [days("fetch", *asked)]
    for command in ("summarize", "assemble"):
        days.program.write("stream", ran[-1].stdout)
        with Path("stream").open("rb") as file:
            monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": file, "isatty": lambda: False}))
            ran.append(days(command))
    return [one.code for one in ran]


@pytest.mark.parametrize(
    ("papers", "code"),
    [
        (several((1, 2)), 3),
        ((announced(1, "cross"), announced(2, "replace", version=2), announced(3, comment="Withdrawn")), 0),
        ((announced(1, "cross"),), 5),
    ],
    ids=["stale", "repeats and replacements", "nothing but repeats"],
)
def test_a_day_carries_through_the_pipe(
    days: Days, monkeypatch: pytest.MonkeyPatch, papers: tuple[Paper, ...], code: int
) -> None:
    """The three stages write the page that run writes, account for the same papers, and end as it does."""
    days.announces(MONDAY, several((1, 2)))
    days("run", "cs.AI")
    days.announces(TUESDAY, papers)
    assert days("run", "cs.AI", *EVERY, "-o", "whole").code == code
    days.announces(TUESDAY, papers)
    assert _piped(days, monkeypatch, "cs.AI", *EVERY) == [code if code != 5 else 0, code, code]
    piped, whole = days.program.made(), days.program.made("whole")
    assert piped.get(f"cs.AI/{TUESDAY}.md") == whole.get(f"cs.AI/{TUESDAY}.md")
    assert (f"cs.AI/{TUESDAY}.md" in whole) is (code != 5)
    if whole:
        first, second = (json.loads(made[f"cs.AI/{TUESDAY}.run.json"]) for made in (piped, whole))
        assert all(first[key] == second[key] for key in ("source", "notes", "missing_papers", "papers"))


def test_a_feed_of_exactly_the_limit_is_told(days: Days) -> None:
    """Two thousand items: the page, the report and the screen warn."""
    few = several([1])
    days.announces(MONDAY, [*few, *several(range(10_001, 12_000), "replace")])
    ran = days("run", "cs.AI")
    assert (ran.code, days.notes("cs.AI", MONDAY)) == (0, {"full_feed": {"count": 2000}})
    assert "公告源有 2000 条" in days.page("cs.AI", MONDAY)
    assert "the feed has 2000 items, which is arXiv's limit" in ran.stderr


def test_a_paper_that_is_new_in_another_category_on_another_day_does_not_come_again(days: Days) -> None:
    """It is left out and named; a rerun of either day makes the same page; another digest shows it."""
    days.announces(MONDAY, [announced(1), announced(2)])
    days("run", "cs.AI")
    monday = days.page("cs.AI", MONDAY)
    days.announces(TUESDAY, [announced(1, "cross"), announced(3)])
    assert days("run", "cs.AI").code == 0
    assert days.shown("cs.AI", TUESDAY) == ["2604.00003"]
    assert "1 篇论文已登在其他日期的页上，不再列出：2604.00001" in days.page("cs.AI", TUESDAY)
    assert "公告 2 篇，取得 2 篇，缺少 0 篇。本页 1 篇。" in days.page("cs.AI", TUESDAY)
    tuesday = days.page("cs.AI", TUESDAY)
    days("run", "cs.AI", "--name", "other")
    days("run", "cs.AI")
    assert (days.page("cs.AI", MONDAY), days.page("cs.AI", TUESDAY)) == (monday, tuesday)
    assert days.shown("other", TUESDAY) == ["2604.00001", "2604.00003"]


def test_a_day_of_which_other_pages_have_all_says_so_and_makes_no_page(days: Days) -> None:
    """5: nothing but what was shown."""
    days.announces(MONDAY, several((1, 2)))
    days("run", "cs.AI")
    days.announces(TUESDAY, [announced(1, "cross")])
    ran = days("run", "cs.AI")
    assert (ran.code, ran.stdout) == (
        5,
        f"cs.AI {TUESDAY}: nothing new: pages of other days have all 1 papers\n",
    )
    assert days.pages() == [f"cs.AI/{MONDAY}"]


def test_a_replacement_links_the_page_before_and_asks_the_model_only_for_new_words(days: Days) -> None:
    """Title and abstract unchanged: no request; the version and the earlier day stand beside it."""
    days.announces(MONDAY, several((1, 2)))
    days("run", "cs.AI", *EVERY)
    changed = announced(2, "replace", version=2, abstract="We measure widgets 2 once more.")
    days.announces(TUESDAY, [announced(1, "replace", version=3, comment="Typos mended"), changed])
    days("run", "cs.AI", *EVERY)
    report, page = days.report("cs.AI", TUESDAY), days.page("cs.AI", TUESDAY)
    assert (report["requests"], report["cached"], report["summarized"]) == (1, 1, 1)
    assert "（第 3 版） |" in row_of(page, "Widgets 1")
    assert page.count(f"上一次登载：[{MONDAY}]({MONDAY}.md)") == 2
    assert [set(entry) for entry in days.entries("cs.AI", TUESDAY)] == [{"paper", "summary"}] * 2


def test_a_withdrawn_paper_is_marked(days: Days) -> None:
    """The feed has no comment; the record has."""
    days.announces(
        MONDAY, [announced(1, "replace", version=2, comment="Withdrawn by the author: a flaw"), announced(2)]
    )
    days("run", "cs.AI", *EVERY)
    page = days.page("cs.AI", MONDAY)
    assert "（第 2 版、已撤稿） |" in row_of(page, "Widgets 1")
    assert "已撤稿：Withdrawn by the author: a flaw" in page.replace("\\", "")
    assert page.count("已撤稿") == 2


def _derived(captures: Path) -> dict[str, tuple[Paper, ...]]:
    """The five days of cs.CV; a paper's version is how often it came by then."""
    versions: Counter[str] = Counter()
    found = {}
    for path in sorted(captures.glob("derived_announcements_cs.CV/*.json")):
        recorded = json.loads(path.read_text("utf-8"))["papers"]
        versions.update(one["arxiv_id"] for one in recorded)
        found[path.stem] = tuple(
            Paper.model_validate(one | {"id": one["arxiv_id"], "version": versions[one["arxiv_id"]]})
            for one in recorded
        )
    return found


def test_five_real_days_run_as_five_digests(days: Days) -> None:
    """No paper new twice, no page for the Saturday, the four withdrawals marked; all that came is accounted for."""
    data = os.environ.get("ARXIV_DIGEST_TEST_DATA")
    if not data:
        pytest.skip("needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")
    week = _derived(Path(data) / "arxiv")
    days.answers({paper.id: paper for some in week.values() for paper in some}.values())
    codes = {}
    for day, papers in week.items():
        days.announces(day, papers)
        codes[day] = days("run", "cs.CV", *EVERY).code
    assert codes == {FRIDAY: 0, SATURDAY: 5, MONDAY: 0, TUESDAY: 0, "2026-04-30": 0}
    assert days.pages() == [f"cs.CV/{day}" for day in codes if day != SATURDAY]
    entries = {day: days.entries("cs.CV", day) for day in codes if day != SATURDAY}
    assert {day: len(some) for day, some in entries.items()} == {day: len(some) for day, some in week.items() if some}
    first = Counter(
        entry["paper"]["id"]
        for some in entries.values()
        for entry in some
        if entry["paper"]["announce_type"] in {"new", "cross"}
    )
    assert (len(first), max(first.values())) == (508, 1)
    assert [days.page("cs.CV", day).count("已撤稿") for day in entries] == [0, 0, 2, 6]
    assert days.page("cs.CV", "2026-04-30").count(f"上一次登载：[{TUESDAY}]") == 7
    assert all(days.report("cs.CV", day)["source"]["missing"] == 0 for day in entries)


def test_months_are_fetched_day_by_day_in_one_stream(days: Days) -> None:
    """One end line with the sums; days without announcement are said; a second time arXiv is asked nothing."""
    some = [announced(n, published=f"2026-0{n % 3 + 1}-{n % 28 + 1:02}T10:00:00Z") for n in range(1, 200)]
    days.announces(MONDAY, [], of_api=some)
    ran = days("fetch", "cs.AI", "--from", "2026-01-05", "--to", "2026-03-31")
    *papers, end = [json.loads(line) for line in ran.stdout.splitlines()]
    source = end["end"]["source"]
    assert (ran.code, end["end"]["exit"]) == (0, 0)
    assert source["announced"] == source["fetched"] == len(papers) == len({one["id"] for one in papers}) > 150
    assert (source["name"], source["date"]) == ("cs.AI", "2026-03-31")
    assert [note["key"] for note in source["notes"]] == ["follows_submission"]
    assert "cs.AI 2026-01-10: nothing was announced\n" in ran.stderr
    asked = len(days.arxiv.requests)
    assert days("fetch", "cs.AI", "--from", "2026-01-05", "--to", "2026-03-31").stdout == ran.stdout
    assert len(days.arxiv.requests) == asked


def test_memory_does_not_grow_with_the_days(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as many days, of a hundred papers at most, take no more at once: what is written is not kept."""
    first = datetime(2026, 1, 5, 12, tzinfo=UTC)
    some = [
        announced(n, published=first + timedelta(days=n // 24), abstract=f"We measure. {'Widgets. ' * 150}")
        for n in range(24 * 20)
    ]
    days.announces(MONDAY, [], of_api=some)
    peaks = []
    with Path(os.devnull).open("w") as nowhere:
        for last in ("2026-01-07", "2026-01-13", "2026-01-24"):
            monkeypatch.setattr("sys.stdout", nowhere)
            tracemalloc.start()
            code = guarded(["fetch", "cs.AI", "--from", "2026-01-06", "--to", last])
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert code == 0
    assert peaks[2] < 1.3 * peaks[1]


def test_a_fetch_over_days_that_fails_says_so_and_goes_on_where_it_stopped(days: Days) -> None:
    """3, with what came; the rerun asks for the rest only."""
    stamps = ("2026-04-22T10:00:00Z", "2026-04-23T10:00:00Z", "2026-04-24T10:00:00Z")
    days.announces(TUESDAY, [], of_api=[announced(n, published=stamp) for n, stamp in enumerate(stamps, 1)])
    days.arxiv.faults = [Fault(), Fault(400, body=error_feed("no more today"))]
    span = ("fetch", "cs.AI", "--from", THURSDAY, "--to", MONDAY)
    ran = days(*span)
    assert (ran.code, len(ran.stdout.splitlines()), len(days.arxiv.requests)) == (3, 2, 2)
    assert "arXiv refused: no more today" in ran.stderr
    end = json.loads(ran.stdout.splitlines()[-1])["end"]
    assert (end["exit"], [note["key"] for note in end["source"]["notes"]]) == (
        3,
        ["follows_submission", "source_failed"],
    )
    assert (days(*span).code, len(days.arxiv.requests)) == (0, 4)


def test_two_processes_never_ask_arxiv_within_the_delay(cli: Program) -> None:
    """The lock in the cache folder spaces them; both end well."""
    day, many = date.fromisoformat(eastern_day()), several(range(1, 203))
    cli.write("replies.jsonl", lines({"id": paper.id, **widgets(paper.id)} for paper in many))
    with ArxivServer(many, day=day) as arxiv:
        cli.environment |= arxiv_environment(arxiv) | {
            "OPENAI_BASE_URL": "replay:replies.jsonl",
            "ARXIV_DIGEST_ARXIV_DELAY": "0.4",
        }
        with cli.start("run", "cs.AI", "-q") as other:
            ran = cli("run", "cs.AI", "--announce", "new", "--name", "second", "-q")
            assert (other.wait(timeout=60), ran.code) == (0, 0)
    starts = sorted(seen.at for seen in arxiv.requests)
    assert min(later - earlier for earlier, later in pairwise(starts)) >= 0.4
    assert len(starts) >= 4


def test_after_a_kill_only_the_pages_that_are_not_kept_are_asked_for(cli: Program) -> None:
    """Killed by the system after the feed and the first of three pages: the rerun asks for two."""
    day, many = date.fromisoformat(eastern_day()), several(range(1, 251))
    cli.write("replies.jsonl", lines({"id": paper.id, **widgets(paper.id)} for paper in many))
    with ArxivServer(many, day=day) as arxiv:
        cli.environment |= arxiv_environment(arxiv) | {"OPENAI_BASE_URL": "replay:replies.jsonl"}
        arxiv.faults = [Fault(), Fault(), Fault(manner="stall")]
        with cli.start("run", "cs.AI", stderr=subprocess.DEVNULL) as process:
            wait_until(lambda: len(arxiv.requests) == 3, process, what="the third request")
            process.kill()
            assert process.wait() == -signal.SIGKILL
        first = _asked(arxiv)
        arxiv.requests.clear()
        ran = cli("run", "cs.AI", "--json")
    assert (ran.code, json.loads(ran.stdout)["papers"], [seen.path for seen in arxiv.requests]) == (
        0,
        250,
        ["/api/query"] * 2,
    )
    assert set(_asked(arxiv)) == {paper.id for paper in many} - set(first[:50])


def test_a_query_of_more_than_a_thousand_papers_is_refused_after_one_answer_unless_it_is_confirmed(days: Days) -> None:
    """With the number, before the model is asked; --limit goes on, and says of how many papers it took some."""
    days.announces(MONDAY, [], of_api=several(range(1, 1002)))
    ran = days("run", "--query", "cat:cs.AI")
    assert (ran.code, len(days.arxiv.requests), days.pages()) == (2, 1, [])
    assert "--query: 1,001 papers would be summarized for about $0.00" in ran.stderr
    assert days("run", "--query", "cat:cs.AI", "--limit", "5").code == 0
    (page,) = days.pages()
    assert days.notes(*page.split("/"))["limited"] == {"count": 5, "total": 1001}
