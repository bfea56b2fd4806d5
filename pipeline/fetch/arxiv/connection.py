"""One request on one connection of its own, which another thread can cut."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from pipeline.fetch.arxiv.documents import MAX_BYTES
from pipeline.fetch.arxiv.limits import Limits

_CHUNK = 2**16


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes
    location: str | None
    """Where to ask instead, if it is a redirect."""


class Request:
    """A request that is sent once."""

    def __init__(self, address: str, limits: Limits, agent: str, departs: Callable[[], None]) -> None:
        """``departs`` is called when the connection is there and the request leaves."""
        self.address = address
        self._limits = limits
        self._agent = agent
        self._over = Event()
        self._adapter = _Adapter(self._over, departs)

    def send(self) -> Response:
        """Send the request and read the answer, up to one byte more than is ever taken.

        Raises:
            requests.RequestException, urllib3.exceptions.HTTPError, OSError: no whole answer came.
        """
        timeout = (self._limits.connect, self._limits.read)
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, self._adapter)
            response = session.get(
                self.address, headers={"User-Agent": self._agent}, timeout=timeout, stream=True, allow_redirects=False
            )
            body = bytearray()
            while len(body) <= MAX_BYTES and (chunk := response.raw.read1(_CHUNK, decode_content=True)):
                body += chunk
            response.close()
            location = response.headers["Location"] if response.is_redirect else None
            return Response(response.status_code, response.headers, bytes(body), location)

    def end(self) -> None:
        """Cut the connection, if it is still there: what is given up must not go on beside the next request."""
        self._over.set()
        self._adapter.cut()


class _Adapter(HTTPAdapter):
    """Knows its connections, of which `requests` shows none before the headers are there."""

    def __init__(self, over: Event, departs: Callable[[], None]) -> None:
        super().__init__()
        self._over = over
        self._departs = departs
        self._connections: list[Any] = []

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._known(pool.ConnectionCls)
        return pool

    def cut(self) -> None:
        """End every connection."""
        for connection in self._connections:
            if (line := getattr(connection, "sock", None)) is not None:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def _known(self, kind: Any) -> Any:
        """Return a class of connections that are known here, and closed where they come too late."""
        connections, over, departs = self._connections, self._over, self._departs

        class Known(kind):  # type: ignore[misc]
            def connect(self) -> None:
                connections.append(self)
                super().connect()
                if over.is_set():
                    self.close()
                    raise OSError("given up")
                departs()

        return Known
