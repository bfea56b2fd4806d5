"""The server that the loopback servers share."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from tests.servers.hang_ups import QuietServer


class Failing(BaseHTTPRequestHandler):
    """Fails with the error that the server names."""

    error: BaseException

    def handle(self) -> None:
        """Fail."""
        raise self.error


def serve_once(error: BaseException) -> None:
    """Have a handler fail once, and close the server."""
    server = QuietServer(("127.0.0.1", 0), type("Handler", (Failing,), {"error": error}))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    with socket.create_connection(("127.0.0.1", server.server_port)) as line:
        line.recv(1)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("error", [BrokenPipeError(), ConnectionResetError(), TimeoutError()], ids=repr)
def test_a_client_that_hangs_up_is_part_of_the_tests(error: BaseException) -> None:
    """Nothing is said of it."""
    serve_once(error)


def test_any_other_error_of_a_handler_fails_the_test() -> None:
    """A mistake in a test server is not taken for a fault of the program."""
    with pytest.raises(BaseExceptionGroup) as caught:
        serve_once(KeyError("typo"))
    assert caught.value.subgroup(KeyError)
