"""How a request is put to an endpoint, and how its refusals change that."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.endpoints import PRESETS, UNKNOWN, Preset, preset_named
from pipeline.model.error_rules import ErrorResponse
from pipeline.model.interface import Ask, Message
from pipeline.model.negotiation import Capabilities, Learned
from tests.model.loopback import NO_THINKING

SCHEMA = {"type": "object"}
ASK = Ask("2404.02059", (Message("system", "Answer in json."), Message("user", "A paper.")), SCHEMA, temperature=0.3)
PLAIN: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "system", "content": "Answer in json."}, {"role": "user", "content": "A paper."}],
}
PLAIN |= NO_THINKING | {"max_tokens": ASK.most_tokens}
STRICT = {"type": "json_schema", "json_schema": {"name": "summary", "strict": True, "schema": SCHEMA}}
FIRST = PLAIN | {"temperature": 0.3, "response_format": STRICT}
NO_FORMAT = ErrorResponse(
    "h", 400, code="invalid_request_error", message="This response_format type is unavailable now"
)
NO_TEMPERATURE = ErrorResponse(
    "h", 400, code="unsupported_parameter", param="temperature", message="Unsupported parameter."
)
NO_VALUE = ErrorResponse("h", 400, code="unsupported_value", message="Only the default (1) temperature is supported.")
NO_WORD = ErrorResponse("h", 400, param="messages", message="'messages' must contain the word 'json' in some form.")
NO_SWITCH = ErrorResponse("h", 400, message="Unrecognized request argument supplied: chat_template_kwargs")
NO_SWITCH_BY_NAME = ErrorResponse("h", 422, param="chat_template_kwargs", message="Extra inputs are not permitted")
NO_CAP = ErrorResponse(
    "h", 400, code="unsupported_parameter", param="max_tokens", message="Use 'max_completion_tokens'."
)
NO_NEW_CAP = ErrorResponse("h", 400, message="Unknown parameter: max_completion_tokens")
NO_SEED = ErrorResponse("h", 400, code="unsupported_parameter", param="seed", message="Unsupported parameter: 'seed'.")

NO_WHY = ErrorResponse("h", 400, message="Bad request.")


def without_switch(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request that says nothing of thinking."""
    return {name: value for name, value in body.items() if name not in NO_THINKING}


def learned(*answers: ErrorResponse) -> tuple[dict[str, Any], list[bool]]:
    """Refuse a request with each answer in turn; return the next request and what was made of the answers."""
    known = Capabilities.of(UNKNOWN, Learned())
    again = [known.learn(answer) for answer in answers]
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
        ((NO_SWITCH,), without_switch(FIRST), [True]),
        ((NO_SWITCH_BY_NAME,), without_switch(FIRST), [True]),
        ((NO_SWITCH, NO_SWITCH), without_switch(FIRST), [True, False]),
    ],
)
def test_each_refusal_changes_one_thing(
    answers: tuple[ErrorResponse, ...], body: dict[str, Any], again: list[bool]
) -> None:
    """The stricter form comes first, a refused one never again, and a refusal that teaches nothing ends it."""
    assert learned(*answers) == (body, again)


def test_an_ask_without_temperature_sends_none() -> None:
    """What the prompt leaves to the endpoint is left out of the request."""
    ask = Ask(ASK.paper_id, ASK.messages, SCHEMA)
    assert Capabilities.of(UNKNOWN, Learned()).body("m", ask) == PLAIN | {"response_format": STRICT}


def forms(known: Capabilities, refusals: int) -> list[dict[str, Any]]:
    """Return the first request and those after so many refusals without a word of what is wrong."""
    bodies = [known.body("m", ASK)]
    for _ in range(refusals):
        assert known.learn(NO_WHY, guess=True)
        bodies.append(known.body("m", ASK))
    return bodies


GUESSES = [
    FIRST,
    without_switch(FIRST),
    without_switch(FIRST) | {"response_format": {"type": "json_object"}},
    without_switch(PLAIN) | {"temperature": 0.3},
]


def test_where_nobody_says_what_is_wrong_one_part_after_another_is_left_out() -> None:
    """First what fewest endpoints know; each guess is a lesson like any other."""
    known = Capabilities.of(UNKNOWN, Learned())
    assert forms(known, 3) == GUESSES
    assert known.lessons == 3


@pytest.mark.parametrize("guesses", [1, 2, 3])
def test_a_guess_that_is_answered_is_kept_and_one_that_is_not_is_not(guesses: int) -> None:
    """Until then the next run would begin as this one did."""
    known = Capabilities.of(UNKNOWN, Learned())
    forms(known, guesses)
    assert Capabilities.of(UNKNOWN, known.learned()).body("m", ASK) == FIRST
    known.answered()
    assert Capabilities.of(UNKNOWN, known.learned()).body("m", ASK) == GUESSES[guesses]


def test_where_no_guess_helps_the_form_is_as_before_and_none_is_made_again() -> None:
    """What was learned by name before is kept all the same."""
    known = Capabilities.of(UNKNOWN, Learned())
    assert known.learn(NO_TEMPERATURE)
    first, *_ = forms(known, 3)
    assert not known.learn(NO_WHY, guess=True)
    assert known.body("m", ASK) == first == PLAIN | {"response_format": STRICT}
    assert not known.learn(NO_WHY, guess=True)
    assert known.learned() == Learned(mode="json_schema", dropped=("temperature",))


@pytest.mark.parametrize("before", [Learned(), Learned(seconds=1.0)], ids=["in this run", "in an earlier one"])
def test_an_endpoint_that_has_answered_is_not_guessed_about(before: Learned) -> None:
    """Its form is known to be right, so that the refusal is of what the one request says."""
    known = Capabilities.of(UNKNOWN, before)
    if not before.seconds:
        known.answered()
    assert not known.learn(NO_WHY, guess=True)


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


@pytest.mark.parametrize("preset", [*PRESETS, UNKNOWN], ids=lambda preset: preset.name or "unknown")
def test_the_first_request_is_put_as_the_table_says(preset: Preset) -> None:
    """Form, switch against thinking, and the name of the cap where there is one to send."""
    body = Capabilities.of(preset, Learned()).body("m", ASK)
    assert body["response_format"]["type"] == preset.mode
    assert body[preset.cap] == ASK.most_tokens
    first = preset.without_thinking[0] if preset.without_thinking else {}
    assert {name: body.get(name) for name in first} == dict(first)


@pytest.mark.parametrize(
    ("name", "answers", "cap", "again"),
    [
        ("vllm", (), "max_tokens", []),
        ("openai", (), "max_completion_tokens", []),
        ("vllm", (NO_CAP,), "max_completion_tokens", [True]),
        ("openai", (NO_NEW_CAP,), "max_tokens", [True]),
        ("vllm", (NO_CAP, NO_NEW_CAP), "", [True, True]),
        ("openai", (NO_NEW_CAP, NO_CAP), "", [True, True]),
        ("vllm", (NO_CAP, NO_NEW_CAP, NO_NEW_CAP), "", [True, True, False]),
    ],
)
def test_a_refused_cap_has_another_name_or_none(
    name: str, answers: tuple[ErrorResponse, ...], cap: str, again: list[bool]
) -> None:
    """Each name is refused once; what was learned puts the next run's first request right."""
    preset = preset_named(name)
    assert preset is not None
    known = Capabilities.of(preset, Learned())
    assert [known.learn(answer) for answer in answers] == again
    assert known.cap == cap
    for now in (known, Capabilities.of(preset, known.learned())):
        body = now.body("m", ASK)
        assert {key: body[key] for key in ("max_tokens", "max_completion_tokens") if key in body} == (
            {cap: ASK.most_tokens} if cap else {}
        )


def test_each_way_to_stop_thinking_is_tried_in_turn() -> None:
    """Until one is taken, or none is left."""
    preset = preset_named("openai")
    assert preset is not None
    known = Capabilities.of(preset, Learned())
    refusal = ErrorResponse("h", 400, code="unsupported_value", param="reasoning_effort", message="Unsupported value.")
    efforts = []
    for _ in range(3):
        efforts.append(known.body("m", ASK).get("reasoning_effort"))
        known.learn(refusal)
    assert efforts == ["none", "minimal", None]


def test_what_was_learned_is_kept_from_run_to_run() -> None:
    """Through JSON, as the cache holds it; the next run asks right the first time."""
    known = Capabilities.of(UNKNOWN, Learned())
    for refusal in (NO_SWITCH, NO_FORMAT, NO_TEMPERATURE, NO_CAP):
        assert known.learn(refusal)
    kept = Learned.read(known.learned().model_dump_json())
    assert kept == Learned(mode="json_object", dropped=("max_tokens", "temperature"), thinking=1)
    body = Capabilities.of(UNKNOWN, kept).body("m", ASK)
    expected = without_switch(PLAIN) | {
        "response_format": {"type": "json_object"},
        "max_completion_tokens": ASK.most_tokens,
    }
    del expected["max_tokens"]
    assert body == expected


@pytest.mark.parametrize("kept", [None, "", "{", "[]", '{"mode": "xml"}', '{"thinking": "much"}', '{"other": 1}'])
def test_what_cannot_be_read_of_an_earlier_run_is_nothing(kept: str | None) -> None:
    """A cache of another version does not end a run."""
    assert Learned.read(kept) == Learned()
