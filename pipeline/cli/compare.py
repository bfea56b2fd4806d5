"""``prompts compare``: prompts and models on the same papers, as a table and a page."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pipeline.cli import screen
from pipeline.cli.environment import job_for, now, prompt_library, settings_for, specs_for
from pipeline.cli.estimate import price_in_words, tables
from pipeline.cli.loop import kept_on_interrupt, run_loop
from pipeline.cli.options import Given
from pipeline.compare import Cell, Column, Comparison, Line, Row, cells, page, table
from pipeline.compare.statistics import Difference
from pipeline.compose import cost_of
from pipeline.compose.large import MOST_UNCONFIRMED
from pipeline.errors import ModelError, UsageError
from pipeline.exits import Exit
from pipeline.fetch import Item, Tally, read_file
from pipeline.model.prices import price_of
from pipeline.model.tokens import Counter, counter
from pipeline.model_choice import ModelChoice
from pipeline.outputs import check_writable, write_all
from pipeline.prompts import Prompt
from pipeline.records import Paper, Usage
from pipeline.settings import Settings, digest_name
from pipeline.store.cache import Cache
from pipeline.summarize import Estimate, Plan, estimate

FOLDER = "compare"
"""Below the output folder; its files have no days for names, so that no digest is seen in it."""
SAMPLE = Path(__file__).resolve().parent.parent / "compare" / "sample" / "papers.jsonl"
MOST_COLUMNS = 6
FIGURES = {
    "summaries": "summaries",
    "asked_again": "asked again",
    "title": "title, characters",
    "tldr": "one-liner, characters",
    "abstract": "abstract, characters",
    "prompt_tokens": "prompt tokens a paper",
    "completion_tokens": "completion tokens a paper",
    "cost": "dollars a paper",
    "seconds": "seconds a paper",
}


@dataclass(frozen=True)
class Which:
    """What is compared on what, as the command line has it."""

    labels: tuple[str, ...]
    models: tuple[str, ...]
    sample: int | None
    seed: int


@dataclass(frozen=True)
class _Contender:
    """One prompt at one model, before it is asked."""

    label: str
    prompt: Prompt
    settings: Settings
    given: Given

    @property
    def choice(self) -> ModelChoice:
        return self.settings.models[0]

    @property
    def model(self) -> str:
        return self.choice.recorded_name


def compare_command(given: Given, which: Which) -> Exit:
    """Ask every contender for the same papers; write the page and the file that judges work on."""
    _check_name(given.name)
    contenders = _contenders(given, which)
    settings = contenders[0].settings
    papers = _papers(given, which, settings)
    check_writable(settings.output / FOLDER)
    _say_before(papers, contenders, given)
    if given.dry_run:
        return Exit.COMPLETE
    columns, stopped = _run(papers, contenders, given.budget if given.budget is not None else settings.budget)
    if not any(cell.summary for column in columns for cell in column):
        raise ModelError("no paper has a summary in any column", hint=_first_failure(columns))
    comparison = _comparison(papers, contenders, columns, now())
    files = _write(comparison, settings.output / FOLDER, given.name)
    if not given.quiet:
        _say(comparison, files)
    failed = any(cell.failure for column in columns for cell in column)
    return Exit.BUDGET if stopped else Exit.PARTIAL if failed else Exit.COMPLETE


def _check_name(name: str | None) -> None:
    try:
        if name is not None:
            digest_name(name)
    except ValueError as error:
        raise UsageError(f"--name: {error}") from error


def _contenders(given: Given, which: Which) -> tuple[_Contender, ...]:
    library = prompt_library()
    models = which.models or (None,)
    pairs = [(label, model) for label in which.labels for model in models]
    if not 2 <= len(pairs) <= MOST_COLUMNS or len(set(pairs)) < len(pairs):
        raise UsageError(
            f"compare takes 2 to {MOST_COLUMNS} different columns, and these are {len(set(pairs))}",
            hint="Name two prompts, or one and two models: prompts compare digest@1 --model A --model B",
        )
    made = []
    for label, model in pairs:
        own = replace(given, prompt=label, model=model)
        name = f"{label} {model}" if len(models) > 1 else label
        made.append(_Contender(name, library.get(label), settings_for(own), own))
    return tuple(made)


def _papers(given: Given, which: Which, settings: Settings) -> tuple[Paper, ...]:
    if sum((given.input is not None, bool(given.ids), which.sample is not None)) > 1:
        raise UsageError("--input, --id and --sample each say which papers: give one of them")
    if which.sample is not None:
        return _sampled(settings, which.sample, which.seed)
    if given.input is None and not given.ids:
        return _named(read_file(SAMPLE, announce=None, limit=given.limit))
    (spec,) = specs_for(replace(given, name=None), settings)
    if spec.refusal:
        raise spec.refusal
    return _named(spec.items())


def _named(items: Iterable[Item]) -> tuple[Paper, ...]:
    """Return the papers that come, each once; say which do not."""
    tally = Tally()
    papers = {paper.id: paper for paper in tally.papers(items)}
    for missing in tally.source().missing_papers:
        screen.warn(f"{missing.id} is left out: {missing.reason}")
    if not papers:
        raise UsageError("there are no papers to compare on")
    return tuple(papers.values())


def _sampled(settings: Settings, count: int, seed: int) -> tuple[Paper, ...]:
    """Draw papers from the cache, the same for the same seed as long as it has the same papers."""
    with Cache(settings.cache, warn=screen.warn) as cache:
        ids = sorted({reply.summary.paper_id for reply in cache.replies.all()})
        if not ids:
            raise UsageError(f"--sample: {cache.path} has no papers yet", hint="Leave --sample out, or run a digest.")
        drawn = random.Random(seed).sample(ids, min(count, len(ids)))  # noqa: S311 (no secret)
        return tuple(paper for paper_id in drawn if (paper := cache.replies.paper(paper_id)))


def _say_before(papers: Sequence[Paper], contenders: Sequence[_Contender], given: Given) -> None:
    """Say what each column takes before anything is paid.

    Raises:
        UsageError: it is much, and nobody has said yes.
    """
    tokens, to_ask = counter(tables()), 0
    for contender in contenders:
        found = _estimated(papers, contender, tokens)
        to_ask += found.to_ask
        if not given.quiet:
            screen.say(f"{contender.label} ({contender.model}): {_in_words(found, contender.choice)}")
    if to_ask > MOST_UNCONFIRMED and not (given.yes or given.dry_run):
        raise UsageError(f"{to_ask:,} papers would be asked about", hint="Add --yes to go on, or take fewer papers.")


def _estimated(papers: Sequence[Paper], contender: _Contender, tokens: Counter) -> Estimate:
    given = contender.given
    with Cache(contender.settings.cache, warn=screen.warn) as cache:
        plan = Plan(contender.prompt, contender.model, cache, refresh=given.refresh, offline=given.offline)
        return estimate(papers, plan, tokens)


def _in_words(found: Estimate, choice: ModelChoice) -> str:
    counted = f"{found.papers} papers, {found.cached} cached, {found.to_ask} to ask"
    if not found.to_ask or choice.replay_file:
        return f"{counted}; nothing to pay for"
    return f"{counted}; {price_in_words(found, cost_of(found.mean, found.to_ask, choice, now()))}"


def _run(
    papers: Sequence[Paper], contenders: Sequence[_Contender], budget: float | None
) -> tuple[list[list[Cell]], bool]:
    """Return the cells of each column, one column after the other, and whether the budget ended it."""
    columns: list[list[Cell]] = []
    left = budget
    for contender in contenders:
        columns.append(_column(papers, contender, left))
        if left is not None:
            left = max(0.0, left - sum(cell.cost_usd or 0.0 for cell in columns[-1] if not cell.is_cached))
    stopped = any(cell.failure and cell.failure.reason == "budget" for column in columns for cell in column)
    return columns, stopped


def _column(papers: Sequence[Paper], contender: _Contender, budget: float | None) -> list[Cell]:
    """Run one prompt at one model over the papers."""
    settings = contender.settings.model_copy(update={"budget": budget})
    price = None if contender.choice.replay_file else price_of(contender.choice)

    def cost(usage: Usage) -> float | None:
        return round(price(usage, now()), 9) if price else None

    with ExitStack() as stack:
        job = stack.enter_context(job_for(contender.given, settings, contender.prompt))
        stack.enter_context(kept_on_interrupt(job))
        return run_loop(lambda: cells(job, papers, cost, time.monotonic))


def _first_failure(columns: Sequence[Sequence[Cell]]) -> str:
    failures = (cell.failure for column in columns for cell in column if cell.failure)
    return next((f"The first: {failure.paper_id} {failure.reason}: {failure.detail}" for failure in failures), "")


def _comparison(
    papers: Sequence[Paper], contenders: Sequence[_Contender], columns: Sequence[Sequence[Cell]], moment: datetime
) -> Comparison:
    return Comparison(
        created=moment,
        columns=tuple(
            Column(label=one.label, prompt=one.prompt.reference, model=one.model, endpoint=one.choice.host)
            for one in contenders
        ),
        rows=tuple(Row(paper=paper, cells=made) for paper, *made in zip(papers, *columns, strict=True)),
    )


def _write(comparison: Comparison, folder: Path, name: str | None) -> tuple[Path, Path]:
    stem = name or comparison.name
    texts = {f"{stem}.html": page(comparison), f"{stem}.json": comparison.model_dump_json(indent=1) + "\n"}
    made, data = write_all(folder, texts)
    return made, data


def _say(comparison: Comparison, files: tuple[Path, Path]) -> None:
    for line in _table(comparison):
        screen.say(line)
    made, data = files
    screen.say(f"  {screen.link(made)}")
    screen.say(f"  to judge it without knowing which is which: arxiv-digest prompts judge {data}")


def _table(comparison: Comparison) -> Iterator[str]:
    rows = [(_name(line.key), [*_values(line)]) for line in table(comparison)]
    labels = [column.label for column in comparison.columns]
    first = max(len(name) for name, _ in rows)
    widths = [max(len(text) for text in column) for column in zip(labels, *(cells for _, cells in rows), strict=True)]
    for name, texts in (("", labels), *rows):
        padded = (text.ljust(width) for text, width in zip(texts, widths, strict=True))
        yield f"{name:{first}}  {'  '.join(padded)}".rstrip()
    yield "in brackets: the difference to the first column a paper, and its 95 % interval"


def _name(key: str) -> str:
    kind, _, check = key.partition(":")
    return FIGURES[key] if not check else f"{'refused' if kind == 'check' else 'marked'}: {check}"


def _values(line: Line) -> Iterator[str]:
    for value, difference in zip(line.values, line.differences, strict=True):
        text = "-" if value is None else f"{value:,.{line.digits}f}"
        yield text + (_in_brackets(difference, max(2, line.digits)) if difference else "")


def _in_brackets(found: Difference, digits: int) -> str:
    if found.is_nothing:
        return " (same)"
    return f" ({found.mean:+.{digits}f}, {found.low:+.{digits}f} to {found.high:+.{digits}f})"
