"""The OpenAI client as one bulk job needs it: paced, patient, and stopped by the first error that is final."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipeline.errors import CallError, FatalModelError, ModelError, UncappedError
from pipeline.model.budget import Budget
from pipeline.model.capabilities import Capabilities, Learned
from pipeline.model.connection import PROXY_HINT, Connection, Endpoint
from pipeline.model.faults import Action, Answer, Rule, judge
from pipeline.model.gate import Gate, Slot
from pipeline.model.patience import PassingError, Patience, Tries, retrying
from pipeline.model.prices import Price
from pipeline.model.tokens import estimate, most_tokens
from pipeline.model.wire import UNANSWERED, Ask, Reply
from pipeline.records import NOTHING_ASKED, Account, Usage

MOST_TOKENS = 4096
"""Cap on one completion where a budget needs one: a digest entry takes some 700, and a little thinking fits."""

LONG_PAUSE_S = 10.0
"""A pause beyond this is said, and then one of more than twice as long."""
FREE = frozenset({400, 401, 403, 404, 422, 429})
"""Statuses of refusals that cost nothing for certain."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a model is asked."""

    learned: Learned = field(default_factory=Learned)
    patience: Patience = field(default_factory=Patience)
    price: Price | None = None
    budget: Budget | None = None
    warn: Callable[[str], None] = lambda _: None
    """Told of pauses so long that whoever watches would take them for a standstill."""


@dataclass(slots=True)
class _Call:
    """An ask on its way to a reply."""

    ask: Ask
    account: Account = NOTHING_ASKED
    """Of the requests that have come back so far."""


class OpenAIModel:
    """A model behind an endpoint that is compatible with OpenAI's chat completions."""

    def __init__(self, name: str, endpoint: Endpoint, gate: Gate, terms: Terms | None = None) -> None:
        self.name = name
        self.endpoint = endpoint.host
        self._hint = endpoint.hint
        self._proxy = endpoint.proxy
        self._longest_said = LONG_PAUSE_S / 2
        self._gate = gate
        self._terms = terms or Terms()
        self._connection = Connection(endpoint, self._terms.patience)
        self._deadline = self._connection.deadline
        self._capabilities = Capabilities.of(endpoint.preset, self._terms.learned)
        self._trying = asyncio.Lock()
        """Held by the one call that tries a form which no reply has proven."""
        self._faults = 0
        """In a row, of an endpoint that has answered nobody."""
        self._last_fault = float("-inf")

    def learned(self) -> Learned:
        """Return what this run and those before it learned of the endpoint and model."""
        mean, before = self._deadline.mean, self._terms.learned.seconds
        seconds = mean if self._deadline.is_sure else before or mean
        held = {"width": self._gate.width, "per_minute": self._gate.per_minute, "seconds": seconds}
        return self._capabilities.learned().model_copy(update=held)

    def stop(self, error: FatalModelError) -> None:
        """Send nothing more: whoever waits gets ``error``, and what is in flight may finish."""
        self._gate.shut(error)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def ask(self, ask: Ask) -> Reply:
        """Answer one ask, trying again where that makes sense.

        Where the endpoint has answered nobody yet, an ask that it leaves unanswered after all tries ends the run.

        Raises:
            FatalModelError: no further ask can succeed.
            CallError: this ask failed for good.
        """
        call = _Call(ask)
        try:
            reply = await self._try(call)
        except ModelError as error:
            raise error.charged(call.account) from error
        return replace(reply, account=call.account)

    async def _try(self, call: _Call) -> Reply:
        """Send requests until one is answered.

        Raises:
            ModelError: none was.
        """
        tries = Tries(self._terms.patience)
        tokens = sum(estimate(message.content) for message in call.ask.messages) * 2.0
        try:
            async for attempt in retrying(tries, self._terms.patience, self._gate.rest):
                with attempt:
                    async with self._gate.slot(tokens) as slot:
                        tries.begin()
                        with self._while_unanswered():
                            return await self._request(call, slot)
        except PassingError as error:
            if error.rule.reason in UNANSWERED and self._deadline.mean is None:
                fatal = FatalModelError(str(error), hint=self._way_on(error.rule))
                self.stop(fatal)
                raise fatal from error
            raise CallError(error.rule.reason, str(error)) from error
        raise AssertionError("tenacity ends with an answer or an error")  # pragma: no cover

    @contextlib.contextmanager
    def _while_unanswered(self) -> Iterator[None]:
        """After a fault, let one call at a time ask an endpoint that has answered nobody, only as often as one ask may.

        Raises:
            FatalModelError: so many calls failed, one after another.
        """
        began = time.monotonic()
        try:
            yield
        except PassingError as error:
            is_first = self._deadline.mean is None and error.rule.action is Action.RETRY
            if is_first and began >= self._last_fault:
                self._last_fault = time.monotonic()
                self._faults += 1
                self._gate.faulted(self._last_fault - began)
                if self._faults >= self._terms.patience.tries:
                    raise FatalModelError(str(error), hint=self._way_on(error.rule)) from error
            raise

    async def _request(self, call: _Call, slot: Slot) -> Reply:
        """Ask in the form that the endpoint takes.

        While no reply has proven a form, one call at a time tries it, so that each lesson costs one request, however
        late it comes; the others leave in the plainest form, or wait where that would leave out what was asked for.
        """
        known = self._capabilities
        may_be_plain = call.ask.temperature is None and self._terms.budget is None
        while not known.proven:
            if self._trying.locked() and may_be_plain:
                return await self._put(call, slot, plain=True)
            async with self._trying:
                self._gate.check()
                if not known.proven:
                    return await self._put(call, slot)
        return await self._put(call, slot)

    async def _put(self, call: _Call, slot: Slot, *, plain: bool = False) -> Reply:
        """Send one request, or as many as there are lessons in how to put it."""
        known = self._capabilities
        while True:
            lessons, began = known.lessons, time.monotonic()
            answer, headers = await self._paid(call, plain=plain)
            is_old = lessons < known.lessons and not plain
            if isinstance(answer, Reply):
                if not plain:
                    known.answered(is_old=is_old)
                used = answer.usage or Usage()
                self._gate.accepted(slot, used.prompt + used.completion or slot.tokens, headers)
                return answer
            rule = judge(answer)
            may_learn = rule.action is Action.CHANGE and not is_old and not plain
            if may_learn and known.learn(answer, guess=not rule.is_named):
                self._gate.learned(time.monotonic() - began)
                continue
            if rule.action is Action.SLOW:
                self._gate.refused(slot, headers, overloaded=rule.reason == "unavailable")
            elif is_old:
                self._gate.outdated(time.monotonic() - began)
            self._raise_for(rule, answer, is_old=is_old)

    async def _paid(self, call: _Call, *, plain: bool) -> tuple[Reply | Answer, Mapping[str, str]]:
        """Send one request within the budget, if there is one, and charge what it took."""
        budget = self._terms.budget if self._terms.price else None
        if budget and not self._capabilities.cap:
            raise UncappedError(self.endpoint)
        most = MOST_TOKENS if budget else None
        body = self._capabilities.body(self.name, call.ask, most_tokens=most, plain=plain)
        worst = self._worst_cost(body)
        if budget:
            await budget.reserve(worst or 0.0)
        cost, usage = worst, None
        try:
            answer, headers = await self._connection.send(body)
            if isinstance(answer, Reply):
                usage = answer.usage
                cost = self._cost_of_reply(usage, worst)
            elif answer.status in FREE:
                cost = 0.0
        except PassingError as error:
            usage = error.usage
            raise
        finally:
            call.account += Account(requests=1, tokens=usage or Usage(), cost_usd=cost)
            if budget:
                await budget.settle(worst or 0.0, cost or 0.0)
        return answer, headers

    def _cost_of_reply(self, usage: Usage | None, worst: float | None) -> float | None:
        """Return the dollars of a reply; where no tokens were counted a budget takes the worst, else nobody knows."""
        if usage and self._terms.price:
            return self._terms.price(usage)
        return worst if self._terms.budget else None

    def _worst_cost(self, body: Mapping[str, object]) -> float | None:
        """Return the dollars that a request costs at most; None where the price is not known."""
        if self._terms.price is None:
            return None
        prompt = most_tokens(json.dumps(body, ensure_ascii=False))
        return self._terms.price(Usage(prompt=prompt, completion=MOST_TOKENS))

    def _raise_for(self, rule: Rule, answer: Answer, *, is_old: bool) -> None:
        """Raise what a refusal means; ``is_old`` where the form was changed while the request was under way.

        Such a request goes back into the queue: sent again at once, it would be one of many in a form that nobody has
        tried yet.
        """
        code = (answer.code or answer.type).removeprefix(str(answer.status))
        about = " ".join(filter(None, (f"answered {answer.status}", code)))
        message = self._connection.said(": ".join(filter(None, (about, answer.message))))
        if rule.action is Action.STOP:
            raise FatalModelError(message, hint=self._advice(rule, answer))
        if rule.action is Action.SLOW:
            self._wait_for(answer.retry_after or 0.0)
        if rule.action is Action.FAIL or (rule.action is Action.CHANGE and not is_old):
            raise CallError(rule.reason, message)
        raise PassingError(rule, message)

    def _way_on(self, rule: Rule) -> str:
        """Return what to do about an endpoint that answers nobody."""
        if rule.reason == "rate_limited":
            return "Wait, ask the provider for a higher limit, or say the one that holds with --rpm."
        proxy = " and the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY" if self._proxy else ""
        return f"Check the address in --base-url or OPENAI_BASE_URL{proxy}, and that a model is served there."

    def _wait_for(self, seconds: float) -> None:
        """Say that the endpoint asks for a long pause.

        Raises:
            FatalModelError: it is longer than the patience for a paper.
        """
        asks = f"{self.endpoint} asks to wait {_in_words(seconds)}"
        if 0 < self._terms.patience.paper < seconds:
            raise FatalModelError(asks, hint="Run the same command again then: what is done is kept.")
        if seconds > 2 * self._longest_said:
            self._longest_said = seconds
            self._terms.warn(f"{asks}; all calls do")

    def _advice(self, rule: Rule, answer: Answer) -> str:
        """Return what to do about an answer that is final."""
        key = self._capabilities.preset.key_variable or "OPENAI_API_KEY"
        advice = {
            401: f"Check the key in {key}.{self._hint}",
            403: f"Check that the key in {key} may use this model.{self._hint}",
            404: "Check --model and --base-url.",
            407: PROXY_HINT,
        }
        return rule.hint.format(host=self.endpoint) or advice.get(
            answer.status, "Check the account and the model at the provider."
        )


def _in_words(seconds: float) -> str:
    minutes = round(seconds / 60)
    parts = ((minutes // 60, "h"), (minutes % 60, "min")) if seconds >= 120 else ((math.ceil(seconds), "s"),)
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
