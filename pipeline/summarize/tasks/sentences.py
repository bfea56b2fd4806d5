"""The same as the translation, with the abstract asked for sentence by sentence.

So a sentence that was dropped, merged or left in English is known by its number, and it alone is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from pipeline.prompts import Prompt, Template
from pipeline.records import Answered, Mark, Paper, Sentence, Summary
from pipeline.summarize.content.affinity import Texts
from pipeline.summarize.content.sentences import split_chinese, split_sentences
from pipeline.summarize.finding import Context, Finding, Pair
from pipeline.summarize.reply import read_object, texts
from pipeline.summarize.task import Draft, Part, Schema, object_schema
from pipeline.summarize.tasks.translation import TRANSLATION, findings_in, marks_of, without_half_english
from pipeline.text import fold

MOST_BOUNDED = 19
"""Sentences up to which the schema says how many: an endpoint that compiles schemas then meets twenty at most."""
ALIGNED = "aligned"
"""The check that marks an abstract whose sentences do not stand one to one, and are paired by what they share."""
_LINES = ("translated_title", "tldr", "tldr_en")
_FIELDS = (*_LINES, "sentences")
_PART = "这几句不能用：{faults}。请只重新翻译第 {numbers} 句，回答一个 JSON 对象，sentences 依次是这几句的译文。"


@lru_cache(maxsize=8192)
def sentences_of(abstract: str) -> tuple[str, ...]:
    """Return the sentences of an abstract, which are split once."""
    return split_sentences(abstract)


def _values(paper: Paper) -> dict[str, object]:
    numbered = "\n".join(f"[{number}] {text}" for number, text in enumerate(sentences_of(paper.abstract), 1))
    return {**TRANSLATION.values(paper), "sentences": numbered}


def _schema(paper: Paper) -> Schema:
    lines = {name: {"type": "string"} for name in _LINES}
    return object_schema({**lines, "sentences": _array(len(sentences_of(paper.abstract)))})


def _array(count: int) -> Schema:
    bounds = {"minItems": count, "maxItems": count} if count <= MOST_BOUNDED else {}
    return {"type": "array", "items": {"type": "string"}, **bounds}


def _read(text: str, paper: Paper) -> Draft | None:
    """Read a reply, be it in the plain form: an endpoint that takes no schema, or a file of replies, may give that."""
    found = read_object(text, (*_FIELDS, "translated_abstract"), source=paper.english)
    if found is None:
        return None
    said = found.get("sentences", ())
    if not said and isinstance(whole := found.get("translated_abstract"), str):
        said = split_chinese(fold(whole))
    return _draft(texts(found), () if isinstance(said, str) else said)


def _draft(lines: dict[str, str], sentences: Sequence[str]) -> Draft:
    folded = tuple(map(fold, sentences))
    fields = {name: text for name, text in lines.items() if name in _LINES}
    return Draft(without_half_english({**fields, "translated_abstract": "".join(folded)}), folded)


def _findings(draft: Draft, paper: Paper, prompt: Prompt) -> tuple[Finding, ...]:
    english = sentences_of(paper.abstract)
    context = Context(paper, prompt.instructions, wrong_term=prompt.wrong_term)
    if len(draft.sentences) != len(english):
        return _findings_of_other_number(draft, len(english), context)
    if absent := [number for number, text in enumerate(draft.sentences, 1) if not text]:
        return tuple(_absent(number) for number in absent)
    pairs = tuple(map(Pair, english, draft.sentences))
    return findings_in(draft, replace(context, pairs=pairs))


def _findings_of_other_number(draft: Draft, count: int, context: Context) -> tuple[Finding, ...]:
    """Judge the joined sentences as the plain form: a model that keeps to no number may translate well all the same."""
    found = findings_in(draft, context)
    if any(one.severity == "refuse" for one in found):
        return found
    detail = f"{len(draft.sentences)} sentences for {count} of the abstract"
    again = f"sentences 要有 {count} 项，第 i 项译第 i 句，不并不拆"
    return (Finding(ALIGNED, detail, again, "translated_abstract", severity="mark"), *found)


def _absent(number: int) -> Finding:
    return Finding(
        "incomplete", f"sentence {number} is not translated", f"第 {number} 句没有译文", "translated_abstract", number
    )


def _part(paper: Paper, draft: Draft, findings: Sequence[Finding]) -> Part | None:
    """Ask for the sentences alone in which something was found, where nothing else is wrong."""
    numbers = sorted({one.sentence for one in findings if one.sentence is not None})
    if not numbers or any(one.sentence is None for one in findings):
        return None
    faults = TRANSLATION.wording.joint.join(dict.fromkeys(one.again for one in findings))
    words = _PART.format(faults=faults, numbers="、".join(map(str, numbers)))
    return Part(words, object_schema({"sentences": _array(len(numbers))}), partial(_merged, paper, draft, numbers))


def _merged(paper: Paper, draft: Draft, numbers: Sequence[int], text: str) -> Draft | None:
    """Read the sentences that were asked again into the others; None where their number is wrong."""
    found = read_object(text, ("sentences",), source=paper.english)
    said = found.get("sentences", ()) if found else ()
    if isinstance(said, str) or len(said) != len(numbers):
        return None
    mended = dict(zip(numbers, said, strict=True))
    return _draft(dict(draft.fields), [mended.get(number, old) for number, old in enumerate(draft.sentences, 1)])


def _record(paper: Paper, draft: Draft, findings: Sequence[Finding], origin: Answered) -> Summary:
    english, said = sentences_of(paper.abstract), draft.sentences
    sentences = _numbered(english, said, marks_of(findings)) if len(english) == len(said) else _aligned(english, said)
    return TRANSLATION.record(paper, draft, findings, origin).model_copy(update={"sentences": tuple(sentences)})


def _numbered(english: Sequence[str], said: Sequence[str], marks: Sequence[Mark]) -> Iterator[Sentence]:
    for number, (en, zh) in enumerate(zip(english, said, strict=True), 1):
        yield Sentence(en=en, zh=zh, marks=tuple(mark.check for mark in marks if mark.sentence == number))


def _aligned(english: Sequence[str], said: Sequence[str]) -> Iterator[Sentence]:
    for bead in Texts(english, said).align():
        en = " ".join(english[at] for at in bead.english)
        yield Sentence(en=en, zh="".join(said[at] for at in bead.chinese))


SENTENCES = replace(
    TRANSLATION,
    name="sentences",
    fields=_FIELDS,
    template=Template(sample={**TRANSLATION.template.sample, "sentences": "[1] One."}, needed=("title", "sentences")),
    values=_values,
    schema=_schema,
    read=_read,
    findings=_findings,
    record=_record,
    part=_part,
    completion_share=0.34,  # measured over 26 recorded replies
)
