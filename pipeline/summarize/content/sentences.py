"""An abstract as its sentences."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z$])")


def split_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text, blanks at their ends left out."""
    return tuple(_END.split(text.strip()))
