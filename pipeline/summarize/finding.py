"""What a check finds in a reply, and what becomes of a reply in which it finds something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.records import Paper

Severity = Literal["refuse", "mark", "retry"]
"""All are asked again. Then ``refuse`` fails, ``mark`` is kept with a mark that readers see, ``retry`` without one."""

Fields = Mapping[str, str]
"""The texts of a reply by the names of their fields."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a reply."""

    check: str
    """Name of the check, a key of the page's words; where it refuses, a word of the failure vocabulary."""
    detail: str
    """For the report, in English: the field and the figure."""
    again: str
    """For the model, in the language of the task: what to do better."""
    field: str = ""
    """Field of the record; empty for the whole reply."""
    sentence: int | None = None
    """Number of the sentence from 1; None for the whole field."""
    severity: Severity = "refuse"
    quote: str = ""
    """For readers: the words that it concerns; empty where it is all of the field or the sentence."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence of the abstract and its translation."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a translation is judged against."""

    paper: Paper
    instructions: str
    """The prompt's own words, without the paper's."""
    pairs: tuple[Pair, ...] = ()
    """The abstract sentence by sentence, as far as the reply has it so."""
    wrong_term: Callable[[str, str], str] | None = None
    """Given a text and its translation, returns the first term that a glossary has otherwise, else an empty text."""

    @property
    def english(self) -> str:
        """Title and abstract of the paper."""
        return self.paper.english
