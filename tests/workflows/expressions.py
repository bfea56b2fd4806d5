"""The expressions between ``${{`` and ``}}``, as much of them as the workflows use.

Source: https://docs.github.com/actions/reference/workflows-and-actions/expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Contexts = Mapping[str, Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)(?P<call>\()?|"
    r"(?P<sign>==|!=|&&|\|\||[!(),]))"
)
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_PYTHON = {"&&": " and ", "||": " or ", "!": " not "}


def filled(text: str, contexts: Contexts) -> str:
    """Return a text with each expression in it replaced by its value."""
    return _EMBEDDED.sub(lambda match: _as_text(value(match[1], contexts)), text)


def holds(condition: object, contexts: Contexts, *, failed: bool) -> bool:
    """Tell whether an ``if:`` lets its step or job run; without a status function only if nothing ``failed``."""
    text = str(condition)
    match = _EMBEDDED.fullmatch(text.strip())
    expression = match[1] if match else text
    status: Contexts = {
        "always": lambda: True,
        "success": lambda: not failed,
        "failure": lambda: failed,
        "cancelled": bool,
    }
    result = value(expression, {**contexts, **status})
    return bool(result) and (not failed or bool(re.search(r"\b(?:always|failure|cancelled)\(\)", expression)))


def value(expression: str, contexts: Contexts) -> Any:
    """Return what an expression means; a name that nothing is called is null, as an empty text."""
    functions: dict[str, Any] = {
        "contains": lambda where, what: what in where,
        "fromJSON": json.loads,
        **{name: each for name, each in contexts.items() if callable(each)},
    }

    def named(name: str) -> Any:
        found: Any = contexts
        for part in name.split("."):
            found = found.get(part, "") if isinstance(found, Mapping) else ""
        return found

    code, place = "", 0
    while expression[place:].strip():
        token = _TOKEN.match(expression, place)
        assert token, f"cannot read {expression[place:]!r}"
        place = token.end()
        if token["text"]:
            code += repr(token["text"][1:-1].replace("''", "'"))
        elif token["call"]:
            code += f"functions[{token['name']!r}]("
        elif token["name"]:
            code += f"named({token['name']!r})"
        else:
            code += _PYTHON.get(token["sign"], token["sign"])
    return eval(code, {"functions": functions, "named": named})


def _as_text(found: object) -> str:
    return str(found).lower() if isinstance(found, bool) else str(found)
