"""Small comparisons of two or three columns."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.compare import Cell, Column, Comparison, Row
from pipeline.compare.verdicts import Choice, Part, Verdict
from pipeline.records import Failure, Mark, Paper, PromptName, Summary, Usage

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAIR = ("digest@1", "digest@2")
ALL: tuple[Part, ...] = ("title", "tldr", "abstract", "overall")


def paper(number: int) -> Paper:
    """Return a small paper with some hostile text."""
    return Paper(
        id=f"2604.{number:05}",
        title=f"Widgets Measured, Part {number}",
        abstract=f"We measure widgets for the {number}th time. It is 34 % faster. <script>alert(1)</script>",
        primary_category="cs.AI",
    )


def cell(number: int, column: int, *, marks: tuple[Mark, ...] = (), faults: tuple[str, ...] = ()) -> Cell:
    """Return a text of one of three manners."""
    word = ("测量部件", "部件的测量", "再测部件")[column]
    made = Summary(
        paper_id=f"2604.{number:05}",
        translated_title=f"{word}之第 {number} 篇",
        tldr=f"第 {number} 次{word}，速度快 34 %，因而省下时间。",
        tldr_en=f"Measured for the {number}th time.",
        translated_abstract=f"我们第 {number} 次{word}。速度快 34 %。" + "如此而已。" * column,
        marks=marks,
    )
    usage = Usage(prompt=500 + 10 * column, completion=200)
    return Cell(summary=made, replies=1 + len(faults), faults=faults, usage=usage, cost_usd=0.001)


def failed(number: int) -> Cell:
    """Return a paper that got no answer."""
    return Cell(failure=Failure(paper_id=f"2604.{number:05}", reason="timeout", detail="no answer", attempts=0))


def comparison(papers: int = 4, columns: int = 2) -> Comparison:
    """Return a comparison of prompts digest@1 and so on at one model."""
    labels = [f"digest@{at}" for at in range(1, columns + 1)]
    return Comparison(
        created=MOMENT,
        columns=tuple(
            Column(
                label=label,
                prompt=PromptName(name="digest", version=at, sha256=f"{at}" * 64),
                model="m",
                endpoint="example.org",
            )
            for at, label in enumerate(labels, 1)
        ),
        rows=tuple(
            Row(paper=paper(number), cells=tuple(cell(number, at) for at in range(columns))) for number in range(papers)
        ),
    )


def verdict(of: Comparison, number: int, choice: Choice, *, judge: str = "anna") -> Verdict:
    """Return a whole verdict that chooses the same in every part."""
    return Verdict(
        comparison=of.id,
        judge=judge,
        pair=PAIR,
        paper_id=of.rows[number].paper.id,
        choices=dict.fromkeys(ALL, choice),
        at=MOMENT,
    )
