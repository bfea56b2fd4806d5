"""The pages of the site."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser

from pipeline.assemble.formulas import _ATTRIBUTES, _ELEMENTS
from pipeline.assemble.language import LANGUAGES
from pipeline.records import Day, Note, RunReport, SourceCount
from pipeline.site.pages import (
    ASSETS,
    DayLine,
    Frame,
    Lead,
    archive_page,
    day_line,
    month_page,
    paper_month,
    paper_path,
    search_page,
    shared,
    start_page,
)
from pipeline.site.paper import Appearance, paper_page, versions
from pipeline.site.statistics import MOST_CATEGORIES, months, nice_step, plot, scale_for, shares, statistics_page
from pipeline.text import plain
from tests.assemble.samples import HOSTILE, HOSTILE_TITLE, done, failed, paper

SITE = LANGUAGES["zh"].site


def _line(date: str, name: str = "cs.CL", **fields: Any) -> DayLine:
    given: dict[str, Any] = {
        "papers": 10,
        "failed": 0,
        "missing": 0,
        "complete": True,
        "cost_usd": 0.01,
        "leading": (),
        "limit": None,
    }
    return DayLine(name=name, date=date, **(given | fields))


def _read(page: str) -> Any:
    return parser.document_fromstring(page)


def _texts(root: Any, path: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in root.cssselect(path)]


def _links(root: Any, path: str = "main a") -> list[str]:
    return [link.get("href") for link in root.cssselect(path)]


LIMIT = Note(key="limited", figures={"count": 7, "total": 359})
LEAD = Lead("2404.00001", "标题", "一句话。")
NEWEST = (
    _line("2024-04-02", "a+b", papers=2, leading=(LEAD,)),
    _line("2024-04-03", papers=1, failed=1, missing=2, complete=False),
    _line("2024-04-01", "c", papers=3, complete=False, leading=(LEAD,)),
)


def test_the_start_page_has_the_newest_day_of_each_digest() -> None:
    """The latest first, with what is in it, what is not, its first papers, and links to page, archive and feed."""
    root = _read(start_page(NEWEST, ["a+b", "cs.CL"], Frame(0)))
    assert _texts(root, "h2") == ["cs.CL 2024-04-03", "a+b 2024-04-02", "c 2024-04-01"]
    assert _texts(root, "section > .by") == [
        "1 篇论文 · 1 篇没有摘要 · 缺少 2 篇 · 往期 · 订阅",
        "2 篇论文 · 往期 · 订阅",
        "3 篇论文 · 不完整 · 往期",
    ]
    assert _links(root, "section:nth-of-type(2) a") == [
        *("a%2Bb/2024-04-02.html", "a%2Bb/index.html", "a%2Bb/feed.xml"),
        *("_papers/2404/2404.00001.html", "a%2Bb/2024-04-02.html"),
    ]
    assert _links(root, "link[type='application/atom+xml']") == ["a%2Bb/feed.xml", "cs.CL/feed.xml"]
    assert _texts(root, ".more") == ["另有 1 篇", "另有 1 篇", "另有 2 篇"]


def test_an_archive_has_each_month_and_day_of_a_digest() -> None:
    """With the number of papers, and which are incomplete."""
    days = [_line("2024-04-02"), _line("2024-04-01", complete=False), _line("2024-03-29", papers=7, limit=LIMIT)]
    root = _read(archive_page("cs.CL", days, ["cs.CL"], Frame(1)))
    assert _texts(root, "h2") == ["2024-04 2 期 · 20 篇论文", "2024-03 1 期 · 7 篇论文"]
    assert _texts(root, "li") == ["04-02 10", "04-01 10 · 不完整", "03-29 7 · 只取 7 / 359 篇"]
    assert _links(root) == [
        *("feed.xml", "2024-04.html", "2024-04-02.html", "2024-04-01.html"),
        *("2024-03.html", "2024-03-29.html"),
    ]


def test_a_month_has_the_first_papers_of_its_days() -> None:
    """Each with a link to its own page."""
    days = [_line("2024-04-02", papers=1, leading=(LEAD,)), _line("2024-04-01")]
    root = _read(month_page(days, [], Frame(1)))
    assert _texts(root, "h1, h2") == ["cs.CL 2024-04", "2024-04-02", "2024-04-01"]
    assert _texts(root, "li") == ["标题 一句话。"]
    assert _links(root) == [
        "index.html",
        "2024-04-02.html",
        "../_papers/2404/2404.00001.html",
        *["2024-04-01.html"] * 2,
    ]


def test_of_a_day_is_kept_what_lists_and_figures_need() -> None:
    """Without a report, what the entries themselves say."""
    day = Day(name="a", date="2024-04-01", entries=(failed(paper(1)), *(done(paper(n)) for n in range(2, 9))))
    kept = day_line(day, None)
    assert (kept.papers, kept.failed, kept.missing, kept.complete, kept.cost_usd) == (8, 1, 0, False, None)
    assert [lead.id for lead in kept.leading] == [f"2404.0000{number}" for number in range(2, 7)]
    source = SourceCount(announced=9, fetched=8, missing=1)
    report = RunReport(
        name="a", date="2024-04-01", papers=8, cached=0, summarized=7, cost_usd=0.5, source=source, complete=False
    )
    kept = day_line(day, report)
    assert (kept.missing, kept.complete, kept.cost_usd) == (1, False, 0.5)


@pytest.mark.parametrize(
    ("paper_id", "month", "place"),
    [
        ("2404.02059", "2404", "_papers/2404/2404.02059.html"),
        ("math/0309136", "0309", "_papers/0309/math-0309136.html"),
        ("cond-mat/9901001", "9901", "_papers/9901/cond-mat-9901001.html"),
    ],
)
def test_a_paper_has_a_place(paper_id: str, month: str, place: str) -> None:
    """By the month that its id tells."""
    assert (paper_month(paper_id), paper_path(paper_id)) == (month, place)


def test_a_paper_has_all_that_was_written_of_it() -> None:
    """What several digests say alike once, with all of them; the newest first, and last what has no summary."""
    first, second = done(paper(1, version=1)), done(paper(1, version=2, title="New"), tldr="新的一句话。")
    of = versions(
        [
            Appearance("b", "2024-04-02", first),
            Appearance("a", "2024-04-02", first),
            Appearance("a", "2024-05-01", second),
            Appearance("a", "2024-06-01", failed(paper(1, version=3), "refused")),
        ]
    )
    assert [[(seen.name, seen.date) for seen in version.seen] for version in of] == [
        [("a", "2024-05-01")],
        [("a", "2024-04-02"), ("b", "2024-04-02")],
        [("a", "2024-06-01")],
    ]
    root = _read(paper_page(of, Frame(2)))
    assert _texts(root, "h1, h2") == ["标题", "标题", "Title 1"]
    assert _texts(root, ".line:not([lang])") == ["新的一句话。", "一句话。"]
    assert [link for link in _links(root) if link.startswith("..")] == [
        *("../../a/2024-05-01.html#2404.00001", "../../a/2024-04-02.html#2404.00001"),
        *("../../b/2024-04-02.html#2404.00001", "../../a/2024-06-01.html"),
    ]
    assert "没有摘要：模型拒绝回答" in root.text_content()


def test_a_paper_without_any_summary_has_a_page() -> None:
    """In English, with the reason, and no formula is lost; that of an abstract may have a line of its own."""
    of = versions([Appearance("a", "2024-04-01", failed(paper(1, title="On $x$", abstract="$$y$$"), "timeout"))])
    root = _read(paper_page(of, Frame(2)))
    assert _texts(root, "h1") == ["On x"]
    assert root.cssselect("h1 math:not([display])")
    assert root.cssselect("p math[display=block]")


def test_every_page_shuts_out_what_is_not_of_the_site() -> None:
    """One policy for all; only the page that searches may ask the site for more."""
    pages = {
        "start": start_page(NEWEST, [], Frame(0)),
        "archive": archive_page("a", [NEWEST[0]], [], Frame(1)),
        "month": month_page([NEWEST[0]], [], Frame(1)),
        "paper": paper_page(versions([Appearance("a", "2024-04-01", done(paper()))]), Frame(2)),
        "statistics": statistics_page(NEWEST, {"cs.CL": 1}, Frame(0)),
        "search": search_page({"2404": 1}, 1, 1, Frame(0)),
    }
    own = (
        "default-src 'none'; style-src 'self'; script-src 'self'{}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    more = "; connect-src 'self'"
    for name, page in pages.items():
        root = _read(page)
        (policy,) = root.cssselect("meta[http-equiv='Content-Security-Policy']")
        assert policy.get("content") == own.format(more if name == "search" else "")
        assert not root.cssselect("style, script:not([src]), [style], [onclick]")
        outside = [of.get("src") or of.get("href") for of in root.cssselect("[src], link[href]")]
        assert [address for address in outside if ":" in address] == ["data:,"]
        nav = ["index.html", "search.html", "statistics.html"]
        assert [link.rpartition("/")[2] for link in _links(root, "nav a")] == nav


@pytest.mark.parametrize("place", ASSETS)
def test_what_pages_share_names_no_address_and_evaluates_nothing(place: str) -> None:
    """Nor does it write HTML into a page."""
    assert not re.search(
        r"https?:|url\(|@import|innerHTML|outerHTML|insertAdjacent|eval\(|document\.write", shared(place)
    )


@pytest.mark.parametrize(
    ("last", "unit"),
    [
        ("2024-01-01", "day"),
        ("2024-04-09", "day"),
        ("2024-04-10", "week"),
        ("2025-11-24", "week"),
        ("2026-01-01", "month"),
    ],
)
def test_bars_are_days_weeks_or_months(last: str, unit: str) -> None:
    """The finest that leaves a bar wide enough to be seen."""
    assert scale_for(["2024-01-01", last]).unit == unit


def test_a_plot_adds_up_what_is_of_one_bar_and_leaves_gaps_where_nothing_was() -> None:
    """Heights are in proportion, the highest below the top line; the plot is said in a sentence, too."""
    figures = [("2024-04-05", 30.0), ("2024-04-01", 10.0), ("2024-04-01", 5.0)]
    made = plot("papers", figures, scale_for([day for day, _ in figures]), SITE)
    assert [bar.label for bar in made.bars] == ["2024-04-01：15", "2024-04-05：30"]
    first, last = made.bars
    assert last.height == pytest.approx(2 * first.height, abs=0.02)
    assert first.y + first.height == pytest.approx(last.y + last.height, abs=0.02)
    assert last.x - first.x == pytest.approx(4 * (made.width - made.left) / 5, abs=0.05)
    assert last.x + last.width <= made.width
    assert made.ticks[0][1] == "0"
    assert made.ticks[-1][0] <= last.y
    assert [label for _, label in made.ends] == ["2024-04-01", "2024-04-05"]
    assert [x for x, _ in made.ends] == pytest.approx([bar.x + bar.width / 2 for bar in made.bars])
    assert made.says == "每天的论文：2024-04-01 至 2024-04-05，共 45，最多 30（2024-04-05）"


def test_a_plot_of_nothing_is_one() -> None:
    """No failure in all days is a line at zero, without a scale that nothing was measured by."""
    made = plot("failed", [("2024-04-01", 0)], scale_for(["2024-04-01"]), SITE)
    assert [bar.height for bar in made.bars] == [0]
    assert [label for _, label in made.ticks] == ["0"]
    assert made.ends == (((made.left + made.width) / 2, "2024-04-01"),)


def test_a_bar_is_narrow_where_there_are_few() -> None:
    """A bar as wide as half the plot would tell nothing; labels stay within the plot."""
    few = plot("papers", [("2024-04-01", 1), ("2024-04-02", 2)], scale_for(["2024-04-01", "2024-04-02"]), SITE)
    assert [bar.width for bar in few.bars] == [24, 24]
    days = [f"2024-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 29)]
    many = plot("papers", [(day, 1) for day in days], scale_for(days), SITE)
    assert many.bars[-1].x + many.bars[-1].width <= many.width
    assert many.ends[0][0] >= many.left + 25
    assert many.ends[1][0] <= many.width - 25


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_a_grid_has_few_lines(most: float) -> None:
    """Two to five below the greatest figure, a round number apart."""
    step = nice_step(most)
    assert 2 <= most / step * (1 + 1e-9) <= 5 * (1 + 1e-9)
    assert f"{step:e}"[0] in "125"


def test_small_categories_are_one() -> None:
    """What is not among the commonest is counted together; the shares of all make a whole."""
    counted = {f"c{number:02}": 20 - number for number in range(15)}
    made = shares(counted, SITE)
    assert [share.name for share in made] == [f"c{number:02}" for number in range(MOST_CATEGORIES)] + [SITE["others"]]
    assert sum(share.share for share in made) == pytest.approx(1)
    assert max(share.width for share in made) == 100
    assert shares({}, SITE) == []


def test_papers_without_a_category_are_counted() -> None:
    """Under a name of their own, at the end."""
    made = shares({"": 3, "cs.CL": 1}, SITE)
    assert [(share.name, share.share) for share in made] == [("cs.CL", 0.25), (SITE["uncategorized"], 0.75)]
    page = _read(statistics_page([_line("2024-04-02", papers=4)], {"": 3, "cs.CL": 1}, Frame(0)))
    assert "4 篇论文" in _texts(page, "main > .by")[0]


def test_a_month_has_the_figures_of_all_digests() -> None:
    """A cost that is not known anywhere is not zero."""
    lines = [
        *(_line("2024-04-02", failed=1), _line("2024-04-01", "b", missing=2, cost_usd=None)),
        _line("2024-03-01", cost_usd=None),
    ]
    april, march = months(lines)
    assert (april.month, april.days, april.papers, april.failed, april.missing, april.cost_usd) == (
        *("2024-04", 2, 20, 1, 2),
        0.01,
    )
    assert march.cost_usd is None
    root = _read(statistics_page(lines, {"cs.CL": 30}, Frame(0)))
    assert _texts(root, "tbody tr")[0] == "2024-0422012" + "0.0100"
    assert "其中 2 期的费用未知" in root.text_content()
    assert _texts(root, "main > .by")[0] == "2 种摘要，3 期，30 篇论文，2024-03-01 至 2024-04-02"
    assert [figure.get("aria-label") is not None for figure in root.cssselect("svg[role=img]")] == [True] * 3


@pytest.mark.parametrize("cost_usd", [None, 0.0])
def test_where_no_cost_is_known_none_is_drawn(cost_usd: float | None) -> None:
    """Nor where nothing was spent; two plots over time are left."""
    page = statistics_page([_line("2024-04-02", cost_usd=cost_usd)], {}, Frame(0))
    assert len(_read(page).cssselect("svg")) == 2


FIELDS = ("translated_title", "tldr", "tldr_en", "translated_abstract", "model", "prompt")
WRITTEN = st.fixed_dictionaries(
    {"title": HOSTILE_TITLE, "abstract": HOSTILE_TITLE}
    | dict.fromkeys((*FIELDS, "author", "category", "comment", "reason"), HOSTILE)
)


def _pages(text: dict[str, str]) -> dict[str, str]:
    """Return every page that shows texts of others, with ``text`` in each place."""
    of = paper(
        1, title=text["title"], abstract=text["abstract"], comment=text["comment"], authors=[text["author"]],
        categories=[text["category"]], version=2, published="2024-04-01T00:00:00Z", announce_type="new",
    )  # fmt: skip
    entries = (done(of, **{name: text[name] for name in FIELDS}), failed(of, text["reason"]))
    line = day_line(Day(name="a+b", date="2024-04-01", entries=entries), None)
    seen = [Appearance("a+b", f"2024-04-0{number}", entry) for number, entry in enumerate(entries, 1)]
    return {
        "start": start_page([line], ["a+b"], Frame(0)),
        "month": month_page([line], ["a+b"], Frame(1)),
        "paper": paper_page(versions(seen), Frame(2)),
        "failed": paper_page(versions(seen[1:]), Frame(2)),
        "statistics": statistics_page([line], {text["category"]: 1}, Frame(0)),
    }


def _seen(page: str) -> set[tuple[str, ...]]:
    """Return what the elements of a page are, each with the names of its attributes; those of formulas left out."""
    found = {(of.tag, *sorted(of.attrib)) for of in _read(page).iter() if isinstance(of.tag, str)}
    return {one for one in found if not (one[0] in _ELEMENTS - {"span"} and {*one[1:]} <= _ATTRIBUTES)}


PLACES = r"https://(arxiv\.org/(abs|pdf|html)|www\.alphaxiv\.org/abs)"
HARMLESS = dict.fromkeys((*FIELDS, "title", "abstract", "author", "category", "comment", "reason"), "Words.")
OWN = {name: _seen(page) | {("span",)} for name, page in _pages(HARMLESS).items()}


@settings(max_examples=100, deadline=None)
@given(WRITTEN)
def test_no_text_adds_an_element_an_attribute_or_a_link(text: dict[str, str]) -> None:
    """A parser finds what the templates wrote, formulas, and links of the checked ids."""
    for name, page in _pages(text).items():
        assert _seen(page) - OWN[name] == set(), name
        links = {link for link in _links(_read(page)) if ":" in link}
        assert all(re.fullmatch(rf"{PLACES}/2404\.00001(v2)?", link) for link in links), name


@settings(max_examples=60, deadline=None)
@given(WRITTEN)
def test_any_text_is_shown_as_it_is(text: dict[str, str]) -> None:
    """But for formulas, which have tests of their own."""
    without = {name: re.sub(r"[$\\]", "¤", value) for name, value in text.items()}
    pages = _pages(without)
    shown = " ".join(_read(pages["paper"]).text_content().split())
    for field in (*FIELDS, "abstract", "author", "category", "comment", "reason"):
        assert " ".join(plain(without[field]).split()) in shown, field
    listed = " ".join(_read(pages["month"]).text_content().split())
    assert " ".join(plain(without["tldr"]).split()) in listed
