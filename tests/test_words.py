"""The words of what users read: the documents, the help, and every text of the program that is not a docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pipeline.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = (*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").glob("*.md")))
MODULES = tuple(sorted((ROOT / "pipeline").rglob("*.py")))

FOREIGN = re.compile(
    r"\b(?:"
    r"(?<!there )(?:is|are|was|were) (?:no|none)\b(?! longer| more| \w+ (?:left|yet))"
    r"|(?:has|have|had) not (?:an?|the|any|enough|one)"
    r"|so many|told of|whoever|of others|anew|take note that|alone can be had|again and again"
    r")\b",
    re.IGNORECASE,
)
"""English that is put together as another language would; a native reader stumbles over it."""
HARD = (
    "The first call leaves alone",
    "calls leave up to",
    "whether it minds the pace",
    "What held is kept",
    "even where sections are called so",
    "is said, and no page is made",
    "the papers stand in that",
    "asks right the first time",
    "Something missing, or a call that fails",
    "counted but did not deliver",
    "An arXiv id; again and again",
    "There is: again, demo, pipe",
    "all is there",
    "a gzip file, which is not read",
    "no paper came, because the stage before failed",
    "has an address for each customer",
    "密钥被拒只花一个请求",
    "学到的内容",
)
"""Sentences that readers had to read twice."""


def _docstrings(tree: ast.AST) -> set[ast.AST]:
    """Return what stands as a statement of its own: docstrings of modules, classes, functions and attributes."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _texts(module: Path) -> Iterator[str]:
    """Give each text of a module that the program can show; of one with values in it, the words between them."""
    tree = ast.parse(module.read_text("utf-8"))
    hidden = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in hidden:
            yield node.value


def _helps(command: Any, name: str = "arxiv-digest") -> Iterator[str]:
    """Give the help of a command and of all below it."""
    context = command.make_context(name, [], resilient_parsing=True)
    yield command.get_help(context)
    for word, inner in getattr(command, "commands", {}).items():
        yield from _helps(inner, f"{name} {word}")


def _said(source: str) -> str:
    if source == "help":
        return "\n".join(_helps(typer.main.get_command(app)))
    path = ROOT / source
    return "\n".join(_texts(path)) if path.suffix == ".py" else path.read_text("utf-8")


@pytest.mark.parametrize("source", ["help", *(str(path.relative_to(ROOT)) for path in (*PAGES, *MODULES))])
def test_what_users_read_is_plain(source: str) -> None:
    """No English that only another language would put so, and none of the sentences that had to be read twice."""
    text = " ".join(_said(source).split())
    found = [match[0] for match in FOREIGN.finditer(text)] + [hard for hard in HARD if hard.lower() in text.lower()]
    assert found == []


@pytest.mark.parametrize(
    ("text", "is_foreign"),
    [
        ("'99' is no id", True),
        ("There is no digest", False),
        ("it is no longer there", False),
        ("arXiv has not the papers", True),
        ("arXiv has not made the feed", False),
        ("so many papers", True),
        ("who is told of it", True),
        ("makes its feeds anew", True),
    ],
)
def test_foreign_words_are_told_from_native_ones(text: str, is_foreign: bool) -> None:
    """The pattern finds what it is for, and leaves alone what English says too."""
    assert bool(FOREIGN.search(text)) == is_foreign
