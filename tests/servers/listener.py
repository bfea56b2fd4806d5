"""What a digest is delivered to, on loopback: an HTTP listener for webhooks and an SMTP server."""

from __future__ import annotations

import json
import threading
from asyncio import Server
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.hang_ups import QuietServer


class Listener:
    """Takes what is posted to it, and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        """The JSON of each request that was answered with 200."""
        self.sizes: list[int] = []
        """Bytes of each."""
        self.status = 200
        self.answer: bytes = b"{}"
        self.released = threading.Event()
        """Until it is set, no answer leaves."""
        self.released.set()

    def __enter__(self) -> Self:
        self._server = QuietServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if listener.status == 200:
                    listener.received.append(json.loads(body))
                    listener.sizes.append(len(body))
                listener.released.wait()
                self.send_response(listener.status)
                self.send_header("Content-Length", str(len(listener.answer)))
                self.end_headers()
                self.wfile.write(listener.answer)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        return Handler


class _AnyPort(Controller):
    """Listens where there is room."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class Mailbox:
    """An SMTP server that keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refuses = False
        self._controller = _AnyPort(self, hostname="127.0.0.1", port=0)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message."""
        if self.refuses:
            return "554 5.7.1 not today"
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        self.port = self._controller.port
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._controller.stop()
