"""The last line of a test run: what was skipped, and how to run it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def skipped_line(skips: Iterable[tuple[str, int, str]]) -> str:
    """Return one line on the skipped tests, counted by what they need; empty where nothing was skipped.

    A skip is pytest's own triple of file, line and ``Skipped: needs …``.
    """
    needs = Counter(reason.removeprefix("Skipped: ").removeprefix("needs ").split(":")[0] for _, _, reason in skips)
    if not needs:
        return ""
    counted = ", ".join(f"{count} {'needs' if count == 1 else 'need'} {what}" for what, count in needs.most_common())
    return f"{needs.total()} skipped: {counted}. CONTRIBUTING.md, under Tests, says how to run them."
