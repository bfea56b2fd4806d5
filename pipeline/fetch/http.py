"""A polite and stubborn transport to arXiv: spaced requests, time-outs, retries, and only feeds taken for answers.

Terms: https://info.arxiv.org/help/api/tou.html. arXiv throttles with 429, with 503, and with 200 and a body that is no
feed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from pipeline import __version__
from pipeline.errors import FetchError
from pipeline.fetch.documents import MAX_BYTES, RefusedError, UnreadableError
from pipeline.fetch.limits import Budget
from pipeline.fetch.wire import Wire
from pipeline.text import plain

USER_AGENT = f"arxiv-digest/{__version__}"
_PASSING = frozenset({429, 500, 502, 503, 504})
_CHUNK = 2**16
_BRIEF = timedelta(hours=1)
"""How long an answer is kept that soon gives way to another."""


class RefusalError(FetchError):
    """arXiv said what was wrong with the request; ``said`` has its words."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class _PassingError(Exception):
    """What came back is expected to pass; the message says what it was."""

    def __init__(self, what: str, retry_after: float = 0.0) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class ArxivAdapter(HTTPAdapter):
    """The transport of a `requests` session that talks to arXiv.

    ``judge`` is given the body of each answer with status 200 and returns the body to hand on. It raises
    `UnreadableError` where the body is not the feed that was asked for, which is retried as a 503 is, and
    `RefusedError` where arXiv says what was wrong with the request, which is final. An answer that passed is kept;
    one of which ``is_passing`` says that another will soon take its place, for an hour only.
    """

    def __init__(
        self,
        judge: Callable[[bytes], bytes],
        wire: Wire,
        budget: Budget,
        is_passing: Callable[[bytes], bool] = lambda _body: False,
    ) -> None:
        super().__init__()
        self._judge = judge
        self._wire = wire
        self._limits = budget.limits
        self._budget = budget
        self._is_passing = is_passing
        self._is_spent = False
        self._backoff = wait_random_exponential(multiplier=budget.limits.backoff, max=budget.limits.longest_wait)

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        """Send ``request`` until a feed comes back, unless its answer is kept.

        Raises:
            FetchError: arXiv refused the request, or no feed came within the limits.
        """
        body = self._recalled(request)
        if body is not None:
            return answer_to(request, body)
        request.headers["User-Agent"] = USER_AGENT
        options |= {"stream": True, "timeout": (self._limits.connect, self._limits.read)}
        retrying = Retrying(
            retry=retry_if_exception_type(_PassingError),
            wait=self._wait,
            stop=self._is_enough,
            sleep=self._wire.pacer.sleep,
            reraise=True,
        )
        try:
            with self._budget.running():
                return retrying(self._once, request, options)
        except _PassingError as error:
            raise FetchError(
                f"{_asked(request)}: no answer that can be read {self._bound(retrying)}; the last was {error}",
                hint="arXiv may be busy or down, or the network is: try again in some minutes.",
            ) from error

    def _bound(self, retrying: Retrying) -> str:
        if self._is_spent:
            return f"within the {self._limits.whole:g} s that a whole fetch may take"
        tries = retrying.statistics["attempt_number"]
        return f"after {tries} {'try' if tries == 1 else 'tries'}"

    def _recalled(self, request: requests.PreparedRequest) -> bytes | None:
        kept, key = self._wire.kept, self._wire.key(request.url or "")
        body = kept.get(key) if kept else None
        if kept is None or body is None:
            return None
        try:
            handed_on = self._judge(body)
        except (RefusedError, UnreadableError):
            return None
        return None if self._is_passing(body) and kept.get(key, within=_BRIEF) is None else handed_on

    def _once(self, request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        with self._wire.pacer.turn():
            if self._budget.left() <= 0:
                raise _PassingError(self._budget.last)
            response, body = self._within_total(lambda given_up: self._transfer(request, options, given_up))
        self._budget.last = _described(response.status_code, body)
        if response.status_code in _PASSING:
            raise _PassingError(self._budget.last, _retry_after(response.headers))
        if response.is_redirect:
            handed_on = body
        else:
            handed_on = self._judged(request, response.status_code, body)
            if self._wire.kept:
                self._wire.kept.put(self._wire.key(request.url or ""), body)
        response.raw = BytesIO(handed_on)
        return response

    def _judged(self, request: requests.PreparedRequest, status: int, body: bytes) -> bytes:
        try:
            handed_on = self._judge(body)
        except RefusedError as error:
            said = plain(str(error))
            raise RefusalError(f"{_asked(request)}: arXiv refused: {said}", said) from error
        except UnreadableError as error:
            if status == requests.codes.ok:
                raise _PassingError(f"{_described(status, body)}, which is {plain(str(error))[:200]}") from error
        if status != requests.codes.ok:
            raise FetchError(f"{_asked(request)}: {_described(status, body)}", hint="Check what was asked and where.")
        return handed_on

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
        within = min(self._limits.total, self._budget.left())
        given_up, done = Event(), SimpleQueue[tuple[requests.Response, bytes] | Exception]()

        def run() -> None:
            try:
                done.put(transfer(given_up))
            except Exception as error:  # noqa: BLE001 - handed over to the thread that waits
                done.put(error)

        Thread(target=run, name="arxiv-request", daemon=True).start()
        try:
            outcome = done.get(timeout=within)
        except Empty:
            before = f"; before it came {self._budget.last}" if within < self._limits.total else ""
            raise _PassingError(f"not complete after {within:.3g} s{before}") from None
        finally:
            given_up.set()
        if isinstance(outcome, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
            raise _PassingError(f"no answer ({plain(str(_innermost(outcome)))[:200]})") from outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, _PassingError) else 0.0
        return max(self._backoff(state), min(asked, self._limits.longest_wait))

    def _is_enough(self, state: RetryCallState) -> bool:
        too_long = state.idle_for + state.upcoming_sleep > self._limits.patience
        self._is_spent = self._budget.left() <= state.upcoming_sleep
        return too_long or self._is_spent or stop_after_attempt(self._limits.tries)(state)


def answer_to(request: requests.PreparedRequest, body: bytes) -> requests.Response:
    """Return an answer that no network gave."""
    response = requests.Response()
    response.status_code = requests.codes.ok
    response.request = request
    response.url = request.url or ""
    response.raw = BytesIO(body)
    return response


def _asked(request: requests.PreparedRequest) -> str:
    address = urlsplit(request.url or "")
    asked = plain(unquote_plus(address.query or address.path))
    return f"{address.hostname} was asked for {asked if len(asked) <= 200 else f'{asked[:200]}…'}"


def _described(status: int, body: bytes) -> str:
    shown = plain(body[:800].decode("utf-8", "replace"))[:200]
    return f"HTTP {status} with {f'the body {shown!r}' if shown else 'no body'}"


def _innermost(error: Exception) -> Exception:
    """Return what lies at the bottom of errors that requests and urllib3 wrapped in one another."""
    within = (one for one in (getattr(error, "reason", None), *error.args) if isinstance(one, Exception))
    inner = next(within, None)
    return error if inner is None else _innermost(inner)


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
