"""Chat completions in all the shapes that compatible endpoints give them, and what they count."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.completion import read_completion, read_usage
from pipeline.model.interface import Reply
from pipeline.records import Usage
from tests.model.loopback import USED, saying


def choice(message: object, **more: object) -> dict[str, Any]:
    """Return a completion of one choice without usage."""
    return {"choices": [{"message": message, **more}]}


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (saying("x"), Reply("x", "stop", USED)),
        (choice({"content": "x"}), Reply("x", "stop")),
        (choice({"content": "x"}, finish_reason=None), Reply("x", "stop")),
        (choice({"content": "x"}, finish_reason="length"), Reply("x", "length")),
        (choice({"content": None}), Reply("", "stop")),
        (choice({}), Reply("", "stop")),
        (choice({"content": 7}), Reply("", "stop")),
        (choice({"content": "", "reasoning_content": "thoughts"}), Reply("", "stop")),
        (choice({"content": None, "refusal": "I can't."}), Reply("I can't.", "refusal")),
        (choice({"content": "x", "refusal": ""}), Reply("x", "stop")),
        (choice({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}), Reply("ab", "stop")),
        (choice({"content": [{"type": "thinking", "thinking": []}, {"text": "b"}, "c"]}), Reply("b", "stop")),
        (choice({"content": [{"type": "text", "text": None}, {"text": "b"}]}), Reply("b", "stop")),
        (choice({"content": "x"}) | {"usage": None}, Reply("x", "stop")),
        (choice({"content": "文\ud83d"}), Reply("文", "stop")),
        (choice({"content": "x"}, finish_reason="insufficient_system_resource"), None),
        (choice({"content": "x"}, finish_reason="error"), None),
        (choice("x"), None),
        ({"choices": []}, None),
        ({"choices": {"0": 1}}, None),
        ({"choices": "none"}, None),
        ({"choices": [7]}, None),
        (choice(None), None),
        ({"choices": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_completion_is_read_in_any_of_its_shapes(body: object, reply: Reply | None) -> None:
    """Text or parts, a refusal, no reason of the end, no usage; and what is no completion is none."""
    assert read_completion(body) == reply


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(prompt=5, completion=2)),
        ({"prompt_tokens": 5, "prompt_tokens_details": {}}, Usage(prompt=5)),
        ({"prompt_tokens": 5, "prompt_tokens_details": None}, Usage(prompt=5)),
        ({"prompt_tokens": 5, "prompt_tokens_details": [3]}, Usage(prompt=5)),
        ({"prompt_tokens": 5, "completion_tokens": -2}, Usage(prompt=5)),
        ({"prompt_tokens": 5, "completion_tokens": "two"}, Usage(prompt=5)),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}, Usage(prompt=9, cached=4)),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 40}}, Usage(prompt=9, cached=9)),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": None}}, Usage(prompt=9)),
        ({"prompt_tokens": 9, "completion_tokens": 10**400}, Usage(prompt=9, completion=10**9)),
        ({"prompt_tokens": 0, "completion_tokens": 7}, None),
        ({"prompt_tokens": None}, None),
        ({"prompt_tokens": "many"}, None),
        ({}, None),
        (None, None),
        ("many", None),
    ],
)
def test_a_count_is_read_where_it_can_be_true(usage: object, read: Usage | None) -> None:
    """No more cached tokens than prompt, none below zero, none beyond reason; no prompt at all is no count."""
    assert read_usage({"usage": usage}) == read


@pytest.mark.parametrize("body", [{}, None, [], "usage", 7])
def test_a_body_without_usage_counts_nothing(body: object) -> None:
    """That is unknown, not 0."""
    assert read_usage(body) is None


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "finish_reason", "refusal", "usage", "prompt_tokens"]),
            inner,
            max_size=4,
        )
    ),
)


@given(_ANY)
def test_no_body_breaks_it(body: Any) -> None:
    """Whatever JSON an endpoint sends, it is a reply of sound text or none."""
    reply = read_completion(body)
    assert reply is None or reply.text.encode()
