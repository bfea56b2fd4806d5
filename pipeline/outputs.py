"""Write the files of a digest whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.errors import OutputError, SettingsError

_HINT = "Choose another --output DIR."


def check_writable(folder: Path) -> None:
    """Make ``folder`` and try to write into it.

    Raises:
        SettingsError: it cannot be made or written; said before anything is spent.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(_refusal(folder, error), hint=_HINT) from error


@contextlib.contextmanager
def alone(folder: Path, warn: Callable[[str], None]) -> Iterator[None]:
    """Let one process at a time into ``folder``; others wait, and say so. Without locks all go on, and say so too.

    The lock is a file beside the folder, which is published as it is.
    """
    place = folder.with_name(f".{folder.name}.lock")
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(
                _locked(place, lambda: warn(f"{folder}: another process is writing it; waiting for its end"))
            )
        except (OSError, NotImplementedError) as error:
            warn(f"{folder}: cannot be locked, so two processes may write it at once: {error}")
        yield


def write_all(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    """Write each file of ``texts``, name to content, into ``folder``; return their paths.

    Each is written beside its place, flushed to disk and moved, so that a reader or a crash never sees half of it.

    Raises:
        OutputError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(_write(folder / name, text) for name, text in texts.items())
    except OSError as error:
        raise OutputError(_refusal(folder, error), hint=_HINT) from error


def write_changed(path: Path, content: bytes) -> bool:
    """Write a file that can be made again at any time, unless it is there with the same bytes; return whether it was.

    It is written beside its place and moved, but not flushed to disk.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content, flush=False)
    except OSError as error:
        raise OutputError(_refusal(path.parent, error), hint=_HINT) from error
    return True


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        raise OutputError(_refusal(path, error).replace("written", "removed"), hint=_HINT) from error


def _locked(place: Path, wait: Callable[[], None]) -> AbstractContextManager[object]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 (a tenth of a second, which a run without a site does not need)

    lock = FileLock(place, fallback_to_soft=False)
    try:
        return lock.acquire(blocking=False)
    except Timeout:
        wait()
        return lock.acquire()


def _write(path: Path, text: str) -> Path:
    return _replace(path, text.encode("utf-8", "backslashreplace"), flush=True)


def _replace(path: Path, content: bytes, *, flush: bool) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _refusal(folder: Path, error: OSError) -> str:
    return f"{error.filename2 or error.filename or folder}: cannot be written: {error.strerror}"
