"""The taxonomy of arXiv."""

from __future__ import annotations

import pytest

from pipeline.categories import ARCHIVES, explain, has_subjects, is_category


@pytest.mark.parametrize(
    "name",
    ["cs.AI", "cs", "econ", "q-fin", "quant-ph", "physics.ao-ph", "math-ph", "math.MP", "cs.IT", "math.IT", "cs.NA"],
)
def test_categories_archives_and_both_names_of_an_alias_are_categories(name: str) -> None:
    """Papers carry all of them."""
    assert is_category(name)


@pytest.mark.parametrize("name", ["", "cs.XX", "cs.ai", "CS", "14C20, 14M99", "quant-ph.AI", "cs.", "I.2.7"])
def test_what_arxiv_does_not_list_is_no_category(name: str) -> None:
    """MSC and ACM classes are none, and case counts."""
    assert not is_category(name)


def test_twenty_archives_of_which_eleven_have_subjects() -> None:
    """The feed's own list of archives has these, and `test`."""
    assert len(ARCHIVES) == 20
    assert [name for name in ARCHIVES if not has_subjects(name)] == (
        ["gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph", "nucl-ex", "nucl-th", "quant-ph"]
    )
    assert not has_subjects("cs.AI")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("cs.ai", "'cs.ai' is not an arXiv category; did you mean cs.AI or "),
        ("quantph", "'quantph' is not an arXiv category; did you mean quant-ph"),
        ("zzzzzz", "'zzzzzz' is not an arXiv category; the archives are astro-ph, cond-mat, cs, "),
        ("z\n" * 99, r"'z\nz\nz"),
    ],
)
def test_an_unknown_category_is_explained_by_near_ones_or_the_archives(name: str, beginning: str) -> None:
    """One sentence, on one line."""
    said = explain(name)
    assert said.startswith(beginning)
    assert said.endswith(("?", "q-bio, q-fin, quant-ph, stat."))
    assert "\n" not in said
