"""A threading server for tests: a client that hangs up is part of them, any other error of a handler fails one."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from typing import Any

HANG_UPS = (ConnectionError, TimeoutError)


class QuietServer(ThreadingHTTPServer):
    """Is silent about hang-ups and raises every other error of a handler when it is closed."""

    daemon_threads = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._errors: list[BaseException] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what is no hang-up."""
        error = sys.exception()
        if error and not isinstance(error, HANG_UPS):
            self._errors.append(error)

    def server_close(self) -> None:
        """Close the socket.

        Raises:
            BaseExceptionGroup: handlers failed.
        """
        super().server_close()
        if self._errors:
            raise BaseExceptionGroup("handlers of the test server failed", self._errors)
