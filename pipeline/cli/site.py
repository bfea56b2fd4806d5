"""``site``: build the static site from what was written."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.archive import Archive
from pipeline.cli import screen
from pipeline.cli.compose import settings_for
from pipeline.cli.options import Given
from pipeline.exits import Exit
from pipeline.search import Pagefind
from pipeline.site import build


def site_command(given: Given) -> Exit:
    """Build the site of all digests that were written."""
    return build_site(settings_for(given).output, given)


def build_site(output: Path, given: Given) -> Exit:
    """Build the site below ``output`` and say what became of it; standard output is kept free for the run report."""
    search = Pagefind.installed()
    built = build(Archive(output), search, screen.warn)
    if not given.quiet:
        to = sys.stderr if given.json else sys.stdout
        digests = len({day.name for day in built.days})
        changes = f"{built.written} files written, {built.removed} removed, {built.indexed} indexes made"
        screen.say(f"site: {digests} digests, {len(built.days)} days, {built.papers} papers; {changes}", to=to)
        screen.say(f"  {built.root / 'index.html'}", to=to)
        if search is None:
            screen.say("  full-text search is left out; it needs pip install 'arxiv-digest[search]'", to=to)
    return Exit.PARTIAL if built.broken else Exit.COMPLETE
