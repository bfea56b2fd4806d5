"""What is to be said beside a paper's title: that it is a new version, that it was withdrawn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.assemble.digest import Digest, in_page_order
from pipeline.assemble.doubts import doubts_by_field
from pipeline.assemble.language import Language
from pipeline.records import Entry, Paper, Shown

_NOTICE = re.compile(
    r"(?:^(?:(?:this|the|our) )?(?:paper |article |submission |manuscript |preprint |version )?|\b(?:been|is|was) )"
    r"withdrawn\b(?! from (?!arxiv))",
    re.IGNORECASE,
)
"""How arXiv, and authors in the comment that it asks them for, say so: https://info.arxiv.org/help/withdraw.html."""
_NOTICE_FOR_ABSTRACT = re.compile(r"(?:this|the) \w+ (?:has been|is|was) withdrawn\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a page says of one paper besides its texts; empty where there is nothing to say."""

    short: str = ""
    """Beside the title."""
    version: str = ""
    earlier: str = ""
    """Day of the page that had an earlier version."""
    withdrawn: str = ""
    doubts: Mapping[str, str] = field(default_factory=dict)
    """For each doubtful field of the summary why it is so, in brackets."""


def marked(digest: Digest, words: Language) -> list[tuple[Entry, Marks]]:
    """Return the entries of a digest in the order of its page, each with its marks."""
    earlier = {shown.id: shown for shown in digest.source.earlier}
    return [(entry, marks_of(entry, earlier.get(entry.paper.id), words)) for entry in in_page_order(digest.entries)]


def marks_of(entry: Entry, earlier: Shown | None, words: Language) -> Marks:
    """Return the marks of an entry; ``earlier`` is where the paper was shown last before."""
    paper = entry.paper
    version = _version(paper, words)
    withdrawn = words.marks["withdrawn"] if is_withdrawn(paper) else ""
    said = [mark for mark in (version, withdrawn) if mark]
    detail = paper.comment or ""
    return Marks(
        short=words.marked.format(marks=words.comma.join(said)) if said else "",
        version=version,
        earlier=earlier.day if earlier else "",
        withdrawn=words.because.format(reason=withdrawn, detail=detail) if withdrawn and detail else withdrawn,
        doubts=doubts_by_field(entry.summary, words),
    )


def is_withdrawn(paper: Paper) -> bool:
    """Tell whether the comment says so or, as with papers of old, the abstract is nothing but the notice."""
    return bool(_NOTICE.search(paper.comment or "") or _NOTICE_FOR_ABSTRACT.match(paper.abstract.strip()))


def _version(paper: Paper, words: Language) -> str:
    if paper.announce_type not in {"replace", "replace-cross"}:
        return ""
    return words.marks["version" if paper.version else "new_version"].format(version=paper.version)
