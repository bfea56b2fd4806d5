"""A fetch of an announcement in a process of its own: ``API FEED CACHE DELAY``; writes the count after each page.

The lock lies beside the cache folder.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.fetch import LOCK_FILE, ArxivSettings, KeptPages, Pacer, Wanted, Wire, announced


def main() -> None:
    """Fetch."""
    api, feed, folder, delay = sys.argv[1:]
    kept = KeptPages(Path(folder), now=lambda: datetime(2026, 4, 27, 12, tzinfo=UTC), warn=sys.exit)
    wire = Wire(Pacer(float(delay), lock=Path(folder).parent / LOCK_FILE), kept, date(2026, 4, 27))
    for page in announced(ArxivSettings(api_url=api, feed_url=feed), Wanted(("cs.AI",)), wire):
        sys.stdout.write(f"{page.source.fetched}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
