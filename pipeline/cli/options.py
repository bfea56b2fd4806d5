"""The options that commands share, in one table; and how a command takes them from it."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, get_args, get_type_hints

from typer import Argument, Option

PAPERS = "Which papers"
MODEL = "Model and prompt"
LIMITS = "Limits"
FILES = "Files"
OUTCOME = "What it shows and does"


@dataclass(frozen=True)
class Given:
    """The options of one command, as they were given; those that a command does not take have their defaults."""

    names: Annotated[
        list[str] | None,
        Argument(
            metavar="[NAME|CATEGORY]...",
            help="Sections of digest.toml; or categories, together one digest.  [default: every section]",
            show_default=False,
        ),
    ] = None
    date: Annotated[
        str | None,
        Option(
            "--date",
            metavar="DAY",
            help="Day of the announcement, YYYY-MM-DD.  [default: the newest]",
            rich_help_panel=PAPERS,
        ),
    ] = None
    first: Annotated[
        str | None, Option("--from", metavar="DAY", help="First of several days; needs --to.", rich_help_panel=PAPERS)
    ] = None
    last: Annotated[str | None, Option("--to", metavar="DAY", help="Last of several days.", rich_help_panel=PAPERS)] = (
        None
    )
    query: Annotated[
        str | None,
        Option(
            "--query", metavar="QUERY", help="A search in arXiv's own language: 'ti:diffusion'.", rich_help_panel=PAPERS
        ),
    ] = None
    ids: Annotated[
        list[str] | None, Option("--id", metavar="ID", help="An arXiv id; repeatable.", rich_help_panel=PAPERS)
    ] = None
    input: Annotated[
        str | None,
        Option(
            "--input",
            metavar="FILE",
            help="JSON Lines, arXiv Atom or an announcement feed; - is standard input.",
            rich_help_panel=PAPERS,
        ),
    ] = None
    announce: Annotated[
        str | None,
        Option(
            "--announce",
            metavar="KINDS",
            help="Kinds to take: new,cross,replace,replace-cross.  [default: new,cross]",
            rich_help_panel=PAPERS,
        ),
    ] = None
    limit: Annotated[
        int | None, Option("--limit", metavar="N", min=1, help="Take the first N papers only.", rich_help_panel=PAPERS)
    ] = None
    refetch: Annotated[
        bool,
        Option("--refetch", help="Ask arXiv again instead of using its earlier answers.", rich_help_panel=PAPERS),
    ] = False
    yes: Annotated[
        bool, Option("--yes", help="Go on with a query of more than 1,000 papers.", rich_help_panel=PAPERS)
    ] = False
    model: Annotated[
        str | None,
        Option("--model", metavar="MODEL", help="The language model.  [default: gpt-6-luna]", rich_help_panel=MODEL),
    ] = None
    base_url: Annotated[
        str | None,
        Option(
            "--base-url",
            metavar="URL",
            help="The endpoint, the name of a service, or replay:FILE.  [default: OpenAI]",
            rich_help_panel=MODEL,
        ),
    ] = None
    prompt: Annotated[
        str | None, Option("--prompt", metavar="NAME@N", help="The prompt.  [default: digest@1]", rich_help_panel=MODEL)
    ] = None
    refresh: Annotated[
        bool, Option("--refresh", help="Ask the model again for papers in the cache.", rich_help_panel=MODEL)
    ] = False
    offline: Annotated[
        bool,
        Option(
            "--offline",
            help="Ask no model: use only summaries from the cache. Still connects to arXiv.",
            rich_help_panel=MODEL,
        ),
    ] = False
    dry_run: Annotated[
        bool,
        Option("--dry-run", help="Only say what it would cost, as 'estimate' does.", rich_help_panel=LIMITS),
    ] = False
    budget: Annotated[
        float | None, Option("--budget", metavar="USD", help="Spend at most this many dollars.", rich_help_panel=LIMITS)
    ] = None
    concurrency: Annotated[
        int | None,
        Option(
            "--concurrency",
            metavar="N",
            help="Most calls at a time.  [default: a number that suits the service]",
            rich_help_panel=LIMITS,
        ),
    ] = None
    rpm: Annotated[
        float | None,
        Option(
            "--rpm",
            metavar="N",
            help="Most requests in a minute.  [default: learned from the endpoint]",
            rich_help_panel=LIMITS,
        ),
    ] = None
    tpm: Annotated[
        float | None,
        Option(
            "--tpm",
            metavar="N",
            help="Most tokens in a minute.  [default: learned from the endpoint]",
            rich_help_panel=LIMITS,
        ),
    ] = None
    name: Annotated[str | None, Option("--name", metavar="NAME", help="Name of the digest.", rich_help_panel=FILES)] = (
        None
    )
    output: Annotated[
        Path | None,
        Option(
            "-o", "--output", metavar="DIR", help="Folder of the digests.  [default: outputs]", rich_help_panel=FILES
        ),
    ] = None
    format: Annotated[
        str | None,
        Option(
            "--format",
            metavar="KINDS",
            help="Files to write: md,json,html,atom.  [default: all four]",
            rich_help_panel=FILES,
        ),
    ] = None
    replace: Annotated[
        bool,
        Option(
            "--replace",
            help="Write only what this run found; drop other papers from the day's page.",
            rich_help_panel=FILES,
        ),
    ] = False
    cache: Annotated[
        Path | None,
        Option(
            "--cache",
            metavar="DIR",
            help="Folder of cache and memory.  [default: cache]",
            rich_help_panel=FILES,
        ),
    ] = None
    config: Annotated[
        Path | None,
        Option("--config", metavar="FILE", help="Settings file.  [default: ./digest.toml]", rich_help_panel=FILES),
    ] = None
    site: Annotated[
        bool, Option("--site", help="Build the site as well, once a digest is written.", rich_help_panel=OUTCOME)
    ] = False
    all: Annotated[
        bool,
        Option(
            "--all", help="Include try-outs: digests that are neither sections nor categories.", rich_help_panel=OUTCOME
        ),
    ] = False
    open: Annotated[bool, Option("--open", help="Open the page in the browser.", rich_help_panel=OUTCOME)] = False
    json: Annotated[bool, Option("--json", help="Print the run report as JSON.", rich_help_panel=OUTCOME)] = False
    quiet: Annotated[bool, Option("-q", "--quiet", help="Print errors and warnings only.", rich_help_panel=OUTCOME)] = (
        False
    )
    verbose: Annotated[
        bool, Option("-v", "--verbose", help="Print a line for each paper.", rich_help_panel=OUTCOME)
    ] = False

    @property
    def settings(self) -> dict[str, Any]:
        """The options that are settings too, under the settings' names."""
        formats = None if self.format is None else [word.strip() for word in self.format.split(",")]
        own = ("prompt", "model", "base_url", "concurrency", "rpm", "tpm", "budget", "cache", "output")
        return {name: getattr(self, name) for name in own} | {"format": formats}


WHICH = ("names", "date", "first", "last", "query", "ids", "input", "announce", "limit")
"""What says which papers."""
ASKING = ("model", "base_url", "prompt", "concurrency", "rpm", "tpm")
"""What says whom to ask, and how fast."""

Own = ParamSpec("Own")


def taking(
    *names: str, wording: Mapping[str, str] | None = None
) -> Callable[[Callable[Concatenate[Given, Own], int]], Callable[..., int]]:
    """Give a command the options ``names`` of the table besides its own parameters; ``wording`` replaces their help."""

    def decorate(command: Callable[Concatenate[Given, Own], int]) -> Callable[..., int]:
        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        shared = [_parameter(name, (wording or {}).get(name)) for name in _in_order(names)]

        @wraps(command)
        def call(**values: Any) -> int:
            given = Given(**{name: values.pop(name) for name in names})
            return command(given, **values)  # type: ignore[call-arg]

        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *shared)]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {one.name: one.annotation for one in parameters}
        return call

    return decorate


@cache
def _table() -> Mapping[str, Any]:
    return get_type_hints(Given, include_extras=True)


def _in_order(names: tuple[str, ...]) -> list[str]:
    return sorted(names, key=list(_table()).index)


def _parameter(name: str, help_: str | None) -> inspect.Parameter:
    annotation = _table()[name]
    if help_:
        kind, option = get_args(annotation)
        option = copy.copy(option)
        option.help = help_
        annotation = Annotated[kind, option]
    default = getattr(Given, name)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
