"""One exit code for several digests or days."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.exits import Exit, of_several


def test_the_codes_are_those_of_the_contract() -> None:
    """Scripts rely on them."""
    assert {code.name: int(code) for code in Exit} == {
        "COMPLETE": 0,
        "FAILED": 1,
        "USAGE": 2,
        "PARTIAL": 3,
        "BUDGET": 4,
        "NOTHING": 5,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize(
    ("exits", "together"),
    [
        ([], 0),
        ([0, 0], 0),
        ([5, 5], 5),
        ([5, 0, 5], 0),
        ([0, 5, 3], 3),
        ([3, 4, 0], 4),
        ([4, 3, 1, 5], 1),
        ([1, 2], 2),
        ([3, 130, 1, 4], 130),
    ],
    ids=str,
)
def test_the_gravest_code_counts(exits: list[int], together: int) -> None:
    """130 before 1, 4 and 3; nothing announced only where that is so of all."""
    assert of_several(Exit(code) for code in exits) is Exit(together)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(Exit), min_size=1))
def test_order_and_number_do_not_count(exits: list[Exit]) -> None:
    """The same codes give the same end, and one alone gives itself."""
    assert of_several(exits) is of_several([*reversed(exits), *exits])
    assert of_several(exits[:1]) is exits[0]
