"""What tokens cost: the prices of digest.toml, else those that genai-prices publishes; unknown is unknown, never 0."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from pipeline.records import Usage
from pipeline.settings import PriceSection

Price = Callable[[Usage], float]
"""US dollars for one completion of so many tokens."""

_MILLION = 1e6


def price_of(model: str, base_url: str, own: Mapping[str, PriceSection]) -> Price | None:
    """Return the price of ``model`` at ``base_url``; None when nobody named it.

    Of genai-prices only a provider that it knows by that address counts: the same model costs something else elsewhere.
    """
    if model in own:
        return _own(own[model])
    if is_local(base_url):
        return None
    return _published(model, base_url)


def cost_usd(price: Price | None, tokens: Usage, calls: int) -> float | None:
    """Return US dollars for ``calls`` completions that used ``tokens`` together; None without a price.

    Prices may rise with the length of a single call, so that the mean call is priced, not the sum.
    """
    if not calls:
        return 0.0
    if price is None:
        return None
    mean = Usage(
        prompt=round(tokens.prompt / calls),
        completion=round(tokens.completion / calls),
        cached=round(tokens.cached / calls),
    )
    return round(price(mean) * calls, 6)


def _own(section: PriceSection) -> Price:
    cached = section.input if section.cached is None else section.cached

    def price(tokens: Usage) -> float:
        fresh = tokens.prompt - tokens.cached
        return (fresh * section.input + tokens.cached * cached + tokens.completion * section.output) / _MILLION

    return price


def _published(model: str, base_url: str) -> Price | None:
    import genai_prices  # noqa: PLC0415 (half a second; a run that the cache answers whole never needs it)

    def price(tokens: Usage) -> float:
        usage = genai_prices.Usage(
            input_tokens=tokens.prompt, cache_read_tokens=tokens.cached, output_tokens=tokens.completion
        )
        return float(genai_prices.calc_price(usage, model, provider_api_url=base_url).total_price)

    try:
        price(Usage(prompt=1, completion=1))
    except LookupError:
        return None
    return price


def is_local(base_url: str) -> bool:
    """Return whether the address is this machine's or a private network's, whose servers publish no price."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".internal"))
