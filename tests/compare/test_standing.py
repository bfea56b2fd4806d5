"""What verdicts come to, in figures and in sentences."""

from __future__ import annotations

import pytest

from pipeline.compare import Cell, Comparison, Row
from pipeline.compare.standing import Judged, agreements, planned, standings
from pipeline.compare.verdicts import Choice, newest
from pipeline.compare.wording import Language, sentences

from .samples import PAIR, cell, comparison, failed, paper, verdict


def _judged(of: Comparison, *judges: tuple[str, str]) -> Judged:
    """Return verdicts of judges whose choices are given by a letter a paper."""
    letters: dict[str, Choice] = {"1": "first", "2": "second", "b": "both", "n": "neither"}
    given = ((judge, at, letters[letter]) for judge, line in judges for at, letter in enumerate(line))
    return newest((verdict(of, at, choice, judge=judge) for judge, at, choice in given), of, PAIR)


def _said(of: Comparison, judged: Judged, language: Language = "en") -> list[str]:
    return list(sentences(of, (0, 1), judged, language))


def test_nobody_has_judged() -> None:
    """The one sentence says how many papers wait; those without a text in both columns do not."""
    of = comparison(3)
    rows = (*of.rows, Row(paper=paper(9), cells=(cell(9, 0), failed(9))))
    of = of.model_copy(update={"rows": rows})
    assert planned(of, (0, 1)) == tuple(row.paper.id for row in of.rows[:3])
    assert _said(of, {}) == ["nobody has judged yet: 3 papers are to be judged"]
    assert _said(of, {}, "zh") == ["还没有人评过，共有 3 篇待评"]


def test_a_verdict_is_a_sentence_a_part() -> None:
    """Wins and losses are those of the second column; both good and neither good are ties."""
    of = comparison(12)
    judged = _judged(of, ("anna", "2222222221bn"))
    said = _said(of, judged)
    assert said[0] == (
        "title: digest@2 won 9 and lost 1 against digest@1, 2 tied; sign test p = 0.021, so the difference is shown"
    )
    assert len(said) == 4
    assert _said(of, judged, "zh")[3] == "总评：digest@2 对 digest@1，胜 9，负 1，平 2；符号检验 p = 0.021，差别成立"


def test_what_is_open_says_how_many_more_would_decide() -> None:
    """Ties make it more; where both win as often, none would."""
    of = comparison(12)
    few = _judged(of, ("anna", "22222211bbbb"))
    (title, *_) = standings(few)
    assert (title.won, title.lost, title.tied, title.judged) == (6, 2, 4, 12)
    assert title.more is not None
    assert 28 <= title.more <= 45
    assert f"about {title.more} more judged papers would" in _said(of, few)[0]
    even = _judged(of, ("anna", "222222111111"))
    assert "more papers would not either" in _said(of, even)[0]
    assert standings(even)[0].more is None


def test_whoever_looks_early_is_warned() -> None:
    """As long as fewer papers are judged than planned, and no longer."""
    of = comparison(12)
    early = _said(of, _judged(of, ("anna", "22222222")))
    assert early[0].startswith("8 of 12 papers are judged: do not stop")
    assert "计划评 12 篇，现在评了 8 篇" in _said(of, _judged(of, ("anna", "22222222")), "zh")[0]
    assert not _said(of, _judged(of, ("anna", "222222222222")))[0].startswith("12 of 12")


def test_of_several_judges_most_decide_and_their_agreement_is_said() -> None:
    """A draw is a tie; share and kappa are of the papers that both have judged."""
    of = comparison(4)
    judged = _judged(of, ("anna", "221b"), ("ben", "2112"))
    (title, *_) = standings(judged)
    assert (title.won, title.lost, title.tied) == (2, 1, 1)
    (first, *_) = agreements(judged)
    assert (first.judges, first.papers, first.share) == (("anna", "ben"), 4, 0.5)
    assert "anna and ben agree on 50% of 4 papers (title, kappa 0.20)" in _said(of, judged)


def test_a_cell_has_either_a_summary_or_a_failure() -> None:
    """The record refuses both and neither."""
    with pytest.raises(ValueError, match="either a summary or a failure"):
        Cell()
