"""A query with thousands of papers: say the number and the cost before the model is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from pipeline.compose.cost import cost_of
from pipeline.compose.job import prompt_library
from pipeline.compose.process import Runtime
from pipeline.digest_spec import DigestSpec
from pipeline.errors import UsageError
from pipeline.fetch import Heading, Item
from pipeline.model.tokens import estimate
from pipeline.records import Paper, Usage
from pipeline.settings import Settings
from pipeline.summarize import first_ask, task_of

MOST_UNCONFIRMED = 1000
"""Papers of one query that are summarized without more ado."""
SAMPLE = 100
"""Papers that the cost of all is estimated by; arXiv's first answer has them."""


def unless_large(spec: DigestSpec, settings: Settings, runtime: Runtime) -> DigestSpec:
    """Return the digest of a query that ends before it is paid for where the query gives too many papers."""

    def items() -> Iterator[Item]:
        found, count = spec.items(), 0
        for item in found:
            count += (isinstance(item, Heading) and item.announced) or 0
            if count > MOST_UNCONFIRMED:
                papers = (one for one in found if isinstance(one, Paper))
                raise _refusal(count, _cost(tuple(islice(papers, SAMPLE)), count, settings, runtime))
            yield item
            if isinstance(item, Paper):
                break
        yield from found

    return replace(spec, items=items)


def _refusal(count: int, dollars: float | None) -> UsageError:
    cost = "at an unknown price" if dollars is None else f"for about ${dollars:.2f}"
    return UsageError(
        f"--query: {count:,} papers would be summarized {cost}",
        hint="Add --yes to go on, or --limit N to take the newest N.",
    )


def _cost(papers: tuple[Paper, ...], count: int, settings: Settings, runtime: Runtime) -> float | None:
    """Return the dollars for ``count`` papers like ``papers``; None where the price is not known."""
    if not papers:
        return None
    prompt = prompt_library(runtime.prompts).get(settings.prompt)
    task = task_of(prompt)
    asks = [first_ask(paper, task, prompt) for paper in papers]
    asked = sum(estimate(message.content) for ask in asks for message in ask.messages)
    written = sum(len(paper.abstract) for paper in papers) * task.completion_share
    mean = Usage(prompt=round(asked / len(papers)), completion=round(written / len(papers)))
    return cost_of(mean, count, settings.models[0], runtime.now()).now
