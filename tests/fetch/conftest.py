"""What the tests of the fetch stage share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loopback server is reached directly, whatever proxy this machine uses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of recorded arXiv responses."""
    folder = os.environ.get("ARXIV_DIGEST_TEST_DATA")
    if not folder:
        pytest.skip("needs the recorded data: set ARXIV_DIGEST_TEST_DATA to its folder")
    return Path(folder) / "arxiv"
