"""A paper's title and abstract in Chinese, and its point in one line of each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.prompts import Prompt, Template
from pipeline.records import Answered, Mark, Paper, Summary
from pipeline.summarize.checks import SHORT_ABSTRACT, english_tldr_is_missing, first_fault
from pipeline.summarize.content import table as content
from pipeline.summarize.finding import Context, Finding
from pipeline.summarize.reply import read_object, texts
from pipeline.summarize.task import Draft, Task, Wording, object_schema
from pipeline.text import fold

_FIELDS = ("translated_title", "tldr", "tldr_en", "translated_abstract")
_SCHEMA = object_schema({name: {"type": "string"} for name in _FIELDS})
_SAMPLE = Paper(id="2401.00001", title="A title", abstract="An abstract.")
_VARIABLES = ("title", "abstract", "authors", "categories", "primary_category", "comment")
_NO_ENGLISH = Finding(
    "missing_field", "no tldr_en", "缺少 tldr_en：用一句英文写出同一要点", field="tldr_en", severity="retry"
)
CHINESE = Wording(
    again="上面的回答不能用：{faults}。请重新给出完整的 JSON 对象。",
    joint="；",
    by_finish={
        "length": Finding("truncated", "the reply was cut at the endpoint's limit", "上一次没有写完，写得紧凑些"),
        "content_filter": Finding("refused", "the endpoint's content filter held the reply back", "只做客观的学术翻译"),
        "refusal": Finding("refused", "the model declined to answer", "这是公开发表的学术摘要，只需客观翻译"),
    },
    no_object=Finding("not_json", "the reply holds no JSON object with the fields", "只回答一个 JSON 对象"),
    same_reply=Finding(
        "same_reply",
        "the abstract is word for word that of another paper",
        "这是另一篇论文的译文，请翻译这一篇的摘要",
    ),
)


def values_of(paper: Paper) -> dict[str, object]:
    """Return what a prompt may say of a paper."""
    return {name: getattr(paper, name) for name in _VARIABLES}


def characters_of(paper: Paper) -> int:
    """Return how long title and abstract are together."""
    return len(paper.title) + len(paper.abstract)


def own_abstract(paper: Paper, draft: Draft) -> tuple[str, str] | None:
    """Return the translated abstract and its original; None for a short one, which may well say what another does."""
    if len(paper.abstract) < SHORT_ABSTRACT:
        return None
    return fold(draft.fields["translated_abstract"]), paper.abstract


def without_half_english(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields with an empty English one-liner where it is absent or not English."""
    return {**fields, "tldr_en": ""} if english_tldr_is_missing(fields) else dict(fields)


def findings_in(draft: Draft, context: Context) -> tuple[Finding, ...]:
    """Return what is wrong with the four fields: the fault of form that refuses them, else all that is doubtful."""
    if fault := first_fault(draft.fields, context):
        return (fault,)
    folded = {name: fold(text) for name, text in draft.fields.items()}
    without_line = () if draft.fields["tldr_en"] else (_NO_ENGLISH,)
    return (*content.findings(folded, context), *without_line)


def marks_of(findings: Sequence[Finding]) -> tuple[Mark, ...]:
    """Return the marks of a reply that was kept in spite of them."""
    return tuple(
        Mark(check=one.check, field=one.field, sentence=one.sentence, detail=one.quote)
        for one in findings
        if one.severity == "mark"
    )


def _read(text: str, paper: Paper) -> Draft | None:
    found = read_object(text, _FIELDS, source=paper.english)
    return None if found is None else Draft(without_half_english(texts(found)))


def _findings(draft: Draft, paper: Paper, prompt: Prompt) -> tuple[Finding, ...]:
    return findings_in(draft, Context(paper, prompt.instructions, wrong_term=prompt.wrong_term))


def _record(paper: Paper, draft: Draft, findings: Sequence[Finding], origin: Answered) -> Summary:
    folded = {name: fold(text) for name, text in draft.fields.items()}
    return Summary.model_validate({**dict(origin), **folded, "paper_id": paper.id, "marks": marks_of(findings)})


TRANSLATION = Task(
    name="translation",
    language="zh",
    fields=_FIELDS,
    template=Template(sample=values_of(_SAMPLE), needed=("title", "abstract")),
    values=values_of,
    characters=characters_of,
    schema=lambda _: _SCHEMA,
    read=_read,
    findings=_findings,
    answer=Summary,
    record=_record,
    wording=CHINESE,
    own_text=own_abstract,
)
