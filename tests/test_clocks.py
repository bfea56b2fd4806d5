"""Below the command line nothing is read from the process: time, environment and folders are arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pipeline"
BELOW = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE / "cli" and path.stem != "__main__")
OF_THE_PROCESS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime",
    "os.environ", "os.getenv", "os.getcwd", "os.path.expanduser", "Path.cwd", "Path.home",
    "tempfile.gettempdir", "request.getproxies", "getproxies",
}  # fmt: skip
CLOCKS = {"time.monotonic", "time.perf_counter", "time.sleep"}
LENT = {
    "compose/process.py": CLOCKS - {"time.perf_counter"},
    "store/database.py": CLOCKS - {"time.perf_counter"},
}
"""Where a clock that no test moves has its place: as the default of what is lent, and for SQLite's own wait."""


def read_in(source: str) -> Iterator[str]:
    """Yield each of the names of `OF_THE_PROCESS` and `CLOCKS` that a module reads, however it was imported."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Attribute):
            names = [".".join(ast.unparse(node).split(".")[-2:])]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{(node.module or '').rpartition('.')[2]}.{alias.name}" for alias in node.names]
        yield from OF_THE_PROCESS.union(CLOCKS).intersection(names)


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_reads_nothing_from_the_process(path: Path) -> None:
    """What it needs of the time of day, the environment and the working folder it is given."""
    lent = LENT.get(path.relative_to(PACKAGE).as_posix(), set())
    assert set(read_in(path.read_text("utf-8"))) <= lent


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import datetime\nnow = datetime.datetime.now()", "datetime.now"),
        ("def f(now=lambda: datetime.now(UTC)): ...", "datetime.now"),
        ("from os import environ", "os.environ"),
        ("import os\nos.environ['A']", "os.environ"),
        ("here = Path.cwd()", "Path.cwd"),
        ("began = time.monotonic()", "time.monotonic"),
    ],
)
def test_what_is_looked_for_is_found(source: str, name: str) -> None:
    """As an attribute, as a default, as an import."""
    assert list(read_in(source)) == [name]
