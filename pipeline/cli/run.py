"""``run``: make digests and say what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline import outputs
from pipeline.cli import screen
from pipeline.cli.compose import job_for, now, output_for, prompt_library, settings_for
from pipeline.cli.estimate import estimate_command
from pipeline.cli.large import confirmed
from pipeline.cli.loop import kept_on_interrupt, run_loop
from pipeline.cli.options import Given
from pipeline.cli.outcome import Shown, check_open, open_page
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
    check_open(given, settings)
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
    # What is refused is known before anything is spent on the others.
    made = _Made(Shown(given), [spec.refusal for spec in specs if spec.refusal])
    wanted = [spec for spec in specs if not spec.refusal]
    with job_for(given, settings, prompt) as job, kept_on_interrupt(job):
        output = output_for(given, settings)
        run_loop(lambda: _make_each(wanted, job, output, made))
    if made.lost:
        raise made.lost
    outcomes, refused = made.outcomes, made.refused
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


@dataclass
class _Made:
    """The digests of a command so far; each is shown as soon as it is made."""

    shown: Shown
    refused: list[UsageError]
    outcomes: list[Outcome] = field(default_factory=list)
    lost: screen.OutputLostError | None = None
    """Why a report did not reach standard output; the other digests are made all the same."""

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        try:
            self.shown.show(outcome)
        except screen.OutputLostError as error:
            self.lost = error


async def _make_each(specs: Sequence[DigestSpec], job: Job, output: Output, made: _Made) -> None:
    """Make one digest after the other and show what became of it.

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
                made.refused.append(error)
                continue
            job.progress.close()
            made.add(outcome)
            if outcome.exit is not Exit.NOTHING:
                job.cache.keep_run(outcome.report, finished=job.now())
            if isinstance(outcome.error, FatalModelError):
                break
            if isinstance(outcome.error, FetchError):
                unserved.add(spec.name)
    finally:
        await job.close()
