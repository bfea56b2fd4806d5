"""One endpoint's wire: a request goes out through the openai client, and whatever comes back is read."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai

from pipeline.endpoints import Preset, preset_for
from pipeline.errors import FatalModelError
from pipeline.model.completion import read_completion, read_usage
from pipeline.model.error_rules import NONSENSE, Action, ErrorResponse, Rule
from pipeline.model.interface import Reply
from pipeline.model.limiter import Deadline, PassingError, Patience
from pipeline.model.rate_headers import RateHeaders
from pipeline.model.transport import BoundedClient, UnreadableError
from pipeline.text import plain

PROXY_HINT = "Name the user of the proxy: HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) as http://USER:PASSWORD@HOST:PORT."
LEAST_SECRET = 8
"""Characters of a key that is kept out of all that is shown; a shorter one, as ``EMPTY``, may stand in any text."""
_SHOWN = 2000
"""Characters of an answer that are looked at for an error message."""

_LOOK_UP_S, _LOOK_UP_BYTES = 10.0, 100_000
"""Most time and length of an answer that a run can do without."""
_UNSAID = tuple(
    f"x-stainless-{name}"
    for name in (
        "arch", "async", "lang", "os", "package-version", "read-timeout", "retry-count", "runtime", "runtime-version"
    )
)  # fmt: skip
"""Headers that would describe this machine to the endpoint: no answer depends on them, and all cost time."""
_PLAIN_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "arxiv-digest",
}
"""What the client says by itself, without what its variables add."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that speaks the chat completions API."""

    base_url: str
    api_key: str | None
    """None sends no key at all."""
    hint: str = ""
    """What to say beside a refusal of the key."""
    proxy: str = ""
    """Host and port of the proxy on the way there, if the environment names one."""
    is_bare: bool = False
    """Whether nothing that the environment holds for OpenAI's client, such as OPENAI_CUSTOM_HEADERS, goes there."""

    @property
    def host(self) -> str:
        """Host name, with the port where one is given."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def address(self) -> str:
        """Host name and path."""
        return self.host + urlsplit(self.base_url).path

    @property
    def preset(self) -> Preset:
        """What is known of the service."""
        return preset_for(self.base_url)


class Connection:
    """Sends requests to one endpoint."""

    def __init__(
        self, endpoint: Endpoint, patience: Patience, now: Callable[[], datetime], clock: Callable[[], float]
    ) -> None:
        """``now`` is the time of day, by which answers are dated; ``clock`` gives the seconds that replies take."""
        self.deadline = Deadline(patience.call, least=patience.least, clock=clock)
        self._now = now
        self._clock = clock
        self._host = endpoint.host
        self._address = endpoint.address
        self._proxy = endpoint.proxy
        key = endpoint.api_key or ""
        self._key = key if len(key) >= LEAST_SECRET else ""
        self._http = _transport(patience)
        self._client = _client(endpoint, self._http)
        self._base_url = endpoint.base_url.rstrip("/")
        self._url = f"{self._base_url}/chat/completions"
        self._authorization = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
        self._options = _options(endpoint, self._client, self._authorization)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def send(self, body: dict[str, Any]) -> tuple[Reply | ErrorResponse, RateHeaders]:
        """Send one request within the deadline; return what came back, with the limits that it names.

        Raises:
            FatalModelError: no request can reach the endpoint, or nobody has ever had an answer in time.
            PassingError: this one had none, or one that is neither a reply nor an error.
        """
        began = self._clock()
        try:
            async with self.deadline.watched():
                response = await self._client.post(self._url, cast_to=httpx2.Response, body=body, options=self._options)
        except openai.APIStatusError as error:
            return self._error(error)
        except (TimeoutError, openai.APITimeoutError) as error:
            if not any(isinstance(cause, TimeoutError) for cause in _causes(error)):
                raise self._unreachable(error) from error
            message = self.said(f"gave no whole answer within {round(self._clock() - began, 1):g} s")
            if self.deadline.mean is None:
                hint = (
                    "Check the address; a model that is only slow may be given more time by 'deadline' in digest.toml."
                )
                raise FatalModelError(message, hint=hint) from error
            self.deadline.missed(began)
            raise PassingError(Rule(Action.RETRY, "timeout"), message) from error
        # The transport lets some of its own errors through as they are.
        except (openai.APIConnectionError, aiohttp.ClientError, OSError, UnreadableError) as error:
            raise self._unreachable(error) from error
        rates = RateHeaders.read(response.headers, now=self._now())
        answer = self._read(response, rates)
        if isinstance(answer, Reply):
            self.deadline.answered(self._clock() - began)
        return answer, rates

    async def fetch(self, path: str) -> object:
        """Return the JSON that the endpoint has at ``path``; None where it has none or does not answer soon."""
        url, headers = f"{self._base_url}{path}", _PLAIN_HEADERS | self._authorization
        try:
            async with asyncio.timeout(_LOOK_UP_S):
                body = (await self._http.get(url, headers=headers)).content
            return json.loads(body) if len(body) <= _LOOK_UP_BYTES else None
        except (httpx2.HTTPError, aiohttp.ClientError, OSError, ValueError, RecursionError):
            return None

    def said(self, words: str) -> str:
        """Return a message about the endpoint, short and plain, without the key, whatever the endpoint said."""
        return f"{self._host} {self._without_key(plain(words))[:240]}"

    def _error(self, error: openai.APIStatusError) -> tuple[ErrorResponse, RateHeaders]:
        response = error.response
        rates = RateHeaders.read(response.headers, now=self._now())
        body: object = error.body
        if response.is_redirect:
            body = {"message": f"moved to {response.headers.get('location', 'no address')}"}
        return ErrorResponse.read(self._address, error.status_code, body, rates.retry_after), rates

    def _without_key(self, words: str) -> str:
        return words.replace(self._key, "***") if self._key else words

    def _unreachable(self, error: Exception) -> Exception:
        causes = list(_causes(error))
        if unreadable := next((cause for cause in causes if isinstance(cause, UnreadableError)), None):
            return PassingError(NONSENSE, self.said(str(unreadable)))
        untrusted = next((cause for cause in reversed(causes) if type(cause) is ssl.SSLCertVerificationError), None)
        if untrusted:
            return FatalModelError(
                self.said(f"has a certificate that is not trusted: {untrusted.verify_message}"),
                hint="Check the address, or set SSL_CERT_FILE to the authority that signed it.",
            )
        last = str(causes[-1]) or type(causes[-1]).__name__
        through = f" through the proxy {self._proxy}" if self._proxy else ""
        if any(isinstance(cause, aiohttp.ClientHttpProxyError) and cause.status == 407 for cause in causes):
            return FatalModelError(
                self.said(f"cannot be reached{through}: it wants a user and a password (407)"), hint=PROXY_HINT
            )
        return PassingError(Rule(Action.RETRY, "unavailable"), self.said(f"cannot be reached{through}: {last}"))

    def _read(self, response: httpx2.Response, rates: RateHeaders) -> Reply | ErrorResponse:
        status = response.status_code
        try:
            body = json.loads(response.content)
        except (ValueError, RecursionError) as error:
            said = self.said(f"answered {status} without JSON: {response.text[:_SHOWN]}")
            raise PassingError(NONSENSE, said) from error
        if isinstance(body, dict) and body.get("error"):
            return ErrorResponse.read(self._address, status, body, rates.retry_after)
        reply = read_completion(body)
        if reply is None:
            said = self.said(f"answered {status} without a completion")
            raise PassingError(NONSENSE, said, usage=read_usage(body))
        return dataclasses.replace(reply, text=self._without_key(reply.text))


def _transport(patience: Patience) -> BoundedClient:
    # The limiter says how many calls there are at once. To aiohttp 0 is no limit, and None its own one, 100.
    limits = httpx2.Limits(max_connections=0)
    timeout = httpx2.Timeout(patience.call, connect=patience.connect, pool=None)
    return BoundedClient(limits=limits, timeout=timeout)


def _client(endpoint: Endpoint, transport: httpx2.AsyncClient) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        api_key=endpoint.api_key or "none",
        base_url=endpoint.base_url,
        max_retries=0,
        http_client=transport,
    )


def _options(endpoint: Endpoint, client: openai.AsyncOpenAI, authorization: dict[str, str]) -> openai.RequestOptions:
    """Return what all requests have in common, said whole: the client would copy each of its defaults every time."""
    unsaid = _UNSAID if endpoint.api_key else (*_UNSAID, "Authorization")
    headers: dict[str, str | openai.Omit] = {name: openai.Omit() for name in unsaid}
    if endpoint.is_bare:
        # Of the client's own variables it cannot be told to read none, so what they add is taken out again.
        headers.update({name: openai.Omit() for name in client.default_headers})
        headers.update(_PLAIN_HEADERS | authorization)
    return {"headers": headers, "params": {}, "max_retries": 0, "security": {"bearer_auth": True}}


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
