"""Read XML that others wrote, safely, and tell arXiv's kinds of feed apart."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from enum import Enum

from lxml import etree
from lxml.etree import _Element

MAX_BYTES = 64 * 2**20
"""Largest document that is read, in bytes; arXiv's largest feeds have some 4 MB."""

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "arxiv": "http://arxiv.org/schemas/atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "opensearch": "http://a9.com/-/spec/opensearch/1.1/",
}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,8})|([0-9]{1,8}));", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
_HEAD = 2**16
"""Bytes within which an HTML page shows what it is."""
# Possessive, so that comments before no HTML cost one pass.
_HTML = re.compile(rb"\s*+(?:<!--.*?-->\s*+)*+<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_ROOTS = {"OAI-PMH": "a harvest by OAI-PMH", "html": "an HTML page", "RDF": "RSS 1.0, which arXiv left in 2024"}


class Kind(Enum):
    """A feed of arXiv that holds papers."""

    API = "an answer of the query API"
    RSS = "an announcement feed (RSS)"
    ATOM = "an announcement feed (Atom)"


class UnreadableError(Exception):
    """A document that is none of the kinds; the message says what it seems to be."""


class DamagedError(UnreadableError):
    """XML in which arXiv, and no one on the way, wrote something wrong: waiting does not mend it."""


class RefusedError(Exception):
    """A feed in which arXiv says why it has no papers to give; the message is arXiv's own."""


@dataclass(frozen=True, slots=True)
class Document:
    """A feed of arXiv, parsed."""

    kind: Kind
    root: _Element


def read_document(body: bytes) -> Document:
    """Parse ``body`` and tell its kind.

    Document type declarations are refused, so that no entity is ever expanded and nothing is loaded from elsewhere.
    Characters that XML forbids are dropped first, and bytes that are not text: authors paste them, and one would cost
    the whole feed.

    Raises:
        UnreadableError: no XML, cut or damaged XML, more than `MAX_BYTES`, or none of the kinds.
        RefusedError: an error feed of arXiv.
    """
    root = _parse(body)
    if root.tag == "rss":
        return _rss(root)
    if root.tag == f"{{{NAMESPACES['atom']}}}feed":
        return _atom(root)
    name = etree.QName(root).localname
    raise DamagedError(_ROOTS.get(name, f"an XML document that begins with <{name[:40]}>"))


def text(element: _Element, path: str) -> str:
    """Return all text of the first element at ``path`` below ``element``, trimmed; nothing where there is none."""
    found = element.find(path, NAMESPACES)
    return "" if found is None else "".join(str(part) for part in found.itertext()).strip()


def _parse(body: bytes) -> _Element:
    if len(body) > MAX_BYTES:
        raise UnreadableError(f"a document of more than {MAX_BYTES // 2**20} MiB")
    if not body.strip():
        raise UnreadableError("nothing at all")
    if _HTML.match(body[:_HEAD]):
        raise UnreadableError("an HTML page")
    # A parser of its own for each document: lxml's parsers keep state and are not shared between threads.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(_allowed(body), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if b"<" in body[:1024]:
            raise DamagedError(f"XML that is cut or damaged ({error})") from error
        raise UnreadableError("no XML") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise DamagedError("XML with a document type declaration")
    return root


def _allowed(body: bytes) -> bytes:
    """Return XML without what XML forbids; XML in another encoding than UTF-8 is left as it is."""
    declared = _DECLARED.match(body.lstrip()[:1024])
    if declared and declared[1].lower() not in {b"utf-8", b"us-ascii", b"ascii"}:
        return body
    text = _FORBIDDEN.sub("", body.decode("utf-8", "replace"))
    return _REFERENCE.sub(lambda match: match[0] if _is_allowed(match) else "", text).encode()


def _is_allowed(reference: re.Match[str]) -> bool:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return 0 < number <= sys.maxunicode and not _FORBIDDEN.match(chr(number))


def _rss(root: _Element) -> Document:
    title = text(root, "channel/title")
    if title.startswith("Feed error"):
        raise RefusedError(text(root, "channel/description") or title)
    if "arxiv.org" not in f"{title} {text(root, 'channel/link')}".lower():
        raise DamagedError("an RSS feed that is not arXiv's")
    return Document(Kind.RSS, root)


def _atom(root: _Element) -> Document:
    title, identifier = text(root, "atom:title"), text(root, "atom:id")
    if title.startswith("Feed error"):
        raise RefusedError(text(root, "atom:subtitle") or title)
    for entry in root.iterfind("atom:entry", NAMESPACES):
        if "/api/errors" in text(entry, "atom:id"):
            raise RefusedError(text(entry, "atom:summary") or text(entry, "atom:title"))
    if root.find("opensearch:totalResults", NAMESPACES) is not None:
        return Document(Kind.API, root)
    announced = root.find("atom:entry/arxiv:announce_type", NAMESPACES) is not None
    if announced or title.endswith("updates on arXiv.org"):
        return Document(Kind.ATOM, root)
    if re.match(r"https?://(?:export\.)?arxiv\.org/(?:api|abs)/", text(root, "atom:entry/atom:id") or identifier):
        return Document(Kind.API, root)
    raise DamagedError("an Atom feed that is not arXiv's")
