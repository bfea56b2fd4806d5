"""Where a paper can be read, and what it gives besides: code, a page of the project, a DOI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.records import Paper
from pipeline.tex import without_macros

_FIRST_WITH_HTML = "2312"
"""Year and month of the first ids that arXiv has HTML of: https://info.arxiv.org/about/accessible_HTML.html."""
_MOST_CODE = 3
_HOSTS = {
    "github.com": "GitHub",
    "gitlab.com": "GitLab",
    "huggingface.co": "Hugging Face",
    "bitbucket.org": "Bitbucket",
    "codeberg.org": "Codeberg",
    "anonymous.4open.science": "code",
}
"""Where code and models are kept, and what a link there is called; a key of the language's labels where it has one."""

# Only characters that no markup has and that need no quoting. Plain addresses of the hosts above count wherever they
# stand, others where the text says that they are the project's.
_PATH = r"(?:/[\w.~%+-]*)*"
_ADDRESS = re.compile(
    rf"""(?<![\w.@/-])(?:https?://)?(?:www\.)?(?:
      (?P<host>{"|".join(map(re.escape, _HOSTS))})(?P<path>/[\w.~%+-]+{_PATH})
    | (?P<site>[a-z0-9-]+\.(?:github|gitlab)\.io){_PATH}
    )
    | (?:project|demo|home|web)[ -]?(?:page|site|website)\b[^.\n]{{0,30}}?
      (?P<page>https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+{_PATH})
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_MARKS = (*_HOSTS, ".github.io", ".gitlab.io", "://")
"""One of these stands in every text that `_ADDRESS` finds something in, and in few others."""
_DOI = re.compile(r"10\.\d{4,9}/[!#-;=?-~]+", re.ASCII)
"""What a DOI looks like: https://www.doi.org/doi-handbook/HTML/."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a paper."""

    label: str
    """A name, or a key of the language's labels."""
    url: str


def paper_links(paper: Paper) -> tuple[Link, ...]:
    """Return the links of a paper: its pages at arXiv first, then alphaXiv, then `further_links`."""
    version = f"v{paper.version}" if paper.version else ""
    own = [Link(f"arXiv:{paper.id}{version}", paper.url), Link("PDF", paper.pdf_url)]
    if "/" not in paper.id and paper.id >= _FIRST_WITH_HTML:
        own.append(Link("HTML", f"https://arxiv.org/html/{paper.id}"))
    return (*own, Link("alphaXiv", f"https://www.alphaxiv.org/abs/{paper.id}"), *further_links(paper))


def further_links(paper: Paper) -> tuple[Link, ...]:
    """Return what the paper itself names: code and pages of the project in its comment or abstract, then its DOIs."""
    found: dict[str, Link] = {}
    for link in _code(paper):
        found.setdefault(link.url.lower().rpartition("://")[2].rstrip("/"), link)
    dois = _DOI.findall(paper.doi or "")
    return (
        *[*found.values()][:_MOST_CODE],
        *(Link("DOI", f"https://doi.org/{quote(doi, safe='/:;._-')}") for doi in dois),
    )


def _code(paper: Paper) -> Iterator[Link]:
    for text in (paper.comment or "", paper.abstract):
        shown = without_macros(text)
        lowered = shown.lower()
        # Most abstracts name no address, and looking for one takes a tenth of a millisecond.
        if not any(mark in lowered for mark in _MARKS):
            continue
        for match in _ADDRESS.finditer(shown):
            address = match["page"] or match[0]
            url = re.sub(r"^(?!https?://)", "https://", address.rstrip(".-~%+"), flags=re.IGNORECASE)
            yield Link(_HOSTS.get((match["host"] or "").lower(), "project"), url)
