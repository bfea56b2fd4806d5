"""What pydantic says of bad data, in one plain line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError

_PLAIN = {
    "missing": "missing",
    "extra_forbidden": "unknown key",
    "string_type": "must be text",
    "none_required": "must be null",
    "tuple_type": "must be a list",
    "int_type": "must be a whole number",
    "model_type": "must be an object with named values",
}
_PLAINER = (
    ("Value error, ", ""),
    ("Assertion failed, ", ""),
    (", unable to parse string as an integer", ""),
    (", unable to parse string as a number", ""),
    ("Input should be", "must be"),
    ("greater than or equal to", "at least"),
    ("less than or equal to", "at most"),
    ("greater than", "more than"),
    ("a valid integer", "a whole number"),
    ("a valid number", "a number"),
)
"""What pydantic says, and how a reader would say it."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean …?`` with the words of ``known`` that look like ``word``; empty where none does."""
    by_fold = {one.casefold(): one for one in known}
    near = [by_fold[match] for match in get_close_matches(word.casefold(), by_fold, n=3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def explain(error: ValidationError) -> str:
    """Return every fault of ``error`` as ``key: what is wrong``, joined by semicolons."""
    faults = error.errors(include_url=False)
    said = []
    for fault in faults:
        where = fault["loc"]
        if fault["type"] == "too_short" and any(
            other["loc"][: len(where)] == where for other in faults if other != fault
        ):
            # A list that is too short only because its members are wrong.
            continue
        what = _PLAIN.get(fault["type"]) or in_plain_words(fault["msg"])
        said.append(f"{'.'.join(map(str, where))}: {what}" if where else what)
    return "; ".join(said)


def in_plain_words(message: str) -> str:
    """Return one of pydantic's messages as a reader would say it."""
    for theirs, plainer in _PLAINER:
        message = message.replace(theirs, plainer)
    return message[:1].lower() + message[1:]
