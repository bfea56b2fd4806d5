"""From the fields that a source gives to a checked paper, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from pipeline.fetch.clean import clean_abstract, clean_title
from pipeline.records import Missing, Paper, parse_id
from pipeline.text import fold, plain
from pipeline.validation import explain

_CLEANERS: dict[str, Callable[[str], str]] = {
    "title": clean_title,
    "abstract": clean_abstract,
    "comment": fold,
    "journal_ref": fold,
    "doi": fold,
}


def paper_from(fields: Mapping[str, Any]) -> Paper:
    """Return the paper of ``fields``, its text cleaned; fields that are None count as absent.

    Raises:
        ValidationError: a field is missing or wrong; `complaint` says it in plain words.
    """
    given = {key: value for key, value in fields.items() if value is not None}
    for key, clean in _CLEANERS.items():
        if isinstance(given.get(key), str):
            given[key] = clean(given[key])
    if isinstance(given.get("authors"), list | tuple):
        given["authors"] = [fold(name) if isinstance(name, str) else name for name in given["authors"]]
    return Paper.model_validate(given)


def paper_or_missing(fields: Mapping[str, Any], *, otherwise: str) -> Paper | Missing:
    """Return the paper of ``fields`` or, named by its id or else as ``otherwise``, why it cannot become one."""
    try:
        return paper_from(fields)
    except ValidationError as error:
        return Missing(id=_name(fields) or otherwise, reason=complaint(error))


def complaint(error: ValidationError) -> str:
    """Return what is wrong in plain words: ``title: must not be empty; abstract: missing``."""
    return plain(explain(error))


def _name(fields: Mapping[str, Any]) -> str:
    given = fields.get("id")
    if not isinstance(given, str):
        return ""
    try:
        return parse_id(given)[0]
    except ValueError:
        return plain(given)[:80]
