"""The benchmarks measure what they say, on a scenario small enough for a test."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks import limit, papers, report
from benchmarks.figures import Figure
from benchmarks.others import ceiling
from benchmarks.scenarios import Scenario
from tests.servers.openai_options import Options

PAGE = "# Before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n"


def test_a_scenario_measures_the_program_and_the_client_by_hand(tmp_path: Path) -> None:
    """Every figure is there, no paper is lost, and nothing is quicker than the limit."""
    tiny = Scenario("tiny", 3, Options(delay=0.1), 2, targets={"cpu_ms": 1e6, "process": 1.0}, by_hand=True)
    figures = {figure.what: figure for figure in tiny(tmp_path)}
    assert list(figures) == ["lost", "calls", "process", "cpu_ms", "to by hand"]
    assert (figures["lost"].value, figures["cpu_ms"].met, figures["process"].met) == (0, True, False)
    assert figures["process"].value > figures["calls"].value > 0.99
    assert (figures["calls"].by_hand or 0) > 0.99


def test_the_limit_fills_every_place_and_waits_for_the_rate() -> None:
    """Three calls of a second by two places take two; a request a second makes the third arrive at the second."""
    ids = [papers.record(number)["id"] for number in range(3)]
    assert limit.seconds(ids, Options(delay=1.0), at_once=2) == 2.0
    assert limit.seconds(ids, Options(delay=1.0, rpm=60, burst=1), at_once=3) == 3.0


def test_the_ceiling_of_the_server_is_measured_without_the_client(tmp_path: Path) -> None:
    """A few requests over two connections."""
    (figure,) = ceiling(tmp_path, count=8, at_once=2)
    assert figure.value > 0
    assert figure.detail.endswith("replies a second")


def test_figures_are_written_between_the_marks_and_drawn(tmp_path: Path) -> None:
    """The text around the marks stays; each ratio has its bar, the client by hand too, and a missed one is said."""
    (tmp_path / "benchmarks.md").write_text(PAGE, encoding="utf-8")
    figures = [
        Figure("cold", "calls", 1.05, 1.06, "fine", by_hand=1.01),
        Figure("wide", "process", 9.0, 1.9, "slow"),
        Figure("wide", "lost", 0, 0, "none"),
    ]
    report.write(figures, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert page.startswith("# Before\n<!-- figures -->\nMeasured on ")
    assert page.endswith("<!-- end of figures -->\nafter\n")
    assert "| cold | calls | 1.050 | 1.010 | 1.06 | yes | fine |" in page
    assert "| wide | process | 9.000 |  | 1.9 | **no** | slow |" in page
    drawn = ET.parse(tmp_path / "benchmarks.svg").getroot()
    assert len([bar for bar in drawn if bar.tag.endswith("rect")]) == 1 + 3
