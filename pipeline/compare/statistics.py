"""What figures of a comparison may be taken for: intervals, the sign test, its power, the agreement of judges."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

RESAMPLES = 2000
MOST_RESAMPLED = 200
"""Pairs up to which an interval is drawn; beyond, the mean is as good as normal."""
SEED = 20260101
LEVEL = 0.05
"""Below which a difference counts as shown."""
POWER = 0.8
"""Chance of showing a difference that is there, which a planned number should give (Cohen 1988)."""
MOST_PAIRS = 4096
"""Decided pairs beyond which nobody would judge."""
_Z = 1.959964
"""Of the normal distribution, for 95 %."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference between two columns on the same papers."""

    mean: float
    low: float
    """Lower end of the interval of 95 %."""
    high: float

    @property
    def is_nothing(self) -> bool:
        """Whether both columns are the same on every paper."""
        return self.mean == self.low == self.high == 0


def difference(pairs: Sequence[tuple[float, float]]) -> Difference | None:
    """Return how much more the second of each pair is, by a bootstrap over the pairs; None for fewer than two.

    The percentile interval of Efron and Tibshirani (1993), chapter 13, always of the same draws.
    """
    each = [second - first for first, second in pairs]
    if len(each) < 2:
        return None
    mean = fmean(each)
    if len(each) > MOST_RESAMPLED:
        half = _Z * stdev(each) / math.sqrt(len(each))
        return Difference(mean, mean - half, mean + half)
    draw = random.Random(SEED)  # noqa: S311 (no secret)
    means = sorted(fmean(draw.choices(each, k=len(each))) for _ in range(RESAMPLES))
    tail = round(RESAMPLES * LEVEL / 2)
    return Difference(mean, means[tail], means[-tail - 1])


def sign_test(won: int, lost: int) -> float:
    """Return the two-sided p of the exact sign test: how likely so uneven a count is where neither is better."""
    decided = won + lost
    tail = sum(math.comb(decided, count) for count in range(min(won, lost) + 1))
    return min(1.0, float(2 * tail / 2**decided))


def pairs_needed(share: float) -> int | None:
    """Return how many decided pairs show a true ``share`` of wins, 0 to 1, with a chance of 80 %.

    None for more than anyone judges. Which side wins does not matter.
    """
    share = max(share, 1 - share)
    high = 8
    while _power(high, share) < POWER:
        high *= 2
        if high > MOST_PAIRS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(middle, share) >= POWER else (middle, high)
    return high


def kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Return Cohen's kappa of two judges of the same things; None where chance alone makes them agree on all.

    Source: Cohen (1960), A coefficient of agreement for nominal scales.
    """
    if not first:
        return None
    count = len(first)
    observed = sum(one == other for one, other in zip(first, second, strict=True)) / count
    mine, theirs = Counter(first), Counter(second)
    expected = sum(mine[word] * theirs[word] for word in mine) / count**2
    return None if math.isclose(expected, 1) else (observed - expected) / (1 - expected)


def _power(decided: int, share: float) -> float:
    """Return the chance that ``decided`` pairs show that the better side wins ``share`` of them."""
    most_lost, tail = -1, 0.0
    for lost in range(decided // 2 + 1):
        tail += _chance(decided, lost, 0.5)
        if 2 * tail >= LEVEL:
            break
        most_lost = lost
    return sum(_chance(decided, lost, 1 - share) for lost in range(most_lost + 1))


def _chance(of: int, count: int, share: float) -> float:
    """Return the binomial probability of ``count`` in ``of`` at a chance of ``share``."""
    if share <= 0:
        return float(count == 0)
    ways = math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)
    return math.exp(ways + count * math.log(share) + (of - count) * math.log1p(-share))
