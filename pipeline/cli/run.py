"""``run``: make digests and say what became of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from pipeline import outputs
from pipeline.cli import screen
from pipeline.cli.environment import job_for, prompt_library, runtime, settings_for, specs_for
from pipeline.cli.estimate import estimate_command
from pipeline.cli.loop import kept_on_interrupt, run_loop
from pipeline.cli.options import Given
from pipeline.cli.outcome import Shown, check_open, open_page
from pipeline.compose import make_each, output_for
from pipeline.compose.large import unless_large
from pipeline.digest_spec import DigestSpec
from pipeline.errors import SettingsError, UsageError
from pipeline.exits import Exit, of_several
from pipeline.run import Outcome
from pipeline.settings import Settings


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
    specs = specs_for(given, settings)
    if given.query and not (given.limit or given.yes or given.offline):
        specs = tuple(unless_large(spec, settings, runtime()) for spec in specs)
    return make(specs, given, settings)


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
        output = output_for(settings, runtime(), replace=given.replace)
        try:
            run_loop(lambda: made.collect(make_each(wanted, job, output)))
        finally:
            made.shown.end()
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

    async def collect(self, made: AsyncIterator[Outcome | UsageError]) -> None:
        """Show and keep each as it comes, so that it is there also where the rest is interrupted."""
        async for one in made:
            if isinstance(one, UsageError):
                self.refused.append(one)
            else:
                self._add(one)

    def _add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        try:
            self.shown.show(outcome)
        except screen.OutputLostError as error:
            self.lost = error
