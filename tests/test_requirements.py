"""The pinned requirements, as any pip of a supported Python installs them."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.ending import skipped_line

ROOT = Path(__file__).resolve().parents[1]
FILES = ("requirements.txt", "requirements-deliver.txt", "requirements-dev.txt")
OLDEST_PIP = "22.3"
"""The pip that Python 3.11.0 brings, the oldest of a supported Python."""
INSTALL_S = 400


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_pinned_and_hashed_and_names_no_registry(name: str) -> None:
    """A requirements file holds exact versions with their hashes and no address."""
    text = (ROOT / name).read_text("utf-8")
    requirements = text.replace("\\\n", " ").splitlines()
    unpinned = [
        line
        for line in requirements
        if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==\S+( ;.*?)?(\s+--hash=sha256:[0-9a-f]{64})+", line)
    ]
    assert (unpinned, "://" in text) == ([], False)


def test_the_oldest_pip_installs_the_requirements(tmp_path: Path) -> None:
    """The pip of the oldest supported Python finds every requirement, with nothing missing from the pinned files."""
    python = _python_with_pip(tmp_path, OLDEST_PIP)
    files = [argument for name in ("requirements.txt", "requirements-dev.txt") for argument in ("-r", str(ROOT / name))]
    installed = _pip(python, "install", "--dry-run", "--quiet", "--require-hashes", *files)
    assert installed.returncode == 0, installed.stderr


def test_the_last_line_of_the_tests_says_what_was_skipped_and_how_to_run_it() -> None:
    """Skipped tests are counted by what they need, most first, with the place that says how to get it."""
    reasons = ["needs Chromium", "needs the recorded data", "needs Chromium"]
    assert skipped_line([("test.py", 1, f"Skipped: {reason}") for reason in reasons]) == (
        "3 skipped: 2 need Chromium, 1 needs the recorded data. CONTRIBUTING.md, under Tests, says how to run them."
    )


def test_nothing_is_said_where_nothing_was_skipped() -> None:
    """A whole run ends without a line about skipped tests."""
    assert skipped_line([]) == ""


def _python_with_pip(folder: Path, version: str) -> Path:
    """Return the Python of a new environment with this pip; skip where no package index is reached."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    installed = _pip(python, "install", "--quiet", "--retries", "0", f"pip=={version}")
    if installed.returncode:
        pytest.skip("needs a package index")
    return python


def _pip(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "pip", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
