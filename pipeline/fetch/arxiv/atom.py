"""Answers of arXiv's query API, read once.

Format: https://info.arxiv.org/help/api/user-manual.html#_details_of_atom_results_returned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import arxiv  # type: ignore[import-untyped]
from lxml.etree import _Element

from pipeline.categories import is_category
from pipeline.fetch.arxiv.documents import NAMESPACES, DamagedError, Document, Kind, read_document, text
from pipeline.fetch.papers import paper_or_missing
from pipeline.records import Missing, Paper


@dataclass(frozen=True, slots=True)
class ApiHeader:
    """What an answer says of the whole query."""

    total_results: int
    start_index: int


@dataclass(frozen=True, slots=True)
class ApiPage:
    """One answer, read; its names are those of `arxiv`'s own, whose client pages by them."""

    header: ApiHeader
    results: tuple[Paper | Missing, ...]


class Client(arxiv.Client):  # type: ignore[misc]
    """`arxiv`'s client: it writes the addresses and turns the pages; how a page is asked for and read is given."""

    def __init__(self, url: str, answer: Callable[[str], ApiPage], *, page_size: int) -> None:
        super().__init__(page_size=page_size, delay_seconds=0, num_retries=0)
        address = url.rstrip("?&").replace("{", "{{").replace("}", "}}")
        self.query_url_format = f"{address}{'&' if '?' in address else '?'}{{}}"
        self._answer = answer

    def _parse_feed(self, url: str, **_how: Any) -> Any:
        return self._answer(url)


def read_page(document: Document) -> ApiPage:
    """Return what an answer holds, of whatever query and page.

    Raises:
        DamagedError: another kind of feed, or a page without papers where the total promises some.
    """
    if document.kind is not Kind.API:
        raise DamagedError(f"{document.kind.value} in place of {Kind.API.value}")
    root = document.root
    entries = root.iterfind("atom:entry", NAMESPACES)
    results = tuple(_found(entry, number) for number, entry in enumerate(entries, start=1))
    header = ApiHeader(_number(root, "opensearch:totalResults"), _number(root, "opensearch:startIndex"))
    if not results and header.total_results > header.start_index:
        raise DamagedError(f"a page without papers where {header.total_results - header.start_index} should follow")
    return ApiPage(header, results)


def read_answer(body: bytes) -> ApiPage:
    """Return what a live answer holds.

    Raises:
        UnreadableError: no such answer, or one that contradicts itself; RefusedError: arXiv's error feed.
    """
    page = read_page(read_document(body))
    end = page.header.start_index + len(page.results)
    if page.results and page.header.total_results < end:
        raise DamagedError(f"a page up to paper {end} of a total of {page.header.total_results}")
    return page


def _found(entry: _Element, number: int) -> Paper | Missing:
    """Return the paper of an entry, or why it cannot become one.

    MSC and ACM classes, which the API lists among the categories, are left out.
    """
    terms = [element.get("term") or "" for element in entry.iterfind("atom:category", NAMESPACES)]
    primary = entry.find("arxiv:primary_category", NAMESPACES)
    main = "" if primary is None else primary.get("term") or ""
    fields = {
        "id": text(entry, "atom:id") or None,
        "title": text(entry, "atom:title"),
        "abstract": text(entry, "atom:summary"),
        "authors": [text(author, "atom:name") for author in entry.iterfind("atom:author", NAMESPACES)],
        "categories": [term for term in terms if is_category(term)],
        "primary_category": main if is_category(main) else None,
        "published": _moment(text(entry, "atom:published")),
        "updated": _moment(text(entry, "atom:updated")),
        "comment": text(entry, "arxiv:comment") or None,
        "doi": text(entry, "arxiv:doi") or None,
        "journal_ref": text(entry, "arxiv:journal_ref") or None,
    }
    return paper_or_missing(fields, otherwise=f"entry {number}")


def _moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _number(root: _Element, path: str) -> int:
    written = text(root, path)
    return int(written) if written.isdecimal() and len(written) < 12 else 0
