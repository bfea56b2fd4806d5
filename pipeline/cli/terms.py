"""``prompts terms``: what is in the glossary, and what a change of terms costs."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.cli import screen
from pipeline.cli.environment import now, prompt_library, settings_for
from pipeline.cli.estimate import price_in_words, tables
from pipeline.cli.options import Given
from pipeline.compose import cost_of
from pipeline.errors import PromptError
from pipeline.exits import Exit
from pipeline.glossary import Glossary, Term
from pipeline.model.tokens import counter
from pipeline.prompts import Prompt
from pipeline.records import Paper
from pipeline.settings import Settings
from pipeline.store.cache import Cache
from pipeline.summarize import Plan, estimate
from pipeline.validation import did_you_mean

PAPERS = 500
"""Papers of the cache, the newest ones, among which the terms are counted."""


def terms_command(given: Given, names: Sequence[str]) -> Exit:
    """Count the glossary, or say how many papers the named terms are in and what asking about these again costs."""
    settings, library = settings_for(given), prompt_library()
    prompt, glossary = library.get(settings.prompt), library.glossary
    if not names:
        fields = ", ".join(f"{field} {count}" for field, count in glossary.by_field().most_common())
        screen.say(f"{glossary.path}: {len(glossary.terms)} terms ({fields})")
        return Exit.COMPLETE
    terms = _named(glossary, names)
    with Cache(settings.cache, warn=screen.warn) as cache:
        papers = cache.replies.newest_papers(PAPERS)
        found = [set(glossary.found_in(paper.english)) for paper in papers]
        for term in terms:
            count = sum(term in each for each in found)
            screen.say(f"{term.term} {term.rendering} ({term.field}): in {count} of the last {len(papers)} papers")
        having = [paper for paper, each in zip(papers, found, strict=True) if not each.isdisjoint(terms)]
        screen.say(_price(having, prompt, settings, cache))
    if not prompt.uses_terms:
        screen.warn(f"{prompt.label} does not say {{{{ terms }}}}: with it no term changes what is asked")
    return Exit.COMPLETE


def _named(glossary: Glossary, names: Sequence[str]) -> tuple[Term, ...]:
    """Return the terms of these names, each once.

    Raises:
        PromptError: the glossary lacks one of them; all are named.
    """
    known = [term.term for term in glossary.terms]
    terms = {name: glossary.named(name) for name in names}
    if unknown := [f"{name!r}{did_you_mean(name, known)}" for name, term in terms.items() if term is None]:
        raise PromptError(f"{glossary.path} lacks {', '.join(unknown)}", hint="Add a row for a new term first.")
    return tuple(dict.fromkeys(term for term in terms.values() if term))


def _price(papers: Sequence[Paper], prompt: Prompt, settings: Settings, cache: Cache) -> str:
    if not papers:
        return "no paper to ask about again"
    choice = settings.models[0]
    plan = Plan(prompt, choice.recorded_name, cache, refresh=True)
    found = estimate(papers, plan, counter(tables()))
    cost = cost_of(found.mean, found.to_ask, choice, now())
    return f"{len(papers)} to ask about again with {prompt.label}: {price_in_words(found, cost)}"
