"""Records: identifiers, links and outcomes, whatever others wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from pipeline.records import PARTIAL_NOTES, End, Entry, Failure, Note, Paper, Source, Summary, Usage, parse_id
from pipeline.validation import explain

IDS = st.from_regex(r"[0-9]{4}\.[0-9]{4,5}|[a-z]{2,6}(-[a-z]{2,4})?/[0-9]{7}", fullmatch=True)
BARE = {"id": "2404.02059", "title": "T", "abstract": "A"}
MADE = {"paper_id": "2404.02059", "translated_title": "题", "tldr": "一句。", "translated_abstract": "译文。"}


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("2404.02059", ("2404.02059", None)),
        ("0704.0001v12", ("0704.0001", 12)),
        (" arXiv:2404.02059v2\n", ("2404.02059", 2)),
        ("oai:arXiv.org:2404.02059", ("2404.02059", None)),
        ("https://arxiv.org/abs/2404.02059v1", ("2404.02059", 1)),
        ("http://export.arxiv.org/pdf/2404.02059v1.pdf", ("2404.02059", 1)),
        ("HTTPS://www.arXiv.org/abs/hep-th/9901001", ("hep-th/9901001", None)),
        ("math/0309136", ("math/0309136", None)),
        ("math.GT/0309136v3", ("math/0309136", 3)),
    ],
)
def test_an_identifier_is_read_in_every_form_that_arxiv_gives(text: str, parsed: tuple[str, int | None]) -> None:
    """Both schemes, prefixes and links; the version apart, the subject class dropped."""
    assert parse_id(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("2404.020590", id="six-digits"),
        pytest.param("2404.02059v0", id="version-0"),
        pytest.param("2404.02059v", id="no-version"),
        pytest.param("2404.02059/../../etc", id="path"),
        pytest.param("https://example.org/abs/2404.02059", id="other-site"),
        pytest.param("arXiv:arXiv:2404.02059", id="prefix-twice"),
        pytest.param("٢٤٠٤.٠٢٠٥٩", id="digits-of-another-script"),
        pytest.param("2404.02059v٣", id="version-of-another-script"),
        pytest.param("math/٠٣٠٩١٣٦", id="old-digits-of-another-script"),
    ],
)
def test_what_is_no_identifier_is_refused_by_name(text: str) -> None:
    """The error shows what was given and what one looks like."""
    with pytest.raises(ValueError, match=r"is not an arXiv identifier such as 2404\.02059 or math/0309136") as caught:
        parse_id(text)
    assert repr(text) in str(caught.value)


@settings(max_examples=50, deadline=None)
@given(IDS, st.none() | st.integers(1, 99), st.sampled_from(["", "arXiv:", "oai:arXiv.org:", "https://arxiv.org/abs/"]))
def test_an_identifier_survives_any_dress(identifier: str, version: int | None, prefix: str) -> None:
    """Prefix and version go on and come off again."""
    dressed = f"{prefix}{identifier}{'' if version is None else f'v{version}'}"
    assert parse_id(dressed) == (identifier, version)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
def test_parsing_is_final_for_any_text(text: str) -> None:
    """What parse_id returns is an identifier that it returns again; anything else is a ValueError."""
    try:
        identifier, _ = parse_id(text)
    except ValueError:
        return
    assert identifier.isascii()
    assert parse_id(identifier) == (identifier, None)


def test_a_paper_needs_only_id_title_and_abstract() -> None:
    """Everything else has a default, and the links are built from the id."""
    assert Paper.model_validate(BARE | {"tldr": "an unknown key is ignored"}).model_dump(mode="json") == {
        "id": "2404.02059",
        "version": None,
        "title": "T",
        "abstract": "A",
        "authors": [],
        "categories": [],
        "primary_category": None,
        "published": None,
        "updated": None,
        "announce_type": None,
        "comment": None,
        "doi": None,
        "journal_ref": None,
        "url": "https://arxiv.org/abs/2404.02059",
        "pdf_url": "https://arxiv.org/pdf/2404.02059",
    }


@pytest.mark.parametrize(
    ("given_version", "version"),
    [({}, 3), ({"version": None}, 3), ({"version": 2}, 2)],
    ids=["from-the-id", "null", "of-its-own"],
)
def test_the_version_comes_from_its_field_or_else_from_the_id(given_version: dict[str, Any], version: int) -> None:
    """The id itself never carries it."""
    paper = Paper.model_validate(BARE | {"id": "arXiv:2404.02059v3"} | given_version)
    assert (paper.id, paper.version) == ("2404.02059", version)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://arxiv.org/abs/2404.02059", True),
        ("https://export.arxiv.org/abs/2404.02059v2", True),
        ("https://arxiv.org/abs/2404.02058", False),
        ("https://arxiv.org/abs/2404x02059", False),
        ("https://arxiv.org/pdf/2404.02059", False),
        ("https://arxiv.org.example.com/abs/2404.02059", False),
        ("https://arxiv.org/abs/2404.02059#)<script>", False),
        ("javascript:alert(1)", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_a_link_is_kept_only_where_it_is_the_papers_own_page(url: object, *, kept: bool) -> None:
    """Any other is built anew from the checked id."""
    assert Paper.model_validate(BARE | {"url": url}).url == (url if kept else "https://arxiv.org/abs/2404.02059")


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"title": " \n"}, "title: must not be empty"),
        ({"title": 7, "abstract": None}, "title: must be text; abstract: must be text"),
        ({"id": "x"}, "'x' is not an arXiv identifier such as 2404.02059 or math/0309136"),
        ({"id": 2404.1}, "id: must be text"),
        ({"announce_type": "old"}, "announce_type: must be 'new', 'cross', 'replace' or 'replace-cross'"),
        ({"version": -1}, "version: must be at least 1"),
    ],
    ids=["blank", "types", "id", "number-as-id", "announce-type", "version"],
)
def test_a_bad_paper_is_explained_field_by_field(wrong: dict[str, Any], complaint: str) -> None:
    """Each fault in one line of plain words."""
    with pytest.raises(ValidationError) as caught:
        Paper.model_validate(BARE | wrong)
    assert explain(caught.value) == complaint


def test_what_is_no_mapping_is_no_paper() -> None:
    """A list or a number is refused as a whole."""
    with pytest.raises(ValidationError) as caught:
        Paper.model_validate(["2404.02059"])
    assert explain(caught.value) == "must be an object with named values"


def test_a_moment_without_a_zone_is_utc() -> None:
    """A moment with one keeps it."""
    paper = Paper.model_validate(BARE | {"published": "2024-04-02T12:00:00", "updated": "2024-04-02T12:00:00+08:00"})
    assert paper.published == datetime(2024, 4, 2, 12, tzinfo=UTC)
    assert json.loads(paper.model_dump_json(include={"published", "updated"})) == {
        "published": "2024-04-02T12:00:00Z",
        "updated": "2024-04-02T12:00:00+08:00",
    }


@pytest.mark.parametrize(
    "record",
    [
        Paper.model_validate(BARE),
        Usage(),
        Summary.model_validate(MADE),
        Failure(paper_id="2404.02059", reason="timeout", detail=""),
        Source(),
        End(source=Source(), exit=0),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_is_frozen(record: BaseModel) -> None:
    """No stage changes what another one made."""
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, next(iter(type(record).model_fields)), None)


def test_usage_adds_up_field_by_field() -> None:
    """Prompt, completion and cached tokens each."""
    total = Usage(prompt=10, completion=2, cached=4) + Usage(prompt=1, completion=1)
    assert total == Usage(prompt=11, completion=3, cached=4)


def test_a_summary_without_an_english_line_has_an_empty_one() -> None:
    """Null and absent are both the empty text."""
    assert Summary.model_validate(MADE | {"tldr_en": None}) == Summary.model_validate(MADE)
    assert Summary.model_validate(MADE).tldr_en == ""


@pytest.mark.parametrize("outcomes", [(), ("summary", "failure")], ids=["neither", "both"])
def test_an_entry_has_a_summary_or_a_failure(outcomes: tuple[str, ...]) -> None:
    """Never both, never none: no paper is dropped without a word."""
    both = {"summary": MADE, "failure": {"paper_id": "2404.02059", "reason": "timeout", "detail": ""}}
    with pytest.raises(ValidationError) as caught:
        Entry.model_validate({"paper": BARE} | {name: both[name] for name in outcomes})
    assert explain(caught.value) == "needs either a summary or a failure"


@pytest.mark.parametrize(
    ("keys", "partial"),
    [((), False), (("sample",), False), *(((("sample", key)), True) for key in sorted(PARTIAL_NOTES))],
    ids=lambda value: "+".join(value) or "none" if isinstance(value, tuple) else "",
)
def test_a_source_is_partial_where_a_note_says_so(keys: tuple[str, ...], *, partial: bool) -> None:
    """Other notes say nothing of papers that may be missing."""
    assert Source(notes=tuple(Note(key=key) for key in keys)).is_partial is partial


@pytest.mark.parametrize("code", [-1, 131])
def test_an_end_has_an_exit_code_of_ours(code: int) -> None:
    """From 0 to 130."""
    with pytest.raises(ValidationError):
        End(source=Source(), exit=code)


@pytest.mark.parametrize("name", ["../up", "/root", "a/b", ".hidden", "", "a\n", "名"])
@pytest.mark.parametrize("date", ["../2026-04-27", "2026-4-27", "2026-04-27\n", "", "today"])
def test_a_source_from_a_stream_names_no_other_place(name: str, date: str) -> None:
    """Its name and day become parts of a path, so they are what a digest may be called, and a day."""
    for said in ({"name": name}, {"date": date}):
        with pytest.raises(ValidationError):
            Source.model_validate(said)
    assert Source(name="cs.AI+cs.LG", date="2026-04-27").name == "cs.AI+cs.LG"


def test_sentences_and_marks_are_absent_where_there_are_none() -> None:
    """What was written before a summary could have them is written and read as it was."""
    plain = Summary.model_validate(MADE)
    assert list(json.loads(plain.model_dump_json()))[:5] == [
        "paper_id",
        "translated_title",
        "tldr",
        "tldr_en",
        "translated_abstract",
    ]
    assert not {"sentences", "marks"} & plain.model_dump().keys()
    mark = {"check": "numbers", "field": "translated_abstract", "sentence": 1, "detail": "34 is missing"}
    said = MADE | {"sentences": [{"en": "One.", "zh": "一。", "marks": ["numbers"]}], "marks": [mark]}
    assert json.loads(Summary.model_validate(said).model_dump_json()).items() >= said.items()
