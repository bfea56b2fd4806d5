"""A repository as it is on a runner: checkout, bare remote, loopback arXiv and model, a ``gh`` that keeps a diary."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socketserver
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.cli.fork_server import CHECKOUT, fork_server
from tests.cli.program import RECORDS, arxiv_environment, papers, record
from tests.servers.arxiv import ArxivServer
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from . import installed
from .runner import PATIENCE_S, Hub, Job, Runner

FEW = [*RECORDS[:4], *(record(number, published="2026-04-23T10:00:00+00:00") for number in (5, 6))]
"""Four papers announced on Monday, two on the Friday before."""
OF_LG = record(7, categories=["cs.LG"], primary_category="cs.LG")
SETTINGS = """
model = "gpt-6-luna"
[digests.ai]
categories = ["cs.AI"]
[digests.lg]
categories = ["cs.LG"]
[prices."gpt-6-luna"]
input = 1000.0
output = 1000.0
"""
GH = """#!/bin/sh
# Keeps one issue, and writes down each call with whose it is.
cd "${0%/*}" && printf '%s %s | %s\\n' "$GH_TOKEN" "$GH_REPO" "$*" >> calls
if [ "$1" = issue ] && [ -e issues-disabled ]; then
  echo "the 'owner/repository' repository has disabled issues" >&2
  exit 1
fi
case "$1 $2" in
  "api repos/owner/repository/pages")
    if [ -e pages-off ]; then echo '{"status":"404"}'; echo "gh: Not Found (HTTP 404)" >&2; exit 1; fi
    echo https://owner.github.io/repository/ ;;
  "issue list") [ ! -e open ] || echo 7 ;;
  "issue create") touch open ;;
  "issue close") rm open ;;
  "api --silent") [ ! -e locked ] ;;
esac
"""


class Repository:
    """The repository and the world around it; call it to run its workflow."""

    def __init__(self, folder: Path, arxiv: ArxivServer, endpoint: OpenAIServer, switchboard: str) -> None:
        self.hub = Hub(folder)
        self.workspace = folder / "checkout"
        self.arxiv = arxiv
        self.endpoint = endpoint
        self.environment = {
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "OPENAI_BASE_URL": endpoint.base_url,
            installed.SOCKET: switchboard,
            **arxiv_environment(arxiv),
        }

        self.variables: dict[str, str] = {}
        """What is set under Settings → Variables."""
        self.secrets = {"OPENAI_API_KEY": "sk-secret"}
        self.schedule = ""
        """The line of the schedule that starts the next runs; empty where they are by hand."""

    def __call__(
        self, date: str, digests: str = "ai", *, before: Mapping[str, Callable[[], object]] | None = None, **inputs: str
    ) -> dict[str, Job]:
        """Run the workflow for a day, and return what became of each job."""
        return self.of("digest.yml", before, date=date, digests=digests, **inputs)

    def of(
        self, workflow: str, before: Mapping[str, Callable[[], object]] | None = None, **inputs: str
    ) -> dict[str, Job]:
        """Run any workflow."""
        runner = Runner(self.workspace, self.hub, self.environment, self.schedule)
        runner.before.update(before or {})
        return runner.run(workflow, {"inputs": inputs, "vars": self.variables, "secrets": self.secrets})

    def mark(self, fact: str) -> None:
        """Have ``gh`` answer as where this is so: "issues-disabled", "pages-off", "locked"."""
        (self.hub.folder / "bin" / fact).touch()

    def elsewhere(self, name: str) -> Repository:
        """Return the same repository checked out on another machine."""
        other = Repository(self.hub.folder, self.arxiv, self.endpoint, self.environment[installed.SOCKET])
        other.hub = self.hub
        other.workspace = self.workspace.with_name(name)
        shutil.copytree(self.workspace, other.workspace)
        return other

    def git(self, *arguments: str) -> str:
        """Ask the remote."""
        remote = self.hub.folder / "remote" / "owner" / "repository"
        return subprocess.run(["git", "-C", remote, *arguments], capture_output=True, check=True, text=True).stdout

    def commits(self) -> int:
        """How many commits the branch of the digests has."""
        return len(self.git("rev-list", "--all").split())

    def files(self) -> list[str]:
        """The files on the branch of the digests."""
        return self.git("ls-tree", "-r", "--name-only", "digests").split()

    def shown(self, name: str) -> list[str]:
        """The papers with a summary on a day of the branch, ``ai/2026-04-27``."""
        entries: list[dict[str, Any]] = json.loads(self.git("show", f"digests:{name}.json"))["entries"]
        return sorted(entry["paper"]["id"] for entry in entries if "summary" in entry)

    def calls(self) -> list[str]:
        """What ``gh`` was asked since the last time: whose token and repository, and the first words."""
        path = self.hub.folder / "bin" / "calls"
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        path.unlink(missing_ok=True)
        return [line for line in lines if " | " in line]

    def asked(self) -> list[str | None]:
        """The papers that the model was asked about since the last time."""
        papers = [call.paper for call in self.endpoint.log]
        self.endpoint.reset()
        return papers


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the program is installed already, so that ``make`` has nothing to do."""
    folder = tmp_path_factory.mktemp("template") / "checkout"
    shutil.copytree(CHECKOUT / ".github", folder / ".github", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (
        "action.yml",
        "Makefile",
        "requirements.txt",
        "requirements-deliver.txt",
        "pyproject.toml",
    ):
        shutil.copy2(CHECKOUT / name, folder)
    (folder / "digest.toml").write_text(SETTINGS, "utf-8")
    python = f'exec {shlex.quote(sys.executable)} -P "$@"\n'
    programs = {
        "python": f"#!/bin/sh\n{python}",
        "arxiv-digest": f"#!/bin/sh\n{python.replace('-P', f'-I -S {shlex.quote(installed.__file__)}')}",
    }
    for name, text in programs.items():
        path = folder / ".venv" / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o755)
    for stamp in (".run", ".deliver"):
        (folder / ".venv" / stamp).touch()
    return folder


@pytest.fixture(scope="session")
def model_server() -> Iterator[OpenAIServer]:
    """One loopback model for all tests of a process."""
    with OpenAIServer([*FEW, OF_LG]) as server:
        yield server


class _Line(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        order = json.loads(self.rfile.readline())
        answer = fork_server().run(
            order["arguments"],
            folder=order["folder"],
            environment=order["environment"],
            stdin=b"",
            timeout=PATIENCE_S,
        )
        self.wfile.write(json.dumps(answer).encode() + b"\n")


@pytest.fixture(scope="session")
def switchboard() -> Iterator[str]:
    """The socket where the installed command has the program run."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        with socketserver.UnixStreamServer(path, _Line) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            yield path
            server.shutdown()
            thread.join()


@pytest.fixture
def repository(tmp_path: Path, template: Path, model_server: OpenAIServer, switchboard: str) -> Iterator[Repository]:
    """A repository that has run nothing yet."""
    model_server.reset(Options())
    shutil.copytree(template, tmp_path / "checkout")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote" / "owner" / "repository"], check=True)
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH, "utf-8")
    gh.chmod(0o755)
    with ArxivServer(papers([*FEW, OF_LG])) as arxiv:
        yield Repository(tmp_path, arxiv, model_server, switchboard)
