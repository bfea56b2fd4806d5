"""Text that others wrote, made safe to keep: one place for blanks and control characters."""

from __future__ import annotations

import re

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(f"{chr(end - 2)}{chr(end - 1)}" for end in range(0x10000, 0x120000, 0x10000))
"""What stands for no character, in HTML and XML neither: https://www.unicode.org/faq/private_use#noncharacters."""
_CONTROLS = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


def without_controls(text: str) -> str:
    """Return ``text`` without C0 and C1 controls (tab and line ends stay), lone surrogates and noncharacters."""
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
