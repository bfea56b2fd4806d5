"""Which papers are wanted: names, categories, days, a query, ids or a file, each digest with its way to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, get_args

from pipeline import fetch
from pipeline.categories import explain as explain_category
from pipeline.categories import in_own_case, is_category
from pipeline.compose.process import Runtime
from pipeline.digest_spec import DEFAULT_NAME, DigestSpec
from pipeline.errors import SettingsError, UsageError
from pipeline.records import FOLLOWS_SUBMISSION, UNKNOWN_HOLIDAYS, AnnounceType, Note, parse_id
from pipeline.settings import DigestSection, Settings, digest_name
from pipeline.store.answers import KeptAnswers
from pipeline.store.memory import remembering
from pipeline.validation import did_you_mean

if TYPE_CHECKING:
    from pipeline.fetch.arxiv.session import ArxivSession

MOST_DAYS = 3700
"""Days that one command may span; ten years."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Selection:
    """Which papers make which digests, as the options of the same names say it."""

    names: Sequence[str] = ()
    """Sections of digest.toml, or categories, which make one digest together; without any, every section."""
    date: str | None = None
    """Day of the announcement, ``YYYY-MM-DD``."""
    first: str | None = None
    """First of several days."""
    last: str | None = None
    query: str | None = None
    """A search in arXiv's own language."""
    ids: Sequence[str] = ()
    input: Path | BinaryIO | None = None
    """A file, or an open stream of JSON Lines."""
    announce: Sequence[str] | None = None
    """Kinds of announcement."""
    limit: int | None = None
    """Papers at most."""
    name: str | None = None
    """What the digest is called."""
    refetch: bool = False
    """Ask arXiv again for what it answered a short while ago."""

    @property
    def asks_arxiv(self) -> bool:
        """Whether the papers come from arXiv, not from a file."""
        return self.input is None


@dataclass(frozen=True)
class _Context:
    """What the digests of one selection have in common: all of them share one way to arXiv."""

    given: Selection
    settings: Settings
    announce: frozenset[str] | None
    days: tuple[date, ...]
    today: date
    schedule: fetch.Schedule
    session: Callable[[], ArxivSession]
    """Opens the one way to arXiv, when it is first asked."""
    warn: Callable[[str], None]
    """Says each warning once for all digests."""


def digests_for(given: Selection, settings: Settings, runtime: Runtime) -> tuple[DigestSpec, ...]:
    """Return the digests of a selection, in order.

    Raises:
        UsageError: the selection contradicts itself or names what does not exist; nothing was sent.
    """
    if given.name is not None:
        _check(digest_name, given.name, "--name")
    now = runtime.now()
    today = fetch.eastern_today(now)
    announce, days = _kinds(given.announce), _days(given, today=today)
    warn = cache(runtime.warn)
    schedule = fetch.Schedule() if settings.holidays is None else fetch.Schedule(settings.holidays)
    session = cache(partial(_session, given, settings, replace(runtime, now=lambda: now), warn))
    context = _Context(given, settings, announce, days, today, schedule, session, warn)
    if given.input is not None:
        return _from_input(context)
    if announce is not None and (given.query or given.ids):
        raise UsageError("--announce chooses among announced papers, not among those of --query or --id")
    if given.ids:
        return _from_ids(context)
    return _from_words(context)


def _session(given: Selection, settings: Settings, runtime: Runtime, warn: Callable[[str], None]) -> ArxivSession:
    arxiv = fetch.ArxivSettings(
        api_url=settings.arxiv_api_url,
        feed_url=settings.arxiv_feed_url,
        delay=settings.arxiv_delay,
        limits=replace(fetch.Limits(), patience=settings.arxiv_patience),
    )
    shared = fetch.SharedPace(settings.cache / fetch.LOCK_FILE, tell=warn)
    now = runtime.now
    kept = KeptAnswers(settings.cache, now=now, warn=warn, since=now() if given.refetch else None)
    pacer = fetch.Pacer(arxiv.delay, runtime.clock, runtime.sleep, shared=shared)
    return fetch.open_session(arxiv, pacer, kept, now=now, tell=runtime.warn)


def _kinds(announce: Sequence[str] | None) -> frozenset[str] | None:
    known = get_args(AnnounceType)
    if unknown := sorted(set(announce or ()) - set(known)):
        raise UsageError(f"--announce: {', '.join(map(repr, unknown))} is not one of {', '.join(known)}")
    return None if announce is None else frozenset(announce)


def _from_input(context: _Context) -> tuple[DigestSpec, ...]:
    given, announce = context.given, context.announce
    _refuse_together("--input", {"a name or category": given.names, "--query": given.query, "--id": given.ids})
    if len(context.days) > 1:
        raise UsageError("--input makes one digest: give --date, not --from and --to")
    items: Callable[[], Iterator[fetch.Item]]
    if isinstance(given.input, Path):
        # Read here, so that a file that is wrong is said before anything else happens.
        read = fetch.read_file(given.input, announce=announce, limit=given.limit)
        items = partial(iter, read)
    else:
        assert given.input is not None
        items = partial(fetch.read_stream, given.input, announce=announce, limit=given.limit)
    return (DigestSpec(items, given.name, _only(context.days)),)


def _from_ids(context: _Context) -> tuple[DigestSpec, ...]:
    given = context.given
    _refuse_together("--id", {"a name or category": given.names, "--query": given.query})
    if len(context.days) > 1:
        raise UsageError("--id makes one digest: give --date, not --from and --to")
    ids = tuple(_check(lambda text: parse_id(text) and text, text, "--id") for text in given.ids)

    def items() -> Iterator[fetch.Item]:
        return fetch.by_ids(context.session(), ids, given.limit)

    return (DigestSpec(items, given.name, _only(context.days)),)


def _only(days: Sequence[date]) -> str | None:
    return days[0].isoformat() if days else None


def _from_words(context: _Context) -> tuple[DigestSpec, ...]:
    """Return a digest for each name and day; where no day was asked for, the feed or the papers say which it is."""
    given = context.given
    days: Sequence[date | None] = context.days or (None,)
    if given.query and not given.names:
        return tuple(_searched(context, given.name or DEFAULT_NAME, (), day) for day in days)
    sections = context.settings.digests
    words = dict.fromkeys(word if word in sections else in_own_case(word) for word in given.names)
    digests = _digests(list(words), sections)
    if given.query and len(digests) > 1:
        raise UsageError("--query makes one digest, and this names several", hint="Name one section, or categories.")
    if given.name and len(digests) > 1:
        raise UsageError("--name names one digest, and this makes several", hint="Name one section or categories too.")
    named = [(given.name or name, section) for name, section in digests.items()]
    if given.query:
        # Not under the section's own name: its page is that of the announcement.
        name, (section,) = given.name or DEFAULT_NAME, digests.values()
        return tuple(_searched(context, name, section.categories, day) for day in days)
    return tuple(_announced(context, name, section, day) for name, section in named for day in days)


def _digests(words: Sequence[str], sections: Mapping[str, DigestSection]) -> Mapping[str, DigestSection]:
    """Return the digests that the positional words mean, by name."""
    if not words:
        if not sections:
            raise SettingsError("nothing to make: no category, and no digest.toml", hint="Try 'run cs.AI'.")
        return sections
    if len(words) == 1 and words[0] in sections:
        return {words[0]: sections[words[0]]}
    if all(is_category(word) for word in words):
        return {"+".join(words): DigestSection(categories=tuple(words))}
    if all(word in sections for word in words):
        return {word: sections[word] for word in words}
    raise _unknown(words, sections)


def _unknown(words: Sequence[str], sections: Mapping[str, DigestSection]) -> SettingsError:
    unknown = next((word for word in words if not is_category(word) and word not in sections), None)
    if unknown is None:
        return SettingsError("sections and categories cannot go together", hint="Name either sections or categories.")
    if near := did_you_mean(unknown, sections):
        return SettingsError(f"{unknown!r} is neither a section of digest.toml nor an arXiv category{near}")
    known = f" (sections of digest.toml: {', '.join(sections)})" if sections else ""
    return SettingsError(f"{explain_category(unknown)}{known}")


def _announced(context: _Context, name: str, section: DigestSection, day: date | None) -> DigestSpec:
    """Return the digest of an announcement without what other days' pages of this digest have."""
    announce = context.announce or frozenset(section.announce)
    wanted = fetch.Wanted(section.categories, announce, section.primary_only, context.given.limit)
    memory = fetch.DigestMemory(partial(remembering, context.settings.cache, warn=context.warn), name)

    def items() -> Iterator[fetch.Item]:
        papers = fetch.announcement(context.session(), wanted, day, schedule=context.schedule, remembered=memory)
        return memory.without_repeats(papers)

    spec = DigestSpec(items, name, day.isoformat() if day else None)
    try:
        fetch.check_wanted(wanted, day, context.today, context.schedule)
    except UsageError as error:
        return replace(spec, refusal=error)
    return spec


def _searched(context: _Context, name: str, categories: tuple[str, ...], day: date | None) -> DigestSpec:
    """Return the digest of a query; with a day, for what was submitted in its window."""
    asked = fetch.Asked(categories=categories, query=context.given.query, limit=context.given.limit)
    if day is None:
        return DigestSpec(lambda: fetch.search(context.session(), asked), name)
    window = context.schedule.window(day)
    if window is None:
        return DigestSpec(lambda: iter([fetch.Heading(announced=0)]), name, day.isoformat())
    within = replace(asked, window=window)
    year = context.schedule.unknown_year(day)
    unknown = () if year is None else (Note(key=UNKNOWN_HOLIDAYS, figures={"year": year}),)
    notes = (Note(key=FOLLOWS_SUBMISSION), *unknown)
    return DigestSpec(lambda: fetch.search(context.session(), within), name, day.isoformat(), notes)


def _days(given: Selection, *, today: date) -> tuple[date, ...]:
    if given.date and (given.first or given.last):
        raise UsageError("--date is one day, --from and --to are several: give one or the other")
    if given.date:
        return (_day(given.date, "--date", today),)
    if not given.first and not given.last:
        return ()
    if not given.first or not given.last:
        raise UsageError("--from and --to belong together", hint="Give the first and the last day.")
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
        raise UsageError(f"{option} and {also[0]} cannot go together: each says which papers", hint="Give one of them.")
