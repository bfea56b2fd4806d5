"""A few papers, recorded replies to them, and one request: what the tests of the model server share."""

from __future__ import annotations

from typing import Any

import httpx2

from .openai import OpenAIServer
from .openai_options import Options

LATEX = 'We bound $\\|x\\|_2$ by \\L ojasiewicz\'s inequality and say "done" where nobody did so before.'
RECORDS: list[dict[str, Any]] = [
    {
        "id": "2404.02059",
        "title": "Fast Widgets\n  for All. (arXiv:2404.02059v1 [cs.LG] UPDATED)",
        "abstract": "arXiv:2404.02059v1 Announce Type: new  Abstract: We make\n widgets fast, twice as fast.",
        "translated_title": "人人可用的快速部件",
        "tldr": None,
        "en_tldr": "Widgets, faster.",
        "translated_abstract": "我们让部件变快。现在快了一倍。",
    },
    {"id": "math/0309136", "title": "A Bound", "abstract": LATEX, "translated_title": "一个界", "tldr": "界更紧。"},
    {"id": "2404.00001", "title": "Copy", "abstract": LATEX, "translated_title": "副本", "tldr": "副本。"},
    {"id": "2404.00002", "title": "Short", "abstract": "Tiny.", "translated_title": "短", "tldr": "短。"},
]
WIDGETS = "Fast Widgets for All.\nAbstract: We make widgets fast, twice as fast."
WELL = {
    "translated_title": "人人可用的快速部件",
    "tldr": None,
    "tldr_en": "Widgets, faster.",
    "translated_abstract": "我们让部件变快。现在快了一倍。",
}


def ask(
    server: OpenAIServer | str, text: object = WIDGETS, *, key: str | None = None, timeout: float = 10, **body: Any
) -> httpx2.Response:
    """Send one request about a paper; ``timeout`` is in seconds, for each read."""
    url = server if isinstance(server, str) else server.base_url
    messages = [{"role": "system", "content": "Answer in json."}, {"role": "user", "content": text}]
    asked = {"model": "some-model", "messages": messages, **body}
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.post(f"{url}/chat/completions", json=asked, headers=headers, timeout=timeout)


def content(response: httpx2.Response) -> str:
    """Return what the model said."""
    said = response.json()["choices"][0]["message"]["content"]
    assert isinstance(said, str)
    return said


def fault(name: str, **parameters: Any) -> Options:
    """Return options that spoil the first attempt at every paper."""
    return Options(by_paper={"*": [{"fault": name, **parameters}]})
