"""The OpenAI client as one bulk job needs it: paced, patient, and stopped by the first error that is final."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import tenacity

from pipeline.errors import CallError, FatalModelError
from pipeline.model.capabilities import Capabilities
from pipeline.model.faults import Action, Answer, Rule, judge
from pipeline.model.gate import Gate
from pipeline.model.prices import cost_usd
from pipeline.model.wire import Ask, Meter, Reply
from pipeline.records import Usage
from pipeline.text import plain


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try; times in seconds."""

    connect: float = 10.0
    call: float = 120.0
    """From sending a request to the last byte of its answer, however slowly it drips."""
    paper: float = 600.0
    """For all tries of one ask together."""
    tries: int = 5
    """Requests for one ask; those refused for load do not count."""
    backoff: float = 0.5
    """First wait before another try; doubles, with full jitter."""
    longest_backoff: float = 20.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that speaks the chat completions API."""

    base_url: str
    api_key: str | None
    """None sends no key at all."""
    hint: str = ""
    """What to say beside a refusal of the key."""

    @property
    def host(self) -> str:
        """Host name, with the port where one is given."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]


class _PassingError(Exception):
    """One request failed in a way that another may not."""

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class OpenAIModel:
    """A model behind an endpoint that is compatible with OpenAI's chat completions."""

    def __init__(self, name: str, endpoint: Endpoint, gate: Gate, *, patience: Patience | None = None) -> None:
        self.name = name
        self.endpoint = endpoint.host
        self.meter = Meter()
        self._base_url = endpoint.base_url
        self._key = endpoint.api_key
        self._hint = endpoint.hint
        self._gate = gate
        self._patience = patience or Patience()
        self._capabilities = Capabilities()
        self._headers = {} if endpoint.api_key else {"Authorization": openai.Omit()}
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        timeout = httpx2.Timeout(self._patience.call, connect=self._patience.connect, pool=None)
        self._client = openai.AsyncOpenAI(
            api_key=endpoint.api_key or "none",
            base_url=endpoint.base_url,
            max_retries=0,
            http_client=openai.DefaultAioHttpClient(limits=limits, timeout=timeout),
        )

    def cost_usd(self, used: Meter) -> float | None:
        """Return US dollars for what was used; None where the price or the count is not known."""
        return None if used.uncounted else cost_usd(self.name, self._base_url, used.tokens)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(self, ask: Ask) -> Reply:
        """Answer one ask, trying again where that makes sense.

        Raises:
            FatalModelError: no further ask can succeed.
            CallError: this ask failed for good.
        """
        first = not ask.again
        try:
            async for attempt in self._retrying():
                with attempt:
                    async with self._gate:
                        self.meter.retries += not first
                        first = False
                        return await self._request(ask)
        except _PassingError as error:
            raise CallError(error.rule.reason, str(error)) from error
        raise AssertionError("tenacity ends with an answer or an error")  # pragma: no cover

    def _retrying(self) -> tenacity.AsyncRetrying:
        patience = self._patience
        return tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            stop=tenacity.stop_any(_StopAfterFaults(patience.tries), tenacity.stop_after_delay(patience.paper)),
            wait=_wait_unless_gated(tenacity.wait_random_exponential(patience.backoff, patience.longest_backoff)),
            reraise=True,
        )

    async def _request(self, ask: Ask) -> Reply:
        """Send one request, or as many as there are lessons in how to put it."""
        while True:
            lessons = self._capabilities.lessons
            body = self._capabilities.body(self.name, ask)
            self.meter.requests += 1
            answer = await self._send(body)
            if isinstance(answer, Reply):
                self._gate.accepted()
                return answer
            rule = judge(answer)
            if rule.action is Action.CHANGE and self._capabilities.learn(answer, lessons_then=lessons):
                self._gate.learned()
                self.meter.retries += 1
                continue
            self._raise_for(rule, answer)

    def _raise_for(self, rule: Rule, answer: Answer) -> None:
        message = (
            f"{self.endpoint} answered {answer.status} {answer.code or answer.type}: {plain(answer.message)[:200]}"
        )
        if rule.action is Action.STOP:
            raise FatalModelError(message, hint=_what_to_do(answer) + self._hint)
        if rule.action in {Action.FAIL, Action.CHANGE}:
            raise CallError(rule.reason, message)
        if rule.action is Action.SLOW:
            self._gate.refused(answer.retry_after)
        raise _PassingError(rule, message)

    async def _send(self, body: dict[str, Any]) -> Reply | Answer:
        """Send one request within the deadline and read what came back, whatever it is."""
        try:
            async with asyncio.timeout(self._patience.call):
                response = await self._client.post(
                    "/chat/completions", cast_to=httpx2.Response, body=body, options={"headers": self._headers}
                )
        except openai.APIStatusError as error:
            return Answer.read(self.endpoint, error.status_code, error.body or error.message, error.response.headers)
        except (TimeoutError, openai.APITimeoutError) as error:
            message = f"{self.endpoint} gave no whole answer within {self._patience.call:g} s"
            raise _PassingError(Rule(Action.RETRY, "timeout"), message) from error
        except openai.APIConnectionError as error:
            raise self._unreachable(error) from error
        return self._read(response)

    def _unreachable(self, error: openai.APIConnectionError) -> Exception:
        causes = list(_causes(error))
        last = plain(str(causes[-1]))[:200] or type(causes[-1]).__name__
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return FatalModelError(
                f"{self.endpoint}: its certificate is not trusted: {last}",
                hint="Check the address, or set SSL_CERT_FILE to the authority that signed it.",
            )
        return _PassingError(Rule(Action.RETRY, "unavailable"), f"{self.endpoint} cannot be reached: {last}")

    def _read(self, response: httpx2.Response) -> Reply | Answer:
        try:
            body = json.loads(response.content)
        except ValueError as error:
            start = plain(response.text)[:120]
            raise _PassingError(
                Rule(Action.RETRY, "unavailable"), f"{self.endpoint} answered 200 without JSON: {start!r}"
            ) from error
        if isinstance(body, dict) and body.get("error"):
            return Answer.read(self.endpoint, response.status_code, body, response.headers)
        reply = read_completion(body)
        if reply is None:
            raise _PassingError(Rule(Action.RETRY, "unavailable"), f"{self.endpoint} answered 200 without a completion")
        self.meter.uncounted += reply.usage is None
        self.meter.tokens += reply.usage or Usage()
        return reply


def read_completion(body: object) -> Reply | None:
    """Return the first choice of a chat completion; None where there is none or the endpoint says it was overloaded."""
    try:
        choice = body["choices"][0]  # type: ignore[index]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    finish = str(choice.get("finish_reason") or "stop")
    if finish == "insufficient_system_resource":
        return None
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if refusal and not content:
        return Reply(text=str(refusal), finish="refusal", usage=_usage(body))
    return Reply(text=content if isinstance(content, str) else "", finish=finish, usage=_usage(body))


def _usage(body: Any) -> Usage | None:
    counted = body.get("usage")
    if not isinstance(counted, dict):
        return None
    details = counted.get("prompt_tokens_details")
    return Usage(
        prompt=counted.get("prompt_tokens") or 0,
        completion=counted.get("completion_tokens") or 0,
        cached=(details.get("cached_tokens") or 0) if isinstance(details, dict) else 0,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


class _StopAfterFaults(tenacity.stop.stop_base):
    """Stop after so many faults; refusals for load are waited out and do not count."""

    def __init__(self, tries: int) -> None:
        self._left = tries

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        self._left -= not _is_load(retry_state)
        return self._left <= 0


def _wait_unless_gated(wait: Callable[[tenacity.RetryCallState], float]) -> Callable[[tenacity.RetryCallState], float]:
    """Wait before another try, but not after a refusal for load: the gate holds the whole pool then."""
    return lambda state: 0.0 if _is_load(state) else wait(state)


def _is_load(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, _PassingError) and error.rule.action is Action.SLOW


def _what_to_do(answer: Answer) -> str:
    advice = {
        401: "Check the key in OPENAI_API_KEY.",
        402: "Top up the account, or choose another endpoint with --base-url.",
        403: "Check that the key may use this model.",
        404: "Check --model and --base-url.",
    }
    return advice.get(answer.status, "Check the account and the model at the provider.")
