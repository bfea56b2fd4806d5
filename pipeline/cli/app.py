"""The commands and their options; what each does is imported when it is called, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import __version__
from pipeline.cli.help import CONTEXT, Command, Group
from pipeline.cli.options import ASKING, MODEL, PAPERS, WHICH, Given, taking

MAKE = "Make digests"
STEPS = "One step of a run at a time"
READ = "Read and publish"
CARE = "Set up and look after"


def _group(help_: str, **more: Any) -> typer.Typer:
    return typer.Typer(
        help=help_,
        cls=Group,
        context_settings=CONTEXT,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        **more,
    )


app = _group(
    "One page a day of what is new on arXiv, in Chinese, with the original beside it.",
    epilog="arxiv-digest demo\narxiv-digest run cs.CL --limit 20\narxiv-digest run --help",
)
cache_app = _group("Look into the cache of replies.")
prompts_app = _group("List, write, compare, judge, check and release the versioned prompts.")


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


@app.command(cls=Command, rich_help_panel=MAKE, epilog="arxiv-digest run cs.CL cs.IR --limit 20 --open")
@taking(
    *WHICH, *ASKING, "yes", "budget", "cache", "config", "output", "name", "format", "replace", "dry_run", "offline",
    "refresh", "refetch", "site", "open", "json", "quiet", "verbose",
)  # fmt: skip
def run(given: Given) -> int:
    """Make digests: fetch, summarize, assemble."""
    from pipeline.cli.run import run_command

    return run_command(given)


@app.command(cls=Command, rich_help_panel=MAKE, epilog="arxiv-digest demo --open")
@taking("config", "cache", "output", "format", "replace", "refresh", "open", "json", "quiet", "verbose")
def demo(given: Given) -> int:
    """Make the digest of the embedded sample: no key, no network."""
    from pipeline.cli.demo import demo_command

    return demo_command(given)


@app.command(cls=Command, rich_help_panel=MAKE, epilog="arxiv-digest estimate cs.CL --model gpt-6-luna")
@taking(*WHICH, *ASKING, "refetch", "cache", "config", "name", "json", wording={"json": "Print the figures as JSON."})
def estimate(given: Given) -> int:
    """Say how many papers, tokens, dollars and minutes a run would take. Asks no model."""
    from pipeline.cli.estimate import estimate_command

    return estimate_command(given)


@app.command(cls=Command, rich_help_panel=STEPS, epilog="arxiv-digest fetch cs.CL > papers.jsonl")
@taking(*WHICH, "refetch", "cache", "config", "name")
def fetch(given: Given) -> int:
    """Write the papers of one digest, of one day or several, as JSON Lines."""
    from pipeline.cli.fetch import fetch_command

    return fetch_command(given)


@app.command(
    cls=Command, rich_help_panel=STEPS, epilog="arxiv-digest fetch cs.CL | arxiv-digest summarize > entries.jsonl"
)
@taking(
    *ASKING, "input", "limit", "budget", "cache", "config", "offline", "refresh", "quiet", "verbose",
    wording={
        "input": "Papers to read; - is standard input.  [default: -]",
        "offline": "Ask no model: use only summaries from the cache.",
    },
)  # fmt: skip
def summarize(given: Given) -> int:
    """Read papers as JSON Lines; write each with its summary or failure."""
    from pipeline.cli.summarize import summarize_command

    return summarize_command(given)


@app.command(cls=Command, rich_help_panel=STEPS, epilog="arxiv-digest assemble --input entries.jsonl --name cs.CL")
@taking(
    "input", "date", "cache", "config", "output", "name", "format", "replace", "open", "json", "quiet", "verbose",
    wording={
        "input": "What 'summarize' wrote; - is standard input.  [default: -]",
        "date": "Day of the digest, YYYY-MM-DD.  [default: the one in the input]",
    },
)  # fmt: skip
def assemble(given: Given) -> int:
    """Read what 'summarize' wrote; write the digest."""
    from pipeline.cli.assemble import assemble_command

    return assemble_command(given)


WrittenName = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="A digest.  [default: the newest]", show_default=False)
]
WrittenDate = Annotated[
    str | None, typer.Argument(metavar="[DATE]", help="Its day, YYYY-MM-DD.  [default: the newest]", show_default=False)
]


@app.command(cls=Command, rich_help_panel=READ, epilog="arxiv-digest show cs.CL 2026-04-27 2604.00001")
@taking("config", "output")
def show(
    given: Given,
    name: WrittenName = None,
    date: WrittenDate = None,
    paper_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="A paper to show in full.  [default: the list]", show_default=False),
    ] = None,
) -> int:
    """Show a digest in the terminal."""
    from pipeline.cli.show import show_command

    return show_command(given, name, date, paper_id)


@app.command(cls=Command, rich_help_panel=READ, epilog="arxiv-digest site --output outputs")
@taking("config", "output", "all", "quiet")
def site(given: Given) -> int:
    """Build the static site of the digests: archive, papers, statistics, search."""
    from pipeline.cli.site import site_command

    return site_command(given)


@app.command(cls=Command, rich_help_panel=READ, epilog="arxiv-digest deliver cs.CL")
@taking("config", "cache", "output")
def deliver(given: Given, name: WrittenName = None, date: WrittenDate = None) -> int:
    """Send the newest digests to e-mail and chat services, once to each address in ARXIV_DIGEST_DELIVER."""
    from pipeline.cli.deliver import deliver_command

    return deliver_command(given, name, date)


@app.command(cls=Command, rich_help_panel=CARE, epilog="arxiv-digest doctor --offline")
@taking(
    "config", "prompt", "model", "base_url", "cache", "output", "offline",
    wording={"offline": "Check this machine only: ask neither arXiv nor a model."},
)  # fmt: skip
def doctor(given: Given) -> int:
    """Say what is configured, what is reachable, what is missing."""
    from pipeline.cli.doctor import doctor_command

    return doctor_command(given)


app.add_typer(prompts_app, name="prompts", rich_help_panel=CARE)
app.add_typer(cache_app, name="cache", rich_help_panel=CARE)


@cache_app.command("info", cls=Command)
@taking("config", "cache")
def cache_info(given: Given) -> int:
    """Say how much the cache and the memory hold."""
    from pipeline.cli.cache import info_command

    return info_command(given)


@cache_app.command("show", cls=Command, epilog="arxiv-digest cache show 2404.02059")
@taking("config", "cache")
def cache_show(given: Given, paper_id: Annotated[str, typer.Argument(metavar="ID", help="An arXiv id.")]) -> int:
    """Show every reply that the cache has for a paper."""
    from pipeline.cli.cache import show_command

    return show_command(given, paper_id)


@cache_app.command("verify", cls=Command)
@taking("config", "cache")
def cache_verify(given: Given) -> int:
    """Check the cache, every reply in it, and the memory."""
    from pipeline.cli.cache import verify_command

    return verify_command(given)


@cache_app.command("export", cls=Command, epilog="arxiv-digest cache export > replies.jsonl")
@taking("config", "cache")
def cache_export(given: Given) -> int:
    """Write every reply with its paper as JSON Lines."""
    from pipeline.cli.cache import export_command

    return export_command(given)


@cache_app.command("import", cls=Command, epilog="arxiv-digest cache import outputs")
@taking("config", "cache")
def cache_import(
    given: Given,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Output folders, or files of 'cache export'.")],
) -> int:
    """Import replies from written digests, or from files of 'cache export'."""
    from pipeline.cli.cache import import_command

    return import_command(given, paths)


Label = Annotated[str, typer.Argument(metavar="NAME@N", help="A prompt and its version.")]


@prompts_app.command("list", cls=Command)
def prompts_list() -> int:
    """List the prompts: which are released, and where they are."""
    from pipeline.cli.prompts import list_command

    return list_command()


@prompts_app.command("show", cls=Command, epilog="arxiv-digest prompts show digest@1")
def prompts_show(label: Label) -> int:
    """Print a prompt."""
    from pipeline.cli.prompts import show_command

    return show_command(label)


@prompts_app.command("new", cls=Command, epilog="arxiv-digest prompts new digest")
def prompts_new(name: Annotated[str, typer.Argument(metavar="NAME", help="A prompt, such as digest.")]) -> int:
    """Make the next version of a prompt in ./prompts, as a draft to edit."""
    from pipeline.cli.prompts import new_command

    return new_command(name)


@prompts_app.command("check", cls=Command, epilog="arxiv-digest prompts check digest@3")
def prompts_check(
    labels: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME@N]...", help="Prompts.  [default: all]", show_default=False),
    ] = None,
) -> int:
    """Check that prompts can be used."""
    from pipeline.cli.prompts import check_command

    return check_command(labels or [])


@prompts_app.command("terms", cls=Command, epilog="arxiv-digest prompts terms qubit 'few-shot'")
@taking("config", "prompt", "model", "base_url", "cache")
def prompts_terms(
    given: Given,
    terms: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TERM]...", help="Terms that were added or changed.  [default: count all]", show_default=False
        ),
    ] = None,
) -> int:
    """Say what is in the glossary, or what a change of terms costs."""
    from pipeline.cli.terms import terms_command

    return terms_command(given, terms or [])


@prompts_app.command("release", cls=Command, epilog="arxiv-digest prompts release digest@3")
@taking("config", "cache")
def prompts_release(
    given: Given,
    label: Label,
    *,
    undo: Annotated[
        bool, typer.Option("--undo", help="Make a released prompt a draft again, if nothing has used it yet.")
    ] = False,
) -> int:
    """Lock a prompt in ./prompts: from then on its file must not change."""
    from pipeline.cli.prompts import release_command, undo_command

    return undo_command(given, label) if undo else release_command(label)


@prompts_app.command(
    "compare",
    cls=Command,
    epilog="arxiv-digest prompts compare digest@1 digest@2\narxiv-digest prompts compare digest@1 --model A --model B",
)
@taking(
    "ids", "input", "limit", "yes", "base_url", "refresh", "offline", "dry_run", "budget", "concurrency", "rpm", "tpm",
    "name", "output", "cache", "config", "quiet", "verbose",
    wording={
        "limit": "Take the first N papers only.",
        "yes": "Go on with more than 1,000 papers to ask about.",
        "dry_run": "Say what it would take; ask no model.",
        "offline": "Ask no model: take replies from the cache alone.",
        "name": "Name of the files.  [default: made of the columns]",
        "output": "Folder of the outputs; the page goes into its folder compare.  [default: outputs]",
    },
)  # fmt: skip
def prompts_compare(
    given: Given,
    labels: Annotated[list[str], typer.Argument(metavar="NAME@N...", help="Prompts.")],
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="MODEL", help="The language model; repeatable, a column for each.", rich_help_panel=MODEL
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            metavar="N",
            min=1,
            help="Draw N papers from the cache.  [default: 24 fixed papers]",
            rich_help_panel=PAPERS,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Of the draw.", rich_help_panel=PAPERS)] = 1,
) -> int:
    """Ask for the same papers with several prompts or models, and set the texts side by side."""
    from pipeline.cli.compare import Which, compare_command

    return compare_command(given, Which(tuple(labels), tuple(model or ()), sample, seed))


@prompts_app.command(
    "judge", cls=Command, epilog="arxiv-digest prompts judge outputs/compare/trial.json --judge anna --open"
)
@taking("open")
def prompts_judge(
    given: Given,
    comparison: Annotated[Path, typer.Argument(metavar="COMPARISON", help="The .json file that 'compare' wrote.")],
    *,
    judge: Annotated[str, typer.Option("--judge", metavar="NAME", help="Who judges.")] = "me",
    pair: Annotated[
        str | None, typer.Option("--pair", metavar="I,J", help="Which two columns, where there are more.")
    ] = None,
    verdicts: Annotated[
        bool, typer.Option("--verdicts", help="Say what the verdicts come to so far; serve nothing.")
    ] = False,
) -> int:
    """Judge two columns of a comparison in the browser, without knowing which is which."""
    from pipeline.cli.judge import judge_command

    return judge_command(comparison, judge, pair, verdicts=verdicts, open_=given.open)
