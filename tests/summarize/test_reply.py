"""Reading what a model answered: every wrapping and every broken escape that models were seen to send."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.summarize import reply
from pipeline.summarize.tasks.translation import TRANSLATION

from .samples import paper

FIELDS = TRANSLATION.fields
SCHEMA = TRANSLATION.schema(paper())


def read_object(text: str, *, source: str) -> dict[str, str] | None:
    """Return the texts of a reply of today's task."""
    found = reply.read_object(text, FIELDS, source=source)
    return None if found is None else reply.texts(found)


WHOLE = {"translated_title": "题目", "tldr": "要点。", "tldr_en": "The point.", "translated_abstract": "摘要。"}
OBJECT = json.dumps(WHOLE, ensure_ascii=False)
NAME = "translated_abstract"


@pytest.mark.parametrize(
    "text",
    [
        OBJECT,
        json.dumps(WHOLE),
        json.dumps(WHOLE, indent=2),
        f"\ufeff{OBJECT}",
        f"```json\n{OBJECT}\n```",
        f"```\n{OBJECT}\n```",
        f"{OBJECT}\n\nI hope this helps!",
        f"{OBJECT}\n{OBJECT}",
        f"{OBJECT}}}}}",
        f"Here is the JSON object:\n\n{OBJECT}",
        f"The set {{a, b}} is translated as {{甲}}:\n{OBJECT}",
        f"Braces {{ come first. {OBJECT}",
        f'{{"note": "another object"}} {OBJECT}',
        f'{{"answer": {OBJECT}}}',
        f'[{{"x": 1}}, {OBJECT}]',
        f"<think>\nThe reader wants {{the point}}.\n</think>\n\n{OBJECT}",
        f'<thinking>A draft: {{"tldr": "草稿"}}</thinking>{OBJECT}',
        f"<think></think>{OBJECT}",
        f'I might answer {{"tldr": "草稿"}}, or better:\n</think>\n\n{OBJECT}',
        json.dumps(WHOLE | {"confidence": 0.9, "note": {"tldr": "另一个"}}, ensure_ascii=False),
    ],
)
def test_what_stands_around_the_object_is_left_out(text: str) -> None:
    """Fences, thoughts, prose, other objects and other keys: the four texts come out whole."""
    assert read_object(text, source="") == WHOLE


@pytest.mark.parametrize(
    "abstract",
    [
        "推理模型把思考写在 <think> 标签之后。",
        "模型先输出 <think>思考</think> 再作答。",
        "我们在 <thinking> 与 </thinking> 之间插入词元。",
        "集合 {a, b} 与 ```代码``` 都是正文。",
        '引号 "这样" 与反斜杠 \\ 也是正文。',
    ],
)
def test_what_stands_inside_the_texts_stays(abstract: str) -> None:
    """A paper may speak of thoughts, braces and fences; its words are no wrapping."""
    said = WHOLE | {NAME: abstract}
    assert read_object(json.dumps(said, ensure_ascii=False), source="") == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "抱歉，我不能回答。",
        "null",
        "[]",
        '"text"',
        "{}",
        "{",
        "{" * 500,
        '{"title": "题目"}',
        '{"translated_title": "题目", "tldr": "没有写完',
        "<think>I never come to an end",
        f"<think>{OBJECT}",
        '{"n": ' + "9" * 5000 + "}",
    ],
)
def test_where_there_is_no_object_there_is_none(text: str) -> None:
    """Prose, other values, an object without any of the fields, a reply cut in the middle or lost in thought."""
    assert read_object(text, source="") is None


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("题目", {"tldr": "要点。", "translated_title": "题目"}),
        *((value, {"tldr": "要点。"}) for value in (None, 7, True, ["题目"], {"zh": "题目"})),
    ],
)
def test_a_value_that_is_no_text_is_as_good_as_absent(value: object, kept: dict[str, str]) -> None:
    """Null, numbers and booleans are never printed as words, lists and objects not taken apart."""
    assert read_object(json.dumps({"translated_title": value, "tldr": "要点。"}), source="") == kept


def test_raw_control_characters_are_read() -> None:
    """Line ends and tabs inside strings, which JSON forbids and models write."""
    assert read_object('{"tldr": "第一行\n第二行\t完"}', source="") == {"tldr": "第一行\n第二行\t完"}


SOURCE = r"With $\alpha$, $\beta$, $\frac{1}{2}$, $\theta$, $\nu$, $\rho$, $\to$, $\nabla f$, $\text{x}$ and \begin{a}."


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"其中 $\\alpha$", r"其中 $\alpha$"),
        (r"其中 $\alpha$", r"其中 $\alpha$"),
        (r"其中 $\beta$", r"其中 $\beta$"),
        (r"其中 $\frac{1}{2}$", r"其中 $\frac{1}{2}$"),
        (r"其中 $\theta$", r"其中 $\theta$"),
        (r"其中 $\nu$", r"其中 $\nu$"),
        (r"其中 $\nabla f$", r"其中 $\nabla f$"),
        (r"其中 $\rho \to \beta$", r"其中 $\rho \to \beta$"),
        (r"其中 $\text{x}$", r"其中 $\text{x}$"),
        (r"其中 \begin{a}", r"其中 \begin{a}"),
        (r"其中 $\alpha\beta\nu\frac{1}{2}$", r"其中 $\alpha\beta\nu\frac{1}{2}$"),
        (r"其中 $\\alpha \le \theta$", r"其中 $\alpha \le \theta$"),
        (r"下标 $x\_i$ 与 50\%", r"下标 $x\_i$ 与 50\%"),
        (r"\underline{x}", r"\underline{x}"),
        (r"\(x\) 与 \[y\]", r"\(x\) 与 \[y\]"),
        (r"第一句。\n第二句。", "第一句。\n第二句。"),
        (r"制表\t符", "制表\t符"),
        (r"\u4e2d\u6587 \"引\" \/", '中文 "引" /'),
        (r"$\alpha$ \u4e2d \"引\"", '$\\alpha$ 中 "引"'),
    ],
)
def test_backslashes_of_formulas_survive(written: str, read: str) -> None:
    """An escape that JSON does not know, and one that it knows but the paper means as a command, are the command's."""
    assert read_object('{"translated_abstract": "' + written + '"}', source=SOURCE) == {NAME: read}


def test_a_command_that_the_paper_has_not_is_no_command() -> None:
    """A line end before a word stays a line end where the English text has no such command."""
    assert read_object(r'{"tldr": "一\nu"}', source="no formula") == {"tldr": "一\nu"}


@pytest.mark.parametrize(
    "text",
    ['{"tldr":' + "[" * 5000, '{"tldr":' * 1200, "[" * 5000 + OBJECT, '{"a":' * 600 + "1" + "}" * 600],
    ids=["lists", "objects", "before", "whole"],
)
def test_nesting_without_end_is_no_object(text: str) -> None:
    """A reply nested deeper than Python reads is refused like any other, and does not end the run."""
    assert read_object(text, source="") in (None, WHOLE)


def test_a_huge_reply_is_read() -> None:
    """A megabyte of text, of braces, or of backslashes comes to an end."""
    assert read_object('{"tldr": "' + "长" * 400_000 + '"}', source="") == {"tldr": "长" * 400_000}
    assert read_object("{ " * 10_000, source="") is None
    assert read_object('{"tldr": "' + "\\q" * 100_000 + '"}', source="") == {"tldr": "\\q" * 100_000}


@given(st.text(), st.text())
@example('{"tldr": "\\', "\\beta")
@example("</think>{", "")
def test_no_text_breaks_it(text: str, source: str) -> None:
    """Whatever a model writes, the outcome is texts by name, or none."""
    found = read_object(text, source=source)
    assert found is None or set(found) <= set(FIELDS)


@given(st.fixed_dictionaries({name: st.text() for name in FIELDS}), st.text(alphabet="ab c.\n*", max_size=20))
def test_a_well_written_object_comes_back_unchanged(fields: dict[str, str], prose: str) -> None:
    """What the model wrote as good JSON is not repaired into something else."""
    for text in (json.dumps(fields), f"{prose}```json\n{json.dumps(fields, ensure_ascii=False)}\n```{prose}"):
        assert read_object(text, source="") == fields


def test_the_schema_asks_for_the_fields_and_nothing_else() -> None:
    """Strict mode wants every key required and no other allowed."""
    assert (SCHEMA["required"], SCHEMA["additionalProperties"]) == (list(FIELDS), False)
    assert SCHEMA["properties"] == {name: {"type": "string"} for name in FIELDS}


HOSTILE = {
    "braces": "{" * 100_000,
    "nested objects": '{"a":' * 40_000,
    "objects that are cut": '{"a": "' + '{"a": 1, ' * 30_000,
    "backslashes": '{"' + "\\" * 150_000,
    "thoughts": "<think>" * 30_000,
    "blanks": "{" + " " * 100_000 + "{ " * 50_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_reply_takes_long_to_read(text: str) -> None:
    """Reading is linear, and of a runaway reply only the beginning is read: others wait on the same loop."""
    began = time.process_time()
    assert read_object(text, source="") is None
    assert time.process_time() - began < 1.0
