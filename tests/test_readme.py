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
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

from pipeline.assemble.language import LANGUAGES
from pipeline.cli.app import app
from pipeline.endpoints import PRESETS
from pipeline.exits import Exit
from pipeline.fetch import HOLIDAYS
from pipeline.settings import Settings, load
from pipeline.summarize.checks import LONGEST_TLDR, SHORT_ABSTRACT, SHORTEST_SHARE

ROOT = Path(__file__).resolve().parent.parent
TRANSLATED = (
    *("README", "docs/commands", "docs/days", "docs/settings", "docs/cost-and-cache", "docs/prompts"),
    *("docs/schedule", "docs/failures"),
)
"""The documents that exist in both languages."""
ENDINGS = (".md", ".zh-CN.md")
READMES = tuple(f"README{ending}" for ending in ENDINGS)
BOTH = tuple(f"{name}{ending}" for name in TRANSLATED for ending in ENDINGS)
DOCUMENTS = (*BOTH, "CHANGELOG.md", "CONTRIBUTING.md", "docs/design.md", "docs/benchmarks.md")

LONGEST_README = 10_000
"""Bytes, so that a README is read to its end."""
_COMPLETION = {"--install-completion", "--show-completion"}
_NOT_IN_A_FILE = {"api_key", "deliver"}
_OF_THE_CLIENT = {"OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"}
"""Variables that the openai client reads by itself."""
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[a-z])(?![\w-])")
_VARIABLE = re.compile(r"\b(?:OPENAI|ARXIV_DIGEST)_[A-Z_]+\b")
_PROGRESS = re.compile(r"^fetched \d+ of \d+ papers\n", re.MULTILINE)
"""Said where the output is no terminal; a terminal shows a bar in its place, and takes it away."""


def _known_options() -> dict[str, frozenset[str]]:
    """Return the options of each command, as the program parses them; those of the program itself under no name."""
    known: dict[str, frozenset[str]] = {}
    waiting: list[tuple[str, Any]] = [("", typer.main.get_command(app))]
    for name, command in waiting:
        subcommands = getattr(command, "commands", {})
        waiting += [(f"{name} {sub}".strip(), one) for sub, one in subcommands.items()]
        if not name or not subcommands:
            known[name] = _options_of(command)
    return known


def _options_of(command: Any) -> frozenset[str]:
    parameters = command.get_params(command.make_context("", [], resilient_parsing=True))
    options = (one.opts for one in parameters if one.param_type_name == "option" and not one.hidden)
    return frozenset(name for names in options for name in names) - _COMPLETION


OPTIONS = _known_options()
COMMANDS = frozenset(OPTIONS) - {""}


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _prose(name: str) -> str:
    """Return a document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", _text(name), flags=re.MULTILINE | re.DOTALL)


def _blocks(name: str, language: str) -> list[str]:
    return [match["text"] for match in _BLOCK.finditer(_text(name)) if match["language"] == language]


def _chapter(name: str, number: int) -> str:
    """Return the chapter of a document that is ``number``-th in both languages; 0 stands before the first."""
    return re.split(r"^## ", _text(name), flags=re.MULTILINE)[number]


def _in_both(name: str) -> tuple[str, ...]:
    return tuple(name + ending for ending in ENDINGS)


def _typed(name: str) -> list[str]:
    """Return the lines that a document tells its reader to type."""
    consoles = [line[2:] for block in _blocks(name, "console") for line in block.splitlines() if line.startswith("$ ")]
    return [*consoles, *(line for block in _blocks(name, "sh") for line in block.splitlines())]


_OF_MAKE = frozenset({"MAKEFLAGS", "MAKELEVEL", "MFLAGS"})
"""What `make test` leaves in the environment, with which a `make` of a document would print more than in a shell."""


def _environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not (_VARIABLE.match(name) or name in _OF_MAKE)}
    # Tokens are counted where the machine has the tables; the documents show what is said without.
    return ours | {"COLUMNS": "200", "PYTHONIOENCODING": "utf-8", "TIKTOKEN_CACHE_DIR": os.devnull}


def _calls(lines: Sequence[str]) -> Iterator[tuple[str, set[str]]]:
    """Yield each call of the program in some lines of shell: the command, and the options that it is given."""
    for line in lines:
        words = shlex.split(line, comments=True)
        starts = [number for number, word in enumerate(words) if word == "arxiv-digest" and words[number - 1] != "cd"]
        for start, end in pairwise([*starts, len(words)]):
            call = words[start + 1 : end]
            call = call[: next((number for number, word in enumerate(call) if word in {"|", ">"}), len(call))]
            name = " ".join(call[:2]) if call[0] in {"cache", "prompts"} else call[0]
            yield name, {word for word in call if word.startswith("-")}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of what the examples use, with the program installed where ``make digest`` installs it."""
    folder = tmp_path / "checkout"
    for name in ("pipeline/sample", "prompts"):
        shutil.copytree(ROOT / name, folder / name)
    for name in (".gitignore", "Makefile", "digest.toml", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    for name in ("cache", "outputs"):
        (folder / name).mkdir()
        (folder / name / ".gitkeep").touch()
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, *("-c", "user.name=a", "-c", "user.email=a@b.invalid"), "commit", "--quiet", "--message", "all")
    _install(folder / ".venv")
    return folder


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def _install(environment: Path) -> None:
    """Put a command and an ``activate`` into a folder that ``make`` then takes for complete."""
    program, activate = (environment / "bin" / name for name in ("arxiv-digest", "activate"))
    program.parent.mkdir(parents=True)
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -P -m pipeline "$@"\n'
    )
    program.chmod(0o755)
    activate.write_text(f"PATH={shlex.quote(str(program.parent))}:$PATH\n")
    (environment / "bin" / "python").symlink_to(sys.executable)
    (environment / ".run").touch()


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
    """Run commands one after the other in one shell, as a reader does who types what a document shows."""
    mark = "\x1e"
    script = "".join(f"(exit $status); {step.command}\nstatus=$?; printf '{mark}%s{mark}' $status\n" for step in steps)
    ran = subprocess.run(
        ["sh", "-c", f"status=0\n{script}"],
        cwd=folder,
        env=_environment()
        | {"PATH": f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(folder.parent)},
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


@pytest.mark.parametrize("name", [f"{name}.md" for name in TRANSLATED if _blocks(f"{name}.md", "console")])
def test_the_consoles_show_what_the_program_prints(name: str, checkout: Path) -> None:
    """An English document's consoles, typed in order in a clone, print what they show, and leave the clone clean.

    The Chinese documents show the same, see `test_both_languages_show_the_same_commands`.
    """
    steps = [step for console in _blocks(name, "console") for step in _steps(console)]
    played = _played(steps, checkout)
    assert [ran for shown, ran in zip(steps, played, strict=True) if not _fits(shown, ran)] == []
    assert _git(checkout, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", [f"{name}.md" for name in TRANSLATED if _blocks(f"{name}.md", "python")])
def test_the_python_of_a_document_runs(name: str, checkout: Path) -> None:
    """After ``make digest``, each piece of Python in a document runs and prints something."""
    subprocess.run([checkout / ".venv" / "bin" / "arxiv-digest", "demo", "-q"], cwd=checkout, check=True)
    for code in _blocks(name, "python"):
        command = [sys.executable, "-c", code]
        ran = subprocess.run(command, cwd=checkout, env=_environment(), capture_output=True, check=True)
        assert ran.stdout


def _compared(name: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return a document's code without its remarks, and apart from it the blocks that set up a provider, sorted.

    The providers stand in the order of each language's readers.
    """
    code = [(match["language"], re.sub(r" +# .*", "", match["text"])) for match in _BLOCK.finditer(_text(name))]
    code = [block for block in code if block[0] != "text"]
    providers = [block for block in code if name in READMES and "_API_KEY=" in block[1]]
    return [block for block in code if block not in providers], sorted(providers)


@pytest.mark.parametrize("name", TRANSLATED)
def test_both_languages_show_the_same_commands(name: str) -> None:
    """A document has the same consoles, settings and commands in the same order in both languages."""
    english, chinese = map(_compared, _in_both(name))
    assert english == chinese


@pytest.mark.parametrize("name", TRANSLATED)
def test_both_languages_have_the_same_shape(name: str) -> None:
    """A document has the same headings, lists and rows in both languages, so that neither lacks a fact."""
    english, chinese = (
        [
            (mark, line.count(" | "))
            for line in _prose(one).splitlines()
            if (mark := line.partition(" ")[0]) in {"#", "##", "###", "-", "|", "1.", "2.", "3.", "4.", "5."}
        ]
        for one in _in_both(name)
    )
    assert english == chinese


@pytest.mark.parametrize("name", READMES)
def test_a_readme_is_short(name: str) -> None:
    """A README has at most 10,000 bytes."""
    assert (ROOT / name).stat().st_size <= LONGEST_README


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_take_the_options_that_are_shown(name: str) -> None:
    """Each command in a document exists and knows each option it is shown with."""
    for command, options in _calls(_typed(name)):
        assert command in COMMANDS
        assert options <= OPTIONS[command], command


@pytest.mark.parametrize("name", _in_both("docs/commands"))
def test_every_command_has_an_example(name: str) -> None:
    """The commands' document shows each command at least once."""
    assert {command for command, _ in _calls(_typed(name))} == COMMANDS


@pytest.mark.parametrize("name", DOCUMENTS)
def test_targets_of_make_exist(name: str) -> None:
    """Each ``make`` in a document names a target of the Makefile."""
    asked = set(re.findall(r"\bmake ([a-z]+)$", "\n".join(_typed(name)), re.MULTILINE))
    asked |= set(re.findall(r"`make ([a-z]+)`", _text(name)))
    assert asked <= set(re.findall(r"^([a-z]+):", _text("Makefile"), re.MULTILINE))


def _named_options(text: str) -> set[str]:
    return {option for code in re.findall(r"`([^`\n]+)`", text) for option in _OPTION.findall(code)}


@pytest.mark.parametrize("name", _in_both("docs/commands"))
def test_every_option_has_a_row(name: str) -> None:
    """The commands' document has a row for each option of each command."""
    rows = "\n".join(re.findall(r"^\| (`-[^|]*) \|", _text(name), re.MULTILINE))
    assert _named_options(rows) == frozenset[str]().union(*OPTIONS.values())


@pytest.mark.parametrize("name", BOTH)
def test_no_option_is_named_that_does_not_exist(name: str) -> None:
    """Each option that a document names is one of the program's, but for those of other programs."""
    others = {"-9"}
    assert _named_options(_prose(name)) - others <= frozenset[str]().union(*OPTIONS.values())


@pytest.mark.parametrize("name", _in_both("docs/settings"))
def test_every_variable_is_named(name: str) -> None:
    """The settings' document names each environment variable that the settings read, and none besides."""
    in_code = set(re.findall(rf'"({_VARIABLE.pattern})": ', _text("pipeline/settings.py")))
    assert set(_VARIABLE.findall(_text(name))) - _OF_THE_CLIENT == in_code


@pytest.mark.parametrize("name", _in_both("docs/settings"))
def test_every_key_is_shown_with_its_default(name: str, tmp_path: Path) -> None:
    """What the document sets is the default, but for the example of a digest; with its comments it has every key."""
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
def test_the_settings_of_a_readme_are_valid(name: str, tmp_path: Path) -> None:
    """The digest.toml that a README shows can be used as it stands."""
    (shown,) = _blocks(name, "toml")
    config = tmp_path / "digest.toml"
    config.write_text(shown, "utf-8")
    assert load(config, {}, {}).digests


@pytest.mark.parametrize("name", _in_both("docs/settings"))
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


@pytest.mark.parametrize("name", [*READMES, *_in_both("docs/failures")])
def test_every_exit_code_is_explained(name: str) -> None:
    """The table of exit codes has a row for each, in order."""
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", _text(name), re.MULTILINE)] == sorted(Exit)


@pytest.mark.parametrize("name", _in_both("docs/failures"))
def test_every_reason_and_note_is_explained(name: str) -> None:
    """The vocabulary of failures, and that of notes, has a row for each that a page can name, and for none besides."""
    row = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
    reasons, notes = (sorted(row.findall(_chapter(name, number))) for number in (1, 4))
    assert reasons == sorted(LANGUAGES["zh"].reasons)
    assert notes == sorted(LANGUAGES["zh"].notes)


@pytest.mark.parametrize("name", _in_both("docs/prompts"))
def test_the_limits_are_the_programs_own(name: str) -> None:
    """The figures that a document gives for the checks are those that the checks use."""
    figures = set(re.findall(r"\d+", _text(name)))
    assert {str(LONGEST_TLDR), str(SHORT_ABSTRACT), f"{SHORTEST_SHARE:.0%}".rstrip("%")} <= figures


def _anchors(name: str) -> set[str]:
    """Return the anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.*)$", _prose(name), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _leads_somewhere(name: str, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = str(Path(name).parent / path) if path else name
    return (ROOT / file).exists() and (not anchor or anchor in _anchors(os.path.normpath(file)))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_files_lead_somewhere(name: str) -> None:
    """Each relative link of a document names a file of the tree, and where it has an anchor, a heading in it."""
    targets = re.findall(r"\]\((?!https?://)([^)]+)\)", _prose(name))
    assert [target for target in targets if not _leads_somewhere(name, target)] == []


@pytest.mark.parametrize("name", BOTH)
def test_links_stay_in_the_readers_language(name: str) -> None:
    """A link to a document that exists in both languages leads to the reader's own, but for the one that changes it."""
    own, other = ENDINGS if not name.endswith(ENDINGS[1]) else reversed(ENDINGS)
    here = name.removesuffix(own)
    for target in re.findall(r"\]\((?!https?://)([^)#]+\.md)", _prose(name)):
        linked = os.path.relpath((ROOT / name).parent / target, ROOT)
        stem = next((one for one in TRANSLATED if linked in _in_both(one)), None)
        assert stem is None or linked == stem + (other if stem == here else own)


@pytest.mark.parametrize("name", [name for name in BOTH if name.endswith(ENDINGS[1])])
def test_chinese_is_set_as_an_editor_sets_it(name: str) -> None:
    """A blank stands between Chinese and Latin, punctuation is full-width, and a paragraph is one line."""
    han = "[\u4e00-\u9fff]"
    prose = re.sub(r"\]\([^)]*\)", "]", _prose(name))
    text = re.sub(r"`[^`\n]*`", "x", prose)
    touching = re.findall(rf".{{0,8}}(?:{han}[A-Za-z0-9]|[A-Za-z0-9]{han}|{han} ?[,;:?!]).{{0,8}}", text)
    broken = re.findall(rf"^{han}.*\n{han}.*", text, re.MULTILINE)
    assert (touching, broken) == ([], [])
