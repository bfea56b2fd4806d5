"""A query with thousands of papers: say the number and the cost before the model is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from pipeline.cli.compose import now, price_for, prompt_library
from pipeline.cli.options import Given
from pipeline.errors import UsageError
from pipeline.fetch import Page
from pipeline.model.tokens import estimate
from pipeline.records import Paper, Usage
from pipeline.run import DigestSpec
from pipeline.settings import Settings
from pipeline.summarize import COMPLETION_SHARE, first_ask

MOST_UNCONFIRMED = 1000
"""Papers of one query that are summarized without more ado."""


def confirmed(spec: DigestSpec, given: Given, settings: Settings) -> DigestSpec:
    """Return a digest that ends before it is paid for where its query gives too many papers.

    ``--limit``, ``--yes`` or ``--offline`` is a confirmation.
    """
    if not given.query or given.limit or given.yes or given.offline:
        return spec

    def pages() -> Iterator[Page]:
        found = spec.pages()
        first = next(found)
        if (first.source.announced or 0) > MOST_UNCONFIRMED:
            raise _refusal(first, settings)
        return chain((first,), found)

    return replace(spec, pages=pages)


def _refusal(first: Page, settings: Settings) -> UsageError:
    count = first.source.announced or 0
    dollars = _cost(first.papers, count, settings)
    cost = "at an unknown price" if dollars is None else f"for about ${dollars:.2f}"
    return UsageError(
        f"--query: {count:,} papers would be summarized {cost}",
        hint="Add --yes to go on, or --limit N to take the newest N.",
    )


def _cost(papers: tuple[Paper, ...], count: int, settings: Settings) -> float | None:
    """Return the dollars for ``count`` papers like those of the first page; None where the price is not known."""
    if settings.replay_file:
        return 0.0
    if not (price := price_for(settings)) or not papers:
        return None
    prompt = prompt_library().get(settings.prompt)
    asked = sum(estimate(message.content) for paper in papers for message in first_ask(paper, prompt).messages)
    written = sum(len(paper.abstract) for paper in papers) * COMPLETION_SHARE
    mean = Usage(prompt=round(asked / len(papers)), completion=round(written / len(papers)))
    return price(mean, now()) * count
