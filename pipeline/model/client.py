"""The OpenAI client as one bulk job needs it: paced, patient, and stopped by the first error that is final."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pipeline.duration import rough_duration
from pipeline.errors import CallError, FatalModelError, ModelError, UncappedError
from pipeline.model.announcer import Announcer
from pipeline.model.budget import Budget
from pipeline.model.connection import PROXY_HINT, Connection, Endpoint
from pipeline.model.error_rules import Action, ErrorResponse, Rule
from pipeline.model.health import Health
from pipeline.model.interface import UNANSWERED, Ask, Reply
from pipeline.model.limiter import Limiter, PassingError, Patience, Slot, Tries
from pipeline.model.negotiation import Capabilities, Learned, Negotiator, Refusal
from pipeline.model.prices import Tariff, dearest
from pipeline.model.rate_headers import RateHeaders
from pipeline.model.retirement import read_shutdown
from pipeline.model.tokens import estimate, most_tokens
from pipeline.records import NOTHING_ASKED, Account, Usage

FREE = frozenset({400, 401, 403, 404, 422, 429})
"""Statuses of refusals that cost nothing for certain."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a model is asked."""

    now: Callable[[], datetime]
    """The time of day."""
    learned: Learned = field(default_factory=Learned)
    patience: Patience = field(default_factory=Patience)
    price: Tariff | None = None
    budget: Budget | None = None
    warn: Callable[[str], None] = lambda _: None
    """Told of waits so long that whoever watches would take them for a standstill."""


@dataclass(slots=True)
class _Call:
    """An ask on its way to a reply."""

    ask: Ask
    tries: Tries
    account: Account = NOTHING_ASKED
    """Of the requests that have come back so far."""
    refusals: int = 0
    """For load, so far."""
    rates: RateHeaders = field(default_factory=RateHeaders)
    """What the last answer named."""


class OpenAIModel:
    """A model behind an endpoint that is compatible with OpenAI's chat completions."""

    def __init__(self, name: str, endpoint: Endpoint, limiter: Limiter, terms: Terms) -> None:
        self.name = name
        self.endpoint = endpoint.host
        self._hint = endpoint.hint
        self._proxy = endpoint.proxy
        self._limiter = limiter
        self._terms = terms
        self._connection = Connection(endpoint, terms.patience, terms.now, limiter.clock)
        self._deadline = self._connection.deadline
        capabilities = Capabilities.of(endpoint.preset, self._terms.learned)
        self._negotiator = Negotiator(name, capabilities, check=limiter.check, clock=limiter.clock)
        self._announcer = Announcer(endpoint.host, self._terms.warn, limiter.clock)
        self._health = Health(limiter.clock)
        self._longest_reply = 0
        """Tokens of the longest completion: an endpoint may take a cap and not keep it."""
        self._asked: set[str] = set()
        self.asked_again = 0
        """Times that a paper was asked for beyond the first, after a failure or a reply of no use."""

    def learned(self) -> Learned:
        """Return what this run and those before it learned of the endpoint and model."""
        mean, before = self._deadline.mean, self._terms.learned.seconds
        seconds = mean if self._deadline.is_sure else before or mean
        held = {"width": self._limiter.width, "per_minute": self._limiter.per_minute, "seconds": seconds}
        ends = {"shutdown": self._terms.learned.shutdown, "looked_up": self._terms.learned.looked_up}
        return self._negotiator.capabilities.learned().model_copy(update=held | ends)

    async def shutdown_date(self) -> date | None:
        """Ask the endpoint for the first day on which the model answers no more; None where it names none."""
        return read_shutdown(await self._connection.fetch(f"/models/{quote(self.name, safe='')}"))

    @property
    def in_flight(self) -> int:
        """Requests that wait for their answer now."""
        return self._limiter.in_flight

    @property
    def limit(self) -> float | None:
        """Requests a minute that calls are waiting for; see `Limiter.limit`."""
        return self._limiter.limit

    def stop(self, error: FatalModelError) -> None:
        """Send nothing more: whoever waits gets ``error``, and what is in flight may finish."""
        self._limiter.shut(error)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def ask(self, ask: Ask) -> Reply:
        """Answer one ask, trying again where that makes sense; the reply or the error carries what it took.

        Where the endpoint has answered nobody yet, an ask that it leaves unanswered after all tries ends the run.

        Raises:
            FatalModelError: no further ask can succeed.
            CallError: this ask failed for good.
        """
        limiter = self._limiter
        tries = Tries(
            self._terms.patience, clock=limiter.clock, spread=limiter.spread, answered=lambda: self._health.answered
        )
        call = _Call(ask, tries)
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
        tokens = sum(estimate(message.content) for message in call.ask.messages) * 2.0
        try:
            async for attempt in call.tries.retrying(self._limiter.rest):
                with attempt:
                    async with self._limiter.slot(tokens, refused_before=call.refusals) as slot:
                        call.tries.begin()
                        self._count(call.ask.paper_id)
                        return await self._request(call, slot)
        except PassingError as error:
            raise self._given_up(error) from error
        raise AssertionError("tenacity ends with an answer or an error")  # pragma: no cover

    def _count(self, paper: str) -> None:
        self.asked_again += paper in self._asked
        self._asked.add(paper)

    def _given_up(self, error: PassingError) -> ModelError:
        if error.rule.reason in UNANSWERED and not self._health.answered:
            fatal = FatalModelError(str(error), hint=self._way_on(error.rule))
            self.stop(fatal)
            return fatal
        return CallError(error.rule.reason, str(error))

    async def _request(self, call: _Call, slot: Slot) -> Reply:
        """Send a request in the form that the endpoint takes.

        Raises:
            FatalModelError: no further request can succeed.
            CallError: this ask failed for good.
            PassingError: another request may succeed.
        """
        began = self._limiter.clock()
        try:
            outcome = await self._negotiator.exchange(
                call.ask,
                lambda body: self._paid(call, body),
                may_be_plain=self._terms.budget is None,
                on_change=self._limiter.form_changed,
            )
        except PassingError as error:
            self._count_failure(error, began)
            raise
        if isinstance(outcome, Refusal):
            raise self._refused(call, slot, outcome, began)
        used = outcome.usage or Usage()
        self._health.replied()
        self._limiter.accepted(slot, used.prompt + used.completion or slot.tokens, call.rates)
        self._announcer.say_pace(self._limiter)
        return outcome

    def _count_failure(self, error: PassingError, began: float) -> None:
        """Let one call at a time ask an endpoint that has answered nobody, only as often as one ask may.

        Raises:
            FatalModelError: enough calls failed, one after another.
        """
        in_a_row = self._health.failed(began)
        if in_a_row:
            self._limiter.failed(self._limiter.clock() - began)
            if in_a_row >= min(self._terms.patience.tries, error.rule.tries or self._terms.patience.tries):
                raise FatalModelError(str(error), hint=self._way_on(error.rule)) from error

    async def _paid(self, call: _Call, body: dict[str, Any]) -> Reply | ErrorResponse:
        """Send one request within the budget, if there is one, and charge what it took."""
        budget = self._terms.budget if self._terms.price else None
        if budget and not self._negotiator.capabilities.cap:
            raise UncappedError(self.endpoint)
        left = self._terms.price.now() if self._terms.price else self._terms.now()
        most = self._most_usage(body, call.ask)
        reserved = await self._reserve(most, budget)
        answer: Reply | ErrorResponse | None = None
        usage = None
        try:
            answer, call.rates = await self._connection.send(body)
            if isinstance(answer, Reply) and (usage := answer.usage):
                self._longest_reply = max(self._longest_reply, usage.completion)
        except PassingError as error:
            usage = error.usage
            raise
        finally:
            cost = self._cost(answer, reserved, most, left)
            call.account += Account(requests=1, tokens=usage or Usage(), cost_usd=cost)
            if budget:
                await budget.settle(reserved or 0.0, self._settled(answer, cost, left))
        return answer

    def _cost(
        self, answer: Reply | ErrorResponse | None, reserved: float | None, most: Usage, left: datetime
    ) -> float | None:
        """Return the dollars of a request for the report, at the price of the moment at which it was answered.

        Where no tokens were counted it costs what a budget set aside; without a budget a failure costs the most that it
        can, and of a reply nobody knows.
        """
        price = self._terms.price
        if isinstance(answer, ErrorResponse) and answer.status in FREE:
            return 0.0
        if price is None:
            return None
        if isinstance(answer, Reply) and answer.usage:
            return price.current(answer.usage)
        if reserved is not None or isinstance(answer, Reply):
            return reserved
        return dearest(price.price, most, left, left + timedelta(seconds=self._terms.patience.call))

    def _settled(self, answer: Reply | ErrorResponse | None, cost: float | None, left: datetime) -> float:
        """Return the dollars of a request for the budget, never less than for the report: the dearest since it left."""
        if self._terms.price and isinstance(answer, Reply) and answer.usage:
            return self._terms.price.dearest(answer.usage, since=left)
        return cost or 0.0

    async def _reserve(self, most: Usage, budget: Budget | None) -> float | None:
        """Set aside, and return, the dollars that a request costs at most; None where there is no budget.

        The dearest moment until the answer must have come counts, for no provider says whether the hour of the request
        or that of the answer decides. Where the wait for room in the budget led to dearer hours, it is reckoned again.
        """
        price, seconds = self._terms.price, self._terms.patience.call
        if price is None or budget is None:
            return None
        while True:
            worst = price.dearest(most, seconds=seconds)
            await budget.reserve(worst)
            if price.dearest(most, seconds=seconds) <= worst:
                return worst
            await budget.settle(worst, 0.0)

    def _most_usage(self, body: Mapping[str, object], ask: Ask) -> Usage:
        """Return the tokens that a request takes at most.

        A reply that was longer than its cap shows that the endpoint does not keep it: then twice the longest counts.
        """
        prompt = most_tokens(json.dumps(body, ensure_ascii=False))
        is_kept = self._longest_reply <= ask.most_tokens
        return Usage(prompt=prompt, completion=ask.most_tokens if is_kept else 2 * self._longest_reply)

    def _refused(self, call: _Call, slot: Slot, refusal: Refusal, began: float) -> Exception:
        """Return the error that a refusal means, after the limiter has heard of it."""
        rule, answer = refusal.rule, refusal.answer
        message = self._said(answer)
        if rule.action is Action.STOP:
            return self._final(call, refusal, message)
        if rule.action is Action.SLOW:
            return self._too_many(call, slot, refusal, message)
        # A form that was changed meanwhile goes back into the queue: sent again at once, it would be one of many in a
        # form that nobody has tried yet.
        if refusal.is_old:
            self._limiter.form_was_old(refusal.took)
        elif rule.action in {Action.FAIL, Action.CHANGE}:
            return self._rejected(call, refusal, message)
        error = PassingError(rule, message)
        if rule.action is Action.RETRY:
            self._count_failure(error, began)
        return error

    def _final(self, call: _Call, refusal: Refusal, message: str) -> ModelError:
        """Return the end of the run, or of this paper alone where others were answered."""
        if self._health.ends_run(call.ask.paper_id):
            return FatalModelError(message, hint=self._advice(refusal.rule, refusal.answer))
        return CallError(refusal.rule.reason, message)

    def _rejected(self, call: _Call, refusal: Refusal, message: str) -> ModelError:
        is_of_content = refusal.rule.reason == "refused"
        if not is_of_content and self._health.refuses_all(call.ask.paper_id, message):
            return FatalModelError(message, hint="Each paper is refused so. Check the model and its limits.")
        return CallError(refusal.rule.reason, message)

    def _too_many(self, call: _Call, slot: Slot, refusal: Refusal, message: str) -> Exception:
        """Slow down after a refusal for load."""
        asked = refusal.answer.retry_after
        if asked is not None and 0 < self._terms.patience.paper < asked:
            words = f"{self.endpoint} asks to wait {rough_duration(asked)}"
            return FatalModelError(words, hint="Run the same command again then: what is done is kept.")
        call.refusals += 1
        overloaded = refusal.rule.reason == "unavailable"
        wait = self._limiter.refused(slot, call.rates, asked=asked, overloaded=overloaded)
        self._announcer.say_pause(self._limiter.paused_for(), asked, message)
        return PassingError(refusal.rule, message, wait=wait)

    def _said(self, answer: ErrorResponse) -> str:
        code = (answer.code or answer.type).removeprefix(str(answer.status))
        about = " ".join(filter(None, (f"answered {answer.status}", code)))
        return self._connection.said(": ".join(filter(None, (about, answer.message))))

    def _way_on(self, rule: Rule) -> str:
        """Return what to do about an endpoint that answers nobody."""
        if rule.reason == "rate_limited":
            return "Wait, ask the provider for a higher limit, or say the one that holds with --rpm."
        proxy = " and the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY" if self._proxy else ""
        return f"Check the address in --base-url or OPENAI_BASE_URL{proxy}, and that a model is served there."

    def _advice(self, rule: Rule, answer: ErrorResponse) -> str:
        """Return what to do about an answer that is final."""
        key = self._negotiator.capabilities.preset.key_variable or "OPENAI_API_KEY"
        advice = {
            401: f"Check the key in {key}.{self._hint}",
            403: f"Check that the key in {key} may use this model.{self._hint}",
            404: "Check --model and --base-url.",
            407: PROXY_HINT,
        }
        return rule.hint.format(host=self.endpoint) or advice.get(
            answer.status, "Check the account and the model at the provider."
        )
