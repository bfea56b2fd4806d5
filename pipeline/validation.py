"""What pydantic says of bad data, in one plain line."""

from __future__ import annotations

from pydantic import ValidationError

_PLAIN = {
    "missing": "missing",
    "extra_forbidden": "unknown key",
    "string_type": "must be text",
    "none_required": "must be null",
    "tuple_type": "must be a list",
    "int_type": "must be a whole number",
}


def explain(error: ValidationError) -> str:
    """Return every fault of ``error`` as ``key: what is wrong``, joined by semicolons."""
    return "; ".join(
        f"{where}: {what}" if where else what
        for where, what in (
            (".".join(str(step) for step in fault["loc"]), _PLAIN.get(fault["type"]) or _own_words(fault["msg"]))
            for fault in error.errors(include_url=False)
        )
    )


def _own_words(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text[:1].lower() + text[1:]
