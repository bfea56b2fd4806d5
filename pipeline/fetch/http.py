"""A polite and stubborn transport to arXiv: spaced requests, time-outs, retries, and only feeds taken for answers.

Terms: https://info.arxiv.org/help/api/tou.html. arXiv throttles with 429, with 503, and with 200 and a body that is no
feed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from pipeline import __version__
from pipeline.errors import FetchError
from pipeline.fetch.documents import MAX_BYTES, RefusedError, UnreadableError
from pipeline.text import plain

USER_AGENT = f"arxiv-digest/{__version__}"
_PASSING = frozenset({429, 500, 502, 503, 504})
_CHUNK = 2**16
_MARGIN = 0.05
"""Seconds added to the spacing: a request may reach arXiv later than it left, and the next one sooner."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one answer of arXiv may take, in seconds, and how often it is asked for."""

    connect: float = 10.0
    read: float = 30.0
    """Longest silence within an answer."""
    total: float = 60.0
    """Longest time for one request and its whole answer."""
    tries: int = 5
    patience: float = 180.0
    """Longest wait between tries, all waits of one answer together."""
    backoff: float = 5.0
    """Longest first wait; it doubles with each try, and the wait is drawn at random below it."""
    longest_wait: float = 60.0
    """Longest single wait, whatever Retry-After says."""


class Pacer:
    """Keeps ``delay`` seconds between the starts of requests, over all threads that share it."""

    def __init__(
        self, delay: float, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.sleep = sleep
        self._spacing = delay + _MARGIN if delay > 0 else 0.0
        self._clock = clock
        self._lock = Lock()
        self._free_at = clock()

    def wait(self) -> None:
        """Return when the next request may start; several threads leave one by one."""
        with self._lock:
            early = self._free_at - self._clock()
            if early > 0:
                self.sleep(early)
            self._free_at = self._clock() + self._spacing


class _PassingError(Exception):
    """What came back is expected to pass; the message says what it was."""

    def __init__(self, what: str, retry_after: float = 0.0) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class ArxivAdapter(HTTPAdapter):
    """The transport of a `requests` session that talks to arXiv.

    ``judge`` is given the body of each answer with status 200 and returns the body to hand on. It raises
    `UnreadableError` where the body is not the feed that was asked for, which is retried as a 503 is, and
    `RefusedError` where arXiv says what was wrong with the request, which is final.
    """

    def __init__(self, judge: Callable[[bytes], bytes], pacer: Pacer, limits: Limits) -> None:
        super().__init__()
        self._judge = judge
        self._pacer = pacer
        self._limits = limits
        self._backoff = wait_random_exponential(multiplier=limits.backoff, max=limits.longest_wait)

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        """Send ``request`` until a feed comes back.

        Raises:
            FetchError: arXiv refused the request, or no feed came within the limits.
        """
        request.headers["User-Agent"] = USER_AGENT
        options |= {"stream": True, "timeout": (self._limits.connect, self._limits.read)}
        retrying = Retrying(
            retry=retry_if_exception_type(_PassingError),
            wait=self._wait,
            stop=self._is_enough,
            sleep=self._pacer.sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, request, options)
        except _PassingError as error:
            tries = retrying.statistics["attempt_number"]
            raise FetchError(
                f"{_asked(request)}: no answer that can be read after {tries} {'try' if tries == 1 else 'tries'}; "
                f"the last was {error}",
                hint="arXiv may be busy or down, or the network is: try again in some minutes.",
            ) from error

    def _once(self, request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        self._pacer.wait()
        response, body = self._within_total(lambda given_up: self._transfer(request, options, given_up))
        status = response.status_code
        if status in _PASSING:
            raise _PassingError(_described(status, body), _retry_after(response.headers))
        try:
            handed_on = body if response.is_redirect else self._judge(body)
        except RefusedError as error:
            raise FetchError(f"{_asked(request)}: arXiv refused: {plain(str(error))}") from error
        except UnreadableError as error:
            if status == requests.codes.ok:
                raise _PassingError(f"{_described(status, body)}, which is {plain(str(error))[:200]}") from error
        if status != requests.codes.ok and not response.is_redirect:
            raise FetchError(f"{_asked(request)}: {_described(status, body)}", hint="Check what was asked and where.")
        response.raw = BytesIO(handed_on)
        return response

    def _transfer(
        self, request: requests.PreparedRequest, options: dict[str, Any], given_up: Event
    ) -> tuple[requests.Response, bytes]:
        response = super().send(request, **options)
        body = bytearray()
        while not given_up.is_set() and (chunk := response.raw.read1(_CHUNK, decode_content=True)):
            body += chunk
            if len(body) > MAX_BYTES:
                break
        if given_up.is_set() or len(body) > MAX_BYTES:
            response.close()
        return response, bytes(body)

    def _within_total(
        self, transfer: Callable[[Event], tuple[requests.Response, bytes]]
    ) -> tuple[requests.Response, bytes]:
        """Run ``transfer`` in a thread: no time-out of `requests` covers name resolution or headers that trickle in."""
        given_up, done = Event(), SimpleQueue[tuple[requests.Response, bytes] | Exception]()

        def run() -> None:
            try:
                done.put(transfer(given_up))
            except Exception as error:  # noqa: BLE001 - handed over to the thread that waits
                done.put(error)

        Thread(target=run, name="arxiv-request", daemon=True).start()
        try:
            outcome = done.get(timeout=self._limits.total)
        except Empty:
            raise _PassingError(f"not complete after {self._limits.total:g} s") from None
        finally:
            given_up.set()
        if isinstance(outcome, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
            raise _PassingError(f"no answer ({plain(str(outcome))[:200]})") from outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, _PassingError) else 0.0
        return max(self._backoff(state), min(asked, self._limits.longest_wait))

    def _is_enough(self, state: RetryCallState) -> bool:
        too_long = state.idle_for + state.upcoming_sleep > self._limits.patience
        return too_long or stop_after_attempt(self._limits.tries)(state)


def _asked(request: requests.PreparedRequest) -> str:
    address = urlsplit(request.url or "")
    asked = plain(unquote_plus(address.query or address.path))
    return f"{address.hostname} was asked for {asked if len(asked) <= 200 else f'{asked[:200]}…'}"


def _described(status: int, body: bytes) -> str:
    shown = plain(body[:800].decode("utf-8", "replace"))[:200]
    return f"HTTP {status} with {f'the body {shown!r}' if shown else 'no body'}"


def _retry_after(headers: requests.structures.CaseInsensitiveDict[str]) -> float:
    """Return the seconds to wait by Retry-After, a number or a date (RFC 9110, 10.2.3); 0 where it says nothing.

    A date is measured from the answer's own Date, so that a wrong clock on either side does no harm.
    """
    written = headers.get("Retry-After", "").strip()
    if written.isdecimal():
        return float(written)
    then, now = _http_date(written), _http_date(headers.get("Date", ""))
    return (then - now).total_seconds() if then and now else 0.0


def _http_date(written: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
