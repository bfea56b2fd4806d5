"""How a request is put to an endpoint, and how its refusals change that."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.model.capabilities import Capabilities
from pipeline.model.faults import Answer
from pipeline.model.wire import Ask, Message

SCHEMA = {"type": "object"}
ASK = Ask("2404.02059", (Message("system", "Answer in json."), Message("user", "A paper.")), SCHEMA, temperature=0.3)
PLAIN: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "system", "content": "Answer in json."}, {"role": "user", "content": "A paper."}],
}
STRICT = {"type": "json_schema", "json_schema": {"name": "summary", "strict": True, "schema": SCHEMA}}
FIRST = PLAIN | {"temperature": 0.3, "response_format": STRICT}
NO_FORMAT = Answer("h", 400, code="invalid_request_error", message="This response_format type is unavailable now")
NO_TEMPERATURE = Answer("h", 400, code="unsupported_parameter", param="temperature", message="Unsupported parameter.")
NO_VALUE = Answer("h", 400, code="unsupported_value", message="Only the default (1) temperature is supported.")
NO_WORD = Answer("h", 400, param="messages", message="'messages' must contain the word 'json' in some form.")
NO_SEED = Answer("h", 400, code="unsupported_parameter", param="seed", message="Unsupported parameter: 'seed'.")


def learned(*answers: Answer) -> tuple[dict[str, Any], list[bool]]:
    """Refuse a request with each answer in turn; return the next request and what was made of the answers."""
    known = Capabilities()
    again = [known.learn(answer, lessons_then=known.lessons) for answer in answers]
    return known.body("m", ASK), again


@pytest.mark.parametrize(
    ("answers", "body", "again"),
    [
        ((), FIRST, []),
        ((NO_FORMAT,), FIRST | {"response_format": {"type": "json_object"}}, [True]),
        ((NO_FORMAT, NO_FORMAT), PLAIN | {"temperature": 0.3}, [True, True]),
        ((NO_FORMAT, NO_WORD), PLAIN | {"temperature": 0.3}, [True, True]),
        ((NO_FORMAT, NO_FORMAT, NO_FORMAT), PLAIN | {"temperature": 0.3}, [True, True, False]),
        ((NO_TEMPERATURE,), PLAIN | {"response_format": STRICT}, [True]),
        ((NO_VALUE,), PLAIN | {"response_format": STRICT}, [True]),
        ((NO_TEMPERATURE, NO_TEMPERATURE), PLAIN | {"response_format": STRICT}, [True, False]),
        ((NO_TEMPERATURE, NO_FORMAT, NO_FORMAT), PLAIN, [True, True, True]),
        ((NO_SEED,), FIRST, [False]),
    ],
)
def test_each_refusal_changes_one_thing(answers: tuple[Answer, ...], body: dict[str, Any], again: list[bool]) -> None:
    """The stricter form comes first, a refused one never again, and a refusal that teaches nothing ends it."""
    assert learned(*answers) == (body, again)


def test_an_ask_without_temperature_sends_none() -> None:
    """What the prompt leaves to the endpoint is left out of the request."""
    ask = Ask(ASK.paper_id, ASK.messages, SCHEMA)
    assert Capabilities().body("m", ask) == PLAIN | {"response_format": STRICT}


def test_a_refusal_of_a_request_from_before_the_last_lesson_teaches_nothing_new() -> None:
    """64 calls that left together and were all refused are one lesson, and each is asked again."""
    known = Capabilities()
    assert [known.learn(NO_FORMAT, lessons_then=0) for _ in range(64)] == [True] * 64
    assert known.body("m", ASK) == FIRST | {"response_format": {"type": "json_object"}}
    assert known.lessons == 1


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Ask("2404.00001", ASK.messages, SCHEMA, 0.3), True),
        (Ask(ASK.paper_id, ASK.messages, dict(SCHEMA), 0.3), True),
        (Ask(ASK.paper_id, ASK.messages[:1], SCHEMA, 0.3), False),
        (Ask(ASK.paper_id, ASK.messages, {"type": "string"}, 0.3), False),
        (Ask(ASK.paper_id, ASK.messages, SCHEMA, 0.4), False),
        (Ask(ASK.paper_id, ASK.messages, SCHEMA, 0.0), False),
        (Ask(ASK.paper_id, ASK.messages, SCHEMA), False),
        (Ask(ASK.paper_id, (Message("user", ASK.messages[0].content), ASK.messages[1]), SCHEMA, 0.3), False),
    ],
)
def test_the_key_of_an_ask_is_what_is_asked_and_nothing_else(other: Ask, *, same: bool) -> None:
    """Words, roles, schema, model and sampling make the key; the paper's id does not."""
    assert (other.key("m") == ASK.key("m")) == same
    assert other.key("m") != other.key("n")


def test_the_key_is_the_same_on_every_day_and_machine() -> None:
    """A key that changed would make every cache worthless."""
    assert ASK.key("m") == "20fefec58ac8434edc438e4db085846a7c7df8d0447636236a289edf2b3da937"
