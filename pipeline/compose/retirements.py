"""Which of the chosen models have ended, or end soon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from pipeline.compose.models import learned_of
from pipeline.model.retirement import Retirement, announced
from pipeline.model_choice import ModelChoice
from pipeline.store.cache import Cache


def end_of(choice: ModelChoice, cache: Cache) -> Retirement | None:
    """Return the end of a model: as its endpoint said, else as its provider announced it."""
    if choice.replay_file:
        return None
    known = announced(choice.name, choice.base_url)
    said = learned_of(choice, cache).shutdown
    return Retirement(said, known.successor if known else "", is_certain=True) if said else known


def warn_of_announced(chain: Sequence[ModelChoice], today: date, warn: Callable[[str], None]) -> frozenset[str]:
    """Say which models have ended or end soon, as their providers announced it; return their names."""
    ends = {one.name: announced(one.name, one.base_url) for one in chain if not one.replay_file}
    return _warn(ends, today, warn)


def warn_of_shutdowns(
    chain: Sequence[ModelChoice], cache: Cache, told: Collection[str], today: date, warn: Callable[[str], None]
) -> None:
    """Say which models end by the word of their endpoints, but for those in ``told``, which were named before."""
    _warn({one.name: end_of(one, cache) for one in chain if one.name not in told}, today, warn)


def _warn(ends: Mapping[str, Retirement | None], today: date, warn: Callable[[str], None]) -> frozenset[str]:
    said = {model: words for model, end in ends.items() if end and (words := end.warning(model, today=today))}
    for words in said.values():
        warn(words)
    return frozenset(said)
