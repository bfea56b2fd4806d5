"""``cache info``, ``cache show`` and ``cache verify``."""

from __future__ import annotations

from pipeline.cache import Cache
from pipeline.cli import screen
from pipeline.cli.options import Given
from pipeline.cli.workshop import settings_for
from pipeline.errors import UsageError
from pipeline.exits import Exit
from pipeline.records import parse_id
from pipeline.text import plain


def info_command(given: Given) -> Exit:
    """Say how much the cache holds."""
    with _open(given) as cache:
        info = cache.info()
    screen.say(f"{info.path}: {info.papers} papers, {info.replies} replies, {info.runs} runs, {info.size / 1e6:.1f} MB")
    for prompt, model, count in info.by_model:
        screen.say(f"  {count:6} by {plain(model)} with {plain(prompt)}")
    return Exit.COMPLETE


def show_command(given: Given, paper_id: str) -> Exit:
    """Show every reply that the cache has for a paper."""
    try:
        identifier, _ = parse_id(paper_id)
    except ValueError as error:
        raise UsageError(str(error)) from error
    with _open(given) as cache:
        replies = cache.replies_to(identifier)
    if not replies:
        raise UsageError(f"the cache has no reply for {identifier}", hint="'arxiv-digest cache info' says what it has.")
    for reply in replies:
        made = reply.summary
        screen.say(f"{identifier}  {made.prompt} ({(made.prompt_sha256 or '')[:12]})  {made.model} at {made.endpoint}")
        screen.say(f"  created     {made.created}  after {reply.asked.get('replies', 1)} replies  key {reply.key[:12]}")
        for name in ("translated_title", "tldr", "tldr_en", "translated_abstract"):
            screen.say(f"  {name}: {plain(getattr(made, name))}")
    return Exit.COMPLETE


def verify_command(given: Given) -> Exit:
    """Check the file and every reply in it."""
    with _open(given) as cache:
        faults, info = cache.verify(), cache.info()
    for fault in faults:
        screen.say(plain(fault))
    screen.say(f"{info.path}: {info.replies} replies, {len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'}")
    return Exit.FAILED if faults else Exit.COMPLETE


def _open(given: Given) -> Cache:
    settings = settings_for(given)
    if not (settings.cache / "digest.db").is_file():
        raise UsageError(f"{settings.cache}: there is no cache yet", hint="'arxiv-digest demo' makes one.")
    return Cache(settings.cache, warn=screen.warn)
