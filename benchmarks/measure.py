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
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    """What one run of a command took."""

    began: float
    """In seconds since the epoch."""
    seconds: float
    """Of the whole process, interpreter start included."""
    cpu_s: float
    peak_mb: float
    """Resident memory."""
    code: int
    report: dict[str, Any]


def command(*arguments: str, folder: Path) -> Run:
    """Run ``arxiv-digest`` with ``arguments`` in ``folder``."""
    return process(program(*arguments), folder)


def program(*arguments: str) -> list[str]:
    """Return the words that start ``arxiv-digest``."""
    return [sys.executable, "-m", "pipeline", *arguments]


def process(words: Sequence[str], folder: Path) -> Run:
    """Run a process and measure it with what the kernel counted for it."""
    with tempfile.TemporaryFile() as out:
        run = filter_process(words, folder, None, out)
        out.seek(0)
        lines = out.read().decode().splitlines()
    return replace(run, report=json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {})


def filter_process(words: Sequence[str], folder: Path, read: Any, written: Any) -> Run:
    """Run and measure a process that reads from one file and writes to another; its report is empty."""
    began, started = time.time(), time.perf_counter()
    child = start(words, folder, written, read)
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    return Run(began, seconds, used.ru_utime + used.ru_stime, _megabytes(used), child.returncode, {})


def start(
    words: Sequence[str], folder: Path, out: Any = subprocess.DEVNULL, read: Any = None
) -> subprocess.Popen[bytes]:
    """Start a process in ``folder`` that no setting of this one reaches."""
    return subprocess.Popen(words, cwd=folder, env=_environment(), stdin=read, stdout=out, stderr=subprocess.DEVNULL)


def compile_all(folder: Path) -> None:
    """Import what the program and the client by hand import, so that no measured process is the first to compile it."""
    process([sys.executable, "-c", "import pipeline.cli.run, pipeline.model.client, benchmarks.by_hand"], folder)


def import_openai(folder: Path, *, times: int = 3) -> float:
    """Return the seconds of ``python -c 'import openai'``, the best of so many ``times``."""
    return min(process([sys.executable, "-c", "import openai"], folder).seconds for _ in range(times))


def _megabytes(used: resource.struct_rusage) -> float:
    # The kernel counts kilobytes, but on macOS bytes.
    return used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def ask(base_url: str, path: str) -> Any:
    """Return what the server says of itself."""
    with urllib.request.urlopen(f"{base_url.removesuffix('/v1')}{path}", timeout=30) as answer:
        return json.load(answer)


def _environment() -> dict[str, str]:
    # What is installed is compiled once, not at each start, whatever is set here.
    foreign = ("OPENAI_", "ARXIV_DIGEST_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"PYTHONPATH": str(ROOT)}
