"""A small runner: takes the jobs and steps of a workflow in order and executes what they ``run``.

Actions of GitHub's own are stood in for by what they do to the files around them: the cache is a folder of folders, the
pages that are deployed are a folder. A composite action of the repository is executed step by step.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .expressions import Contexts, filled, holds

_HEREDOC = re.compile(
    r"(?P<name>[^=\n]+)<<(?P<end>.+)\n(?P<value>(?:.*\n)*?)(?P=end)\n|(?P<plain>[^=\n]+)=(?P<text>.*)\n"
)
PATIENCE_S = 120
TOKEN = "a-token-of-the-job"
SHELLS = {"bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"), "": ("bash", "-e")}


@dataclass
class Hub:
    """What is on the server's side and outlives a run: the remote, the caches, the deployed pages."""

    folder: Path
    runs: int = 0

    @property
    def caches(self) -> Path:
        """A folder for each key that was saved."""
        return self.folder / "caches"

    @property
    def artifact(self) -> Path:
        """What the last run kept for Pages."""
        return self.folder / "artifact"

    @property
    def pages(self) -> Path:
        """What is deployed."""
        return self.folder / "pages"


@dataclass
class Job:
    """What became of a job, or of a composite action in one."""

    steps: dict[str, Any] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    """Names of the steps that ran, in order."""
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    skipped: bool = False


class Runner:
    """Runs one workflow of the checkout ``workspace``."""

    def __init__(self, workspace: Path, hub: Hub, environment: Mapping[str, str], schedule: str = "") -> None:
        hub.runs += 1
        self.workspace = workspace
        self.hub = hub
        self.temp = hub.folder / f"temp-{hub.runs}"
        self.github: dict[str, Any] = {
            "run_id": str(1000 + hub.runs),
            "run_attempt": "1",
            "token": TOKEN,
            "event": {"schedule": schedule},
        }
        self.before: dict[str, Callable[[], object]] = {}
        """What happens elsewhere just before a step of this name."""
        self.environment = {
            **environment,
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "owner/repository",
            "GITHUB_RUN_ID": self.github["run_id"],
            "GITHUB_SERVER_URL": f"file://{hub.folder}/remote",
            "GITHUB_WORKFLOW_REF": "owner/repository/.github/workflows/digest.yml@refs/heads/main",
            "RUNNER_TEMP": str(self.temp),
        }

    def run(self, workflow: str, given: Contexts) -> dict[str, Job]:
        """Run the jobs of a workflow in their order, each on a machine of its own.

        ``given`` has the contexts inputs, vars and secrets.
        """
        jobs: dict[str, Job] = {}
        document = yaml.safe_load((self.workspace / ".github/workflows" / workflow).read_text("utf-8"))
        variables = {name: filled(text, {"github": self.github}) for name, text in document.get("env", {}).items()}
        self.environment |= variables
        for name, said in document["jobs"].items():
            needs = [jobs[need] for need in _listed(said.get("needs"))]
            results = {need: {"outputs": jobs[need].outputs} for need in _listed(said.get("needs"))}
            contexts = {"github": self.github, "env": variables, "needs": results, **given}
            job = jobs[name] = Job()
            failed = any(need.failed or need.skipped for need in needs)
            if not holds(said.get("if", "success()"), contexts, failed=failed):
                job.skipped = True
                continue
            self._fresh_machine()
            self._steps(job, said["steps"], contexts | {"runner": {"temp": str(self.temp)}}, self.workspace)
            steps = contexts | {"steps": job.steps}
            job.outputs = {key: filled(text, steps) for key, text in said.get("outputs", {}).items()}
        return jobs

    def _fresh_machine(self) -> None:
        shutil.rmtree(self.temp, ignore_errors=True)
        shutil.rmtree(self.workspace / "cache", ignore_errors=True)
        self.temp.mkdir()

    def _steps(self, job: Job, steps: list[dict[str, Any]], contexts: Contexts, action: Path) -> None:
        for step in steps:
            known = dict(contexts) | {"steps": job.steps}
            result: dict[str, Any] = {"outcome": "skipped", "outputs": {}}
            if step.get("id"):
                job.steps[step["id"]] = result
            if not holds(step.get("if", "success()"), known, failed=job.failed):
                continue
            self.before.get(step.get("name", ""), lambda: None)()
            job.ran.append(step.get("name") or step.get("uses") or step["run"])
            good = (
                self._uses(job, step, known, result) if "uses" in step else self._run(job, step, known, result, action)
            )
            result["outcome"] = "success" if good else "failure"
            forgiven = filled(str(step.get("continue-on-error", "")), known) == "true"
            job.failed = job.failed or not (good or forgiven)

    def _uses(self, job: Job, step: Mapping[str, Any], contexts: Contexts, result: dict[str, Any]) -> bool:
        given = {name: filled(_as_yaml(text), contexts) for name, text in step.get("with", {}).items()}
        if step["uses"] == "./":
            return self._composite(job, given, result)
        name, _, commit = step["uses"].partition("@")
        assert re.fullmatch("[0-9a-f]{40}", commit), step["uses"]
        made = getattr(self, "_" + re.sub(r"\W", "_", name.removeprefix("actions/")))(given)
        result["outputs"] = made if isinstance(made, dict) else {}
        return made is not False

    def _composite(self, job: Job, given: Mapping[str, str], result: dict[str, Any]) -> bool:
        document = yaml.safe_load((self.workspace / "action.yml").read_text("utf-8"))
        contexts = {"github": self.github, "runner": {"temp": str(self.temp)}}
        defaults = {name: filled(said.get("default", ""), contexts) for name, said in document["inputs"].items()}
        assert given.keys() <= defaults.keys()
        inner = Job()
        self._steps(inner, document["runs"]["steps"], contexts | {"inputs": defaults | dict(given)}, self.workspace)
        steps = {"steps": inner.steps}
        result["outputs"] = {name: filled(said["value"], steps) for name, said in document["outputs"].items()}
        job.ran += inner.ran
        job.log += inner.log
        job.summary += inner.summary
        return not inner.failed

    def _run(self, job: Job, step: Mapping[str, Any], contexts: Contexts, result: dict[str, Any], action: Path) -> bool:
        assert "${{" not in step["run"], "what others wrote must come by the environment"
        files = {name: self.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_bytes(b"")
        script = self.temp / "script.sh"
        script.write_text(step["run"], "utf-8")
        own = {name: filled(str(text), contexts) for name, text in step.get("env", {}).items()}
        ran = subprocess.run(
            [*SHELLS[step.get("shell", "")], str(script)],
            cwd=self.workspace,
            env={**self.environment, "GITHUB_ACTION_PATH": str(action), **map_text(files), **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_S,
            check=False,
        )
        job.log += ran.stdout.decode()
        job.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        result["outputs"] = outputs_in(files["GITHUB_OUTPUT"].read_text("utf-8"))
        return ran.returncode == 0

    def _checkout(self, given: Mapping[str, str]) -> bool:
        return given.keys() <= {"persist-credentials"}

    def _setup_python(self, given: Mapping[str, str]) -> bool:
        return "python-version" in given

    def _cache_restore(self, given: Mapping[str, str]) -> dict[str, str]:
        found = sorted(self.hub.caches.glob(f"{given['restore-keys']}*")) if self.hub.caches.is_dir() else []
        if found:
            shutil.copytree(found[-1], self.workspace / given["path"])
        return {"cache-matched-key": found[-1].name if found else ""}

    def _cache_save(self, given: Mapping[str, str]) -> bool:
        if (self.workspace / given["path"]).is_dir():
            shutil.copytree(self.workspace / given["path"], self.hub.caches / given["key"])
        return True

    def _upload_pages_artifact(self, given: Mapping[str, str]) -> bool:
        shutil.rmtree(self.hub.artifact, ignore_errors=True)
        shutil.copytree(given["path"], self.hub.artifact, ignore=shutil.ignore_patterns(".*"))
        return True

    def _deploy_pages(self, given: Mapping[str, str]) -> bool:
        shutil.rmtree(self.hub.pages, ignore_errors=True)
        shutil.copytree(self.hub.artifact, self.hub.pages)
        return not given


def commands_in(log: str) -> Iterator[str]:
    """Yield the lines of a log that the runner takes for commands.

    Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands and the runner's own
    ``ActionCommandManager``: blanks before the colons do not matter.
    """
    fence = None
    for line in map(str.strip, log.splitlines()):
        if fence:
            fence = None if line == f"::{fence}::" else fence
        elif line.startswith("::stop-commands::"):
            fence = line.removeprefix("::stop-commands::")
        elif line.startswith("::") or "##[" in line:
            yield line


def map_text(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the paths as an environment has them."""
    return {name: os.fspath(path) for name, path in files.items()}


def outputs_in(text: str) -> dict[str, str]:
    """Read what a step wrote into its output file: ``name=value``, or a value between two marks."""
    return {match["name"] or match["plain"]: match["value"] or match["text"] or "" for match in _HEREDOC.finditer(text)}


def _as_yaml(given: object) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)


def _listed(needs: object) -> list[str]:
    if needs is None:
        return []
    return [needs] if isinstance(needs, str) else [str(need) for need in needs]  # type: ignore[attr-defined]
