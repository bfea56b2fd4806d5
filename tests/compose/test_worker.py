"""A worker: another process, without a terminal, an environment or anything but what it was sent."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr

from pipeline.model_choice import ModelChoice
from tests.servers.openai import OpenAIServer
from tests.summarize.samples import GOOD

ROOT = Path(__file__).resolve().parents[2]
PAPER = {"id": "2404.00001", "title": "Sharing Maps", "abstract": "Robots send only changes."}
WORKER = """
import asyncio, pickle, sys
from datetime import UTC, datetime
from pathlib import Path
from pydantic_core import to_json
from pipeline.store.cache import Cache
from pipeline.compose import Runtime, model_for, prompt_library
from pipeline.progress import NoProgress
from pipeline.records import Paper
from pipeline.summarize import Job, Summarizer, task_of

choice, paper, folder = pickle.loads(sys.stdin.buffer.read())

async def pages():
    yield [Paper.model_validate(paper)]

async def work():
    runtime = Runtime(now=lambda: datetime.now(UTC))
    with Cache(Path(folder), warn=sys.exit) as cache:
        prompt = prompt_library().get("digest@1")
        job = Job(task_of(prompt), prompt, model_for(choice, runtime), cache, NoProgress(), runtime.now, runtime.clock)
        async for settled in Summarizer(job).settled(pages()):
            sys.stdout.buffer.write(to_json({"entry": settled.entry, "account": settled.account}))
        await job.close()

asyncio.run(work())
"""
IMPORTS = "import pipeline.compose, sys, json; print(json.dumps(sorted(sys.modules)))"


def _run(code: str, folder: Path, sent: bytes = b"") -> bytes:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    ran = subprocess.run(command, cwd=folder, env={}, input=sent, capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr.decode()) == (0, "")
    return ran.stdout


def test_a_worker_builds_the_model_of_a_pickled_choice_and_summarizes_a_paper(tmp_path: Path) -> None:
    """With an empty environment, pipes for streams, and the key that the choice brought."""
    with OpenAIServer([PAPER | GOOD]) as server:
        choice = ModelChoice("m", server.base_url, SecretStr("sk-worker-4f1d"))
        settled = json.loads(_run(WORKER, tmp_path, pickle.dumps((choice, PAPER, str(tmp_path / "cache")))))
        assert settled["entry"]["summary"]["translated_title"] == GOOD["translated_title"]
        assert settled["account"]["requests"] == 1
        assert [call.authorization for call in server.log] == ["4f1d"]


def test_a_choice_shows_no_key() -> None:
    """Neither whole nor in part, in whatever is logged of it."""
    assert "sk-worker" not in repr(ModelChoice("m", api_key=SecretStr("sk-worker-4f1d")))


def test_a_program_loads_neither_the_terminal_nor_the_command_line(tmp_path: Path) -> None:
    """Nor what is costly and needed only once something is asked."""
    loaded = json.loads(_run(IMPORTS, tmp_path))
    absent = {"rich", "typer", "openai", "aiohttp", "genai_prices", "arxiv", "lxml", "requests"}
    assert not absent & set(loaded)
    assert not [name for name in loaded if name.startswith("pipeline.cli")]
