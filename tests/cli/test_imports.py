"""What is costly to import is imported only where it is used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .fork_server import CHECKOUT
from .program import Program

COSTLY = {"openai", "aiohttp", "genai_prices"}
"""Half a second together, and more."""
SLOW = {"asyncio", "pydantic", "rich"}
"""Twice the time that ``import typer`` takes; help needs none of them."""
FETCHING = {"arxiv", "filelock", "lxml", "requests"}
"""A tenth of a second each, or more together."""
SCRIPT = """
import json, sys
from pipeline.cli.edge import guarded
for arguments in json.loads(sys.argv[1]):
    code = guarded(arguments)
    print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def test_no_command_that_asks_no_endpoint_imports_its_client(wired: Program) -> None:
    """Help, a run that the cache alone answers, and the demo, which alone reads XML."""
    commands = [["--help"], ["run", "--input", "two.jsonl", "--offline", "-q"], ["demo", "-q"]]
    told = _loaded_by(commands, wired)
    assert [code for code, _ in told] == [0, 1, 0]
    assert [COSTLY & set(loaded) for _, loaded in told] == [set()] * 3
    assert [FETCHING & set(loaded) for _, loaded in told[:2]] == [set()] * 2


def _loaded_by(commands: list[list[str]], wired: Program) -> list[tuple[int, list[str]]]:
    """Return how each command of one process ended, and what was imported until then."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)],
        cwd=wired.folder,
        env=wired.environment | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [tuple(json.loads(line)) for line in ran.stderr.splitlines() if line.startswith("[")]


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["cache"], ["--version"], ["rnu"]])
def test_help_imports_little_but_typer(arguments: list[str], wired: Program) -> None:
    """Help, the version and a misspelt command come without the records, the event loop and the bars."""
    (_, loaded), *_ = _loaded_by([arguments], wired)
    assert not (SLOW | COSTLY | FETCHING | {"pipeline.records"}) & set(loaded)
