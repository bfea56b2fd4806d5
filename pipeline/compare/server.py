"""Serve the page of a comparison to one judge on this machine, and keep each verdict as it comes.

Other pages of the judge's browser and other users of the machine are kept out: the address holds a token, the host must
be the loopback's own, against DNS rebinding, and what writes must come from the page itself.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from pipeline.compare.comparison import Comparison
from pipeline.compare.page import Seat, judging_page, result
from pipeline.compare.standing import Judged, planned
from pipeline.compare.verdicts import (
    MOST_REASONS,
    Kind,
    Part,
    Reason,
    Verdict,
    append_verdict,
    newest,
    read_verdicts,
)
from pipeline.errors import OutputError
from pipeline.records import Record
from pipeline.validation import explain

HOST = "127.0.0.1"
MOST_BYTES = 256 * 1024
"""Of one request."""
SECONDS = 30.0
"""That a client may be silent in the middle of a request."""
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}

Side = Literal["left", "right"]


class _SeenReason(Record):
    """A reason by the side on which its column stood."""

    side: Side
    part: Literal["title", "tldr", "abstract"]
    kind: Kind
    grave: bool = False
    quote: str = ""


class _Seen(Record):
    """A verdict by sides, as the page sends it."""

    paper_id: str
    choices: dict[Part, Literal["left", "right", "both", "neither"]]
    reasons: tuple[_SeenReason, ...] = Field(default=(), max_length=MOST_REASONS)


@dataclass
class Judging:
    """One judge's work on two columns of a comparison, kept in a file."""

    comparison: Comparison
    seat: Seat
    path: Path
    """Of the verdicts."""
    now: Callable[[], datetime]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judged(self) -> Judged:
        """Return what all judges have said so far.

        Raises:
            InputError: the file of verdicts cannot be read.
        """
        return newest(read_verdicts(self.path), self.comparison, self.seat.labels(self.comparison))

    def page(self) -> str:
        """Return the page as it stands."""
        return judging_page(self.comparison, self.seat, self.judged())

    def take(self, body: bytes) -> dict[str, Any]:
        """Keep a verdict, and return how far the judge is.

        Raises:
            ValueError: it is no verdict on a paper of the comparison.
            OutputError: it cannot be kept.
        """
        seen = _Seen.model_validate_json(body)
        if seen.paper_id not in planned(self.comparison, self.seat.pair):
            raise ValueError(f"no paper {seen.paper_id[:40]!r} is to be judged")
        with self._lock:
            append_verdict(self.path, self._verdict(seen))
            judged = self.judged()
        whole = sum(verdict.is_whole for verdict in judged.get(self.seat.judge, {}).values())
        return {"judged": whole, "result": result(self.comparison, self.seat, judged)}

    def _verdict(self, seen: _Seen) -> Verdict:
        swapped = self.seat.is_swapped(self.comparison, seen.paper_id)
        column: dict[str, Any] = (
            {"left": "second", "right": "first"} if swapped else {"left": "first", "right": "second"}
        )
        return Verdict(
            comparison=self.comparison.id,
            judge=self.seat.judge,
            pair=self.seat.labels(self.comparison),
            paper_id=seen.paper_id,
            choices={part: column.get(choice, choice) for part, choice in seen.choices.items()},
            reasons=tuple(
                Reason(column=column[one.side], part=one.part, kind=one.kind, is_grave=one.grave, quote=one.quote)
                for one in seen.reasons
            ),
            at=self.now(),
        )


class JudgeServer(ThreadingHTTPServer):
    """Serves `Judging` at an address that only the judge is told."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, judging: Judging, token: str) -> None:
        super().__init__((HOST, 0), _Handler)
        self.judging = judging
        self.root = f"/{token}/"
        """Path of the page."""

    @property
    def host(self) -> str:
        """Host and port, as a browser names them."""
        return f"{HOST}:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{self.host}{self.root}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: JudgeServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "arxiv-digest", ""
    timeout = SECONDS

    def do_GET(self) -> None:
        if self._is_let_in(self.server.root):
            self._answer(HTTPStatus.OK, self.server.judging.page(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        self.close_connection = True
        length = self._length()
        # What is left unread when a connection is closed can cost the client the answer.
        body = self.rfile.read(length) if length else b""
        if not self._is_let_in(f"{self.server.root}verdicts"):
            return
        if self.headers.get("Origin") != f"http://{self.server.host}":
            self._answer(HTTPStatus.FORBIDDEN, "not from the page itself")
        elif self.headers.get_content_type() != "application/json":
            self._answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not JSON")
        elif length is None:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"needs a length of at most {MOST_BYTES} bytes")
        else:
            self._take(body)

    def _take(self, body: bytes) -> None:
        try:
            state = self.server.judging.take(body)
        except ValidationError as error:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, explain(error))
        except ValueError as error:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        except OutputError as error:
            self._answer(HTTPStatus.INSUFFICIENT_STORAGE, error.message)
        else:
            self._answer(HTTPStatus.OK, json.dumps(state, ensure_ascii=False), "application/json")

    def _is_let_in(self, path: str) -> bool:
        if self.headers.get("Host") != self.server.host:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "not the name of this server")
            return False
        if not hmac.compare_digest(self.path.encode("utf-8", "replace"), path.encode()):
            self._answer(HTTPStatus.NOT_FOUND, "there is nothing here")
            return False
        return True

    def _length(self) -> int | None:
        """Return how long the body is; None where it does not say, or too long."""
        said = self.headers.get("Content-Length", "")
        return int(said) if said.isascii() and said.isdigit() and int(said) <= MOST_BYTES else None

    def _answer(self, status: HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        body = text.encode("utf-8", "backslashreplace")
        self.send_response(status)
        for name, value in (*HEADERS.items(), ("Content-Type", kind), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the form of the base class)
        """Keep the terminal free: the address has the token in it."""
