"""The import contract of pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_import_contract_holds() -> None:
    """Imports run one way, stages never import each other, and each third-party library has one home."""
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
