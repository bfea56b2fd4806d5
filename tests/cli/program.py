"""`arxiv-digest` as a process of its own, and small papers with good replies for it to work on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pipeline.records import Paper
from tests.servers.arxiv import ArxivServer

from .fork_server import CHECKOUT, fork_server

PATIENCE_S = 60.0
GRACE_S = 0.5
"""Seconds before a kill within which a reply may still be lost."""

Argument = str | Path
Stream = int | IO[bytes]


@dataclass(frozen=True)
class Ran:
    """How a command ended and all that it said."""

    code: int
    stdout: str
    stderr: str


class Program:
    """Runs the program in ``folder``, with an environment that holds nothing of the machine's but what is given."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.fork_server = fork_server
        """Gives what runs the commands, one after another; a program that is to run beside another has its own."""
        measuring = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(CHECKOUT),
            **measuring,
            **environment,
        }

    def __call__(self, *arguments: Argument, stdin: str = "", **environment: str) -> Ran:
        """Run one command of this checkout to its end."""
        ran = self.fork_server().run(
            [str(argument) for argument in arguments],
            folder=self.folder,
            environment=self.environment | environment,
            stdin=stdin.encode(),
            timeout=PATIENCE_S,
        )
        return Ran(*ran)

    def unmeasured(self) -> Program:
        """Leave coverage out, of which a process that is killed leaves half a file."""
        self.environment = {name: value for name, value in self.environment.items() if "COVERAGE" not in name}
        return self

    def start(self, *arguments: Argument, **files: Stream) -> subprocess.Popen[bytes]:
        """Start one command; its standard streams are those of ``files``, else nothing."""
        streams: dict[str, Stream] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        streams |= files
        return subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=streams["stdin"],
            stdout=streams["stdout"],
            stderr=streams["stderr"],
        )

    def chain(self, *commands: Sequence[Argument]) -> list[Ran]:
        """Run commands one after the other, each with the output of the one before; quicker than a real pipe."""
        ran: list[Ran] = []
        for arguments in commands:
            ran.append(self(*arguments, stdin=ran[-1].stdout if ran else ""))
        return ran

    def pipe(
        self, *commands: Sequence[Argument], meanwhile: Callable[[list[subprocess.Popen[bytes]]], None] | None = None
    ) -> list[Ran]:
        """Run commands joined by pipes, as a shell does, and return how each ended; the last one alone has output."""
        with ExitStack() as stack:
            errors = [stack.enter_context(tempfile.TemporaryFile()) for _ in commands]
            output = stack.enter_context(tempfile.TemporaryFile())
            processes: list[subprocess.Popen[bytes]] = []
            for number, (arguments, error) in enumerate(zip(commands, errors, strict=True)):
                is_last = number == len(commands) - 1
                files: dict[str, Stream] = {"stderr": error, "stdout": output if is_last else subprocess.PIPE}
                if processes and processes[-1].stdout:
                    files["stdin"] = processes[-1].stdout
                processes.append(stack.enter_context(self.start(*arguments, **files)))
                if len(processes) > 1 and (given := processes[-2].stdout):
                    given.close()
            if meanwhile:
                meanwhile(processes)
            codes = [process.wait(timeout=PATIENCE_S) for process in processes]
            said = [_text(error) for error in errors]
            results = ["" for _ in commands[1:]] + [_text(output)]
        return [Ran(*parts) for parts in zip(codes, results, said, strict=True)]

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file into the folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def made(self, folder: str = "outputs") -> dict[str, bytes]:
        """Return every file below ``folder``, by its path there."""
        root = self.folder / folder
        return {
            path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
        }

    def run_report(self, name: str = "papers", date: str | None = None) -> Any:
        """Return the run report of the digest ``name``, which has one day only unless ``date`` is given."""
        (path,) = (self.folder / "outputs" / name).glob(f"{date or '*'}.run.json")
        return json.loads(path.read_bytes())

    def _command(self, arguments: Iterable[Argument]) -> list[str]:
        return [sys.executable, "-m", "pipeline", *map(str, arguments)]


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode())


def record(number: int, **more: object) -> dict[str, Any]:
    """Return a paper and the good reply to it, as one line of a replies file."""
    return {
        "id": f"2604.{number:05}",
        "title": f"Widgets Measured, Part {number}",
        "abstract": f"We measure widgets for the {number}th time, twice as fast as at time {number - 1}.",
        "authors": ["Ann Author", "Zoë Zweite"],
        "categories": ["cs.AI", "cs.LG"],
        "primary_category": "cs.AI",
        "published": f"2026-04-24T10:00:{number % 60:02}+00:00",
        "translated_title": f"部件的测量之第 {number} 篇",
        "tldr": f"第 {number} 次测量部件，速度是上一次的两倍，因而省下一半的时间。",
        "tldr_en": "Widgets measured twice as fast, which halves the time.",
        "translated_abstract": f"我们第 {number} 次测量部件，速度是第 {number - 1} 次的两倍。",
        **more,
    }


RECORDS = [record(number) for number in range(1, 61)]
MONDAY = "2026-04-27"
"""The announcement that has all of `RECORDS`."""


def lines(records: Iterable[Mapping[str, Any]]) -> str:
    """Return records as JSON Lines."""
    return "".join(f"{json.dumps(dict(one), ensure_ascii=False)}\n" for one in records)


def papers(records: Iterable[Mapping[str, Any]]) -> list[Paper]:
    """Return the papers of records."""
    return [Paper.model_validate(one) for one in records]


def ids(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of records."""
    return [str(one["id"]) for one in records]


def arxiv_environment(arxiv: ArxivServer) -> dict[str, str]:
    """Return the environment that makes ``arxiv`` the only arXiv there is."""
    return {
        "ARXIV_DIGEST_ARXIV_API_URL": arxiv.api_url,
        "ARXIV_DIGEST_ARXIV_FEED_URL": arxiv.root,
        "ARXIV_DIGEST_ARXIV_DELAY": "0",
        "ARXIV_DIGEST_ARXIV_PATIENCE": "0.2",
    }


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes], *, what: str) -> None:
    """Wait until ``condition`` holds, as long as ``process``, which is to bring it about, runs."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, f"ended with {process.returncode} before {what}"
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


def settled_before(calls: Iterable[Mapping[str, Any]], moment: float) -> set[str]:
    """Return the papers whose good reply the server had sent well before ``moment``, seconds since the epoch."""
    return {call["paper"] for call in calls if call["status"] == 200 and call["sent"] <= moment - GRACE_S}


def shown(digest: bytes) -> list[str]:
    """Return the ids of a digest's entries that have a summary."""
    return [entry["paper"]["id"] for entry in json.loads(digest)["entries"] if "summary" in entry]


def check_accounts(report: Mapping[str, Any], digest: bytes, wanted: Sequence[str]) -> None:
    """Check that each wanted paper is in the digest once, with a summary or a named reason, and that figures add up."""
    entries = json.loads(digest)["entries"]
    assert sorted(entry["paper"]["id"] for entry in entries) == sorted(wanted)
    assert report["papers"] == len(wanted) == report["cached"] + report["summarized"] + len(report["failed"])
    failed = {one["id"]: one for one in report["failed"]}
    assert failed.keys() == set(wanted) - set(shown(digest))
    assert all(one["reason"] and one["detail"] for one in report["failed"])


def eastern_day(moment: datetime | None = None) -> str:
    """Return arXiv's date, now or at ``moment``."""
    from zoneinfo import ZoneInfo

    return (moment or datetime.now(UTC)).astimezone(ZoneInfo("America/New_York")).date().isoformat()
