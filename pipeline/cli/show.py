"""``show``: a written digest in the terminal; text of others is text, never markup and never a control sequence."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.style import Style
from rich.text import Text

from pipeline.archive import Archive
from pipeline.assemble.doubts import doubts_in_full
from pipeline.assemble.language import words_of
from pipeline.cli import screen
from pipeline.cli.environment import settings_for
from pipeline.cli.options import Given
from pipeline.cli.pick import written_date, written_name
from pipeline.errors import UsageError
from pipeline.exits import Exit
from pipeline.records import Day, Entry, RunReport, Shortfall, Summary, parse_id
from pipeline.tex import readable

_BOLD, _DIM = Style(bold=True), Style(dim=True)
_LESS = "-FRX"
"""Options of less, unless the user has some: colours and links pass, and a digest of one screen needs no key."""


def show_command(given: Given, name: str | None, date: str | None, paper_id: str | None) -> Exit:
    """Show a digest, or one paper of it whole."""
    settings = settings_for(given)
    archive = Archive(settings.output)
    name = written_name(archive, settings, name)
    day = archive.day(name, written_date(archive, name, date))
    lines = (
        _digest(day, archive.report(name, day.date))
        if paper_id is None
        else _paper(_named(day, paper_id), day.language)
    )
    try:
        _print(lines)
    except screen.OutputLostError as error:
        # A reader that stops early, as head does, has seen what was asked for.
        if not error.is_closed_pipe:
            raise
    return Exit.COMPLETE


def _print(lines: Iterable[Text]) -> None:
    """Page coloured lines with links on a terminal; elsewhere write them plain, each line as long as it is."""
    if not sys.stdout.isatty():
        for line in lines:
            screen.emit(line.plain)
        return
    os.environ.setdefault("LESS", _LESS)
    console = Console()
    with console.pager(styles=True, links=True):
        for line in lines:
            indent = len(line.plain) - len(line.plain.lstrip())
            console.print(Padding(line[indent:], (0, 0, 0, indent), expand=False) if indent else line)


def _named(day: Day, paper_id: str) -> Entry:
    try:
        identifier, version = parse_id(paper_id)
    except ValueError as error:
        raise UsageError(str(error)) from error
    found = [entry for entry in day.entries if entry.paper.id == identifier]
    if not found:
        raise UsageError(
            f"{day.name} {day.date} has no paper {identifier}",
            hint=f"'arxiv-digest show {day.name} {day.date}' lists them.",
        )
    # A day may have two versions of a paper, and may not know which one it has.
    return next((entry for entry in found if version and entry.paper.version == version), found[0])


def _digest(day: Day, report: RunReport | None) -> Iterator[Text]:
    yield _line((f"{day.name} {day.date}: {len(day.entries)} papers", _BOLD))
    for lack in _lacks(Shortfall.of(day, report)):
        yield _line(lack)
    for number, entry in enumerate(day.entries, 1):
        paper, summary = entry.paper, entry.summary
        yield Text()
        heading = summary.translated_title if summary else paper.title
        yield _line(f"{number}.", " ", _link(paper.id, paper.url), "  ", (heading, _BOLD))
        yield _line("   ", summary.tldr if summary else _why(entry))
        if summary:
            yield _line("   ", (paper.title, _DIM))


def _lacks(shortfall: Shortfall) -> Iterator[str]:
    counts = ((shortfall.failed, "without summary"), (shortfall.missing, "missing"))
    parts = [f"{count} {what}" for count, what in counts if count]
    if shortfall.is_uncounted:
        parts.append("papers may be missing")
    if parts:
        yield f"incomplete: {', '.join(parts)}"
    if shortfall.limit:
        yield "{count} of {total} papers, by --limit".format_map(shortfall.limit.figures)


def _paper(entry: Entry, language: str) -> Iterator[Text]:
    paper, summary = entry.paper, entry.summary
    if summary:
        yield _line((summary.translated_title, _BOLD))
    yield _line((paper.title, _BOLD))
    yield _line(_link(paper.url, paper.url))
    for words in (paper.authors, paper.categories):
        if words:
            yield _line((", ".join(words), _DIM))
    for passage in _passages(summary) if summary else (_why(entry),):
        yield Text()
        yield _line(passage)
    if doubts := doubts_in_full(summary, words_of(language)):
        yield Text()
        yield _line(doubts)
    yield Text()
    yield _line(paper.abstract)
    if summary:
        yield Text()
        yield _line((f"{summary.model or '?'} with {summary.prompt or '?'}", _DIM))


def _passages(summary: Summary) -> tuple[str, ...]:
    return tuple(text for text in (summary.tldr, summary.tldr_en, summary.translated_abstract) if text)


def _why(entry: Entry) -> str:
    failure = entry.failure
    return f"no summary: {failure.reason}: {failure.detail}" if failure else ""


def _link(text: str, url: str) -> tuple[str, Style]:
    return text, Style(link=url)


def _line(*parts: str | tuple[str, Style]) -> Text:
    """Join parts to one line, each as it reads, without what could steer a terminal; blanks stay as they are."""
    line = Text()
    for part in parts:
        text, style = (part, Style.null()) if isinstance(part, str) else part
        line.append(text if text.isspace() else readable(text), style)
    return line
