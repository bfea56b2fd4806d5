"""What tokens cost, and when: the prices of digest.toml, else those that genai-prices publishes.

An unknown price is unknown, never 0; only a server on this machine that needs no key costs nothing. Some services
charge more at certain hours, so a price depends on the moment.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from pipeline.endpoints import preset_for
from pipeline.model_choice import ModelChoice, PriceSection
from pipeline.records import Usage

Price = Callable[[Usage, datetime], float]
"""US dollars for one completion of so many tokens at a moment, which has a zone."""

_MILLION = 1e6
_STEP = timedelta(minutes=15)
"""Prices change on the quarter hour: all windows of genai-prices begin and end on it."""
_WEEKDAYS_ONLY = frozenset({"api.deepseek.com"})
"""Hosts whose dear hours are those of weekdays, which genai-prices cannot say (0.2.3).

https://api-docs.deepseek.com/quick_start/pricing, November 2026: 01:00 to 04:00 and 06:00 to 10:00 UTC, from Monday to
Friday in Beijing, which is the same day in UTC at these hours. China's public holidays are cheap as well; they are
reckoned as weekdays, so that a figure may be too high on them and never too low.
"""
_SATURDAY = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tariff:
    """A price and the clock that it goes by."""

    price: Price
    now: Callable[[], datetime]

    def current(self, tokens: Usage) -> float:
        """Return US dollars for a completion that is answered now."""
        return self.price(tokens, self.now())

    def dearest(self, tokens: Usage, *, since: datetime | None = None, seconds: float = 0.0) -> float:
        """Return US dollars at the dearest moment from ``since`` (else now) until ``seconds`` from now."""
        now = self.now()
        return dearest(self.price, tokens, since or now, now + timedelta(seconds=seconds))


def price_of(choice: ModelChoice) -> Price | None:
    """Return the price of a model at its address; None when nobody named it.

    A server of one's own at the address of a preset that needs no key (Ollama, vLLM, ...) is free. Of genai-prices only
    a provider that it knows by that address counts: the same model costs something else elsewhere.
    """
    if choice.price:
        return _own(choice.price)
    if is_local(choice.base_url):
        return _free if _is_keyless(choice.base_url) else None
    return _published(choice.name, choice.base_url)


def dearest(price: Price, tokens: Usage, begins: datetime, ends: datetime) -> float:
    """Return US dollars for a completion at the dearest moment between two."""
    moment = begins.astimezone(UTC)
    dollars = price(tokens, moment)
    moment = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0) + _STEP
    while moment <= ends:
        dollars = max(dollars, price(tokens, moment))
        moment += _STEP
    return dollars


def mean_of(tokens: Usage, calls: int) -> Usage:
    """Return the mean of ``calls`` completions that use ``tokens`` together.

    Prices may rise with the length of a single call, so that the mean call is priced, not the sum.
    """
    return Usage(
        prompt=round(tokens.prompt / calls),
        completion=round(tokens.completion / calls),
        cached=round(tokens.cached / calls),
    )


def _is_keyless(base_url: str) -> bool:
    preset = preset_for(base_url)
    return bool(preset.name) and not preset.key_variable


def _free(_tokens: Usage, _moment: datetime) -> float:
    return 0.0


def _own(section: PriceSection) -> Price:
    cached = section.input if section.cached is None else section.cached

    def price(tokens: Usage, _: datetime) -> float:
        fresh = tokens.prompt - tokens.cached
        return (fresh * section.input + tokens.cached * cached + tokens.completion * section.output) / _MILLION

    return price


def _published(model: str, base_url: str) -> Price | None:
    import genai_prices  # noqa: PLC0415 (half a second; a run that the cache answers whole never needs it)

    def price(tokens: Usage, moment: datetime) -> float:
        usage = genai_prices.Usage(
            input_tokens=tokens.prompt, cache_read_tokens=tokens.cached, output_tokens=tokens.completion
        )
        found = genai_prices.calc_price(usage, model, provider_api_url=base_url, genai_request_timestamp=moment)
        return float(found.total_price)

    try:
        price(Usage(prompt=1, completion=1), datetime(2026, 1, 1, tzinfo=UTC))
    except LookupError:
        return None
    return _cheap_at_weekends(price) if urlsplit(base_url).hostname in _WEEKDAYS_ONLY else price


def _cheap_at_weekends(price: Price) -> Price:
    """Return a price that has the day's lowest all through Saturdays and Sundays, by the date in UTC."""

    def by_weekday(tokens: Usage, moment: datetime) -> float:
        moment = moment.astimezone(UTC)
        if moment.weekday() < _SATURDAY:
            return price(tokens, moment)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        return min(price(tokens, midnight + quarter * _STEP) for quarter in range(_DAY // _STEP))

    return by_weekday


def is_local(base_url: str) -> bool:
    """Return whether the address is this machine's or a private network's, whose servers publish no price."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".internal"))
