"""XML that others wrote, told apart and never trusted."""

from __future__ import annotations

import time
from datetime import date

import pytest

from pipeline.fetch.arxiv import documents
from pipeline.fetch.arxiv.documents import Kind, RefusedError, UnreadableError, read_document, text
from tests.servers.arxiv import announcement_feed, api_feed, error_feed

FEED = b'<feed xmlns="http://www.w3.org/2005/Atom">%s</feed>'
LAUGHS = b'<!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (api_feed([]), Kind.API),
        (FEED % b"<entry><id>http://arxiv.org/abs/2604.00001v1</id></entry>", Kind.API),
        (FEED % b"<id>http://export.arxiv.org/api/abc</id>", Kind.API),
        (b"<rss><channel><title>cs.AI updates on arXiv.org</title></channel></rss>", Kind.RSS),
        (FEED % b"<title>cs.AI updates on arXiv.org</title>", Kind.ATOM),
        (
            FEED % b'<entry><n:announce_type xmlns:n="http://arxiv.org/schemas/atom">new</n:announce_type></entry>',
            Kind.ATOM,
        ),
    ],
)
def test_feeds_of_arxiv_are_told_apart_by_content(body: bytes, kind: Kind) -> None:
    """Shortened ones too."""
    assert read_document(body).kind is kind


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (error_feed("incorrect id format for abc"), "incorrect id format for abc"),
        (FEED % b"<entry><id>http://arxiv.org/api/errors#x</id><title>Error</title></entry>", "Error"),
        (FEED % b"<title>Feed error for query: x</title><subtitle>Bad archive 'x'.</subtitle>", "Bad archive 'x'."),
        (b"<rss><channel><title>Feed error for query: x</title></channel></rss>", "Feed error for query: x"),
        (
            b"<rss><channel><title>Feed error for query</title><description>Bad archive.</description></channel></rss>",
            "Bad archive.",
        ),
    ],
)
def test_an_error_feed_says_what_arxiv_said(body: bytes, message: str) -> None:
    """In arXiv's own words."""
    with pytest.raises(RefusedError) as caught:
        read_document(body)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "nothing at all"),
        (b" \n", "nothing at all"),
        (b"Rate exceeded.", "no XML"),
        (b"<!DOCTYPE html>\n<html><body><br></body></html>", "an HTML page"),
        (b"<!-- sorry -->\n<HTML lang='en'>", "an HTML page"),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', "an HTML page"),
        (b'<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:body/></h:html>', "an HTML page"),
        (b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"/>', "a harvest by OAI-PMH"),
        (b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "RSS 1.0, which arXiv left in 2024"),
        (b"<svg/>", "an XML document that begins with <svg>"),
        (b"<rss><channel><title>My blog</title></channel></rss>", "an RSS feed that is not arXiv's"),
        (FEED % b"<title>My blog</title>", "an Atom feed that is not arXiv's"),
        (LAUGHS + b"<f>&b;</f>", "XML with a document type declaration"),
        (OUTSIDE + b"<f>&a;</f>", "XML with a document type declaration"),
        (b'<!DOCTYPE f SYSTEM "http://127.0.0.1:9/x.dtd"><f/>', "XML with a document type declaration"),
    ],
)
def test_anything_else_is_named_for_what_it_seems_to_be(body: bytes, what: str) -> None:
    """Entities are neither expanded nor loaded, and a feed of another site is not taken for arXiv's."""
    with pytest.raises(UnreadableError) as caught:
        read_document(body)
    assert str(caught.value) == what


@pytest.mark.parametrize("body", [api_feed([])[:-9], FEED % b"<title>&nbsp;</title>"])
def test_cut_and_damaged_xml_is_not_mended(body: bytes) -> None:
    """Half a feed would pass for a quiet day."""
    with pytest.raises(UnreadableError, match="cut or damaged"):
        read_document(body)


def test_a_document_beyond_the_bound_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is counted in bytes."""
    monkeypatch.setattr(documents, "MAX_BYTES", 2**20)
    with pytest.raises(UnreadableError, match="more than 1 MiB"):
        read_document(b" " * 2**20 + b"<f/>")


def test_characters_that_xml_forbids_are_dropped_and_cost_no_feed() -> None:
    """Bare or as a reference; comments do not cut a text in two."""
    root = read_document(
        FEED % b"<id>http://arxiv.org/api/x</id><title>a\x02b&#2;c&#x1F;d<!-- e -->f&#65;</title>"
    ).root
    assert text(root, "atom:title") == "abcdfA"
    assert text(root, "atom:subtitle") == ""


def test_the_feeds_of_the_loopback_are_what_they_say() -> None:
    """Others' tests rely on them."""
    for flavour, kind in (("rss", Kind.RSS), ("atom", Kind.ATOM)):
        assert read_document(announcement_feed([], "cs", date(2026, 4, 27), flavour=flavour)).kind is kind


@pytest.mark.parametrize("head", [b"<!-- a -->" * 40, b"<!-- a -->\n" * 6000, b"<!--" * 16_000, b" " * 2**16])
def test_comments_before_the_root_take_one_pass(head: bytes) -> None:
    """However many there are, whether or not HTML follows."""
    began = time.monotonic()
    with pytest.raises(UnreadableError):
        read_document(head + b"<rss></rss>")
    assert time.monotonic() - began < 2


def test_html_after_comments_is_told_as_html() -> None:
    """Of its first 64 KiB."""
    with pytest.raises(UnreadableError, match="an HTML page"):
        read_document(b"<!-- a -->\n <!-- b -->\n<!DOCTYPE html><p>Sorry<br>")


@pytest.mark.parametrize(
    "odd", [b"\xff", b"\xed\xa0\x80", b"\xef\xbf\xbf", b"&#xFFFF;", b"&#xD800;", b"&#0;", b"&#99999999;", b"\x0b"]
)
def test_what_xml_forbids_costs_no_feed(odd: bytes) -> None:
    """As a byte that is not text, as a character, as a reference."""
    found = read_document(
        b"<rss><channel><title>cs on arXiv.org</title><item><title>A" + odd + b"B</title></item></channel></rss>"
    )
    assert text(found.root, "channel/item/title").replace("\ufffd", "") == "AB"


def test_xml_of_another_encoding_is_read_as_it_says() -> None:
    """Nothing in it is changed first."""
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><rss><channel><title>é on arXiv.org</title></channel></rss>'
    assert text(read_document(body.encode("latin-1")).root, "channel/title") == "é on arXiv.org"
