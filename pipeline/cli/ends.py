"""Which of the models that the settings name have ended, or end soon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date

from pipeline.cache import Cache
from pipeline.model.capabilities import Learned
from pipeline.model.retirement import Retirement, announced
from pipeline.settings import Settings


def end_of(settings: Settings, cache: Cache) -> Retirement | None:
    """Return the end of the model that the settings name: as the endpoint said, else as its provider announced it."""
    if settings.replay_file:
        return None
    known = announced(settings.model, settings.base_url)
    said = Learned.read(cache.learned(settings.host, settings.model)).shutdown
    return Retirement(said, known.successor if known else "") if said else known


def warn_of_ends(
    chain: Sequence[Settings],
    cache: Cache,
    today: date,
    warn: Callable[[str], None],
    *,
    told: Collection[str] = (),
) -> frozenset[str]:
    """Say which models have ended or end soon, but for what was ``told`` before; return all that is said by then."""
    ends = ((each.model, end_of(each, cache)) for each in chain)
    said = {end.warning(model, today=today) for model, end in ends if end} - {""}
    for words in sorted(said.difference(told)):
        warn(words)
    return frozenset(said.union(told))
