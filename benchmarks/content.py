"""``ARXIV_DIGEST_TEST_DATA=FOLDER python -m benchmarks.content``: what the checks see of each kind of wrong content.

Good replies of recorded papers are made wrong by program in one way each, and judged in both forms: as sentences by
number, and as one text. Prints the tables of docs/checks.md; ``--marks`` prints the marks on good replies.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from pipeline.records import Paper
from pipeline.summarize import checks
from pipeline.summarize.content.affinity import Texts
from pipeline.summarize.content.sentences import split_chinese, split_sentences
from pipeline.summarize.content.table import findings
from pipeline.summarize.finding import Context, Pair
from tests.summarize.alterations import Reply
from tests.summarize.more_alterations import KINDS

MANY = 200
CUT = 985
"""Characters of a stored abstract from which on it may have been cut; its last sentence is then left out."""
OF_THE_REST = frozenset({"number", "name_added", "line_unlike"})
"""Marks that a one-liner may owe to the part of the abstract that is not stored."""
LEAST_SHARE = 0.4
"""Of the words of a sentence and of its translation, in a reply that counts as aligned."""
_HEAD = re.compile(r"^arXiv:\S+ Announce Type: \S+\s+Abstract: ")
_TAIL = re.compile(r"\s*[(（]arXiv:.*$")


@dataclass(frozen=True)
class Good:
    """A recorded reply whose sentences are the abstract's, one to one."""

    id: str
    reply: Reply
    is_cut: bool = False
    """The one-liner may say what the stored abstract lacks."""


@dataclass(frozen=True)
class Verdict:
    """What became of a reply."""

    refused: bool
    marks: tuple[str, ...]
    details: tuple[str, ...]

    @property
    def name(self) -> str:
        """Refused, marked or passed."""
        return "refused" if self.refused else "marked" if self.marks else "passed"


@cache
def good_replies(folder: Path) -> tuple[Good, ...]:
    """Return 200 papers, those with the sentences by number first, then those with a whole abstract."""
    plain = filter(_is_aligned, _plain(folder / "replies"))
    found = [*_numbered(folder / "judged"), *sorted(plain, key=lambda good: good.is_cut)]
    return tuple(found[:MANY])


@cache
def held_out(folder: Path) -> tuple[Good, ...]:
    """Return 200 further papers, by which no check was tuned, drawn from all with as many sentences as the abstract."""
    tuned = {good.id for good in good_replies(folder)}
    rest = [good for good in _plain(folder / "replies") if good.id not in tuned]
    return tuple(random.Random(11).sample(rest, MANY))


def asked(good: Good, reply: Reply, *, is_numbered: bool) -> tuple[dict[str, str], Context]:
    """Return a reply's fields, and what they are judged against."""
    paper = Paper(id="2404.02059", title=good.reply.title, abstract=" ".join(good.reply.english))
    fields = {
        "translated_title": reply.zh_title,
        "tldr": reply.tldr,
        "tldr_en": "A line in English.",
        "translated_abstract": "".join(reply.chinese),
    }
    pairs = tuple(map(Pair, good.reply.english, reply.chinese)) if is_numbered else ()
    return fields, Context(paper, "", pairs)


def judged(good: Good, reply: Reply, *, is_numbered: bool) -> Verdict:
    """Judge a reply about the paper of a good one as a run does."""
    if is_numbered and len(reply.chinese) != len(good.reply.english):
        return Verdict(refused=True, marks=(), details=("another number of sentences",))
    fields, context = asked(good, reply, is_numbered=is_numbered)
    if fault := checks.first_fault(fields, context):
        return Verdict(refused=True, marks=(), details=(fault.detail,))
    found = [
        one
        for one in findings(fields, context)
        if one.severity != "retry" and not (good.is_cut and one.field == "tldr" and one.check in OF_THE_REST)
    ]
    refused = any(one.severity == "refuse" for one in found)
    marks = tuple(sorted({f"{one.check} {one.sentence or ''}" for one in found}))
    return Verdict(refused, marks, tuple(one.detail for one in found))


@cache
def before(good: Good, *, is_numbered: bool) -> Verdict:
    """Judge a good reply as it is."""
    return judged(good, good.reply, is_numbered=is_numbered)


def outcome(folder: Path, number: int, kind: str, *, is_numbered: bool) -> str | None:
    """Return what becomes of a good reply made wrong in one way; None where it gives no occasion.

    A mark that the good reply has already does not count.
    """
    replies = good_replies(folder)
    good, other = replies[number], replies[(number + 1) % len(replies)]
    wrong = KINDS[kind](good.reply, other.reply, random.Random(number))
    if wrong is None or wrong == good.reply:
        return None
    old, new = before(good, is_numbered=is_numbered), judged(good, wrong, is_numbered=is_numbered)
    return new.name if new.refused or not set(new.marks) <= set(old.marks) else "passed"


def outcomes(folder: Path, kinds: Sequence[str], number: int) -> Counter[tuple[str, bool, str]]:
    """Count what becomes of every kind of one paper: kind, form and outcome."""
    counts: Counter[tuple[str, bool, str]] = Counter()
    for kind in kinds:
        for is_numbered in (True, False):
            if name := outcome(folder, number, kind, is_numbered=is_numbered):
                counts[kind, is_numbered, name] += 1
    return counts


def row(kind: str, counts: Counter[tuple[str, bool, str]]) -> str:
    """Return one row of the table."""
    cells = [counts[kind, form, name] for form in (True, False) for name in ("refused", "marked", "passed")]
    return f"| {kind} | {sum(cells[:3])} | {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.content")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="all where none is given")
    parser.add_argument("--marks", action="store_true", help="print the marks on good replies instead")
    given = parser.parse_args()
    folder = Path(os.environ["ARXIV_DIGEST_TEST_DATA"])
    if given.marks:
        _print_marks(folder)
        return
    print("| Replies | Form | Refused | Marked |\n| --- | --- | --- | --- |")
    for name, replies in (("tuned by", good_replies(folder)), ("held out", held_out(folder))):
        for is_numbered in (True, False):
            found = Counter(judged(good, good.reply, is_numbered=is_numbered).name for good in replies)
            form = "by number" if is_numbered else "as one text"
            print(f"| {name} | {form} | {found['refused']} | {found['marked']} |")
    print("| Kind | Made | By number: refused | marked | passed | As one text: refused | marked | passed |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    kinds = given.kinds or tuple(KINDS)
    with ProcessPoolExecutor() as pool:
        counts = sum(pool.map(partial(outcomes, folder, kinds), range(MANY), chunksize=5), Counter())
    print("\n".join(row(kind, counts) for kind in kinds))


def _print_marks(folder: Path) -> None:
    for good in (*good_replies(folder), *held_out(folder)):
        for is_numbered in (True, False):
            verdict = judged(good, good.reply, is_numbered=is_numbered)
            for detail in verdict.details:
                print(good.id, "number" if is_numbered else "text", detail)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _numbered(folder: Path) -> Iterator[Good]:
    titles = {row["id"]: row["title"] for row in _rows(folder / "pairs.jsonl")}
    for row in _rows(folder / "numbered.jsonl"):
        said = row["reply"]
        yield Good(
            row["id"],
            Reply(
                titles[row["id"]],
                tuple(row["sentences_en"]),
                said["translated_title"],
                said["tldr"],
                tuple(said["sentences"]),
            ),
        )


def _plain(folder: Path) -> Iterator[Good]:
    rows = _rows(folder / "ok.jsonl")
    random.Random(3).shuffle(rows)
    for row in rows:
        is_cut = len(row["abstract"]) >= CUT
        english, chinese = split_sentences(_HEAD.sub("", row["abstract"])), split_chinese(row["translated_abstract"])
        if len(english) != len(chinese):
            continue
        if is_cut:
            english, chinese = english[:-1], chinese[:-1]
        if len(english) > 2:
            titles = (_TAIL.sub("", row[name]) for name in ("title", "translated_title"))
            title, zh_title = titles
            yield Good(row["id"], Reply(title, english, zh_title, row["tldr"], chinese), is_cut)


def _is_aligned(good: Good) -> bool:
    texts = Texts(good.reply.english, good.reply.chinese)
    return all(texts.affinity((at,), (at,)).share >= LEAST_SHARE for at in range(len(good.reply.english)))


if __name__ == "__main__":
    main()
