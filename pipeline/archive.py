"""The digests that were written, read back: which there are, which days each has, and what is on a day.

It knows the layout below the output folder, ``NAME/DATE.json`` and what stands beside it; whoever publishes that folder
keeps the layout.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from urllib.parse import quote

from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.records import Day, RunReport
from pipeline.settings import digest_name
from pipeline.validation import explain

FEED = "feed.xml"
"""Name of a digest's Atom feed."""
_AGAIN = "Move it away, or make that day again with 'arxiv-digest run'."


class Archive:
    """The digests below one output folder; a day is read when it is asked for, never all at once."""

    def __init__(self, output: Path) -> None:
        self.output = output

    def names(self) -> tuple[str, ...]:
        """Return the digests that have a day, by name."""
        folders = sorted(self.output.iterdir()) if self.output.is_dir() else []
        return tuple(folder.name for folder in folders if _is_name(folder.name) and self.dates(folder.name))

    def dates(self, name: str) -> tuple[str, ...]:
        """Return the days of a digest, ``YYYY-MM-DD``, newest first; empty where there is no such digest."""
        stems = (path.name.removesuffix(".json") for path in (self.output / name).glob("*.json"))
        return tuple(sorted((stem for stem in stems if _is_date(stem)), reverse=True))

    def day(self, name: str, day: str) -> Day:
        """Read the digest ``name`` of a day; its place, not its content, says what it is called.

        Raises:
            InputError: the file is missing, or it is none that ``assemble`` wrote.
        """
        path = self.output / name / f"{day}.json"
        try:
            content = json.loads(path.read_bytes())
            if isinstance(content, dict):
                content |= {"name": name, "date": day}
            return Day.model_validate(content)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}", hint=_AGAIN) from error
        except ValidationError as error:
            raise InputError(f"{path}: is not a digest: {explain(error)}", hint=_AGAIN) from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: is not a digest: it is not JSON: {error}", hint=_AGAIN) from error

    def report(self, name: str, day: str) -> RunReport | None:
        """Read the run report of a day; None where there is none that can be read, for the digest is whole without."""
        try:
            return RunReport.model_validate_json((self.output / name / f"{day}.run.json").read_bytes())
        except (OSError, ValidationError):
            return None


def page_address(site_url: str | None, name: str, day: str) -> str | None:
    """Return where the page of a day is read, if the output folder is published at ``site_url``."""
    return f"{site_url}/{quote(name)}/{day}.html" if site_url else None


def feed_address(site_url: str | None, name: str) -> str | None:
    """Return where the feed of a digest is read, if the output folder is published at ``site_url``."""
    return f"{site_url}/{quote(name)}/{FEED}" if site_url else None


def _is_name(text: str) -> bool:
    try:
        return bool(digest_name(text))
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
