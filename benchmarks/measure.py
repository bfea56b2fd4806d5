"""Run the program as its user would, in a process and a folder of its own, against the loopback server."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 300.0


@dataclass(frozen=True)
class Run:
    """What one run of a command took."""

    seconds: float
    """Of the whole process, interpreter start included."""
    cpu_s: float
    peak_mb: float
    code: int
    report: dict[str, Any]


def command(*arguments: str, folder: Path) -> Run:
    """Run ``arxiv-digest`` with ``arguments`` in ``folder``."""
    return process([sys.executable, "-m", "pipeline", *arguments], folder)


def process(words: list[str], folder: Path) -> Run:
    """Run a process and measure it with what the kernel counted for it."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        child = subprocess.Popen(words, cwd=folder, env=_environment(), stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = out.read().decode().splitlines()
    report = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Run(seconds, used.ru_utime + used.ru_stime, _megabytes(used), child.returncode, report)


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / 1024


def ask(base_url: str, path: str) -> Any:
    """Return what the server says of itself."""
    with urllib.request.urlopen(f"{base_url.removesuffix('/v1')}{path}", timeout=30) as answer:
        return json.load(answer)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "ARXIV_DIGEST_"))}
    return kept | {"PYTHONPATH": str(ROOT)}
