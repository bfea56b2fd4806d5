"""Load, check, render and fingerprint the versioned prompt files.

A prompt is a Markdown file ``NAME/VERSION.md``: YAML front matter, a part under ``# System`` and one under ``# User``,
both Jinja2. Releasing a version writes its sha256 into ``released.json`` beside it; from then on a changed file is
refused, so that a cached reply always says truthfully which words asked for it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import jinja2
import jinja2.meta
import jinja2.sandbox
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import OutputError, PromptError
from pipeline.glossary import FILE as GLOSSARY
from pipeline.glossary import NO_TERMS, Glossary, wrong_terms
from pipeline.glossary import load as load_glossary
from pipeline.outputs import write_all
from pipeline.records import PromptName
from pipeline.validation import did_you_mean, explain

LOCK = "released.json"
TERMS = "terms"
"""Variable of every prompt about a title and an abstract: those of their words that the glossary has."""
TODAYS_TASK = "translation"
"""What a prompt asks for whose front matter names no task."""

_NAME = re.compile(r"(?P<name>[a-z][a-z0-9_-]*)@(?P<version>[1-9]\d{0,5})")
_FRONT_MATTER = re.compile(r"\A---\n(?P<front>.*?)^---\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)
_PARTS = re.compile(r"\A\s*^# System\n(?P<system>.*?)^# User\n(?P<user>.*)\Z", re.DOTALL | re.MULTILINE)
_ENVIRONMENT = jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)


@dataclass(frozen=True)
class Template:
    """What the prompts of one task may say."""

    sample: Mapping[str, object]
    """Each variable with a value of its kind."""
    needed: tuple[str, ...]
    """Variables without which a prompt does not say what it asks about."""


Templates = Mapping[str, Template]
"""By the name of the task."""

Renderer = Callable[[Mapping[str, object]], str]
"""Fills in one part of a prompt."""


class FrontMatter(BaseModel):
    """What stands between the two ``---`` lines; any other key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = Field(min_length=1)
    task: str = TODAYS_TASK
    """What is asked for."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Sampling temperature; left to the endpoint where absent, as reasoning models refuse it."""


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt, checked."""

    name: str
    version: int
    path: Path
    sha256: str
    """Of the file with line ends as LF, so that a checkout on Windows fingerprints alike."""
    front: FrontMatter
    system: str
    user: str
    glossary: Glossary = NO_TERMS
    """What ``{{ terms }}`` is looked up in; empty for a prompt that does not use it."""

    @property
    def label(self) -> str:
        """``digest@1``."""
        return f"{self.name}@{self.version}"

    @property
    def reference(self) -> PromptName:
        """The prompt as a run report names it."""
        return PromptName(name=self.name, version=self.version, sha256=self.sha256)

    @property
    def instructions(self) -> str:
        """Both messages as they are written, without a subject's words."""
        return f"{self.system}\n{self.user}"

    def wrong_term(self, english: str, chinese: str) -> str:
        """Say of the first term that a translation has otherwise than the glossary how it is to be; empty if none."""
        return next((wrong.advice for wrong in wrong_terms(english, chinese, self.glossary)), "")

    @property
    def uses_terms(self) -> bool:
        """Whether the prompt says ``{{ terms }}``, so that a change of the glossary changes what is asked."""
        return TERMS in self.variables

    @cached_property
    def variables(self) -> frozenset[str]:
        """What the prompt says of its subject.

        Raises:
            PromptError: a part is not a template.
        """
        used: set[str] = set()
        for part in (self.system, self.user):
            try:
                used |= jinja2.meta.find_undeclared_variables(_ENVIRONMENT.parse(part))
            except jinja2.TemplateSyntaxError as error:
                raise PromptError(f"{self.path}: {error.message} (line {error.lineno} of its part)") from error
        return frozenset(used)

    @cached_property
    def _renderers(self) -> tuple[Renderer, Renderer]:
        return _renderer(self.system), _renderer(self.user)

    def render(self, values: Mapping[str, object], *, of: str) -> tuple[str, str]:
        """Return the system and the user message about the subject ``of`` this id, by the variables' values.

        Raises:
            PromptError: the template asks for something that the subject lacks.
        """
        text = "\n".join(str(values.get(name, "")) for name in ("title", "abstract"))
        said = {TERMS: self.glossary.line(text), **values}
        try:
            system, user = (render(said).strip() for render in self._renderers)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise PromptError(f"{self.path}: cannot be rendered for paper {of}: {error}") from error
        return system, user


@dataclass(frozen=True)
class PromptLibrary:
    """Folders of prompts, the first that has a prompt wins."""

    folders: Sequence[Path]
    templates: Templates

    def get(self, label: str) -> Prompt:
        """Return the prompt ``NAME@N``.

        Raises:
            PromptError: it is missing, invalid, or was released and then changed.
        """
        match = _NAME.fullmatch(label)
        if not match:
            raise PromptError(f"prompt {label!r}: write NAME@VERSION, such as digest@1")
        name, version = match["name"], int(match["version"])
        for folder in self.folders:
            path = folder / name / f"{version}.md"
            if path.is_file():
                prompt = load(path, self.templates)
                self._refuse_drift(prompt)
                return replace(prompt, glossary=self.glossary) if prompt.uses_terms else prompt
        known = ", ".join(sorted(self.labels())) or "none"
        raise PromptError(f"no prompt {label}{did_you_mean(label, self.labels())} (prompts: {known})")

    @cached_property
    def glossary(self) -> Glossary:
        """The terms of the first folder that has a glossary.

        Raises:
            PromptError: its file is not what a glossary is.
        """
        paths = (folder / GLOSSARY for folder in self.folders)
        return next((load_glossary(path) for path in paths if path.is_file()), NO_TERMS)

    def labels(self) -> dict[str, Path]:
        """Return every ``NAME@N`` with its file, in order of name and version."""
        found: dict[tuple[str, int], Path] = {}
        for folder in self.folders:
            for path in folder.glob("*/*.md"):
                if _NAME.fullmatch(f"{path.parent.name}@{path.stem}"):
                    found.setdefault((path.parent.name, int(path.stem)), path)
        return {f"{name}@{version}": found[name, version] for name, version in sorted(found)}

    def twin(self, label: str) -> str | None:
        """Return the first other prompt with the same words as ``label``."""
        labels = self.labels()
        own = fingerprint(labels[label])
        return next((other for other, path in labels.items() if other != label and fingerprint(path) == own), None)

    def newest(self, name: str) -> str | None:
        """Return the label of the newest version of a prompt."""
        return next((label for label in reversed(self.labels()) if label.partition("@")[0] == name), None)

    def released(self) -> dict[str, str]:
        """Return the sha256 of every released ``NAME@N``; of two folders that release one, the later holds."""
        return {label: sha for folder in self.folders for label, sha in read_lock(folder).items()}

    def drifted(self) -> Iterator[str]:
        """Say of each released prompt whose file is gone or changed what to do."""
        labels = self.labels()
        for label, sha256 in self.released().items():
            if label not in labels:
                yield f"{label} is released, but its file is gone: restore it"
            elif fingerprint(labels[label]) != sha256:
                yield _drift_message(label, labels[label])

    def _refuse_drift(self, prompt: Prompt) -> None:
        if self.released().get(prompt.label, prompt.sha256) != prompt.sha256:
            raise PromptError(_drift_message(prompt.label, prompt.path))


def load(path: Path, templates: Templates) -> Prompt:
    """Read and check one prompt file.

    Raises:
        PromptError: the file does not follow the form; all unknown keys and variables are named at once.
    """
    match = _FRONT_MATTER.match(_read(path))
    if not match:
        raise PromptError(f"{path}: must begin with front matter between two lines of ---")
    parts = _PARTS.match(match["body"])
    if not parts:
        raise PromptError(f"{path}: after the front matter needs a part '# System', then a part '# User'")
    prompt = Prompt(
        name=path.parent.name,
        version=int(path.stem),
        path=path,
        sha256=fingerprint(path),
        front=_front_matter(path, match["front"]),
        system=parts["system"].strip(),
        user=parts["user"].strip(),
    )
    template = _template_for(prompt, templates)
    _check_variables(prompt, template)
    prompt.render(template.sample, of="2401.00001")
    return prompt


def _renderer(part: str) -> Renderer:
    # Where no brace is, nothing is to be filled in: a system text is mostly the same for thousands of papers.
    return _ENVIRONMENT.from_string(part).render if "{" in part else lambda _: part


def fingerprint(path: Path) -> str:
    """Return the sha256 of a prompt file, hexadecimal, counted with line ends as LF."""
    return hashlib.sha256(_read(path).encode()).hexdigest()


def read_lock(folder: Path) -> dict[str, str]:
    """Return the released prompts of a folder, ``NAME@N`` to sha256.

    Raises:
        PromptError: the lock file is not what a release writes.
    """
    path = folder / LOCK
    if not path.is_file():
        return {}
    try:
        lock = json.loads(_read(path))
    except ValueError as error:
        raise PromptError(f"{path}: is not JSON: {error}") from error
    if not isinstance(lock, dict) or not all(isinstance(sha256, str) for sha256 in lock.values()):
        raise PromptError(f"{path}: must map NAME@VERSION to a sha256; restore it from version control")
    return lock


def release(prompt: Prompt) -> bool:
    """Lock a prompt's sha256 beside it; return whether it was a draft until now."""
    folder = prompt.path.parent.parent
    lock = read_lock(folder)
    if prompt.label in lock:
        return False
    _write_lock(folder, lock | {prompt.label: prompt.sha256})
    return True


def take_back(prompt: Prompt) -> bool:
    """Make a released prompt a draft; return whether it was released."""
    folder = prompt.path.parent.parent
    lock = read_lock(folder)
    if lock.pop(prompt.label, None) is None:
        return False
    _write_lock(folder, lock)
    return True


def _write_lock(folder: Path, lock: dict[str, str]) -> None:
    _write(folder / LOCK, json.dumps(dict(sorted(lock.items())), indent=2) + "\n")


def new_version(library: PromptLibrary, name: str, folder: Path) -> Path:
    """Copy the newest version of ``name`` (or of ``digest``, for a new name) to the next one in ``folder``.

    Raises:
        PromptError: the name is not possible, or no prompt is there to copy.
    """
    if not _NAME.fullmatch(f"{name}@1"):
        raise PromptError(f"prompt name {name!r}: use lower-case letters, digits, - and _, beginning with a letter")
    paths = list(library.labels().values())
    origins = [path for path in paths if path.parent.name == name] or [
        path for path in paths if path.parent.name == "digest"
    ]
    if not origins:
        raise PromptError("no prompt to begin from: restore prompts/digest/1.md")
    version = 1 + max((int(path.stem) for path in paths if path.parent.name == name), default=0)
    target = folder / name / f"{version}.md"
    _write(target, _read(origins[-1]))
    return target


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path}: cannot be read: {error}") from error


def _write(path: Path, text: str) -> None:
    try:
        write_all(path.parent, {path.name: text})
    except OutputError as error:
        raise PromptError(error.message) from error


def _front_matter(path: Path, text: str) -> FrontMatter:
    try:
        return FrontMatter.model_validate(yaml.safe_load(text) or {})
    except ValidationError as error:
        allowed = ", ".join(FrontMatter.model_fields)
        raise PromptError(f"{path}: front matter: {explain(error)} (keys: {allowed})") from error
    except (yaml.YAMLError, ValueError) as error:
        raise PromptError(f"{path}: the front matter is not YAML: {error}") from error


def _template_for(prompt: Prompt, templates: Templates) -> Template:
    task = prompt.front.task
    if task not in templates:
        known = ", ".join(sorted(templates))
        raise PromptError(f"{prompt.path}: no task {task!r}{did_you_mean(task, templates)} (tasks: {known})")
    return templates[task]


def _check_variables(prompt: Prompt, template: Template) -> None:
    used, known = prompt.variables, {*template.sample, TERMS}
    if unknown := sorted(used - known):
        allowed = ", ".join((*template.sample, TERMS))
        raise PromptError(f"{prompt.path}: undefined: {', '.join(unknown)} (a prompt may use {allowed})")
    if absent := [f"{{{{ {name} }}}}" for name in template.needed if name not in used]:
        raise PromptError(
            f"{prompt.path}: lacks {' and '.join(absent)}: without it the model would have to invent the paper"
        )


def _drift_message(label: str, path: Path) -> str:
    name = label.partition("@")[0]
    return (
        f"{path}: {label} is released and may not change any more; "
        f"restore the file and make a new version with 'arxiv-digest prompts new {name}'"
    )
