"""What is asked of a model as a value: the fields, how a reply is read and checked, and the record that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from pipeline.prompts import Prompt, Template
from pipeline.records import Answered, R, S
from pipeline.summarize.finding import Fields, Finding

Schema = Mapping[str, Any]
"""JSON Schema of the object that a model answers."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply as it was read, before it is a record."""

    fields: Fields
    sentences: tuple[str, ...] = ()
    """By their numbers from 1, where the task asks for a text sentence by sentence."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a task says when it asks again, in its own language."""

    again: str
    """With ``{faults}``, what was wrong."""
    joint: str
    """Between two faults."""
    by_finish: Mapping[str, Finding]
    """What is wrong with a reply that ended for another reason than being complete."""
    no_object: Finding
    same_reply: Finding


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked again where the rest of a reply is good."""

    words: str
    schema: Schema
    read: Callable[[str], Draft | None]
    """Reads the answer into the reply that it mends."""


@dataclass(frozen=True)
class Task(Generic[S, R]):
    """What is asked about one subject, and what is done with the reply."""

    name: str
    """As a prompt's front matter names it."""
    language: str
    """Of the texts that are answered, a key of the page's languages."""
    fields: tuple[str, ...]
    """Keys of the object that is asked for; a prompt is to name each."""
    template: Template
    """What a prompt may say of a subject."""
    values: Callable[[S], Mapping[str, object]]
    """Gives each of the template's variables its value."""
    characters: Callable[[S], int]
    """Returns how long a subject's text is, by which the reply is capped."""
    schema: Callable[[S], Schema]
    read: Callable[[str, S], Draft | None]
    """Reads a reply; None where it holds no such object."""
    findings: Callable[[Draft, S, Prompt], Sequence[Finding]]
    """Checks a draft against its subject, the prompt's own words and its glossary; the gravest first."""
    answer: type[R]
    record: Callable[[S, Draft, Sequence[Finding], Answered], R]
    """Makes the record of an accepted draft, what is still wrong with it, and where it came from."""
    wording: Wording
    own_text: Callable[[S, Draft], tuple[str, str] | None]
    """Returns a text that no other subject's reply has, and what it was made from; None where one well may."""
    part: Callable[[S, Draft, Sequence[Finding]], Part | None] = lambda *_: None
    """Returns what alone is to be asked again; None for the whole."""
    completion_share: float = 0.35
    """Completion tokens for one character of an English abstract; measured with o200k over 800 recorded replies."""


def object_schema(properties: Mapping[str, Schema]) -> dict[str, Any]:
    """Return the schema of an object that has exactly these properties."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
