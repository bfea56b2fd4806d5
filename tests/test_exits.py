"""One exit code for several digests or days."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import errors
from pipeline.exits import Exit, of_several
from pipeline.records import Note, Source
from pipeline.run import ending_of


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


def test_each_error_ends_a_command_as_the_tree_of_errors_says() -> None:
    """The tree names each class of the module once, with the exit code that the class itself has."""
    drawn = {name: int(code) for name, code in re.findall(r"(\w+Error) +(\d+) {2}", errors.__doc__ or "")}
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.DigestError)]
    assert drawn == {one.__name__: int(one.exit) for one in classes}


@pytest.mark.parametrize(
    ("error", "code"),
    [(errors.UncappedError("localhost"), Exit.USAGE), (errors.FetchError("no answer"), Exit.FAILED)],
    ids=["uncapped", "arxiv"],
)
def test_a_digest_without_a_summary_ends_as_its_error_says(error: errors.DigestError, code: Exit) -> None:
    """A budget that cannot be kept is a wrong setting; an arXiv that is silent is a failure."""
    assert ending_of(Counter({False: 3}), Source(), error) is code


def test_nothing_is_announced_only_where_no_page_is_due() -> None:
    """A feed that is late ends with 3 although nothing was made; a quiet day ends with 5."""
    late = Source(notes=(Note(key="not_yet"),))
    assert ending_of(Counter(), late) is Exit.PARTIAL
    assert ending_of(Counter(), Source()) is Exit.NOTHING


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
