"""The commands and their options; what each does is imported when it is called, so that ``--help`` is quick."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.cli import importing
from pipeline.cli import options as o

app = typer.Typer(
    help="One page a day of what is new on arXiv, in Chinese, with the original beside it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
cache_app = typer.Typer(help="Look into the cache of replies.", no_args_is_help=True, rich_markup_mode=None)
prompts_app = typer.Typer(help="The versioned prompts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cache_app, name="cache")
app.add_typer(prompts_app, name="prompts")


def _call(module: str, command: str, *arguments: object) -> int:
    """Import what a command does, now that it is asked for, and do it."""
    with importing():
        imported = importlib.import_module(f"pipeline.cli.{module}")
    return int(getattr(imported, command)(*arguments))


def _say_version(asked: bool) -> None:  # noqa: FBT001 (the form of a callback)
    if asked:
        typer.echo(f"arxiv-digest {__version__}")
        raise typer.Exit


@app.callback()
def arxiv_digest(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """One page a day of what is new on arXiv, in Chinese, with the original beside it."""


@app.command()
def run(
    names: o.Names = None,
    config: o.Config = None,
    date: o.Date = None,
    first: o.From = None,
    last: o.To = None,
    query: o.Query = None,
    ids: o.Ids = None,
    input_: o.Input = None,
    announce: o.Announce = None,
    limit: o.Limit = None,
    prompt: o.PromptOption = None,
    model: o.ModelOption = None,
    base_url: o.BaseUrl = None,
    concurrency: o.Concurrency = None,
    rpm: o.Rpm = None,
    tpm: o.Tpm = None,
    budget: o.Budget = None,
    cache: o.CacheDir = None,
    output: o.Output = None,
    name: o.Name = None,
    format_: o.Formats = None,
    *,
    dry_run: o.DryRun = False,
    offline: o.Offline = False,
    refresh: o.Refresh = False,
    site: o.Site = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Make digests: fetch, summarize, assemble. Alone it makes every section of digest.toml."""
    return _call("making", "run_command", o.Given.of(locals()))


@app.command()
def fetch(
    names: o.Names = None,
    config: o.Config = None,
    date: o.Date = None,
    first: o.From = None,
    last: o.To = None,
    query: o.Query = None,
    ids: o.Ids = None,
    input_: o.Input = None,
    announce: o.Announce = None,
    limit: o.Limit = None,
    cache: o.CacheDir = None,
    name: o.Name = None,
) -> int:
    """Write the papers of one digest, of one day or several, as JSON Lines."""
    return _call("stages", "fetch_command", o.Given.of(locals()))


@app.command()
def summarize(
    config: o.Config = None,
    input_: o.Input = None,
    limit: o.Limit = None,
    prompt: o.PromptOption = None,
    model: o.ModelOption = None,
    base_url: o.BaseUrl = None,
    concurrency: o.Concurrency = None,
    rpm: o.Rpm = None,
    tpm: o.Tpm = None,
    budget: o.Budget = None,
    cache: o.CacheDir = None,
    *,
    offline: o.Offline = False,
    refresh: o.Refresh = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Read papers as JSON Lines, write each with its summary or failure."""
    return _call("stages", "summarize_command", o.Given.of(locals()))


@app.command()
def estimate(
    names: o.Names = None,
    config: o.Config = None,
    date: o.Date = None,
    first: o.From = None,
    last: o.To = None,
    query: o.Query = None,
    ids: o.Ids = None,
    input_: o.Input = None,
    announce: o.Announce = None,
    limit: o.Limit = None,
    prompt: o.PromptOption = None,
    model: o.ModelOption = None,
    base_url: o.BaseUrl = None,
    concurrency: o.Concurrency = None,
    rpm: o.Rpm = None,
    tpm: o.Tpm = None,
    cache: o.CacheDir = None,
    name: o.Name = None,
    *,
    json: o.Json = False,
) -> int:
    """Say what a run would take: papers, tokens, dollars, minutes. Asks the model nothing."""
    return _call("estimate", "estimate_command", o.Given.of(locals()))


@app.command()
def assemble(
    config: o.Config = None,
    input_: o.Input = None,
    date: o.Date = None,
    cache: o.CacheDir = None,
    output: o.Output = None,
    name: o.Name = None,
    format_: o.Formats = None,
    *,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Read what summarize wrote, write the digest."""
    return _call("stages", "assemble_command", o.Given.of(locals()))


@app.command()
def demo(
    config: o.Config = None,
    cache: o.CacheDir = None,
    output: o.Output = None,
    format_: o.Formats = None,
    *,
    refresh: o.Refresh = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Make the digest of the embedded sample: no key, no network."""
    return _call("making", "demo_command", o.Given.of(locals()))


WrittenName = Annotated[str | None, typer.Argument(metavar="[NAME]", help="A digest.", show_default=False)]
WrittenDate = Annotated[str | None, typer.Argument(metavar="[DATE]", help="Its day.", show_default=False)]


@app.command()
def show(
    name: WrittenName = None,
    date: WrittenDate = None,
    paper_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A paper, to be shown whole.", show_default=False)
    ] = None,
    config: o.Config = None,
    output: o.Output = None,
) -> int:
    """Show a digest in the terminal: the newest, unless one is named."""
    given = o.Given(config=config, output=output)
    return _call("show", "show_command", given, name, date, paper_id)


@app.command()
def site(config: o.Config = None, output: o.Output = None, *, all_: o.All = False, quiet: o.Quiet = False) -> int:
    """Build the static site of the digests that were written: archive, papers, statistics, search."""
    return _call("site", "site_command", o.Given.of(locals()))


@app.command()
def deliver(
    name: WrittenName = None,
    date: WrittenDate = None,
    config: o.Config = None,
    cache: o.CacheDir = None,
    output: o.Output = None,
) -> int:
    """Send the newest digests to e-mail and chat services, once to each address in ARXIV_DIGEST_DELIVER."""
    given = o.Given(config=config, cache=cache, output=output)
    return _call("deliver", "deliver_command", given, name, date)


@app.command()
def doctor(
    config: o.Config = None,
    prompt: o.PromptOption = None,
    model: o.ModelOption = None,
    base_url: o.BaseUrl = None,
    cache: o.CacheDir = None,
    output: o.Output = None,
    *,
    offline: o.Offline = False,
) -> int:
    """Say what is configured, what is reachable, what is missing."""
    return _call("doctor", "doctor_command", o.Given.of(locals()))


@cache_app.command("info")
def cache_info(config: o.Config = None, cache: o.CacheDir = None) -> int:
    """Say how much the cache holds."""
    return _call("cache", "info_command", o.Given.of(locals()))


@cache_app.command("show")
def cache_show(
    paper_id: Annotated[str, typer.Argument(metavar="ID")], config: o.Config = None, cache: o.CacheDir = None
) -> int:
    """Show every reply that the cache has for a paper."""
    return _call("cache", "show_command", o.Given.of(locals()), paper_id)


@cache_app.command("verify")
def cache_verify(config: o.Config = None, cache: o.CacheDir = None) -> int:
    """Check the cache file and every reply in it."""
    return _call("cache", "verify_command", o.Given.of(locals()))


@cache_app.command("export")
def cache_export(config: o.Config = None, cache: o.CacheDir = None) -> int:
    """Write every reply with its paper as JSON Lines."""
    return _call("cache", "export_command", o.Given.of(locals()))


@cache_app.command("import")
def cache_import(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH ...", help="Output folders, or files of 'export'.")],
    config: o.Config = None,
    cache: o.CacheDir = None,
) -> int:
    """Take the replies of written digests, or of 'cache export'."""
    return _call("cache", "import_command", o.Given(config=config, cache=cache), paths)


Label = Annotated[str, typer.Argument(metavar="NAME@N")]


@prompts_app.command("list")
def prompts_list() -> int:
    """Name each prompt, whether it is released, and where it is."""
    return _call("prompts", "list_command")


@prompts_app.command("show")
def prompts_show(label: Label) -> int:
    """Print a prompt."""
    return _call("prompts", "show_command", label)


@prompts_app.command("new")
def prompts_new(name: Annotated[str, typer.Argument(metavar="NAME")]) -> int:
    """Make the next version of a prompt in ./prompts, as a draft to edit."""
    return _call("prompts", "new_command", name)


@prompts_app.command("check")
def prompts_check(labels: Annotated[list[str] | None, typer.Argument(metavar="[NAME@N ...]")] = None) -> int:
    """Check prompts, all of them where none is named."""
    return _call("prompts", "check_command", labels or [])


@prompts_app.command("release")
def prompts_release(label: Label) -> int:
    """Lock a prompt in ./prompts: from now on its file may not change."""
    return _call("prompts", "release_command", label)
