"""``prompts list``, ``show``, ``new``, ``check`` and ``release``."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli import screen
from pipeline.cli.workshop import prompt_library
from pipeline.errors import PromptError
from pipeline.exits import Exit
from pipeline.prompts import fingerprint, load, new_version, read_lock, release


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
    path = new_version(prompt_library(), name, Path("prompts"))
    screen.say(f"{path}: a draft of {name}@{path.stem}; edit it, then 'arxiv-digest prompts check'")
    return Exit.COMPLETE


def check_command(labels: list[str]) -> Exit:
    """Check prompts, all of them where none is named; say every fault, not only the first."""
    library = prompt_library()
    wanted = {label: library.get(label).path for label in labels} or library.labels()
    faults = [] if labels else list(library.drifted())
    for path in wanted.values():
        try:
            load(path)
        except PromptError as error:
            faults.append(error.message)
    if faults:
        raise PromptError("; ".join(faults))
    screen.say(f"{len(wanted)} prompt{'' if len(wanted) == 1 else 's'} checked")
    return Exit.COMPLETE


def release_command(label: str) -> Exit:
    """Lock a prompt: from now on its file may not change."""
    prompt = prompt_library().get(label)
    if prompt.path.parent.parent.resolve() != Path("prompts").resolve():
        raise PromptError(f"{label} is a prompt of the package, released with it", hint="Make your own: 'prompts new'.")
    if not release(prompt):
        raise PromptError(f"{label} is released already, as {read_lock(prompt.path.parent.parent)[label][:12]}")
    screen.say(f"{label} is released as {prompt.sha256[:12]}; its file may not change any more")
    return Exit.COMPLETE
