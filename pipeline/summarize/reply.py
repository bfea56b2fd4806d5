"""Read what a model answered, tolerantly: the words around the object, fences, thoughts and broken escapes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from itertools import islice

Value = str | tuple[str, ...]
"""A text, or texts in a row."""

LONGEST = 500_000
"""Characters of a reply that are read: an entry has some thousand, thoughts before it a hundred thousand."""
MOST_OBJECTS = 20
"""Beginnings of an object that are tried, so that no reply takes more than milliseconds to read."""
_OBJECT = re.compile(r'\{\s*+"')
_THOUGHTS = re.compile(r"\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_THOUGHTS_END = re.compile(r"</think(?:ing)?>")
_BAD_ESCAPE = re.compile(r'\\(?:\\|"|/|[bfnrt](?![a-zA-Z])|u[0-9a-fA-F]{4}|(?P<bad>.))', re.DOTALL)
_AMBIGUOUS_COMMAND = re.compile(r"\\[bfnrt][A-Za-z]+")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def read_object(text: str, fields: Collection[str], *, source: str) -> dict[str, Value] | None:
    """Return the values of the first JSON object in ``text`` that has any of ``fields``; None where there is none.

    Thoughts before the object, fences around it and words after it are left out. Backslashes of formulas that JSON took
    for escapes are put back where ``source``, the English text, has that very command. A value that is neither text nor
    a list is left out, as if the model had not answered it; of a list, what is not text is an empty one.
    """
    said = _without_thoughts(text[:LONGEST])
    for start in islice(_OBJECT.finditer(said), MOST_OBJECTS):
        found = _decode(said[start.start() :])
        if isinstance(found, dict) and not found.keys().isdisjoint(fields):
            commands = {match.group() for match in _AMBIGUOUS_COMMAND.finditer(source)}
            return {
                name: _value(value, commands)
                for name, value in found.items()
                if name in fields and isinstance(value, str | list)
            }
    return None


def texts(found: Mapping[str, Value]) -> dict[str, str]:
    """Return those values that are one text."""
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _value(value: str | list[object], commands: set[str]) -> Value:
    if isinstance(value, str):
        return _restore(value, commands)
    return tuple(_restore(one, commands) if isinstance(one, str) else "" for one in value)


def _without_thoughts(text: str) -> str:
    """Return ``text`` from behind the thoughts that it begins with, whether or not they were opened by a tag.

    A tag inside the object is part of what the model answered.
    """
    said = _THOUGHTS.sub("", text, count=1) if _THOUGHTS.match(text) else text
    ends = [match.end() for match in _THOUGHTS_END.finditer(said)]
    rest = said[ends[-1] :] if ends else ""
    return rest if "{" in rest and rest.lstrip().startswith(("{", "```")) else said


def _decode(text: str) -> object:
    """Return the JSON value that ``text`` begins with, broken escapes repaired; None where there is none."""
    decoder = json.JSONDecoder(strict=False)
    for candidate in (text, _BAD_ESCAPE.sub(_double_backslash, text)):
        try:
            return decoder.raw_decode(candidate)[0]
        except (ValueError, RecursionError):
            continue
    return None


def _double_backslash(match: re.Match[str]) -> str:
    return "\\\\" + match["bad"] if match["bad"] is not None else match.group()


def _restore(text: str, commands: set[str]) -> str:
    """Put back each command of the source whose backslash and first letter were read as one control character."""
    for command in commands:
        text = text.replace(_ESCAPED[command[1]] + command[2:], command)
    return text
