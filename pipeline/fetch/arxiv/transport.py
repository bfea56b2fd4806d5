"""A polite and stubborn way to arXiv: spaced requests, time-outs, outages waited out, and only feeds taken for answers.

Terms: https://info.arxiv.org/help/api/tou.html. arXiv throttles with 429, with 503, and with 200 and a body that is no
feed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar
from urllib.parse import unquote_plus, urljoin, urlsplit

import requests
import urllib3

from pipeline import __version__
from pipeline.errors import FetchError
from pipeline.fetch.arxiv.connection import Request, Response
from pipeline.fetch.arxiv.documents import DamagedError, RefusedError, UnreadableError
from pipeline.fetch.arxiv.limits import Limits
from pipeline.fetch.arxiv.pacer import Pacer
from pipeline.retry_after import retry_after
from pipeline.text import plain

USER_AGENT = f"arxiv-digest/{__version__}"
HINT = "arXiv may be busy or down, or the network is: try again in some minutes."
_PASSING = frozenset({408, 425, 429})
_LASTING = frozenset({501, 505})
_MOST_HOPS = 10
_LONGEST = timedelta(days=365)
_OBJECT = re.compile(r"^\w+\((.*)\)$")
"""A message that is written as the call that made its error."""
_NO_ADDRESS = ValueError
"""What `requests` raises of an address that is none, also of one that it is only redirected to."""

T = TypeVar("T")


class RefusalError(FetchError):
    """arXiv said what was wrong with the request; ``said`` has its words."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


@dataclass
class _PassingError(Exception):
    """What came back is expected to pass."""

    what: str
    """What it was."""
    pause: float = 0.0
    """Seconds that arXiv asked to wait."""
    is_damage: bool = False


class Transport:
    """Asks arXiv for one address at a time; all requests of a command share one, and with it the patience."""

    def __init__(
        self,
        limits: Limits,
        pacer: Pacer,
        *,
        now: Callable[[], datetime],
        tell: Callable[[str], None],
        spread: Callable[[], float] = random.random,
    ) -> None:
        """``now`` is the time of day, ``tell`` is told of an outage that is waited out, ``spread`` gives 0 to 1."""
        self._spread = spread
        self._limits = limits
        self._pacer = pacer
        self._now = now
        self._tell = tell
        self._since: float | None = None
        """When the outage began that is going on; None where there is none."""
        self._failures = 0
        self._is_slowness_told = False

    def get(self, address: str, read: Callable[[bytes], T]) -> tuple[T, bytes]:
        """Return what ``read`` makes of the answer of ``address``, and the answer itself.

        ``read`` raises `UnreadableError` where the body is not the feed that was asked for, which is tried again as a
        503 is; `DamagedError` where waiting would not help, which is tried a few times; and `RefusedError` where arXiv
        says what was wrong with the request, which is final.

        Raises:
            FetchError: arXiv refused the request, or no feed came within the patience.
        """
        damages = 0
        while True:
            began = self._pacer.clock()
            try:
                response = self._answer(address)
                answer = self._read(address, response, read)
            except _PassingError as error:
                damages += error.is_damage
                self._wait_out(address, error, began, damages)
            except FetchError:
                self._since = None
                raise
            else:
                self._since = None
                return answer, response.body

    def _answer(self, address: str) -> Response:
        """Return the answer of an address, redirects followed; each hop is a request."""
        place = address
        for _ in range(_MOST_HOPS):
            with self._pacer.turn() as departs:
                response = self._within_total(Request(place, self._limits, USER_AGENT, departs))
            if response.location is None:
                return response
            place = urljoin(place, response.location)
            if urlsplit(place).scheme not in {"http", "https"}:
                raise FetchError(f"{_asked(address)}: redirected to {plain(place)[:200]!r}", hint="Check the address.")
        raise FetchError(f"{_asked(address)}: redirected more than {_MOST_HOPS} times", hint="Check the address.")

    def _within_total(self, request: Request) -> Response:
        """Send the request on a thread of its own: no time-out of `requests` covers a slow look-up or slow headers."""
        done = SimpleQueue[Response | Exception]()

        def run() -> None:
            try:
                done.put(request.send())
            except Exception as error:  # noqa: BLE001 - handed over to the thread that waits
                done.put(error)

        Thread(target=run, name="arxiv-request", daemon=True).start()
        try:
            outcome = self._handed_over(done)
        except Empty:
            raise _PassingError(f"not complete after {self._limits.total:.3g} s") from None
        finally:
            request.end()
        if isinstance(outcome, _NO_ADDRESS):
            said = plain(str(outcome))[:200]
            raise FetchError(f"{request.address}: {said}", hint="Check the address of arXiv.") from outcome
        if isinstance(outcome, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
            raise _PassingError(f"no answer ({plain(_reason(outcome))[:200]})") from outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _handed_over(self, done: SimpleQueue[Response | Exception]) -> Response | Exception:
        """Return what the transfer ended with, within the total time; that it takes long is told once.

        Raises:
            Empty: it did not end in time.
        """
        silent, rest = self._limits.silent, self._limits.total - self._limits.silent
        if self._is_slowness_told or self._since is not None or rest <= 0:
            return done.get(timeout=self._limits.total)
        try:
            return done.get(timeout=silent)
        except Empty:
            self._is_slowness_told = True
            self._tell(f"arXiv: no complete answer after {silent:.3g} s; waiting for {rest:.3g} s more at most")
            return done.get(timeout=rest)

    def _read(self, address: str, response: Response, read: Callable[[bytes], T]) -> T:
        status, what = response.status, _described(response)
        if status in _PASSING or (status >= 500 and status not in _LASTING):
            raise _PassingError(what, retry_after(response.headers, now=self._now()) or 0.0)
        is_good = 200 <= status < 300
        try:
            answer = read(response.body)
        except RefusedError as error:
            said = plain(str(error))
            raise RefusalError(f"{_asked(address)}: arXiv refused: {said}", said) from error
        except UnreadableError as error:
            if is_good:
                is_damage = isinstance(error, DamagedError)
                raise _PassingError(f"{what}, which is {plain(str(error))[:200]}", is_damage=is_damage) from error
        if not is_good:
            raise FetchError(f"{_asked(address)}: {what}", hint="Check what was asked and where.")
        return answer

    def _wait_out(self, address: str, error: _PassingError, began: float, damages: int) -> None:
        """Pause before the next try.

        Raises:
            FetchError: there is none, for patience is at its end, or arXiv asked for a longer pause than that.
        """
        now = self._pacer.clock()
        if self._since is None:
            self._since, self._failures = began, 0
        self._failures += 1
        left = self._since + self._limits.patience - now
        nothing = f"{_asked(address)}: no answer that can be read"
        if error.is_damage and damages >= self._limits.tries:
            tried = f"{damages} tries" if damages > 1 else "1 try"
            raise FetchError(f"{nothing} after {tried}; the last was {error.what}", hint=HINT)
        if error.pause > max(left, 0.0):
            raise FetchError(f"{nothing}; the last was {error.what}", hint=self._named(error.pause))
        if left <= 0:
            raise FetchError(f"{nothing} in {self._limits.patience:g} s; the last was {error.what}", hint=HINT)
        pause = max(error.pause, min(self._backoff(), left))
        if now + pause - self._since > self._limits.silent:
            self._tell(f"arXiv: {error.what}; trying again in {pause:.0f} s, for {left / 60:.0f} minutes more at most")
        self._pacer.sleep(pause)

    def _backoff(self) -> float:
        most = min(self._limits.backoff * 2.0 ** min(self._failures - 1, 30), self._limits.longest_pause)
        return most * (0.5 + self._spread() / 2)

    def _named(self, pause: float) -> str:
        """Return a hint that says until when arXiv asks to wait."""
        if pause > _LONGEST.total_seconds():
            return "arXiv asks to wait for more than a year."
        # The minute that has begun by then.
        then = self._now() + timedelta(seconds=pause + 59)
        return f"arXiv asks to wait until {then:%Y-%m-%d %H:%M} UTC: run again after that."


def _asked(address: str) -> str:
    parts = urlsplit(address)
    asked = plain(unquote_plus(parts.query or parts.path))
    return f"{parts.hostname} was asked for {asked if len(asked) <= 200 else f'{asked[:200]}…'}"


def _described(response: Response) -> str:
    shown = plain(response.body[:800].decode("utf-8", "replace"))[:200]
    return f"HTTP {response.status} with {f'the body {shown!r}' if shown else 'no body'}"


def _reason(error: BaseException) -> str:
    """Return what the system or the server said, at the bottom of errors that wrap one another."""
    inner = _innermost(error)
    return getattr(inner, "strerror", None) or _OBJECT.sub(r"\1", str(inner))


def _innermost(error: BaseException) -> BaseException:
    wrapped = (getattr(error, "reason", None), *error.args, error.__cause__)
    within = (one for one in wrapped if isinstance(one, Exception))
    inner = next(within, None)
    return error if inner is None else _innermost(inner)
