"""What a month of papers was made from, kept beside its index, so that a build leaves unchanged months alone."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

STAMP = "stamp.json"
_PROGRAM = Path(__file__).resolve().parents[1]
_LIBRARIES = ("jinja2", "markupsafe", "math-core", "pydantic")
"""Libraries that decide what a page looks like."""


class Stamp(BaseModel):
    """What a build has to know of a month to leave it alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made_from: str
    """SHA-256 of the program and of the month's entries."""
    files: str
    """SHA-256 of the names and contents of all files that were made."""
    index_files: int
    """Files that the terms of the index are divided into."""
    categories: dict[str, int]
    """Papers by primary category, those without any under ""."""


def read_stamp(folder: Path) -> Stamp | None:
    """Return the stamp in the folder of an index, None where there is none that can be read."""
    try:
        return Stamp.model_validate_json((folder / STAMP).read_bytes())
    except (OSError, ValidationError):
        return None


def program_hash() -> str:
    """Return the SHA-256 of all that makes pages from entries: modules, templates, the libraries they use, Python."""
    made = hashlib.sha256(platform.python_version().encode())
    for name in _LIBRARIES:
        made.update(f"{name} {version(name)}\n".encode())
    _add_files(made, _PROGRAM, (path for path in _PROGRAM.rglob("*") if path.suffix in {".py", ".j2"}))
    return made.hexdigest()


def entries_hash(program: str, spooled: Path) -> str:
    """Return the SHA-256 of the program's hash and of a file of entries."""
    made = hashlib.sha256(program.encode())
    made.update(spooled.read_bytes())
    return made.hexdigest()


def stamps_hash(program: str, folders: Iterable[Path]) -> str:
    """Return the SHA-256 of the program's hash and of the stamps in some folders, in their order."""
    made = hashlib.sha256(program.encode())
    for folder in folders:
        made.update(f"{folder.name} ".encode())
        made.update((folder / STAMP).read_bytes())
    return made.hexdigest()


def files_hash(root: Path, folders: Iterable[Path]) -> str:
    """Return the SHA-256 of all files in some folders below ``root``, but for the stamp itself."""
    made = hashlib.sha256()
    for folder in folders:
        _add_files(made, root, (path for path in folder.rglob("*") if path.name != STAMP))
    return made.hexdigest()


def _add_files(made: hashlib._Hash, root: Path, paths: Iterable[Path]) -> None:
    for path in sorted(each for each in paths if each.is_file()):
        content = path.read_bytes()
        made.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        made.update(content)
