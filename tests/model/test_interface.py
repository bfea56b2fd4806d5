"""What is asked of a model: its key and its form; and a model that is made late."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import CallError
from pipeline.model.client import OpenAIModel
from pipeline.model.deferred import DeferredModel
from pipeline.model.interface import Ask, Message, Reply
from pipeline.model.negotiation import Learned

SCHEMA = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "string"}}}
ASK = Ask("2404.02059", (Message("system", "翻译。"), Message("user", 'T "x"\n')), SCHEMA, temperature=0.5)


def test_the_key_is_the_hash_of_what_is_asked_in_canonical_json() -> None:
    """Spelt out, as every cache on every machine relies on it."""
    canonical = (
        '{"messages":[{"content":"翻译。","role":"system"},{"content":"T \\"x\\"\\n","role":"user"}],"model":"m",'
        '"sampling":{"temperature":0.5},'
        '"schema":{"properties":{"a":{"type":"string"},"b":{"type":"string"}},"type":"object"}}'
    )
    assert ASK.key("m") == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"messages": (Message("system", "翻译"), ASK.messages[1])},
        {"messages": (Message("user", "翻译。"), ASK.messages[1])},
        {"messages": ASK.messages[::-1]},
        {"messages": ASK.messages[:1]},
        {"schema": {**SCHEMA, "required": []}},
        {"temperature": 0.0},
        {"temperature": None},
    ],
    ids=["content", "role", "order", "number", "schema", "temperature", "no-temperature"],
)
def test_the_key_changes_with_anything_that_is_asked(change: dict[str, Any]) -> None:
    """A changed prompt, paper or sampling misses."""
    assert dataclasses.replace(ASK, **change).key("m") != ASK.key("m")


def test_the_key_changes_with_the_model() -> None:
    """Another model answers otherwise."""
    assert ASK.key("m") != ASK.key("M")


@pytest.mark.parametrize(
    "change",
    [
        {"paper_id": "math/0309136"},
        {"schema": {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "type": "object"}},
        {"messages": tuple(dataclasses.replace(message) for message in ASK.messages)},
    ],
    ids=["paper-id", "order-of-keys", "other-objects"],
)
def test_the_key_changes_with_nothing_else(change: dict[str, Any]) -> None:
    """Not with the paper's id, nor the order in which a mapping was written."""
    assert dataclasses.replace(ASK, **change).key("m") == ASK.key("m")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=10), st.text(max_size=10))
def test_no_two_messages_run_together(one: str, other: str) -> None:
    """Words that move from one message to the next are another ask."""
    apart = Ask("x", (Message("system", one), Message("user", other)), {})
    together = Ask("x", (Message("system", one + other), Message("user", "")), {})
    assert (apart.key("m") == together.key("m")) is (other == "")


def test_a_message_is_sent_as_role_and_content() -> None:
    """The form of the chat completions API."""
    assert [message.as_json() for message in ASK.messages] == [
        {"role": "system", "content": "翻译。"},
        {"role": "user", "content": 'T "x"\n'},
    ]


class FakeModel:
    """Answers with how often it was asked; fails when asked to."""

    def __init__(self) -> None:
        self.name = "fake"
        self.endpoint = "localhost"
        self.asked = 0
        self.closed = 0

    def learned(self) -> Learned:
        """Two calls at once."""
        return Learned(width=2.0)

    async def ask(self, ask: Ask) -> Reply:
        """Count, and answer."""
        self.asked += 1
        if ask.paper_id == "bad":
            raise CallError("timeout", "no answer")
        return Reply(text=str(self.asked))

    async def close(self) -> None:
        """Count."""
        self.closed += 1


class Factory:
    """Makes fake models and remembers them."""

    def __init__(self) -> None:
        self.made: list[FakeModel] = []

    def __call__(self) -> OpenAIModel:
        """Make one."""
        self.made.append(FakeModel())
        return cast("OpenAIModel", self.made[-1])


async def test_a_deferred_model_that_is_never_asked_is_never_made() -> None:
    """It has its name and endpoint all the same, and can be closed."""
    make = Factory()
    model = DeferredModel("m", "api.example.com", make)
    assert (model.name, model.endpoint) == ("m", "api.example.com")
    assert model.learned() is None
    await model.close()
    assert make.made == []


async def test_a_deferred_model_is_made_once_by_the_first_ask() -> None:
    """Then it answers, fails, learns and closes as the model itself."""
    make = Factory()
    model = DeferredModel("m", "localhost", make)
    assert [(await model.ask(ASK)).text for _ in range(2)] == ["1", "2"]
    with pytest.raises(CallError):
        await model.ask(dataclasses.replace(ASK, paper_id="bad"))
    assert Learned.read(model.learned()) == Learned(width=2.0)
    await model.close()
    assert [fake.closed for fake in make.made] == [1]
