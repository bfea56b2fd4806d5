"""What a run would ask, before anything is spent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.model.interface import Ask
from pipeline.model.prices import mean_of
from pipeline.model.tokens import Counter
from pipeline.prompts import Prompt
from pipeline.records import Paper, Usage
from pipeline.store.cache import Cache
from pipeline.summarize.dialogue import first_ask
from pipeline.summarize.tasks import task_of

SCHEMA_CHARACTERS = 4
"""Characters of the schema for one token that it adds to a request."""
ENOUGH_SEEN = 20
"""Replies in the cache from which their own usage says more than any rule."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many papers would be asked about, and how many tokens that takes."""

    papers: int
    cached: int
    """Papers that the model would not be asked about."""
    tokens: Usage
    """Of all papers together that are not in the cache."""
    approximate: bool
    """False where the prompt tokens were counted; completion tokens are always an estimate."""

    @property
    def to_ask(self) -> int:
        """Papers that the model would be asked about."""
        return self.papers - self.cached

    @property
    def mean(self) -> Usage:
        """Tokens of one paper that the model would be asked about."""
        return mean_of(self.tokens, self.to_ask) if self.to_ask else self.tokens


@dataclass(frozen=True)
class Plan:
    """What would be asked of whom."""

    prompt: Prompt
    model: str
    cache: Cache
    refresh: bool = False
    """Ask again for papers that the cache has."""
    offline: bool = False
    """Ask nothing."""

    def asks(self, ask: Ask) -> bool:
        """Return whether the model would be asked."""
        return not self.offline and (self.refresh or self.cache.replies.get(ask.key(self.model)) is None)


def estimate(papers: Iterable[Paper], plan: Plan, counter: Counter) -> Estimate:
    """Estimate the tokens for ``papers``; where the cache has seen enough usage of this prompt and model, by that."""
    task = task_of(plan.prompt)
    asks = [(paper, first_ask(paper, task, plan.prompt)) for paper in papers]
    fresh = [(paper, ask) for paper, ask in asks if plan.asks(ask)]
    characters = sum(len(paper.abstract) for paper, _ in fresh)
    counted = sum(counter.count(message.content) for _, ask in fresh for message in ask.messages)
    schemas = sum(len(str(ask.schema)) // SCHEMA_CHARACTERS for _, ask in fresh)
    tokens = Usage(prompt=counted + schemas, completion=round(characters * task.completion_share))
    seen = plan.cache.replies.usage_of(plan.prompt.label, plan.model)
    if seen.replies >= ENOUGH_SEEN and counter.approximate:
        tokens = Usage(prompt=round(len(fresh) * seen.prompt), completion=round(characters * seen.completion_share))
    elif seen.replies >= ENOUGH_SEEN:
        tokens = tokens.model_copy(update={"completion": round(characters * seen.completion_share)})
    return Estimate(len(asks), len(asks) - len(fresh), tokens, counter.approximate)
