"""``prompts list``, ``show``, ``new``, ``check`` and ``release``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.cli import screen
from pipeline.cli.environment import prompt_library, settings_for
from pipeline.cli.options import Given
from pipeline.errors import PromptError
from pipeline.exits import Exit
from pipeline.prompts import Prompt, PromptLibrary, fingerprint, load, new_version, read_lock, release, take_back
from pipeline.store.cache import Cache
from pipeline.summarize import TEMPLATES, task_of


def list_command() -> Exit:
    """Name each prompt, whether it is released, its fingerprint and where it is."""
    library = prompt_library()
    released = library.released()
    for label, path in library.labels().items():
        sha256 = fingerprint(path)
        state = "draft" if label not in released else "released" if released[label] == sha256 else "CHANGED"
        screen.say(f"{label:16} {state:9} {sha256[:12]}  {path}")
    return Exit.COMPLETE


def show_command(label: str) -> Exit:
    """Print a prompt file as it is."""
    screen.say(prompt_library().get(label).path.read_text(encoding="utf-8").rstrip())
    return Exit.COMPLETE


def new_command(name: str) -> Exit:
    """Make the next version of a prompt as a draft to edit."""
    library = prompt_library()
    draft = _draft(library, name)
    path = new_version(library, name, Path("prompts"))
    if draft:
        screen.warn(f"{draft} is a draft as well; the new one is a copy of it")
    screen.say(f"{path}: a draft of {name}@{path.stem}; edit it, then 'arxiv-digest prompts check'")
    return Exit.COMPLETE


def _draft(library: PromptLibrary, name: str) -> str | None:
    """Return the newest version of a prompt where it is a draft.

    Raises:
        PromptError: nobody has edited it yet, so that one more copy would be of no use.
    """
    label = library.newest(name)
    if label is None or label in library.released():
        return None
    if twin := library.twin(label):
        raise PromptError(f"{label} is an unchanged copy of {twin}: edit {library.labels()[label]}, which is a draft")
    return label


def check_command(labels: list[str]) -> Exit:
    """Check prompts, all of them where none is named; say every fault, not only the first."""
    library = prompt_library()
    wanted = {label: library.get(label).path for label in labels} or library.labels()
    faults = [] if labels else [*library.drifted(), *_faults_of_glossary(library)]
    for path in wanted.values():
        try:
            _warn_of_unnamed(load(path, TEMPLATES))
        except PromptError as error:
            faults.append(error.message)
    if faults:
        raise PromptError("; ".join(faults))
    screen.say(f"{len(wanted)} prompt{'' if len(wanted) == 1 else 's'} checked")
    return Exit.COMPLETE


def _faults_of_glossary(library: PromptLibrary) -> Iterator[str]:
    try:
        _ = library.glossary
    except PromptError as error:
        yield error.message


def _warn_of_unnamed(prompt: Prompt) -> None:
    """Say which fields of the reply a prompt leaves for the model to guess."""
    words = f"{prompt.system}\n{prompt.user}"
    fields = task_of(prompt).fields
    if unnamed := [name for name in fields if not re.search(rf"\b{name}\b", words)]:
        screen.warn(f"{prompt.label} does not name {', '.join(unnamed)}: the reply must have {', '.join(fields)}")


def release_command(label: str) -> Exit:
    """Lock a prompt: from now on its file may not change."""
    library = prompt_library()
    prompt = _own(library, label)
    if label not in library.released() and (twin := library.twin(label)):
        raise PromptError(f"{label} is an unchanged copy of {twin}", hint=f"Edit {prompt.path}, then release it.")
    if not release(prompt):
        raise PromptError(f"{label} is released already, as {read_lock(prompt.path.parent.parent)[label][:12]}")
    screen.say(f"{label} is released as {prompt.sha256[:12]}; its file may not change any more")
    return Exit.COMPLETE


def undo_command(given: Given, label: str) -> Exit:
    """Make a released prompt a draft, unless a reply in the cache was asked for by its present text."""
    prompt = _own(prompt_library(), label)
    with Cache(settings_for(given).cache, warn=screen.warn) as cache:
        uses, path = cache.replies.count_asked_by(prompt.sha256), cache.path
    if uses:
        raise PromptError(
            f"{label} stays released: {uses} replies in {path} were asked for by it",
            hint=f"Make the next version: 'arxiv-digest prompts new {prompt.name}'.",
        )
    if not take_back(prompt):
        raise PromptError(f"{label} is a draft already")
    screen.say(f"{label} is a draft; edit it, then release it")
    return Exit.COMPLETE


def _own(library: PromptLibrary, label: str) -> Prompt:
    prompt = library.get(label)
    if prompt.path.parent.parent.resolve() != Path("prompts").resolve():
        raise PromptError(f"{label} is a prompt of the package, released with it", hint="Make your own: 'prompts new'.")
    return prompt
