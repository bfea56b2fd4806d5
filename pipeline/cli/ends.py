"""Which of the models that the settings name have ended, or end soon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from pipeline.model.negotiation import Learned
from pipeline.model.retirement import Retirement, announced
from pipeline.settings import Settings
from pipeline.store.cache import Cache


def end_of(settings: Settings, cache: Cache) -> Retirement | None:
    """Return the end of the model that the settings name: as the endpoint said, else as its provider announced it."""
    if settings.replay_file:
        return None
    known = announced(settings.model, settings.base_url)
    said = Learned.read(cache.endpoints.learned(settings.host, settings.model)).shutdown
    return Retirement(said, known.successor if known else "", is_certain=True) if said else known


def warn_of_announced(chain: Sequence[Settings], today: date, warn: Callable[[str], None]) -> frozenset[str]:
    """Say which models have ended or end soon, as their providers announced it; return their names."""
    ends = {each.model: announced(each.model, each.base_url) for each in chain if not each.replay_file}
    return _warn(ends, today, warn)


def warn_of_shutdowns(
    chain: Sequence[Settings], cache: Cache, told: Collection[str], today: date, warn: Callable[[str], None]
) -> None:
    """Say which models end by the word of their endpoints, but for those that were ``told`` of before."""
    _warn({each.model: end_of(each, cache) for each in chain if each.model not in told}, today, warn)


def _warn(ends: Mapping[str, Retirement | None], today: date, warn: Callable[[str], None]) -> frozenset[str]:
    said = {model: words for model, end in ends.items() if end and (words := end.warning(model, today=today))}
    for words in said.values():
        warn(words)
    return frozenset(said)
