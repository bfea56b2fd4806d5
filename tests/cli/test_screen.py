"""What reaches a terminal or a log: bars on the one, plain lines on the other, and nothing raw that others wrote."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Sequence
from contextlib import suppress

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import RECORDS, Program, ids, lines, record

HOSTILE = {
    1: "Widgets [/INST] [bold]loud[/bold] [link=http://127.0.0.1]here[/link]",
    2: "Widgets \x1b[31mRED\x1b[0m \x1b]0;owned\x07 \x9b31m and a bell\x07",
    3: "Widgets \u202eesrever\u202c \u2066isolated\u2069 \u200f\u061c marks",
    4: "Widgets\r\nover\vtwo\x00 lines\x7f",
}
RECORDED = [record(number, title=title) for number, title in HOSTILE.items()]
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(cli: Program) -> Program:
    """Four papers whose titles attack the terminal; the replies to three of them stand in a file."""
    cli.write("papers.jsonl", lines(RECORDED))
    titles = ({**one, "translated_title": f"{one['title']} 测量"} for one in RECORDED[:3])
    cli.write("replies.jsonl", lines(titles))
    cli.environment["OPENAI_BASE_URL"] = "replay:replies.jsonl"
    return cli


def _on_a_terminal(program: Program, *arguments: str) -> tuple[int, str]:
    """Run a command on a pseudo-terminal of 160 columns and return its exit code and all that it showed."""
    return _watched(program, arguments, interrupt_at=None)


def _watched(program: Program, arguments: Sequence[str], *, interrupt_at: bytes | None) -> tuple[int, str]:
    """Do so, and interrupt the command once it has shown ``interrupt_at``."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    program.environment["TERM"] = "xterm-256color"
    shown = b""
    with program.start(*arguments, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        # Linux says that the other end is closed by an error.
        with suppress(OSError):
            while chunk := os.read(ours, 2**16):
                shown += chunk
                if interrupt_at and interrupt_at in shown:
                    process.send_signal(signal.SIGINT)
                    interrupt_at = None
        code = process.wait(timeout=30)
    os.close(ours)
    return code, shown.decode("utf-8", "replace")


def test_a_log_gets_plain_lines(hostile: Program) -> None:
    """Not a terminal: no control code on either stream, titles on one line as they are read."""
    ran = hostile("run", "--input", "papers.jsonl", "-v")
    assert ran.code == 3
    assert CONTROLS.findall(ran.stdout + ran.stderr) == []
    titles = {line.partition(": ")[2] for line in ran.stderr.splitlines() if " new: " in line}
    assert f"{HOSTILE[1]} 测量" in titles
    assert any("RED" in title for title in titles)
    assert any("esrever" in title for title in titles)


def test_a_terminal_gets_bars(hostile: Program) -> None:
    """A bar for each stage, counts and the result; no crash over markup in a title."""
    code, shown = _on_a_terminal(hostile, "run", "--input", "papers.jsonl")
    assert code == 3
    for said in ("fetch", "summarize", "4/4", "3 new, 0 cached, 1 failed", "papers", "no_reply"):
        assert said in shown
    assert "Traceback" not in shown


def _left_on(shown: str) -> list[str]:
    """Return the lines that are left on a terminal after its cursor went up and lines were erased."""
    screen, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[\??[0-9;]*[a-zA-Z]|\x1b\]8.*?\x1b\\\\|\r|\n|[^\x1b\r\n]+", shown):
        if part == "\n":
            row, screen = row + 1, [*screen, *[""] * (row + 2 - len(screen))]
        elif part == "\r":
            column = 0
        elif match := re.fullmatch(r"\x1b\[(\d*)A", part):
            row = max(0, row - int(match[1] or 1))
        elif part == "\x1b[2K":
            screen[row] = ""
        elif not part.startswith("\x1b"):
            screen[row] = (screen[row].ljust(column)[:column] + part) if column else part
            column = len(screen[row])
    return [line for line in screen if line]


def test_an_interrupted_run_leaves_no_bar_on_the_terminal(wired: Program, endpoint: OpenAIServer) -> None:
    """Only what is said of the interrupt is left."""
    endpoint.reset(Options(delay=0.1))
    wired.write("all.jsonl", lines(RECORDS))
    command = ("run", "--input", "all.jsonl", "--concurrency", "4")
    code, shown = _watched(wired, command, interrupt_at=b"9/60")
    assert (code, "60/60" in shown) == (130, True)
    assert [line for line in _left_on(shown) if "━" in line or "elapsed" in line] == []
    assert any("interrupted" in line for line in _left_on(shown))


def test_a_terminal_never_gets_what_a_title_wants_it_to_do(hostile: Program) -> None:
    """With a line a paper the only escapes of ours are the colour of the last line and the link to the page."""
    code, shown = _on_a_terminal(hostile, "run", "--input", "papers.jsonl", "-v")
    assert code == 3
    own = re.compile(r"\x1b\[(?:33|0)m|\x1b\]8;;(?:file:[ -\[\]-~]*)?\x1b\\")
    assert CONTROLS.findall(own.sub("", shown).replace("\r\n", "\n")) == []
    assert HOSTILE[1] in shown


def test_a_name_in_an_error_is_plain(cli: Program) -> None:
    """A file's name, an option's value and a line of a file are others' text too."""
    evil = "\x1b[31mevil\u202e.jsonl"
    cli.write("bad.jsonl", lines([{**RECORDS[0], "id": evil}]))
    for command in (
        ("run", "--input", evil),
        ("run", evil),
        ("run", "cs.AI", "--name", evil),
        ("run", "cs.AI", "--date", evil),
        ("run", "cs.AI", "--prompt", evil),
        ("run", "cs.AI", "--base-url", evil),
        ("run", "cs.AI", f"--{evil}"),
        ("run", "--input", "bad.jsonl"),
    ):
        ran = cli(*command)
        assert (ran.code, ran.stdout) == (2, "")
        assert CONTROLS.findall(ran.stderr) == [], command


def test_an_endpoints_words_are_plain(wired: Program, endpoint: OpenAIServer) -> None:
    """An error message with escapes in it is shown without them, and without markup on a terminal."""
    said = {"error": {"message": "no \x1b[31mRED\u202e [/red] way", "type": "x", "code": "context_length_exceeded"}}
    endpoint.reset(Options(by_paper={"*": [{"fault": "status", "status": 400, "body": said}]}))
    ran = wired("run", "--input", "two.jsonl", "-v")
    assert ran.code == 1
    assert CONTROLS.findall(ran.stdout + ran.stderr) == []
    assert "[/red] way" in ran.stderr


def test_a_warning_on_a_terminal_stands_above_the_bars(hostile: Program) -> None:
    """Brackets of a warning are no markup."""
    hostile.write("cache/digest.db", b"no database at all, but long enough to be taken for one" * 30)
    code, shown = _on_a_terminal(hostile, "run", "--input", "papers.jsonl")
    assert code == 3
    assert "digest.db.damaged-1" in shown


def test_the_bars_say_what_slows_a_run_and_what_it_costs(wired: Program, endpoint: OpenAIServer) -> None:
    """The limit that --rpm sets is called so; a call that failed counts at once; time, pace and dollars are live."""
    endpoint.reset(Options(delay=0.05, by_paper={ids(RECORDS)[1]: [{"fault": "server_error"}]}))
    wired.write("some.jsonl", lines(RECORDS[:12]))
    wired.write("digest.toml", '[prices."any"]\ninput = 0.25\noutput = 2.0\n')
    code, shown = _on_a_terminal(wired, "run", "--input", "some.jsonl", "--model", "any", "--rpm", "240")
    assert code == 0
    assert "limited to 240 requests a minute by --rpm" in shown
    assert "by the endpoint" not in shown
    assert "1 asked again" in shown
    for pattern in (r"\d:\d\d elapsed, \d:\d\d left", r"[1-9]\d* new, .*\d papers/s, .*\$0\.00"):
        assert re.search(pattern, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)), pattern
    assert "0 new, 0 cached, 0 failed, 0.0 papers/s" not in shown


@pytest.mark.parametrize(
    ("count", "colour", "code"), [(4, "33", 3), (3, "32", 0)], ids=["partial: yellow", "complete: green"]
)
def test_the_line_of_a_digest_has_the_colour_of_its_end(hostile: Program, count: int, colour: str, code: int) -> None:
    """On a terminal, unless NO_COLOR is set; a pipe gets the bare line."""
    command = ("run", "--input", "papers.jsonl", "--limit", str(count), "--replace")
    ended, shown = _on_a_terminal(hostile, *command)
    line = rf"papers [\d-]+: {count} papers, [^\x1b]+ s"
    assert (ended, bool(re.search(rf"\x1b\[{colour}m{line}\x1b\[0m", shown))) == (code, True)
    hostile.environment["NO_COLOR"] = "1"
    assert not re.search(rf"\x1b\[\d+m{line}", _on_a_terminal(hostile, *command)[1])
    assert "\x1b" not in hostile(*command).stdout


def test_help_names_every_command_and_the_version_is_one_line(cli: Program) -> None:
    """Commands that the contract fixes and that work are there; --version is the version."""
    helped, version = cli("--help"), cli("--version")
    assert (helped.code, version.code) == (0, 0)
    for command in ("run", "fetch", "summarize", "assemble", "demo", "doctor", "cache", "prompts"):
        assert re.search(rf"^  {command} ", helped.stdout, re.MULTILINE)
    assert re.fullmatch(r"arxiv-digest \d+\.\d+\S*\n", version.stdout)
