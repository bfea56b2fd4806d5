"""Remove old days from the folder of the digests, and write its README, which leads to the newest days.

Takes the folder as an argument, and KEEP_DAYS and SITE_URL from the environment, both of which may be empty.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

NEWEST = 14
"""Days in the README."""
_OF_A_DAY = re.compile(r"(\d{4}-\d\d-\d\d)\.(?:md|html|json|run\.json)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*")
_WEB_ADDRESS = re.compile(r"https?://[^\s<>]+")

Days = Mapping[str, Mapping[str, Sequence[Path]]]
"""The files of each digest on each day, both by name."""


def main(arguments: Sequence[str]) -> None:
    """Tidy the folder that is named."""
    folder = Path(arguments[0])
    kept = os.environ.get("KEEP_DAYS", "")
    if re.fullmatch(r"[1-9][0-9]{0,4}", kept):
        prune(folder, oldest=datetime.now(UTC).date() - timedelta(days=int(kept)))
    elif kept:
        print("::warning::keep-days is not a number of days, so all days are kept.")
    days = days_in(folder)
    if days:
        text = "\n".join(readme(days, os.environ.get("SITE_URL", "")))
        (folder / "README.md").write_text(f"{text}\n", "utf-8")


def days_in(folder: Path) -> Days:
    """Return what a folder of digests has."""
    found: dict[str, dict[str, list[Path]]] = {}
    for path in sorted(folder.glob("*/*")):
        match = _OF_A_DAY.fullmatch(path.name)
        if match and _NAME.fullmatch(path.parent.name):
            found.setdefault(match[1], {}).setdefault(path.parent.name, []).append(path)
    return found


def prune(folder: Path, *, oldest: date) -> None:
    """Remove all that was written of days before the oldest one that is kept."""
    old = {day: digests for day, digests in days_in(folder).items() if day < oldest.isoformat()}
    for path in (path for digests in old.values() for paths in digests.values() for path in paths):
        path.unlink()
    if old:
        print(f"Removed {len(old)} days before {oldest}.")


def readme(days: Days, site_url: str) -> Iterator[str]:
    """Yield the lines of the README, GitHub Flavored Markdown."""
    yield "# arXiv 中文摘要"
    yield ""
    yield f"网站：<{site_url}>" if _WEB_ADDRESS.fullmatch(site_url) else f"最近 {NEWEST} 期："
    yield ""
    yield "| 日期 | 摘要 |"
    yield "| --- | --- |"
    for day in sorted(days, reverse=True)[:NEWEST]:
        yield f"| {day} | {'，'.join(_link(name, day, paths) for name, paths in sorted(days[day].items()))} |"


def _link(name: str, day: str, paths: Sequence[Path]) -> str:
    """Return a link to the page of a day, with the number of its papers where the run report has it."""
    names = {path.name: path for path in paths}
    page = next((f"{day}.{form}" for form in ("md", "html", "json") if f"{day}.{form}" in names), f"{day}.run.json")
    try:
        papers = f"（{int(json.loads(names[f'{day}.run.json'].read_bytes())['papers'])} 篇）"
    except (OSError, LookupError, TypeError, ValueError):
        papers = ""
    return f"[{name}]({name}/{page}){papers}"


if __name__ == "__main__":
    main(sys.argv[1:])
