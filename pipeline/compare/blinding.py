"""On which side a column of a pair is shown to a judge, paper by paper."""

from __future__ import annotations

_OFFSET, _PRIME, _BITS = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
"""Of FNV-1a with 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/."""


def is_swapped(comparison: str, judge: str, paper_id: str) -> bool:
    """Return whether the second column stands on the left; always the same, and about as often as not.

    The page's script does the same where it is opened as a file.
    """
    code = _OFFSET
    for byte in f"{comparison}\n{judge}\n{paper_id}".encode():
        code = ((code ^ byte) * _PRIME) & _BITS
    # The lowest bits of FNV follow those of the text; folded, every bit counts.
    code ^= code >> 16
    code ^= code >> 8
    return (code >> 3) & 1 == 1
