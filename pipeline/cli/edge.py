"""The edge of the program: every error becomes one message on standard error and an exit code."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence

from typer import Abort, TyperException

from pipeline.cli import screen
from pipeline.errors import DigestError
from pipeline.exits import Exit

GONE = {errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF}
"""What the system says of a standard output that takes nothing more."""


_BAD_VALUE = re.compile(r"Invalid value for '(.+?)': (.+)")
_TOO_MANY = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)")


def guarded(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` name and return its exit code; no traceback reaches the user."""
    from pipeline.cli.app import app

    try:
        code = int(app(list(arguments), prog_name="arxiv-digest", standalone_mode=False) or 0)
        screen.flush()
    except TyperException as error:
        screen.error(_message(error), f"See '{_command(error)} --help'.")
        code = error.exit_code
    except (KeyboardInterrupt, Abort):
        screen.error("interrupted")
        code = Exit.INTERRUPTED
    except DigestError as error:
        screen.error(error.message, error.hint)
        code = error.exit
    except screen.OutputLostError as error:
        code = _lost(error)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in GONE:
            return _lost(screen.OutputLostError(error))
        if "-v" in arguments or "--verbose" in arguments:
            raise
        fault = f"{type(error).__name__}: {error}"
        screen.error(f"a fault of arxiv-digest itself: {fault}", "Run again with -v and report it.")
        code = Exit.FAILED
    return code


def _message(error: TyperException) -> str:
    if near := getattr(error, "possibilities", None):
        return f"{error.message.rstrip('.')}. Did you mean {' or '.join(near)}?"
    text = error.format_message()
    if match := _BAD_VALUE.match(text):
        from pipeline.validation import in_plain_words

        return f"{match[1]}: {in_plain_words(match[2])}"
    return _TOO_MANY.sub(r"unexpected argument: \1", text)


def _command(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "arxiv-digest"


def _lost(error: screen.OutputLostError) -> Exit:
    """Say why the output ends early, unless its reader wanted no more of it, as ``head`` does."""
    if not error.is_closed_pipe:
        screen.error(f"standard output cannot be written: {error.reason}")
    return Exit.FAILED
