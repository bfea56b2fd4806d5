"""A process that has loaded the program once and forks a child for each command: as good as a new one, and quicker.

Run as a module it is that process: it reads one order a line, and answers each with the exit code of its child.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO

CHECKOUT = Path(__file__).resolve().parents[2]
LOADED = (
    "pipeline.cli.app",
    "pipeline.cli.doctor",
    "pipeline.cli.estimate",
    "pipeline.cli.run",
    "pipeline.cli.fetch",
    "pipeline.cli.summarize",
    "pipeline.cli.assemble",
    "pipeline.cli.demo",
    "pipeline.cli.bars",
    "pipeline.fetch",
    "pipeline.model.client",
    "pipeline.run",
)
STREAMS = ("stdin", "stdout", "stderr")


class ForkServer:
    """The parent's end of the process."""

    def __init__(self) -> None:
        measuring = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.fork_server"],
            cwd=CHECKOUT,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(CHECKOUT), **measuring},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        atexit.register(self.close)

    def run(
        self, arguments: Sequence[str], *, folder: Path, environment: dict[str, str], stdin: bytes, timeout: float
    ) -> tuple[int, str, str]:
        """Run one command of the program in ``folder`` and return its exit code, standard output and standard error.

        Raises:
            subprocess.TimeoutExpired: it took longer than ``timeout`` seconds.
        """
        with tempfile.TemporaryDirectory() as scratch:
            streams = {name: str(Path(scratch, name)) for name in STREAMS}
            Path(streams["stdin"]).write_bytes(stdin)
            order = {"arguments": arguments, "folder": str(folder), "environment": environment, **streams}
            code = self._code_of(json.dumps(order).encode() + b"\n", timeout)
            said = [Path(streams[name]).read_text(encoding="utf-8") for name in STREAMS[1:]]
        return code, said[0], said[1]

    def close(self) -> None:
        """End the process, which has no child left."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait(timeout=30)

    def _code_of(self, order: bytes, timeout: float) -> int:
        given, answers = self._process.stdin, self._process.stdout
        assert given
        assert answers
        given.write(order)
        given.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(answers, selectors.EVENT_READ)
            if not selector.select(timeout):
                raise subprocess.TimeoutExpired(order.decode(), timeout)
        return int(answers.readline())


@cache
def fork_server() -> ForkServer:
    """Return the one fork server of this process."""
    return ForkServer()


def _serve(orders: IO[bytes], answers: IO[bytes]) -> dict[str, object] | None:
    """Fork a child for each order; return the order in the child, and None in the parent when there are no more."""
    for line in orders:
        child = os.fork()
        if not child:
            order: dict[str, object] = json.loads(line)
            return order
        _, status = os.waitpid(child, 0)
        answers.write(b"%d\n" % os.waitstatus_to_exitcode(status))
        answers.flush()
    return None


def _become(order: dict[str, object]) -> None:
    """Make this process what the order says, and run the program in it."""
    from pipeline.cli import main

    for number, name in enumerate(STREAMS):
        opened = os.open(str(order[name]), os.O_RDWR | os.O_CREAT | (0 if name == "stdin" else os.O_APPEND), 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(str(order["folder"]))
    environment, arguments = order["environment"], order["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["arxiv-digest", *arguments]
    main()


if __name__ == "__main__":
    for module in LOADED:
        importlib.import_module(module)
    gc.freeze()  # what is loaded is never looked through again, in no child
    with os.fdopen(os.dup(0), "rb") as orders, os.fdopen(os.dup(1), "wb") as answers:
        order = _serve(orders, answers)
    if order:
        _become(order)
