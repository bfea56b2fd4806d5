"""A cache folder for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from .samples import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A cache folder that does not exist yet."""
    return Shelf(tmp_path / "deep" / "cache")
