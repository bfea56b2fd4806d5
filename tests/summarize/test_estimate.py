"""What a run would ask, estimated from the papers, the cache and what earlier replies used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.model.tokens import Counter
from pipeline.model.tokens import estimate as tokens_of
from pipeline.prompts import Prompt, load
from pipeline.records import Usage
from pipeline.store.cache import Cache
from pipeline.summarize import Estimate, Plan, estimate
from pipeline.summarize.dialogue import first_ask
from pipeline.summarize.estimate import ENOUGH_SEEN, SCHEMA_CHARACTERS
from pipeline.summarize.tasks import TASKS, TEMPLATES, task_of

from .conftest import MakeJob
from .samples import USED, SaidModel, paper, papers, summarize, write_prompt

PROMPTS = Path(__file__).parents[2] / "prompts"
COUNTED = Counter(len, approximate=False)
GUESSED = Counter(len, approximate=True)


@pytest.fixture
def prompt(tmp_path: Path) -> Prompt:
    """The prompt that the jobs have."""
    return write_prompt(tmp_path)


def by_rule(prompt: Prompt, count: int, skipped: int = 0) -> Usage:
    """Return the tokens of papers by the rules alone, a token a character."""
    asked = papers(count)[skipped:]
    asks = [first_ask(one, task_of(prompt), prompt) for one in asked]
    sent = sum(len(message.content) for ask in asks for message in ask.messages)
    schemas = sum(len(str(ask.schema)) // SCHEMA_CHARACTERS for ask in asks)
    characters = sum(len(one.abstract) for one in asked)
    return Usage(prompt=sent + schemas, completion=round(characters * task_of(prompt).completion_share))


@pytest.mark.parametrize("counter", [COUNTED, GUESSED], ids=["counted", "guessed"])
def test_an_empty_cache_leaves_the_rules(cache: Cache, prompt: Prompt, counter: Counter) -> None:
    """Messages and schema for the prompt, a share of the abstract for the completion; a guess says that it is one."""
    assert estimate(papers(5), Plan(prompt, "told", cache), counter) == Estimate(
        5, 0, by_rule(prompt, 5), approximate=counter.approximate
    )


def test_each_task_has_its_share_for_the_completion() -> None:
    """Measured for each: sentence by sentence the replies are no longer."""
    assert (TASKS["translation"].completion_share, TASKS["sentences"].completion_share) == (0.35, 0.34)


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("*/*.md")), ids=lambda path: f"{path.parent.name}@{path.stem}")
def test_a_shipped_prompt_adds_few_tokens_to_its_paper(path: Path) -> None:
    """At most 480 to an abstract of eight sentences, its schema and the numbers of the sentences included."""
    shipped = load(path, TEMPLATES)
    of = paper(abstract=" ".join(["Robots send only changes of their maps to others."] * 8))
    ask = first_ask(of, task_of(shipped), shipped)
    sent = sum(tokens_of(message.content) for message in ask.messages) + len(str(ask.schema)) // SCHEMA_CHARACTERS
    assert sent - tokens_of(of.title) - tokens_of(of.abstract) <= 480


def test_no_papers_take_nothing(cache: Cache, prompt: Prompt) -> None:
    """Not even the schema."""
    assert estimate([], Plan(prompt, "told", cache), COUNTED) == Estimate(0, 0, Usage(), approximate=False)


async def test_what_the_cache_has_takes_nothing(job: MakeJob, cache: Cache, prompt: Prompt) -> None:
    """It is counted as cached; another model has nothing cached."""
    await summarize(job(SaidModel()), papers(3))
    found = estimate(papers(5), Plan(prompt, "told", cache), COUNTED)
    assert (found, found.to_ask) == (Estimate(5, 3, by_rule(prompt, 5, skipped=3), approximate=False), 2)
    assert estimate(papers(5), Plan(prompt, "another", cache), COUNTED).to_ask == 5


@pytest.mark.parametrize(
    ("seen", "counter", "tokens"),
    [
        (ENOUGH_SEEN - 1, GUESSED, lambda prompt: by_rule(prompt, ENOUGH_SEEN + 9, ENOUGH_SEEN - 1)),
        (ENOUGH_SEEN, GUESSED, lambda prompt: Usage(prompt=10 * USED.prompt, completion=10 * USED.completion)),
        (
            ENOUGH_SEEN,
            COUNTED,
            lambda prompt: Usage(
                prompt=by_rule(prompt, ENOUGH_SEEN + 10, ENOUGH_SEEN).prompt, completion=10 * USED.completion
            ),
        ),
    ],
    ids=["too few seen", "guessed", "counted"],
)
async def test_from_twenty_replies_on_their_usage_decides(
    job: MakeJob, cache: Cache, prompt: Prompt, seen: int, counter: Counter, tokens: Callable[[Prompt], Usage]
) -> None:
    """For completions always, for prompts where they cannot be counted."""
    await summarize(job(SaidModel()), papers(seen))
    found = estimate(papers(seen + 10), Plan(prompt, "told", cache), counter)
    assert (found.cached, found.to_ask) == (seen, 10)
    wanted = tokens(prompt)
    assert found.tokens.prompt == wanted.prompt
    assert found.tokens.completion == pytest.approx(wanted.completion, rel=0.05)
