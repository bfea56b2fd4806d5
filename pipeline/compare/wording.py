"""The verdict in sentences: in English for a terminal, in Chinese for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.compare.comparison import Comparison
from pipeline.compare.standing import Agreement, Judged, Standing, agreements, planned, standings
from pipeline.compare.verdicts import Part

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class _Words:
    parts: dict[Part, str]
    stands: str
    shown: str
    open: str
    hopeless: str
    nobody: str
    peeking: str
    agree: str
    kappa: str


_WORDS: dict[Language, _Words] = {
    "en": _Words(
        parts={"title": "title", "tldr": "one-liner", "abstract": "abstract", "overall": "overall"},
        stands="{part}: {second} won {won} and lost {lost} against {first}, {tied} tied; sign test p {p}",
        shown=", so the difference is shown",
        open=", which decides nothing; about {more} more judged papers would, if they go as these did",
        hopeless=", which decides nothing; more papers would not either, if they go as these did",
        nobody="nobody has judged yet: {planned} papers are to be judged",
        peeking=(
            "{judged} of {planned} papers are judged: do not stop because it looks decided now, "
            "for the more often one looks, the more often chance looks like a difference"
        ),
        agree="{one} and {other} agree on {share} of {papers} papers ({part}{kappa})",
        kappa=", kappa {kappa:.2f}",
    ),
    "zh": _Words(
        parts={"title": "题目", "tldr": "要点", "abstract": "摘要", "overall": "总评"},
        stands="{part}：{second} 对 {first}，胜 {won}，负 {lost}，平 {tied}；符号检验 p {p}",
        shown="，差别成立",
        open="，尚不能下结论；照现在的比例，大约还要评 {more} 篇",
        hopeless="，尚不能下结论；照现在的比例，再评下去也难分高下",
        nobody="还没有人评过，共有 {planned} 篇待评",
        peeking=(
            "计划评 {planned} 篇，现在评了 {judged} 篇。请不要因为眼下看似有了结论就提前停下："
            "看的次数越多，越容易把偶然当成差别"
        ),
        agree="{one} 与 {other} 在 {papers} 篇上有 {share} 意见一致（{part}{kappa}）",
        kappa="，kappa {kappa:.2f}",
    ),
}


def sentences(comparison: Comparison, pair: tuple[int, int], judged: Judged, language: Language) -> Iterator[str]:
    """Yield the verdict: a warning where it is early, a sentence a part, and how far judges agree."""
    words, wanted = _WORDS[language], len(planned(comparison, pair))
    stands = standings(judged)
    done = max((standing.judged for standing in stands), default=0)
    if not done:
        yield words.nobody.format(planned=wanted)
        return
    if done < wanted:
        yield words.peeking.format(judged=done, planned=wanted)
    first, second = (comparison.columns[at].label for at in pair)
    for standing in stands:
        yield _stands(standing, first, second, words)
    for agreement in agreements(judged):
        yield _agrees(agreement, words)


def _stands(standing: Standing, first: str, second: str, words: _Words) -> str:
    p = "< 0.001" if standing.p < 0.001 else f"= {standing.p:.3f}"
    figures = {"won": standing.won, "lost": standing.lost, "tied": standing.tied, "p": p}
    said = words.stands.format(part=words.parts[standing.part], first=first, second=second, **figures)
    if standing.is_decided:
        return said + words.shown
    return said + (words.hopeless if standing.more is None else words.open.format(more=standing.more))


def _agrees(agreement: Agreement, words: _Words) -> str:
    one, other = agreement.judges
    chance = "" if agreement.kappa is None else words.kappa.format(kappa=agreement.kappa)
    return words.agree.format(
        one=one,
        other=other,
        share=f"{agreement.share:.0%}",
        papers=agreement.papers,
        part=words.parts[agreement.part],
        kappa=chance,
    )
