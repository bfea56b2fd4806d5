"""``ARXIV_DIGEST_TEST_DATA=FOLDER python -m benchmarks.checks``: processor time of the checks for a paper.

Form and content together, on 200 recorded replies in each form. What the checks remember of one paper is forgotten
before each; the best of six tries counts, since other programs share the machine. Ends with 1 where a figure is missed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import content
from pipeline.summarize import checks
from pipeline.summarize.content import affinity, kinship, names, numbers, prose, sentences
from pipeline.summarize.content.table import findings
from pipeline.summarize.finding import Context, Fields

MOST = 2.0
"""Milliseconds a paper."""
TRIES = 6
_KEPT_FOR_ALL = ("_stems",)
"""What is remembered of words, not of papers."""


def main() -> int:
    """Print the figure of each form."""
    folder, missed = Path(os.environ["ARXIV_DIGEST_TEST_DATA"]), False
    for is_numbered in (True, False):
        judged = [content.asked(good, good.reply, is_numbered=is_numbered) for good in content.good_replies(folder)]
        spent = 1000 * sum(_best(fields, context) for fields, context in judged) / len(judged)
        print(f"{'by number' if is_numbered else 'as one text':12} {spent:.2f} ms a paper, at most {MOST:.2f}")
        missed = missed or spent > MOST
    return int(missed)


def _best(fields: Fields, context: Context) -> float:
    return min(_once(fields, context) for _ in range(TRIES))


def _once(fields: Fields, context: Context) -> float:
    for forget in _FORGET:
        forget()
    started = time.process_time()
    checks.first_fault(fields, context)
    findings(fields, context)
    return time.process_time() - started


def _forgetful() -> Iterator[Callable[[], None]]:
    for module in (affinity, kinship, names, numbers, prose, sentences):
        for name, value in vars(module).items():
            is_bounded = hasattr(value, "cache_clear") and value.cache_info().maxsize
            if is_bounded and name not in _KEPT_FOR_ALL:
                yield value.cache_clear


_FORGET = tuple(_forgetful())

if __name__ == "__main__":
    sys.exit(main())
