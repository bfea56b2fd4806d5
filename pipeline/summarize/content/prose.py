"""The prose of a text: without formulas, addresses and commands of TeX."""

from __future__ import annotations

import re
from functools import lru_cache

FORMULA = re.compile(r"\$[^$]*\$|https?://\S+|\\[A-Za-z]+")
"""What is no prose: formulas, addresses and commands of TeX."""
_MATH = re.compile(r"\$(?:\$[^$]+\$|[^$]+)\$")
_PLAIN = re.compile(r"[\s\d.,^{}+−~%x/-]+")
_MARKUP = re.compile(r"\\(?:textit|textbf|emph|texttt|textsc|text|mathrm|mathbf|rm|it|bf)\b")
_IGNORED = re.compile(r"\\(?:times|%|,|;|!|sim|approx|pm|quad|ldots)")


def formulas_in(text: str) -> list[str]:
    """Return what stands between each pair of dollars, single or double; those of neighbours may touch."""
    return [match.strip("$") for match in _MATH.findall(text)]


@lru_cache(maxsize=64)
def unwrap(text: str) -> str:
    """Return prose with formulas left out, but for those that are but a number or power: ``$10^{-3}$``, ``10$^5$``."""
    return FORMULA.sub(" ", _MATH.sub(_number_or_nothing, text)).replace("{,}", ",").replace("+/-", "±")


def is_plain(formula: str) -> bool:
    """Return whether what stands between the dollars is but a number or a single letter, which prose may hold bare."""
    bare = _IGNORED.sub("", formula)
    return bool(_PLAIN.fullmatch(bare)) or len(bare.strip()) <= 1


def _number_or_nothing(match: re.Match[str]) -> str:
    inner = match.group().strip("$").replace("\\%", "%")
    inner = inner.replace("\\times", "x ").replace("\\sim", "~").replace("\\approx", "~")
    if not _PLAIN.fullmatch(inner):
        return " "
    return f"{inner} " if inner.startswith("^") else f" {inner} "
