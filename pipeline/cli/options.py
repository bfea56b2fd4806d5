"""The options that commands share, each said once, and the bag they are carried in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Self

from typer import Argument, Option

Names = Annotated[
    list[str] | None,
    Argument(metavar="[NAME | CATEGORY ...]", help="A section of digest.toml, or categories.", show_default=False),
]
Config = Annotated[Path | None, Option("--config", metavar="FILE", help="Settings; else ./digest.toml.")]
Date = Annotated[str | None, Option("--date", metavar="D", help="Day of the announcement, YYYY-MM-DD.")]
From = Annotated[str | None, Option("--from", metavar="D", help="First of several days.")]
To = Annotated[str | None, Option("--to", metavar="D", help="Last of several days.")]
Query = Annotated[str | None, Option("--query", metavar="Q", help="A query in arXiv's own language.")]
Ids = Annotated[list[str] | None, Option("--id", metavar="ID", help="An arXiv id; again and again.")]
Input = Annotated[
    str | None,
    Option("--input", metavar="FILE", help="JSON Lines, arXiv Atom or announcement feed; - is standard input."),
]
Announce = Annotated[str | None, Option("--announce", metavar="KINDS", help="new,cross,replace,replace-cross")]
Limit = Annotated[int | None, Option("--limit", metavar="N", min=1, help="At most so many papers.")]
PromptOption = Annotated[str | None, Option("--prompt", metavar="NAME@N", help="The prompt.")]
ModelOption = Annotated[str | None, Option("--model", metavar="M", help="The language model.")]
BaseUrl = Annotated[str | None, Option("--base-url", metavar="URL", help="The endpoint, or replay:FILE.")]
Concurrency = Annotated[int | None, Option("--concurrency", metavar="N", help="Calls in flight at most.")]
Rpm = Annotated[float | None, Option("--rpm", metavar="N", help="Requests a minute at most; else found out.")]
Tpm = Annotated[float | None, Option("--tpm", metavar="N", help="Tokens a minute at most; else found out.")]
Budget = Annotated[float | None, Option("--budget", metavar="USD", help="Spend no more than this.")]
DryRun = Annotated[bool, Option("--dry-run", help="Say what it would take; ask the model nothing.")]
Offline = Annotated[bool, Option("--offline", help="Use the cache only.")]
Refresh = Annotated[bool, Option("--refresh", help="Ask again for papers that the cache has.")]
Site = Annotated[bool, Option("--site", help="Build the site, too, when a digest was written.")]
All = Annotated[bool, Option("--all", help="With digests that are neither sections nor categories.")]
CacheDir = Annotated[Path | None, Option("--cache", metavar="DIR", help="Where replies are kept.")]
Output = Annotated[Path | None, Option("-o", "--output", metavar="DIR", help="Where digests are written.")]
Name = Annotated[str | None, Option("--name", metavar="NAME", help="Name of the digest.")]
Formats = Annotated[str | None, Option("--format", metavar="md,json,html,atom", help="What is written.")]
Json = Annotated[bool, Option("--json", help="Print the run report on standard output.")]
Quiet = Annotated[bool, Option("-q", "--quiet", help="Say nothing but errors.")]
Verbose = Annotated[bool, Option("-v", "--verbose", help="Say what happens to each paper.")]


@dataclass(frozen=True)
class Given:
    """The options of one command, as they were given; those that a command has not are absent here too."""

    names: list[str] | None = None
    config: Path | None = None
    date: str | None = None
    first: str | None = None
    last: str | None = None
    query: str | None = None
    ids: list[str] | None = None
    input: str | None = None
    announce: str | None = None
    limit: int | None = None
    prompt: str | None = None
    model: str | None = None
    base_url: str | None = None
    concurrency: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    budget: float | None = None
    dry_run: bool = False
    offline: bool = False
    refresh: bool = False
    site: bool = False
    all: bool = False
    cache: Path | None = None
    output: Path | None = None
    name: str | None = None
    format: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """Return the options among a command's ``locals()``; a trailing underscore keeps off Python's own names."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: parameters[key] for key in parameters if (name := key.rstrip("_")) in known})

    @property
    def settings(self) -> dict[str, Any]:
        """The options that are settings too, under the settings' names."""
        formats = None if self.format is None else [word.strip() for word in self.format.split(",")]
        own = ("prompt", "model", "base_url", "concurrency", "rpm", "tpm", "budget", "cache", "output")
        return {name: getattr(self, name) for name in own} | {"format": formats}
