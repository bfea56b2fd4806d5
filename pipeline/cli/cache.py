"""``cache info``, ``show``, ``verify``, ``export`` and ``import``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from pipeline.archive import Archive
from pipeline.cli import screen
from pipeline.cli.environment import prompt_library, settings_for
from pipeline.cli.options import Given
from pipeline.errors import InputError, UsageError
from pipeline.exits import Exit
from pipeline.records import parse_id
from pipeline.store.cache import Cache
from pipeline.store.digest_file import FILE
from pipeline.store.memory import FILE as MEMORY
from pipeline.store.memory import Memory, remembering
from pipeline.store.replies import PAGE
from pipeline.summarize.transfer import KeyOf, Known, export_line, from_day, from_file, key_finder
from pipeline.text import plain


def info_command(given: Given) -> Exit:
    """Say how much the cache holds, and the memory beside it."""
    with _open(given) as cache:
        info = cache.info()
    screen.say(f"{info.path}: {info.papers} papers, {info.replies} replies, {info.runs} runs, {info.size / 1e6:.1f} MB")
    for prompt, model, count in info.by_model:
        screen.say(f"  {count:6} by {plain(model)} with {plain(prompt)}")
    for memory in _memory_beside(info.path):
        days, sent = _counted(memory.days.count(), "day"), _counted(memory.deliveries.count(), "delivery")
        screen.say(f"{memory.path}: {days} with a page, {sent}")
    return Exit.COMPLETE


def show_command(given: Given, paper_id: str) -> Exit:
    """Show every reply that the cache has for a paper."""
    try:
        identifier, _ = parse_id(paper_id)
    except ValueError as error:
        raise UsageError(str(error)) from error
    with _open(given) as cache:
        replies = cache.replies.of_paper(identifier)
    if not replies:
        raise UsageError(
            f"no reply in the cache for {identifier}", hint="'arxiv-digest cache info' says what is there."
        )
    for reply in replies:
        made = reply.summary
        screen.say(f"{identifier}  {made.prompt} ({(made.prompt_sha256 or '')[:12]})  {made.model} at {made.endpoint}")
        screen.say(f"  created     {made.created}  after {reply.asked.get('replies', 1)} replies  key {reply.key[:12]}")
        for name in ("translated_title", "tldr", "tldr_en", "translated_abstract"):
            screen.say(f"  {name}: {plain(getattr(made, name))}")
    return Exit.COMPLETE


def verify_command(given: Given) -> Exit:
    """Check the cache and every reply in it, and the memory beside it."""
    with _open(given) as cache:
        faults, info = cache.verify(), cache.info()
    _say_faults(info.path, f"{info.replies} replies", faults)
    for memory in _memory_beside(info.path):
        of_memory = memory.verify()
        faults += of_memory
        _say_faults(memory.path, _counted(memory.days.count(), "day"), of_memory)
    return Exit.FAILED if faults else Exit.COMPLETE


def _say_faults(path: Path, held: str, faults: Sequence[str]) -> None:
    for fault in faults:
        screen.say(plain(fault))
    screen.say(f"{path}: {held}, {_counted(len(faults), 'fault') if faults else 'no faults'}")


def _counted(number: int, what: str) -> str:
    many = what[:-1] + "ies" if what.endswith("ry") else what + "s"
    return f"{number} {what if number == 1 else many}"


def export_command(given: Given) -> Exit:
    """Write every reply with its paper to standard output, a line each, in the order of their keys."""
    lost = 0
    with _open(given) as cache:
        for reply in cache.replies.all():
            paper = cache.replies.paper(reply.summary.paper_id)
            lost += paper is None
            if paper:
                screen.say(export_line(paper, reply))
    if lost:
        screen.warn(f"{lost} replies are left out: the records of their papers cannot be read")
    return Exit.PARTIAL if lost else Exit.COMPLETE


def import_command(given: Given, paths: Sequence[Path]) -> Exit:
    """Take the replies of written digests, or of what ``cache export`` wrote; what is there already stays."""
    if missing := [path for path in paths if not path.exists()]:
        raise UsageError(f"{missing[0]}: no such file or folder")
    key_of = key_finder(prompt_library())
    with Cache(settings_for(given).cache, warn=screen.warn) as cache:
        before, damages = cache.info().replies, cache.database.damages
        unread, skipped = _import(cache, paths, key_of)
        if cache.database.damages > damages:
            # What was taken before the damage was met went with the damaged file.
            before, (unread, skipped) = 0, _import(cache, paths, key_of)
        info = cache.info()
    screen.say(f"{info.path}: {info.replies} replies, {info.replies - before} of them new")
    if skipped:
        screen.say(f"  {skipped} were left out: their prompt is not here, or has changed")
    return Exit.PARTIAL if unread else Exit.COMPLETE


def _import(cache: Cache, paths: Sequence[Path], key_of: KeyOf) -> tuple[int, int]:
    """Import files and folders; return how many days could not be read and how many replies were left out."""
    unread = skipped = 0
    for path in paths:
        if path.is_dir():
            faults, unknown = _import_folder(cache, Archive(path), key_of)
            unread, skipped = unread + faults, skipped + unknown
        else:
            skipped += _take(cache, from_file(path))
    return unread, skipped


def _import_folder(cache: Cache, archive: Archive, key_of: KeyOf) -> tuple[int, int]:
    """Import every day of an output folder, and which papers its pages show.

    Return how many days could not be read and how many replies were left out.
    """
    unread = skipped = 0
    for name in archive.names():
        for date in archive.dates(name):
            try:
                day = archive.day(name, date)
            except InputError as error:
                screen.warn(f"{error.message}; its replies are left out")
                unread += 1
                continue
            skipped += _take(cache, from_day(day, archive.report(name, date), key_of))
            with remembering(cache.path.parent, warn=screen.warn) as memory:
                if memory:
                    papers = [(entry.paper, entry.summary is not None) for entry in day.entries]
                    memory.days.keep_page(name, date, papers, complete=True)
    return unread, skipped


def _take(cache: Cache, replies: Iterable[Known | None]) -> int:
    """Keep replies, some at a time; return how many there was no key for."""
    waiting, skipped = iter(replies), 0
    while some := list(islice(waiting, PAGE)):
        known = [each for each in some if each]
        cache.replies.add(known)
        skipped += len(some) - len(known)
    return skipped


def _memory_beside(cache: Path) -> Iterator[Memory]:
    """Open the memory in the folder of a cache, if there is one."""
    if (cache.parent / MEMORY).is_file():
        with Memory(cache.parent, warn=screen.warn) as memory:
            yield memory


def _open(given: Given) -> Cache:
    settings = settings_for(given)
    if not (settings.cache / FILE).is_file():
        raise UsageError(f"{settings.cache}: no cache yet", hint="'arxiv-digest demo' makes one.")
    return Cache(settings.cache, warn=screen.warn)
