"""A query with thousands of papers: say the number and the cost before the model is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from pipeline.cli.compose import now, price_for, prompt_library
from pipeline.cli.options import Given
from pipeline.errors import UsageError
from pipeline.fetch import Heading, Item
from pipeline.model.tokens import estimate
from pipeline.records import Paper, Usage
from pipeline.run import DigestSpec
from pipeline.settings import Settings
from pipeline.summarize import COMPLETION_SHARE, first_ask, task_of

MOST_UNCONFIRMED = 1000
"""Papers of one query that are summarized without more ado."""
SAMPLE = 100
"""Papers that the cost of all is estimated by; arXiv's first answer has them."""


def confirmed(spec: DigestSpec, given: Given, settings: Settings) -> DigestSpec:
    """Return a digest that ends before it is paid for where its query gives too many papers.

    ``--limit``, ``--yes`` or ``--offline`` is a confirmation.
    """
    if not given.query or given.limit or given.yes or given.offline:
        return spec

    def items() -> Iterator[Item]:
        found, count = spec.items(), 0
        for item in found:
            count += (isinstance(item, Heading) and item.announced) or 0
            if count > MOST_UNCONFIRMED:
                papers = (one for one in found if isinstance(one, Paper))
                raise _refusal(tuple(islice(papers, SAMPLE)), count, settings)
            yield item
            if isinstance(item, Paper):
                break
        yield from found

    return replace(spec, items=items)


def _refusal(first: tuple[Paper, ...], count: int, settings: Settings) -> UsageError:
    dollars = _cost(first, count, settings)
    cost = "at an unknown price" if dollars is None else f"for about ${dollars:.2f}"
    return UsageError(
        f"--query: {count:,} papers would be summarized {cost}",
        hint="Add --yes to go on, or --limit N to take the newest N.",
    )


def _cost(papers: tuple[Paper, ...], count: int, settings: Settings) -> float | None:
    """Return the dollars for ``count`` papers like ``papers``; None where the price is not known."""
    if settings.replay_file:
        return 0.0
    if not (price := price_for(settings)) or not papers:
        return None
    prompt = prompt_library().get(settings.prompt)
    asks = [first_ask(paper, task_of(prompt), prompt) for paper in papers]
    asked = sum(estimate(message.content) for ask in asks for message in ask.messages)
    written = sum(len(paper.abstract) for paper in papers) * COMPLETION_SHARE
    mean = Usage(prompt=round(asked / len(papers)), completion=round(written / len(papers)))
    return price(mean, now()) * count
