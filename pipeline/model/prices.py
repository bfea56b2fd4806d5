"""What tokens cost, from the prices that genai-prices publishes; an unknown price is unknown, never 0."""

from __future__ import annotations

from pipeline.records import Usage


def cost_usd(model: str, base_url: str, tokens: Usage) -> float | None:
    """Return US dollars for ``tokens`` of ``model`` at ``base_url``; None when the price is not known.

    Only a provider that genai-prices knows by that address counts: the same model costs something else elsewhere.
    """
    import genai_prices  # noqa: PLC0415 (half a second; a run that the cache answers whole never needs it)

    usage = genai_prices.Usage(
        input_tokens=tokens.prompt, cache_read_tokens=tokens.cached, output_tokens=tokens.completion
    )
    try:
        return float(genai_prices.calc_price(usage, model, provider_api_url=base_url).total_price)
    except (LookupError, ValueError):
        return None
