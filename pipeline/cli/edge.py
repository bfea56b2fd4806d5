"""The edge of the program: every error becomes one message on standard error and an exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from typer import Abort, TyperException

from pipeline.cli import screen
from pipeline.errors import DigestError, UncappedError, UsageError
from pipeline.exits import Exit


def guarded(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` name and return its exit code; no traceback reaches the user."""
    from pipeline.cli.app import app

    try:
        return int(app(list(arguments), standalone_mode=False) or 0)
    except TyperException as error:
        screen.error(error.format_message(), "See 'arxiv-digest --help'.")
        return error.exit_code
    except (KeyboardInterrupt, asyncio.CancelledError, Abort):
        screen.error("interrupted")
        return Exit.INTERRUPTED
    except DigestError as error:
        screen.error(error.message, error.hint)
        return Exit.USAGE if isinstance(error, (UsageError, UncappedError)) else Exit.FAILED
    except BrokenPipeError:
        screen.unread()
        return Exit.FAILED
    except Exception as error:
        if "-v" in arguments or "--verbose" in arguments:
            raise
        screen.error(
            f"a fault of arxiv-digest itself: {type(error).__name__}: {error}", "Run again with -v and report it."
        )
        return Exit.FAILED
