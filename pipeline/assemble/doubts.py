"""What is said of a text that was kept although a check found it doubtful."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.assemble.language import Language
from pipeline.records import Mark, Paper, Sentence, Summary


def reasons(checks: Iterable[str], words: Language) -> str:
    """Return the reasons of checks for readers, each once."""
    return words.comma.join(dict.fromkeys(words.checks.get(check, words.phrases["doubtful"]) for check in checks))


def doubts_by_field(summary: Summary | None, words: Language) -> dict[str, str]:
    """Return for each field with a mark its reasons in brackets, a sentence's with its number."""
    found: dict[str, dict[str, None]] = {}
    for mark in summary.marks if summary else ():
        where = f"{_sentence(mark, words)} " if mark.sentence else ""
        found.setdefault(mark.field, {})[where + reasons([mark.check], words)] = None
    return {field: words.marked.format(marks=words.comma.join(said)) for field, said in found.items()}


def reasons_of_field(summary: Summary, field: str, words: Language) -> str:
    """Return the reasons of the marks that are of a field as a whole."""
    return reasons((mark.check for mark in summary.marks if mark.field == field and not mark.sentence), words)


def doubts_in_full(summary: Summary | None, words: Language) -> str:
    """Return all marks in one line, each with its place and the words that it concerns; empty without marks."""
    if not summary or not summary.marks:
        return ""
    said = (_in_full(mark, words) for mark in summary.marks)
    return words.phrases["doubts"].format(doubts=words.joint.join(dict.fromkeys(said)))


def pairs_of(summary: Summary, paper: Paper) -> tuple[Sentence, ...]:
    """Return the sentences of an abstract, if they make up both its texts; none where they do not."""
    said = "".join(one.zh for one in summary.sentences)
    english = "".join("".join(one.en for one in summary.sentences).split())
    is_whole = said == summary.translated_abstract and english == "".join(paper.abstract.split())
    return summary.sentences if is_whole else ()


def _in_full(mark: Mark, words: Language) -> str:
    field = words.fields.get(mark.field, mark.field)
    place = field + _sentence(mark, words) if mark.sentence else field
    reason = reasons([mark.check], words)
    said = words.phrases["quoted"].format(reason=reason, quote=mark.detail) if mark.detail else reason
    return f"{place} {said}"


def _sentence(mark: Mark, words: Language) -> str:
    return words.phrases["sentence"].format(number=mark.sentence)
