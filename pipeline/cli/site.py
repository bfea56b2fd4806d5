"""``site``: build the static site from what was written."""

from __future__ import annotations

import sys

from pipeline.archive import Archive
from pipeline.cli import screen
from pipeline.cli.environment import settings_for
from pipeline.cli.options import Given
from pipeline.cli.pick import written_names
from pipeline.exits import Exit
from pipeline.settings import Settings
from pipeline.site import build


def site_command(given: Given) -> Exit:
    """Build the site of the digests that were written."""
    return build_site(settings_for(given), given)


def build_site(settings: Settings, given: Given) -> Exit:
    """Build the site and say what became of it; standard output is kept free for the run report."""
    archive = Archive(settings.output)
    written = written_names(archive)
    regular = [name for name in written if not settings.is_tryout(name)]
    built = build(archive, written if given.all else regular or written, screen.warn)
    if not given.quiet:
        to = sys.stderr if given.json else sys.stdout
        digests = len({day.name for day in built.days})
        changes = f"{built.folder.written} files written, {built.folder.removed} removed"
        screen.say(f"site: {digests} digests, {len(built.days)} days, {built.papers} papers; {changes}", to=to)
        screen.say(f"  {built.folder.root / 'index.html'}", to=to)
        tryouts = [name for name in written if name not in regular]
        if tryouts and not given.all:
            screen.say(f"  {_about(tryouts, are_shown=not regular)}", to=to)
    return Exit.PARTIAL if built.broken else Exit.COMPLETE


def _about(tryouts: list[str], *, are_shown: bool) -> str:
    """Say what became of digests that are neither sections of digest.toml nor categories."""
    if are_shown:
        return "there are only try-outs, so they are shown; once a section or category is made they need --all"
    return f"without try-outs ({', '.join(tryouts)}); --all shows them too"
