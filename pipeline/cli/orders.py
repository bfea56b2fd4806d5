"""Which papers the words of a command line mean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import get_args

from pipeline.categories import explain as explain_category
from pipeline.categories import is_category
from pipeline.cli.options import Given
from pipeline.errors import SettingsError, UsageError
from pipeline.fetch import (
    ArxivSettings,
    Asked,
    Pacer,
    Page,
    Wire,
    eastern_today,
    read_file,
    read_stream,
    search,
    submission_window,
)
from pipeline.records import AnnounceType, Note, Source, parse_id
from pipeline.run import DEFAULT_NAME, Order
from pipeline.settings import DigestSection, Settings, digest_name

MOST_DAYS = 3700
"""Days that one command may span; ten years."""
DAY = timedelta(days=1)


def orders_for(given: Given, settings: Settings, *, now: datetime) -> tuple[Order, ...]:
    """Return the digests that a command asks for, in order.

    Raises:
        UsageError: the words contradict each other or name what does not exist; nothing was sent.
    """
    if given.name is not None:
        _check(digest_name, given.name, "--name")
    announce = announce_types(given)
    days = _days(given, today=eastern_today(now))
    if given.input is not None:
        return _from_input(given, announce, days)
    if announce is not None:
        raise UsageError("--announce chooses among announced papers: give --input with an announcement feed")
    if given.ids:
        return _from_ids(given, settings, days)
    digests = _digests(given, settings)
    each: Sequence[date | None] = days or ((None,) if given.query else (eastern_today(now),))
    if given.name and len(digests) > 1:
        raise UsageError("--name names one digest, and this makes several", hint="Name one section or categories too.")
    return tuple(
        _order_of_day(given, settings, (given.name or name, categories), day)
        for name, categories in digests
        for day in each
    )


def announce_types(given: Given) -> frozenset[str] | None:
    """Return the kinds of announcement that are asked for; None where nothing was said.

    Raises:
        UsageError: there is no such kind.
    """
    if given.announce is None:
        return None
    asked = {word.strip() for word in given.announce.split(",")}
    known = get_args(AnnounceType)
    if unknown := sorted(asked - set(known)):
        raise UsageError(f"--announce: {', '.join(map(repr, unknown))} is none of {', '.join(known)}")
    return frozenset(asked)


def _from_input(given: Given, announce: frozenset[str] | None, days: Sequence[date]) -> tuple[Order, ...]:
    _refuse_together("--input", {"a name or category": given.names, "--query": given.query, "--id": given.ids})
    if len(days) > 1:
        raise UsageError("--input makes one digest: give --date, not --from and --to")
    pages: Callable[[], Iterator[Page]]
    if given.input == "-":
        pages = partial(read_stream, sys.stdin.buffer, announce=announce, limit=given.limit)
    else:
        # Read here, so that a file that is wrong is said before anything else happens.
        read = read_file(Path(given.input or ""), announce=announce, limit=given.limit)
        pages = partial(iter, read)
    return (Order(pages, given.name, days[0].isoformat() if days else None),)


def _from_ids(given: Given, settings: Settings, days: Sequence[date]) -> tuple[Order, ...]:
    _refuse_together("--id", {"a name or category": given.names, "--query": given.query})
    if len(days) > 1:
        raise UsageError("--id makes one digest: give --date, not --from and --to")
    ids = tuple(_check(lambda text: parse_id(text) and text, text, "--id") for text in given.ids or ())
    pages = _search(settings, Asked(ids=ids, limit=given.limit))
    return (Order(pages, given.name, days[0].isoformat() if days else None),)


def _digests(given: Given, settings: Settings) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the name and categories of each digest that the positional words mean."""
    words = given.names or []
    sections = settings.digests
    if not words:
        if given.query:
            return ((DEFAULT_NAME, ()),)
        if not sections:
            raise SettingsError("there is no digest to make: no category, and no digest.toml", hint="Try 'run cs.AI'.")
        return tuple((name, section.categories) for name, section in sections.items())
    if len(words) == 1 and words[0] in sections:
        return ((words[0], sections[words[0]].categories),)
    if all(is_category(word) for word in words):
        unique = tuple(dict.fromkeys(words))
        return (("+".join(unique), unique),)
    if all(word in sections for word in words):
        return tuple((word, sections[word].categories) for word in dict.fromkeys(words))
    raise _unknown(words, sections)


def _unknown(words: Sequence[str], sections: Mapping[str, DigestSection]) -> SettingsError:
    unknown = next(word for word in words if not is_category(word))
    known = f" (sections of digest.toml: {', '.join(sections)})" if sections else ""
    return SettingsError(f"{explain_category(unknown)}{known}")


def _order_of_day(given: Given, settings: Settings, digest: tuple[str, tuple[str, ...]], day: date | None) -> Order:
    name, categories = digest
    asked = Asked(categories=categories, query=given.query, limit=given.limit)
    if day is None:
        return Order(_search(settings, asked), name)
    window = submission_window(day)
    if window is None:
        return Order(partial(_nothing, day), name, day.isoformat())
    pages = _search(settings, replace(asked, window=window))
    return Order(pages, name, day.isoformat(), (Note(key="follows_submission"),))


def _nothing(day: date) -> Iterator[Page]:
    yield Page((), Source(date=day.isoformat(), announced=0))


def _days(given: Given, *, today: date) -> tuple[date, ...]:
    if given.date and (given.first or given.last):
        raise UsageError("--date is one day, --from and --to are several: give one or the other")
    if given.date:
        return (_day(given.date, "--date", today),)
    if not given.first and not given.last:
        return ()
    if not given.first or not given.last:
        raise UsageError("--from and --to go together")
    first, last = _day(given.first, "--from", today), _day(given.last, "--to", today)
    if first > last:
        raise UsageError(f"--from {first} is later than --to {last}")
    if (last - first).days >= MOST_DAYS:
        raise UsageError(f"--from {first} --to {last}: at most {MOST_DAYS} days at once")
    return tuple(first + DAY * number for number in range((last - first).days + 1))


def _day(text: str, option: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r}: write a day as YYYY-MM-DD, such as {today}") from None
    if day > today:
        raise UsageError(f"{option} {day} is in the future; arXiv's day is {today}")
    return day


def _check(check: Callable[[str], str | object], text: str, option: str) -> str:
    try:
        check(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    return text


def _refuse_together(option: str, others: dict[str, object]) -> None:
    if also := [name for name, value in others.items() if value]:
        raise UsageError(f"{option} and {also[0]} cannot go together: {option} says by itself which papers")


def _search(settings: Settings, asked: Asked) -> Callable[[], Iterator[Page]]:
    arxiv = ArxivSettings(api_url=settings.arxiv_api_url, feed_url=settings.arxiv_feed_url, delay=settings.arxiv_delay)
    return partial(search, arxiv, asked, Wire(_pacer(settings.arxiv_delay)))


@cache
def _pacer(delay: float) -> Pacer:
    """Return the one pacer of the process: arXiv's spacing holds for all its requests together."""
    return Pacer(delay)
