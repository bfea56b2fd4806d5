"""The folder of the site: a file is written if it differs from what is there, and removed if nothing gives it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline import outputs


class Folder:
    """Writes and removes files below ``root``, and counts them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written = 0
        """Files that are new or differ from those that were there."""
        self.removed = 0
        """Files that nothing gives any more."""

    def put(self, place: str, content: str | bytes) -> None:
        """Write a file unless it is there with the same bytes.

        Raises:
            OutputError: it cannot be written.
        """
        data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
        self.written += outputs.write_changed(self.root / place, data)

    def drop(self, paths: Iterable[Path]) -> None:
        """Remove files, and folders with what is in them.

        Raises:
            OutputError: one cannot be removed.
        """
        for path in paths:
            self.removed += sum(each.is_file() for each in path.rglob("*")) if path.is_dir() else 1
            outputs.remove(path)

    def keep(self, place: str, names: Iterable[str]) -> None:
        """Remove all but ``names`` from a folder that is the site's alone, and that folder if nothing is left.

        Raises:
            OutputError: a file cannot be removed.
        """
        folder = self.root / place
        if folder.is_dir():
            there = list(folder.iterdir())
            kept = set(names)
            self.drop([path for path in there if path.name not in kept])
            if not kept:
                folder.rmdir()
