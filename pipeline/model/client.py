"""The OpenAI client as one bulk job needs it: paced, patient, and stopped by the first error that is final."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote

from pipeline.errors import CallError, FatalModelError, UncappedError
from pipeline.model.budget import Budget
from pipeline.model.capabilities import Capabilities, Learned
from pipeline.model.connection import PROXY_HINT, Connection, Endpoint
from pipeline.model.faults import Action, Answer, Rule, judge
from pipeline.model.gate import Gate, Slot
from pipeline.model.patience import PassingError, Patience, Tries, retrying
from pipeline.model.prices import Tariff
from pipeline.model.retirement import read_shutdown
from pipeline.model.tokens import estimate, most_tokens
from pipeline.model.wire import UNANSWERED, Ask, Meter, Reply
from pipeline.records import Usage

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
    price: Tariff | None = None
    budget: Budget | None = None
    warn: Callable[[str], None] = lambda _: None
    """Told of pauses so long that whoever watches would take them for a standstill."""


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
        self.meter = self._connection.meter
        self.meter.price = self._terms.price.current if self._terms.price else None
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
        ends = {"shutdown": self._terms.learned.shutdown, "looked_up": self._terms.learned.looked_up}
        return self._capabilities.learned().model_copy(update=held | ends)

    async def shutdown_date(self) -> date | None:
        """Ask the endpoint for the first day on which the model answers no more; None where it names none."""
        return read_shutdown(await self._connection.fetch(f"/models/{quote(self.name, safe='')}"))

    @property
    def limit(self) -> float | None:
        """Requests a minute that calls are waiting for; see `Gate.limit`."""
        return self._gate.limit

    def cost_usd(self, used: Meter) -> float | None:
        """Return US dollars for what was used; None where the price or the count is not known."""
        is_known = not used.uncounted and (self._terms.price or not used.counted)
        return round(used.dollars, 6) if is_known else None

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
        tries = Tries(self._terms.patience)
        tokens = sum(estimate(message.content) for message in ask.messages) * 2.0
        try:
            async for attempt in retrying(tries, self._terms.patience, self._gate.rest):
                with attempt:
                    async with self._gate.slot(tokens) as slot:
                        self.meter.retries += tries.begun or ask.again
                        tries.begin()
                        with self._while_unanswered():
                            return await self._request(ask, slot)
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

    async def _request(self, ask: Ask, slot: Slot) -> Reply:
        """Ask in the form that the endpoint takes.

        While no reply has proven a form, one call at a time tries it, so that each lesson costs one request, however
        late it comes; the others leave in the plainest form, or wait where that would leave out what was asked for.
        """
        known = self._capabilities
        may_be_plain = ask.temperature is None and self._terms.budget is None
        while not known.proven:
            if self._trying.locked() and may_be_plain:
                return await self._put(ask, slot, plain=True)
            async with self._trying:
                self._gate.check()
                if not known.proven:
                    return await self._put(ask, slot)
        return await self._put(ask, slot)

    async def _put(self, ask: Ask, slot: Slot, *, plain: bool = False) -> Reply:
        """Send one request, or as many as there are lessons in how to put it."""
        known = self._capabilities
        while True:
            lessons, began = known.lessons, time.monotonic()
            answer, headers = await self._paid(ask, plain=plain)
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
                self.meter.retries += 1
                continue
            if rule.action is Action.SLOW:
                self._gate.refused(slot, headers, overloaded=rule.reason == "unavailable")
            elif is_old:
                self._gate.outdated(time.monotonic() - began)
            self._raise_for(rule, answer, is_old=is_old)

    async def _paid(self, ask: Ask, *, plain: bool) -> tuple[Reply | Answer, Mapping[str, str]]:
        """Send one request within the budget, if there is one."""
        budget, price = self._terms.budget, self._terms.price
        if budget is None or price is None:
            return await self._connection.send(self._capabilities.body(self.name, ask, most_tokens=None, plain=plain))
        if not self._capabilities.cap:
            raise UncappedError(self.endpoint)
        body = self._capabilities.body(self.name, ask, most_tokens=MOST_TOKENS)
        most = Usage(prompt=most_tokens(json.dumps(body, ensure_ascii=False)), completion=MOST_TOKENS)
        worst = cost = await self._reserved(most, budget, price)
        left = price.now()
        try:
            answer, headers = await self._connection.send(body)
            if isinstance(answer, Answer) and answer.status in FREE:
                cost = 0.0
            elif isinstance(answer, Reply) and answer.usage:
                cost = price.dearest(answer.usage, since=left)
        finally:
            await budget.settle(worst, cost)
        return answer, headers

    async def _reserved(self, most: Usage, budget: Budget, price: Tariff) -> float:
        """Set aside, and return, the US dollars for a call at the dearest moment until its answer must have come.

        No provider says whether the hour of the request or that of the answer counts. Where the wait for room in the
        budget led to dearer hours, the call is reckoned again.
        """
        seconds = self._terms.patience.call
        while True:
            worst = price.dearest(most, seconds=seconds)
            await budget.reserve(worst)
            if price.dearest(most, seconds=seconds) <= worst:
                return worst
            await budget.settle(worst, 0.0)

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
