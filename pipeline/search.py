"""Full-text indexes by Pagefind, a program that the extra ``arxiv-digest[search]`` installs: https://pagefind.app/."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib import import_module, metadata
from pathlib import Path

from pipeline.errors import OutputError

START_S, PAGE_S = 60.0, 0.05
"""Seconds for one index at most, and for each page of it; 6,000 papers take about half a minute."""
_STAMP = "made-of.txt"
_UNUSED = ("pagefind-*ui.*", "pagefind-highlight.js")
"""What Pagefind writes for pages that use its own widgets."""


class Pagefind:
    """Makes an index of a folder of pages, unless it is there."""

    def __init__(self, version: str) -> None:
        self.version = version
        """Of the program; another one makes all indexes anew."""

    @classmethod
    def installed(cls) -> Pagefind | None:
        """Return what makes indexes; None without the extended program, which alone knows where Chinese words end."""
        try:
            for module in ("pagefind", "pagefind_bin_extended"):
                import_module(module)
            return cls(metadata.version("pagefind_bin_extended"))
        except ImportError:
            return None

    def index(self, pages: Path, place: Path, *, fingerprint: str) -> bool:
        """Index ``pages`` into the folder ``place``, unless it has the index of that ``fingerprint``; return whether.

        An index is there whole or not at all, and never beside a stamp that is not its own.

        Raises:
            OutputError: Pagefind failed, or was too slow; what was at ``place`` is still there.
        """
        stamp = f"{self.version} {fingerprint}\n"
        if _read(place / _STAMP) == stamp:
            return False
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=place.parent, prefix=".", ignore_cleanup_errors=True) as folder:
                made = Path(folder) / "new"
                _run(pages, made)
                for pattern in _UNUSED:
                    for path in made.glob(pattern):
                        path.unlink()
                (made / _STAMP).write_text(stamp, "utf-8")
                if place.exists():
                    place.rename(Path(folder) / "old")
                made.rename(place)
        except OSError as error:
            raise OutputError(f"{place}: cannot be written: {error.strerror}") from error
        return True


def _run(pages: Path, place: Path) -> None:
    patience = START_S + PAGE_S * len(list(pages.glob("*")))
    options = ["--site", str(pages.resolve()), "--output-path", str(place.resolve()), "--silent"]
    try:
        ran = subprocess.run(  # noqa: S603 (no shell, and no word of it is another's)
            [sys.executable, "-m", "pagefind", *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OutputError(f"{pages}: Pagefind made no index within {patience:.0f} s") from error
    if ran.returncode or not place.is_dir():
        said = (ran.stderr or ran.stdout).decode("utf-8", "replace").strip().splitlines()
        raise OutputError(f"{pages}: Pagefind made no index: {said[-1] if said else f'it ended with {ran.returncode}'}")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
