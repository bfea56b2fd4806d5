"""Text that others wrote, made safe to keep: one place for blanks and control characters."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


def without_controls(text: str) -> str:
    """Return ``text`` without C0 and C1 control characters (tab and line ends stay) and lone surrogates."""
    return text if text.isprintable() else _CONTROLS.sub("", text)


def without_surrogates(text: str) -> str:
    """Return ``text`` without lone surrogates, the half characters that JSON can say and UTF-8 cannot."""
    return _SURROGATES.sub("", text)


def fold(text: str) -> str:
    """Return ``text`` on one line: control characters dropped, each run of blanks one blank, ends trimmed."""
    return " ".join(without_controls(text).split())


def plain(text: str) -> str:
    """Return ``text`` for a terminal: one line, no control characters, no marks that turn the reading direction."""
    return fold(text if text.isprintable() else _BIDI.sub("", text))
