"""A small digest with something of everything."""

from __future__ import annotations

from pipeline.assemble import Digest
from pipeline.records import Missing, Note, Paper, Source
from tests.assemble.samples import done, failed, paper

WALL = "无" * 5_000 + "x" * 5_000
"""10,000 characters without a blank."""
HOSTILE = (
    '"><img src=x onerror=alert(1)><script>alert(2)</script></script></style>]]>--> javascript:alert(3) $\\text{<b>}$'
)


def _paper(number: int, kind: str, *categories: str, **fields: object) -> Paper:
    day = f"2026-11-{23 - number:02}T00:00:00Z"
    given = {"categories": categories, "announce_type": kind, "published": day, "authors": ["Zoë Zweite", "刘一"]}
    return paper(number, **(given | fields))


VIDEO = done(
    _paper(1, "new", "cs.CV", "cs.LG", title="Video Diffusion", abstract="We diffuse video in $O(n^2)$ steps."),
    translated_title="视频扩散模型",
    tldr="用扩散模型生成视频，速度快一倍。",
    tldr_en="Diffusion makes video twice as fast.",
    translated_abstract="我们用 $O(n^2)$ 步扩散视频。",
)
TEXT = done(
    _paper(2, "cross", "cs.CL", title="Words Counted", abstract="We count words."),
    translated_title="数词",
    tldr="统计ＡＢＣ词频，用于检索。",
    tldr_en="",
    translated_abstract="我们数词。",
)
HARD = done(
    _paper(3, "new", "cs.LG", title=HOSTILE, abstract=HOSTILE, authors=[HOSTILE], comment=HOSTILE),
    translated_title=HOSTILE,
    tldr=HOSTILE,
    tldr_en=HOSTILE,
    translated_abstract=HOSTILE,
)
LONG = done(
    _paper(
        4,
        "replace",
        "cs.LG",
        WALL,
        primary_category=WALL,
        title=WALL,
        abstract=WALL + " $" + "a+" * 200 + "a$",
        authors=[WALL],
        comment=WALL,
    ),
    translated_title=WALL,
    tldr=WALL,
    tldr_en=WALL,
    translated_abstract=WALL,
    model="m",
    prompt="digest@1",
)
FAILED = failed(_paper(5, "new", "cs.CV", title="Never Summarized"), "timeout", WALL)
SOURCE = Source(
    announced=7,
    fetched=5,
    missing=2,
    missing_papers=(Missing(id="2611.00099", reason="not returned"), Missing(id=WALL, reason="stopped")),
    notes=(Note(key="repeated", figures={"count": 1, "ids": HOSTILE}),),
)
DIGEST = Digest("cs.CV", "2026-11-23", (VIDEO, TEXT, HARD, LONG, FAILED), SOURCE)
"""Four papers with a summary, in the order of the page, and one without."""
IDS = [entry.paper.id for entry in DIGEST.entries]
