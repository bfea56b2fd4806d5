"""``run``: make digests and say what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import outputs
from pipeline.cli import screen
from pipeline.cli.compose import job_for, now, output_for, prompt_library, settings_for
from pipeline.cli.estimate import estimate_command
from pipeline.cli.large import confirmed
from pipeline.cli.loop import kept_on_interrupt, run_loop
from pipeline.cli.options import Given
from pipeline.cli.outcome import open_page, show
from pipeline.cli.selection import digests_for
from pipeline.errors import FatalModelError, FetchError, SettingsError, UsageError
from pipeline.exits import Exit, of_several
from pipeline.run import DigestSpec, Outcome, Output, run
from pipeline.settings import Settings
from pipeline.summarize import Job


def run_command(given: Given) -> Exit:
    """Make every digest that the command asks for; return how it ended."""
    if given.dry_run:
        return estimate_command(given)
    settings = settings_for(given)
    if given.site and "json" not in settings.format:
        raise SettingsError("--site: the site is built from the json files", hint="Add json to --format.")
    if given.open and "html" not in settings.format:
        raise SettingsError("--open: there is no page to open without html", hint="Add html to --format.")
    if given.site:
        _check_site(settings)
    specs = digests_for(given, settings, now=now())
    return make([confirmed(spec, given, settings) for spec in specs], given, settings)


def _check_site(settings: Settings) -> None:
    """See, before anything is spent, that a site that is there can be written; none is made yet."""
    from pipeline.site import FOLDER

    if (settings.output / FOLDER).exists():
        outputs.check_writable(settings.output / FOLDER)


def make(specs: Sequence[DigestSpec], given: Given, settings: Settings) -> Exit:
    """Make digests one after the other and say of each what became of it."""
    prompt = prompt_library().get(settings.prompt)
    outputs.check_writable(settings.output)
    outcomes: list[Outcome] = []
    # What is refused is known before anything is spent on the others.
    refused = [spec.refusal for spec in specs if spec.refusal]
    wanted = [spec for spec in specs if not spec.refusal]
    try:
        with job_for(given, settings, prompt) as job, kept_on_interrupt(job):
            output = output_for(given, settings)
            run_loop(lambda: _make_each(wanted, job, output, outcomes, refused))
    finally:
        for outcome in outcomes:
            show(outcome, given)
    if refused and not outcomes:
        raise refused[0]
    for error in refused:
        screen.error(error.message, error.hint)
    codes = [*(outcome.exit for outcome in outcomes), *(Exit.USAGE for _ in refused)]
    if given.site and any(outcome.files for outcome in outcomes):
        from pipeline.cli.site import build_site

        codes.append(build_site(settings, given))
    if given.open:
        open_page(outcomes)
    return of_several(codes)


async def _make_each(
    specs: Sequence[DigestSpec], job: Job, output: Output, outcomes: list[Outcome], refused: list[UsageError]
) -> None:
    """Make one digest after the other; each is in ``outcomes`` or ``refused`` as soon as that is known.

    A day that arXiv does not serve ends the days of its digest.
    """
    unserved: set[str | None] = set()
    try:
        for spec in specs:
            if spec.name in unserved:
                continue
            job.progress.begins(spec.name)
            try:
                outcome = await run(spec, job, output)
            except UsageError as error:
                refused.append(error)
                continue
            outcomes.append(outcome)
            if outcome.exit is not Exit.NOTHING:
                job.cache.runs.keep(outcome.report, finished=job.now())
            if isinstance(outcome.error, FatalModelError):
                break
            if isinstance(outcome.error, FetchError):
                unserved.add(spec.name)
    finally:
        await job.close()
