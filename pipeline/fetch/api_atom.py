"""Answers of arXiv's query API, live or recorded, by way of the `arxiv` package.

Format: https://info.arxiv.org/help/api/user-manual.html#_details_of_atom_results_returned.
"""

from __future__ import annotations

import copy
from contextlib import closing
from dataclasses import dataclass
from datetime import MINYEAR, UTC, datetime
from typing import Any

import arxiv  # type: ignore[import-untyped]
import requests
from lxml import etree
from lxml.etree import _Element
from requests.adapters import BaseAdapter

from pipeline.categories import is_category
from pipeline.fetch.documents import NAMESPACES, Document, Kind, UnreadableError, read_document, text
from pipeline.fetch.http import answer_to
from pipeline.fetch.pages import Page, whole
from pipeline.fetch.papers import paper_or_missing
from pipeline.records import Missing, Paper

_UNKNOWN = "0001-01-01T00:00:00+00:00"
"""Stands for a date that an entry lacks; `arxiv` leaves such entries out and then asks for the next page too early."""


@dataclass(frozen=True, slots=True)
class ApiFeed:
    """One answer of the query API, judged, and completed so that each entry survives `arxiv`'s own reading."""

    body: bytes
    entries: int
    start: int
    total: int
    """Results of the whole query, as the answer counts them."""


class Client(arxiv.Client):  # type: ignore[misc]
    """`arxiv`'s client, with its address and its transport given; time-outs, pauses and tries are the transport's."""

    def __init__(self, url: str, transport: BaseAdapter, *, page_size: int = 100) -> None:
        super().__init__(page_size=page_size, delay_seconds=0, num_retries=0)
        address = url.rstrip("?&").replace("{", "{{").replace("}", "}}")
        self.query_url_format = f"{address}{'&' if '?' in address else '?'}{{}}"
        for prefix in ("http://", "https://", url):
            self._session.mount(prefix, transport)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def api_feed(document: Document) -> ApiFeed:
    """Judge an answer of the query API: complete its entries and count them.

    Raises:
        UnreadableError: another kind of feed, or a page without entries where the total promises some.
    """
    if document.kind is not Kind.API:
        raise UnreadableError(f"{document.kind.value} in place of {Kind.API.value}")
    root = copy.deepcopy(document.root)
    entries = root.findall("atom:entry", NAMESPACES)
    for number, entry in enumerate(entries, start=1):
        _complete(entry, number)
    start, total = _number(root, "opensearch:startIndex"), _number(root, "opensearch:totalResults")
    if not entries and total > start:
        raise UnreadableError(f"a page without papers where {total - start} should follow")
    return ApiFeed(etree.tostring(root, encoding="utf-8"), len(entries), start, total)


def read_api_feed(body: bytes) -> ApiFeed:
    """Parse and judge an answer of the query API.

    Raises:
        UnreadableError: no such answer; RefusedError: arXiv's error feed.
    """
    return api_feed(read_document(body))


def read_recorded(document: Document) -> Page:
    """Return all papers of a recorded answer, on one page.

    Raises:
        UnreadableError: a page without entries where the total promises some.
    """
    feed = api_feed(document)
    if not feed.entries:
        return whole([], date=None)
    with closing(Client(_Recording.scheme, _Recording(feed.body), page_size=feed.entries)) as client:
        results = list(client.results(arxiv.Search(max_results=feed.entries)))
    return whole([paper_of(result) for result in results], date=None)


def paper_of(result: Any) -> Paper | Missing:
    """Return the paper of an `arxiv.Result`, or why it cannot become one.

    MSC and ACM classes, which the API lists among the categories, are left out.
    """
    fields = {
        "id": result.entry_id,
        "title": result.title,
        "abstract": result.summary,
        "authors": [author.name for author in result.authors],
        "categories": [category for category in result.categories if is_category(category)],
        "primary_category": result.primary_category if is_category(result.primary_category) else None,
        "published": _known(result.published),
        "updated": _known(result.updated),
        "comment": result.comment,
        "doi": result.doi,
        "journal_ref": result.journal_ref,
    }
    return paper_or_missing(fields, otherwise=result.entry_id)


class _Recording(BaseAdapter):
    """A transport that answers every request with one recorded body."""

    scheme = "recording:"

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        return answer_to(request, self._body)

    def close(self) -> None:
        """Nothing is open."""


def _complete(entry: _Element, number: int) -> None:
    _set(entry, "id", text(entry, "atom:id") or f"entry {number}")
    for name in ("published", "updated"):
        _set(entry, name, _moment(text(entry, f"atom:{name}")))


def _set(entry: _Element, name: str, content: str) -> None:
    found = entry.find(f"atom:{name}", NAMESPACES)
    element = etree.SubElement(entry, f"{{{NAMESPACES['atom']}}}{name}") if found is None else found
    element.text = content


def _moment(written: str) -> str:
    try:
        moment = datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return _UNKNOWN


def _known(moment: datetime) -> datetime | None:
    return None if moment.year == MINYEAR else moment


def _number(root: _Element, path: str) -> int:
    written = text(root, path)
    return int(written) if written.isdecimal() else 0
