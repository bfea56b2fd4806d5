"""What a page says at its foot, in plain text: which papers failed or are missing and why, notes, who made it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.assemble.digest import Digest
from pipeline.assemble.language import Language
from pipeline.assemble.marks import Marks
from pipeline.records import Entry, Failure, Missing, Note, Paper, parse_id


@dataclass(frozen=True, slots=True)
class Foot:
    """The foot of a page; every text in it may hold what others wrote."""

    failed: tuple[tuple[Paper, str, Marks], ...]
    """Papers without a summary, newest first, why, and what is said beside their titles."""
    counts: str
    """Accounts for an announcement, and for whatever lacks papers; else empty."""
    missing: tuple[tuple[str, str, str], ...]
    """Id or what stands for one, page at arXiv ("" where the id is none of arXiv's), reason."""
    remarks: tuple[str, ...]
    """The notes, each once, then who made the summaries."""


class _Figures(dict[str, str | int]):
    """The figures of a note; one that is not known reads as a question mark, for a page must not fail at its foot."""

    def __missing__(self, name: str) -> str:
        return "?"


def foot(digest: Digest, entries: Iterable[tuple[Entry, Marks]], words: Language) -> Foot:
    """Return the foot of the page of ``digest``; ``entries`` are its own in the order of the page, with their marks."""
    failed = ((entry.paper, entry.failure, marks) for entry, marks in entries)
    return Foot(
        failed=tuple((paper, reason_of(failure, words), marks) for paper, failure, marks in failed if failure),
        counts=_counts(digest, words),
        missing=tuple(_missing(missing, words) for missing in digest.source.missing_papers),
        remarks=tuple(_remarks(digest, words)),
    )


def reason_of(failure: Failure, words: Language) -> str:
    """Return why a paper has no summary, in the language of the page; the detail, in English, is in the run report."""
    return words.reasons.get(failure.reason, failure.reason)


def _missing(missing: Missing, words: Language) -> tuple[str, str, str]:
    """Return a missing paper's id or what stands for one, its page ("" where arXiv has no such id), and the reason."""
    try:
        url = f"https://arxiv.org/abs/{parse_id(missing.id)[0]}"
    except ValueError:
        url = ""
    return _name(missing.id, words), url, words.reasons.get(missing.reason) or _why(missing.reason, words)


def _name(given: str, words: Language) -> str:
    matches = ((text, re.fullmatch(pattern, given)) for pattern, text in words.unnamed.items())
    return next((text.format(*match.groups()) for text, match in matches if match), given)


def _why(said: str, words: Language) -> str:
    """Return why a paper is missing in the language of the page; what others said, in English, is in the run report."""
    return next((why for pattern, why in words.missing.items() if re.fullmatch(pattern, said)), words.missing[""])


def _counts(digest: Digest, words: Language) -> str:
    source = digest.source
    if not source.missing and not source.repeated and not any(entry.paper.announce_type for entry in digest.entries):
        return ""
    text = words.counts_unannounced if source.announced is None else words.counts
    figures = {"announced": source.announced, "fetched": source.fetched, "missing": source.missing}
    return text.format(**figures, shown=len(digest.entries))


def _remarks(digest: Digest, words: Language) -> Iterator[str]:
    """Give the lines of the foot, plain text: the notes, each once, then who made the summaries."""
    notes = [*digest.source.notes]
    replayed = any(entry.summary and entry.summary.model == "replay" for entry in digest.entries)
    if replayed and not any(note.key == "sample" for note in notes):
        notes.append(Note(key="replay"))
    yield from dict.fromkeys(_said(note, words) for note in notes)
    if makers := _makers(digest.entries, words):
        yield makers


def _said(note: Note, words: Language) -> str:
    text = words.notes.get(note.key)
    return note.key if text is None else text.format_map(_Figures(note.figures))


def _makers(entries: Iterable[Entry], words: Language) -> str:
    summaries = [entry.summary for entry in entries if entry.summary]
    parts = (
        (words.prompts, dict.fromkeys(summary.prompt for summary in summaries if summary.prompt)),
        (words.models, dict.fromkeys(summary.model for summary in summaries if summary.model)),
    )
    return words.joint.join(text.format(names=words.comma.join(names)) for text, names in parts if names)
