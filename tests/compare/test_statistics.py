"""Intervals, the sign test, its power and the agreement of judges, against values that others have computed."""

from __future__ import annotations

import pytest

from pipeline.compare.statistics import MOST_RESAMPLED, difference, kappa, pairs_needed, sign_test


@pytest.mark.parametrize(
    ("won", "lost", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (9, 1, 0.021484), (15, 5, 0.041389), (7, 7, 1.0)],
)
def test_the_sign_test_is_the_exact_binomial_one(won: int, lost: int, p: float) -> None:
    """Two-sided, as R's binom.test(won, won + lost) gives it, whichever side wins."""
    assert sign_test(won, lost) == pytest.approx(p, abs=1e-6)
    assert sign_test(lost, won) == sign_test(won, lost)


@pytest.mark.parametrize(("share", "least", "most"), [(0.75, 28, 36), (0.6, 190, 215), (0.9, 10, 14), (1.0, 5, 8)])
def test_the_pairs_that_decide_are_those_of_the_tables(share: float, least: int, most: int) -> None:
    """Near what the normal approximation gives for a power of 80 % at 5 %: 29 for 3 : 1, 194 for 6 : 4."""
    needed = pairs_needed(share)
    assert needed is not None
    assert least <= needed <= most
    assert pairs_needed(1 - share) == needed


def test_no_number_of_pairs_tells_like_from_like() -> None:
    """Where both win as often, more judging does not help."""
    assert pairs_needed(0.5) is None
    assert pairs_needed(0.505) is None


def test_kappa_is_cohens() -> None:
    """The example of 50 proposals, 20 and 15 agreed, 5 and 10 not, has 0.4; agreement by chance alone has 0."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(first, second) == pytest.approx(0.4)
    assert kappa(["a", "a", "b", "b"], ["a", "b", "a", "b"]) == pytest.approx(0)
    assert kappa(["a", "a"], ["a", "a"]) is None
    assert kappa([], []) is None


@pytest.mark.parametrize("count", [24, MOST_RESAMPLED + 1])
def test_an_interval_lies_around_the_mean_difference(count: int) -> None:
    """Some two standard errors to each side, drawn or by the normal distribution; the same each time."""
    pairs = [(10.0, 10.0 + at % 5) for at in range(count)]
    found = difference(pairs)
    assert found is not None
    mean = sum(at % 5 for at in range(count)) / count
    error = 1.4 / count**0.5
    assert found.mean == pytest.approx(mean)
    assert found.mean - found.low == pytest.approx(2 * error, rel=0.2)
    assert found.high - found.mean == pytest.approx(2 * error, rel=0.2)
    assert difference(pairs) == found


def test_without_a_difference_there_is_an_interval_of_nothing() -> None:
    """Equal pairs differ by nothing, and one pair has no interval."""
    found = difference([(1.0, 1.0)] * 3)
    assert found is not None
    assert found.is_nothing
    assert difference([(1.0, 2.0)]) is None
