"""The documents, held against the program: every command in them is run or checked, every name in them exists."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.assemble.language import LANGUAGES
from pipeline.cli.app import app
from pipeline.endpoints import PRESETS
from pipeline.exits import Exit
from pipeline.fetch import HOLIDAYS
from pipeline.settings import Settings, load
from pipeline.summarize.checks import LONGEST_TLDR, SHORT_ABSTRACT, SHORTEST_SHARE

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = (*READMES, "CHANGELOG.md", "CONTRIBUTING.md", "docs/design.md", "docs/failures.md", "docs/schedule.md")

COMMANDS = (
    *(
        name
        for command in app.registered_commands
        if (name := command.name or getattr(command.callback, "__name__", ""))
    ),
    *(
        f"{group.name} {command.name}"
        for group in app.registered_groups
        if group.typer_instance
        for command in group.typer_instance.registered_commands
    ),
)
_NOT_IN_A_FILE = {"api_key", "deliver"}
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[a-z])(?![\w-])")
_VARIABLE = re.compile(r"\b(?:OPENAI|ARXIV_DIGEST)_[A-Z_]+\b")
_PROGRESS = re.compile(r"^fetched \d+ of \d+ papers\n", re.MULTILINE)
"""Said where the output is no terminal; a terminal shows a bar in its place, and takes it away."""


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _blocks(name: str, language: str) -> list[str]:
    return [match["text"] for match in _BLOCK.finditer(_text(name)) if match["language"] == language]


def _typed(name: str) -> list[str]:
    """Return the lines that a document tells its reader to type."""
    consoles = [line[2:] for block in _blocks(name, "console") for line in block.splitlines() if line.startswith("$ ")]
    return [*consoles, *(line for block in _blocks(name, "sh") for line in block.splitlines())]


def _environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not _VARIABLE.match(name)}
    # Tokens are counted where the machine has the tables; the documents show what is said without.
    return ours | {"COLUMNS": "200", "PYTHONIOENCODING": "utf-8", "TIKTOKEN_CACHE_DIR": os.devnull}


@cache
def _options(command: str) -> frozenset[str]:
    """Return the options that a command's own help names."""
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*command.split(), "--help"])
    lines = (re.match(r"  (-\w, )?(--[\w-]+)", line) for line in shown.output.splitlines())
    return frozenset(option.strip(" ,") for match in lines if match for option in match.groups() if option)


def _calls(lines: Sequence[str]) -> Iterator[tuple[str, set[str]]]:
    """Yield each call of the program in some lines of shell: the command, and the options that it is given."""
    for line in lines:
        words = shlex.split(line, comments=True)
        starts = [number for number, word in enumerate(words) if word == "arxiv-digest"]
        for start, end in pairwise([*starts, len(words)]):
            call = words[start + 1 : end]
            call = call[: next((number for number, word in enumerate(call) if word in {"|", ">"}), len(call))]
            name = " ".join(call[:2]) if call[0] in {"cache", "prompts"} else call[0]
            yield name, {word for word in call if word.startswith("-")}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has of a checkout what the examples use, and an ``arxiv-digest`` on its path."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "pipeline" / "sample", folder / "pipeline" / "sample")
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    shutil.copy(ROOT / "digest.toml", folder)
    program = folder / "bin" / "arxiv-digest"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -P -m pipeline "$@"\n'
    )
    program.chmod(0o755)
    return folder


@dataclass(frozen=True)
class Step:
    """One command of a console and what follows it."""

    command: str
    output: str = ""
    status: int = 0


def _steps(console: str) -> list[Step]:
    """Read a console as a document shows it; a command ends with 0 unless the next one asks how it ended."""
    parts = [part.partition("\n") for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]]
    steps = [Step(command, output) for command, _, output in parts]
    asked = [later.command == "echo $?" for later in steps[1:]] + [False]
    return [
        replace(step, status=int(steps[number + 1].output)) if asked[number] else step
        for number, step in enumerate(steps)
    ]


def _played(steps: Sequence[Step], folder: Path) -> list[Step]:
    """Run the commands of one console in one shell, in a folder that may already hold what earlier ones made."""
    mark = "\x1e"
    script = "".join(f"(exit $status); {step.command}\nstatus=$?; printf '{mark}%s{mark}' $status\n" for step in steps)
    ran = subprocess.run(
        ["sh", "-c", f"status=0\n{script}"],
        cwd=folder,
        env=_environment() | {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = ran.stdout.decode().split(mark)
    return [
        Step(step.command, _PROGRESS.sub("", output), int(status))
        for step, output, status in zip(steps, said[::2], said[1::2], strict=False)
    ]


def _fits(shown: Step, ran: Step) -> bool:
    """Return whether a command did what is shown; an ellipsis stands for anything, alone on a line for any lines."""
    lines = [
        r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.output.splitlines()
    ]
    return shown.status == ran.status and re.fullmatch("".join(lines), ran.output) is not None


def test_the_consoles_show_what_the_program_prints(checkout: Path) -> None:
    """Every console of the README, run from top to bottom, prints what it shows and ends as it says."""
    for console in _blocks("README.md", "console"):
        steps = _steps(console)
        played = _played(steps, checkout)
        wrong = [ran for shown, ran in zip(steps, played, strict=True) if not _fits(shown, ran)]
        assert wrong == []


def test_both_languages_show_the_same_commands() -> None:
    """The two READMEs have the same consoles, settings and commands in the same order; only remarks are translated."""
    english, chinese = (
        [(match["language"], re.sub(r" +# .*", "", match["text"])) for match in _BLOCK.finditer(_text(name))]
        for name in READMES
    )
    assert english == chinese


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_take_the_options_that_are_shown(name: str) -> None:
    """Each command in a document exists and knows each option it is shown with."""
    for command, options in _calls(_typed(name)):
        assert command in COMMANDS
        assert options <= _options(command), command


@pytest.mark.parametrize("name", READMES)
def test_every_command_has_an_example(name: str) -> None:
    """A README shows each command at least once."""
    assert {command for command, _ in _calls(_typed(name))} == set(COMMANDS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_targets_of_make_exist(name: str) -> None:
    """Each ``make`` in a document names a target of the Makefile."""
    asked = set(re.findall(r"\bmake ([a-z]+)$", "\n".join(_blocks(name, "sh")), re.MULTILINE))
    asked |= set(re.findall(r"`make ([a-z]+)`", _text(name)))
    assert asked <= set(re.findall(r"^([a-z]+):", _text("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("name", READMES)
def test_every_option_is_named(name: str) -> None:
    """A README names each option of each command, and none besides."""
    prose = re.sub(r"^```.*?^```$", "", _text(name), flags=re.MULTILINE | re.DOTALL)
    named = {option for code in re.findall(r"`([^`\n]+)`", prose) for option in _OPTION.findall(code)}
    known = frozenset[str]().union(*map(_options, COMMANDS))
    assert {option for option in named if option != "-9"} == known


@pytest.mark.parametrize("name", READMES)
def test_every_variable_is_named(name: str) -> None:
    """A README names each environment variable that the settings read, and none besides."""
    in_code = set(re.findall(rf'"({_VARIABLE.pattern})": ', _text("pipeline/settings.py")))
    assert set(_VARIABLE.findall(_text(name))) == in_code


@pytest.mark.parametrize("name", READMES)
def test_every_key_is_shown_with_its_default(name: str, tmp_path: Path) -> None:
    """What a README sets is the default, but for the example of a digest; with its comments it has every key."""
    (shown,) = _blocks(name, "toml")
    config = tmp_path / "digest.toml"
    config.write_text(shown, "utf-8")
    loaded = load(config, {}, {})
    defaults = Settings().model_copy(update={"holidays": HOLIDAYS})
    assert loaded.model_copy(update={"digests": {}}).model_dump() == defaults.model_dump()
    everything = re.sub(r"^# ", "", shown, flags=re.MULTILINE)
    config.write_text(everything, "utf-8")
    assert tomllib.loads(everything).keys() == Settings.model_fields.keys() - _NOT_IN_A_FILE
    hidden = load(config, {}, {})
    (fallback,), (price,) = hidden.fallback, hidden.prices.values()
    assert None not in (
        *fallback.model_dump().values(),
        *price.model_dump().values(),
        *hidden.model_dump(exclude=_NOT_IN_A_FILE).values(),
    )


@pytest.mark.parametrize("name", READMES)
def test_every_service_is_named_with_its_address_and_key(name: str) -> None:
    """The table of services has a row for each preset, in order, with its address and its key's variable."""
    code = r"`([^`]+)`"
    rows = re.findall(rf"^\| {code} \| (.*) \| (.*) \|$", _text(name), re.MULTILINE)
    shown = {row[0]: row[1:] for row in rows if "://" in row[1]}
    assert list(shown) == [preset.name for preset in PRESETS]
    for preset in PRESETS:
        address, key = shown[preset.name]
        assert address == f"`{preset.address}`" if preset.address else "NAME" in address
        assert re.findall(code, key) == ([preset.key_variable] if preset.key_variable else [])


@pytest.mark.parametrize("name", [*READMES, "docs/failures.md"])
def test_every_exit_code_is_explained(name: str) -> None:
    """The table of exit codes has a row for each, in order."""
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", _text(name), re.MULTILINE)] == sorted(Exit)


def test_every_reason_is_explained() -> None:
    """The failure vocabulary has a row for each reason that a page can name, and for none besides."""
    explained = re.findall(r"^\| `(\w+)` \|", _text("docs/failures.md"), re.MULTILINE)
    assert sorted(explained) == sorted(LANGUAGES["zh"].reasons)


@pytest.mark.parametrize("name", READMES)
def test_the_limits_are_the_programs_own(name: str) -> None:
    """The figures that a README gives for the checks are those that the checks use."""
    figures = set(re.findall(r"\d+", _text(name)))
    assert {str(LONGEST_TLDR), str(SHORT_ABSTRACT), f"{SHORTEST_SHARE:.0%}".rstrip("%")} <= figures


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_files_lead_somewhere(name: str) -> None:
    """Each relative link of a document names a file of the tree."""
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", _text(name))
    assert [target for target in targets if not (ROOT / name).parent.joinpath(target).exists()] == []
