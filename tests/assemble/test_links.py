"""Where a paper can be read, and what it gives besides."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from pipeline.assemble.links import further_links, paper_links

from .samples import HOSTILE, paper

TEXTS = {
    "Code: https://github.com/a/b.": [("GitHub", "https://github.com/a/b")],
    "(github.com/a/b_c), www.gitlab.com/a": [
        ("GitHub", "https://github.com/a/b_c"),
        ("GitLab", "https://www.gitlab.com/a"),
    ],
    r"\\url{https://github.com/a/b\\_c}": [("GitHub", "https://github.com/a/b_c")],
    "代码在 https://huggingface.co/a/b，": [("Hugging Face", "https://huggingface.co/a/b")],
    "https://GitHub.com/a/b/ and http://github.com/A/B": [("GitHub", "https://GitHub.com/a/b/")],
    "see https://me.github.io/x": [("project", "https://me.github.io/x")],
    "Project page: https://spherelab.ai/pion/)": [("project", "https://spherelab.ai/pion/")],
    "https://example.org/a, notgithub.com/a/b, me@github.com/a, evil.com/github.com/a": [],
    "https://github.com": [],
}


@pytest.mark.parametrize(("text", "links"), TEXTS.items())
def test_code_and_project_pages_are_found(text: str, links: list[tuple[str, str]]) -> None:
    """In comment or abstract, once, with or without a scheme; other addresses only where they are the project's."""
    text = text.replace("\\\\", "\\")
    assert [(link.label, link.url) for link in further_links(paper(comment=text, abstract=f"We show {text}"))] == links
    assert [(link.label, link.url) for link in further_links(paper(abstract=text))] == links


def test_a_doi_leads_to_its_page() -> None:
    """Each that the record has; what is none leads nowhere."""
    assert [link.url for link in further_links(paper(doi="10.1234/a(b)<c 10.5555/x"))] == [
        "https://doi.org/10.1234/a%28b%29",
        "https://doi.org/10.5555/x",
    ]
    assert further_links(paper(doi="javascript:alert(1)")) == ()


@pytest.mark.parametrize(("id", "has_html"), [("2312.00001", True), ("2311.17000", False), ("math/0309136", False)])
def test_html_is_offered_where_arxiv_has_it(id: str, has_html: bool) -> None:  # noqa: A002
    """Since December 2023, and never for an id of the old kind."""
    labels = [link.label for link in paper_links(paper(id=id))]
    assert labels == [f"arXiv:{id}", "PDF", *(["HTML"] if has_html else []), "alphaXiv"]


@given(HOSTILE)
def test_no_text_makes_an_address_of_another_kind(text: str) -> None:
    """Whatever stands around it, a link has a scheme of the web and nothing that would have to be quoted."""
    of = paper(comment=f"{text}https://github.com/a/b{text}", abstract=f"project page {text} x", doi=f"10.1234/{text}")
    assert all(
        re.fullmatch(r"https?://[\w./:;%+~-]+", link.url, re.ASCII | re.IGNORECASE) for link in further_links(of)
    )
