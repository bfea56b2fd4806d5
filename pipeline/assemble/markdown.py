"""The Markdown page of a digest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pipeline.assemble.digest import Digest, in_page_order
from pipeline.assemble.escape import CELL, LINK_IN_CELL, PARAGRAPH, escape
from pipeline.assemble.language import LANGUAGES, Language
from pipeline.assemble.marks import marks_of
from pipeline.records import Entry, Failure, Missing, Note, parse_id

_TITLE_TAIL = re.compile(r" \(arXiv:[^()]*\)\s*\Z")


class _Figures(dict[str, str | int]):
    """The figures of a note; one that is not known reads as a question mark, for a page must not fail at its foot."""

    def __missing__(self, name: str) -> str:
        return "?"


def markdown(digest: Digest, language: str = "zh") -> str:
    """Return the page of ``digest``: a table to skim, the details as footnotes, then what failed or is missing, if any.

    The page is GitHub Flavored Markdown with footnotes; text of papers and models shows on it as it is.

    Raises:
        KeyError: ``language`` is none of `pipeline.assemble.language.LANGUAGES`.
    """
    words = LANGUAGES[language]
    earlier = {shown.id: shown for shown in digest.source.earlier}
    entries = [(entry, marks_of(entry, earlier.get(entry.paper.id), words)) for entry in in_page_order(digest.entries)]
    return _template().render(
        words=words,
        done=[(entry.paper, entry.summary, marks) for entry, marks in entries if entry.summary],
        failed=[(entry.paper, _why(entry.failure, words), marks) for entry, marks in entries if entry.failure],
        missing=[_missing(missing, words) for missing in digest.source.missing_papers],
        counts=_counts(digest, words),
        remarks=list(_remarks(digest, words)),
    )


@cache
def _template() -> Template:
    # Markdown has no use for HTML's escaping: every text of others passes one of the filters below.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("pipeline.assemble"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["paragraph"] = partial(escape, place=PARAGRAPH)
    environment.filters["cell"] = partial(escape, place=CELL)
    environment.filters["link_text"] = partial(escape, place=LINK_IN_CELL)
    environment.filters["without_tail"] = partial(_TITLE_TAIL.sub, "")
    return environment.get_template("digest.md.j2")


def _why(failure: Failure, words: Language) -> str:
    reason = words.reasons.get(failure.reason, failure.reason)
    return words.because.format(reason=reason, detail=failure.detail) if failure.detail else reason


def _missing(missing: Missing, words: Language) -> tuple[str, str, str]:
    """Return a missing paper's id as it was given, its page ("" where the id is none of arXiv's), and the reason."""
    try:
        url = f"https://arxiv.org/abs/{parse_id(missing.id)[0]}"
    except ValueError:
        url = ""
    return missing.id, url, words.reasons.get(missing.reason, missing.reason)


def _counts(digest: Digest, words: Language) -> str:
    """Account for an announcement, and for whatever lacks papers."""
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
