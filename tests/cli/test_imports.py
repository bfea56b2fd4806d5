"""What is costly to import is imported only where it is used."""

from __future__ import annotations

import json
import subprocess
import sys

from .fork_server import CHECKOUT
from .program import Program

COSTLY = {"openai", "aiohttp", "genai_prices"}
"""Half a second together, and more."""
FETCHING = {"arxiv", "lxml", "requests"}
"""A tenth of a second."""
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
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)],
        cwd=wired.folder,
        env=wired.environment | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("[")]
    assert [code for code, _ in told] == [0, 1, 0]
    assert [COSTLY & set(loaded) for _, loaded in told] == [set()] * 3
    assert [FETCHING & set(loaded) for _, loaded in told[:2]] == [set()] * 2
