"""What the verdicts on two columns come to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from pipeline.compare.comparison import Comparison
from pipeline.compare.statistics import LEVEL, kappa, pairs_needed, sign_test
from pipeline.compare.verdicts import PARTS, Part, Verdict

Outcome = Literal["first", "second", "tie"]
Judged = Mapping[str, Mapping[str, Verdict]]
"""Verdicts by judge and paper."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one part stands: of how many papers each column won, and what that shows."""

    part: Part
    won: int
    """By the second column, which is the newer."""
    lost: int
    tied: int
    """Both good, neither good, or judges that disagree."""

    @property
    def judged(self) -> int:
        """Papers with a verdict."""
        return self.won + self.lost + self.tied

    @property
    def p(self) -> float:
        """Of the exact sign test; ties do not count."""
        return sign_test(self.won, self.lost)

    @property
    def is_decided(self) -> bool:
        """Whether the difference is shown."""
        return self.p < LEVEL

    @property
    def more(self) -> int | None:
        """How many more judged papers would decide, if they go as these did; None where none would."""
        if self.is_decided:
            return 0
        decided = self.won + self.lost
        needed = pairs_needed(self.won / decided) if decided and self.won != self.lost else None
        return None if needed is None else max(1, math.ceil(needed * self.judged / decided) - self.judged)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two judges say the same of the same papers."""

    judges: tuple[str, str]
    part: Part
    papers: int
    share: float
    kappa: float | None


def planned(comparison: Comparison, pair: tuple[int, int]) -> tuple[str, ...]:
    """Return the papers that are to be judged: those that both columns have a text for."""
    return tuple(row.paper.id for row in comparison.rows if all(row.cells[at].summary for at in pair))


def standings(judged: Judged) -> tuple[Standing, ...]:
    """Return how each part stands; of several judges on a paper most decide, and a draw is a tie."""
    return tuple(_standing(part, judged) for part in PARTS)


def agreements(judged: Judged) -> Iterator[Agreement]:
    """Yield for each two judges and each part how far they agree on the papers that both have judged."""
    for (one, ones), (other, others) in combinations(sorted(judged.items()), 2):
        for part in PARTS:
            ids = [
                each for each in ones if each in others and part in ones[each].choices and part in others[each].choices
            ]
            if ids:
                yield _agreement((one, other), part, [_of(ones, ids, part), _of(others, ids, part)])


def _standing(part: Part, judged: Judged) -> Standing:
    said: dict[str, Counter[Outcome]] = {}
    for verdicts in judged.values():
        for paper_id, verdict in verdicts.items():
            if part in verdict.choices:
                said.setdefault(paper_id, Counter())[_outcome(verdict, part)] += 1
    outcomes = Counter(_majority(counts) for counts in said.values())
    return Standing(part, won=outcomes["second"], lost=outcomes["first"], tied=outcomes["tie"])


def _majority(counts: Counter[Outcome]) -> Outcome:
    if counts["first"] == counts["second"]:
        return "tie"
    return "first" if counts["first"] > counts["second"] else "second"


def _outcome(verdict: Verdict, part: Part) -> Outcome:
    choice = verdict.choices[part]
    return "tie" if choice in {"both", "neither"} else choice  # type: ignore[return-value]


def _of(verdicts: Mapping[str, Verdict], ids: Sequence[str], part: Part) -> list[Outcome]:
    return [_outcome(verdicts[each], part) for each in ids]


def _agreement(judges: tuple[str, str], part: Part, said: list[list[Outcome]]) -> Agreement:
    first, second = said
    same = sum(one == other for one, other in zip(first, second, strict=True))
    return Agreement(judges, part, len(first), same / len(first), kappa(first, second))
