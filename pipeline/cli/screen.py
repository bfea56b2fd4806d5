"""Lines on standard output and standard error, as plain text whatever a paper says."""

from __future__ import annotations

import errno
import os
import sys
from enum import Enum
from pathlib import Path
from typing import TextIO

from pipeline.text import plain


class Colour(Enum):
    """Codes of ECMA-48, 8.3.117."""

    RED = 31
    GREEN = 32
    YELLOW = 33


class OutputLostError(Exception):
    """Standard output, which was to carry data, takes no more; ``reason`` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.reason = error.strerror or str(error)
        self.is_closed_pipe = error.errno == errno.EPIPE
        """Whether its reader went away, as ``head`` does."""


def say(text: str, *, to: TextIO | None = None) -> None:
    """Write one line to standard output (or ``to``), whatever characters that can show.

    A screen that is gone ends no work: what cannot be written is dropped.
    """
    stream = to or sys.stdout
    try:
        _write(stream, text)
    except OSError:
        _discard(stream)


def emit(text: str) -> None:
    """Write one line of data to standard output.

    Raises:
        OutputLostError: it cannot be written.
    """
    try:
        _write(sys.stdout, text)
    except OSError as error:
        _discard(sys.stdout)
        raise OutputLostError(error) from error


def flush() -> None:
    """Write what is left of standard output.

    Raises:
        OutputLostError: it cannot be written.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        _discard(sys.stdout)
        raise OutputLostError(error) from error


def error(message: str, hint: str = "") -> None:
    """Say what went wrong and what to do, on standard error."""
    say(f"arxiv-digest: {plain(message)}", to=sys.stderr)
    for line in hint.splitlines():
        say(f"  {line}", to=sys.stderr)


def warn(message: str) -> None:
    """Say on standard error what went wrong without stopping the work."""
    say(f"arxiv-digest: warning: {plain(message)}", to=sys.stderr)


def link(path: Path) -> str:
    """Return a path, as a link where standard output is a terminal that has links (OSC 8)."""
    if not _is_capable_terminal():
        return str(path)
    return f"\x1b]8;;{path.absolute().as_uri()}\x1b\\{path}\x1b]8;;\x1b\\"


def coloured(text: str, colour: Colour) -> str:
    """Return ``text`` in a colour on a terminal, unless NO_COLOR is set: https://no-color.org."""
    if not _is_capable_terminal() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{colour.value}m{text}\x1b[0m"


def _is_capable_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def note(message: str) -> None:
    """Say on standard error what was chosen for the user."""
    say(f"arxiv-digest: note: {plain(message)}", to=sys.stderr)


class Sturdy:
    """A text stream that drops what it cannot write, for who would end the work over it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write ``text``, or drop it."""
        try:
            return self._stream.write(text)
        except OSError:
            _discard(self._stream)
            return len(text)

    def flush(self) -> None:
        """Write what is held back, or drop it."""
        try:
            self._stream.flush()
        except OSError:
            _discard(self._stream)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()


def _discard(stream: TextIO) -> None:
    """Send a stream nowhere, else Python fails once more over what it holds back when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
