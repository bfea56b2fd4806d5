"""A fetch of an announcement in a process of its own: ``API FEED CACHE DELAY LONGEST``; writes the count at its end.

The lock lies beside the cache folder, and so does the file to which each departure is added. A request that lasts
``LONGEST`` seconds is taken for stopped.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline.fetch import (
    LOCK_FILE,
    ArxivSettings,
    SharedPace,
    Wanted,
    account_of,
    announcement,
    open_session,
)
from pipeline.store.answers import KeptAnswers
from tests.fetch.departures import NotingPacer

DEPARTURES = "departures"


def now() -> datetime:
    """Noon of the day of the loopback's feed."""
    return datetime(2026, 4, 27, 12, tzinfo=UTC)


def tell(what: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(f"{what}\n")


def note(file: Path, moment: float) -> None:
    """Add a line to a file."""
    with file.open("a", encoding="ascii") as lines:
        lines.write(f"{moment!r}\n")


def main() -> None:
    """Fetch."""
    api, feed, folder, delay, longest = sys.argv[1:]
    shared = SharedPace(Path(folder).parent / LOCK_FILE, tell=tell, longest=float(longest))
    pacer = NotingPacer(float(delay), partial(note, Path(folder).parent / DEPARTURES), shared)
    kept = KeptAnswers(Path(folder), now=now, warn=sys.exit)
    session = open_session(ArxivSettings(api_url=api, feed_url=feed), pacer, kept, now=now, tell=tell)
    source = account_of(announcement(session, Wanted(("cs.AI",)), None))
    sys.stdout.write(f"{source.fetched} {len(source.notes)}\n")


if __name__ == "__main__":
    main()
