"""The main job against a server that others wrote: npm's ``@copilotkit/aimock``, calm and with its chaos switched on.

The server is installed at a pinned version into a folder of the tests. Its dice are made repeatable, so that a run
never meets more faults than it may; which paper a fault falls on is still up to the order of arrival.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .program import RECORDS, Program, check_accounts, ids, lines

PACKAGE = "@copilotkit/aimock@1.43.0"
INSTALL_S = 60
START_S = 20.0
TWELVE = RECORDS[:12]
FIELDS = ("translated_title", "tldr", "tldr_en", "translated_abstract")
LOADED = """\
let state = Number(process.env.CHAOS_SEED) >>> 0;
Math.random = () => {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
"""
"""Replaces the server's dice by mulberry32, which is as good as any and begins with a seed."""


@dataclass(frozen=True)
class Weather:
    """What the server's switches are, and what it does with them while all papers get their reply."""

    switches: Mapping[str, float] = field(default_factory=dict)
    """Switch → probability."""
    seed: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    """The server's word for each fault → how many, by the seed."""
    papers: int = 12


WEATHERS = {
    "calm": Weather(),
    # Its 429 names 60 requests a minute, so that each request after the first such one takes a second.
    "rate limit": Weather({"ratelimit": 0.3}, seed=5, faults={"rateLimit": 2}, papers=6),
    "malformed": Weather({"malformed": 0.3}, seed=5, faults={"malformed": 4}),
    "disconnect": Weather({"disconnect": 0.3}, seed=5, faults={"disconnect": 4}),
    "drop": Weather({"drop": 0.3}, seed=5, faults={"drop": 4}),
    "all": Weather(
        {"ratelimit": 0.1, "malformed": 0.1, "disconnect": 0.1, "drop": 0.1},
        seed=578,
        faults={"rateLimit": 1, "malformed": 1, "disconnect": 1, "drop": 1},
    ),
}


@pytest.fixture(scope="session")
def llmock(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that starts the server, installed anew; tests that need it are skipped where it is not to be had."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not (npm and node):
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("aimock")
    quickly = ("--fetch-retries=0", "--fetch-timeout=15000", "--prefer-offline")
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", *quickly]
    try:
        installed = subprocess.run(
            [*command, PACKAGE], cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"needs {PACKAGE}: npm did not install it within {INSTALL_S} s")
    if installed.returncode:
        pytest.skip(f"needs {PACKAGE}: npm cannot install it: {installed.stderr.strip()[-200:]}")
    loaded = folder / "seeded.cjs"
    loaded.write_text(LOADED)
    package = folder / "node_modules" / PACKAGE.rpartition("@")[0]
    entry = json.loads((package / "package.json").read_bytes())["bin"]["llmock"]
    return [node, "--require", str(loaded), str(package / entry)]


@contextmanager
def serving(llmock: list[str], weather: Weather, program: Program) -> Iterator[str]:
    """Run the server with a reply for each paper; yield its address."""
    fixtures = [
        {
            "match": {"userMessage": f"<title>{one['title']}</title>"},
            "response": {"content": json.dumps({name: one[name] for name in FIELDS}, ensure_ascii=False)},
        }
        for one in TWELVE
    ]
    program.write("fixtures/papers.json", json.dumps({"fixtures": fixtures}, ensure_ascii=False))
    switches = [word for name, rate in weather.switches.items() for word in (f"--chaos-{name}", str(rate))]
    words = [*llmock, "--port", "0", "--fixtures", "fixtures", "--strict", "--log-level", "info", *switches]
    environment = program.environment | {"CHAOS_SEED": str(weather.seed)}
    said = program.folder / "server.log"
    with said.open("wb") as log:
        process = subprocess.Popen(words, cwd=program.folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield _address(process, said)
        finally:
            process.kill()
            process.wait(timeout=START_S)


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if found := re.search(r"listening on (http://[\w.]+:\d+)$", said.read_text("utf-8"), re.MULTILINE):
            return found[1]
        assert process.poll() is None, said.read_text("utf-8")
        time.sleep(0.02)
    raise TimeoutError(f"the server did not start: {said.read_text('utf-8')}")


def journal(address: str) -> list[dict[str, Any]]:
    """Return the server's own account of the requests for completions."""
    answer = httpx2.get(f"{address}/__aimock/journal", params={"path": "/v1/chat/completions"}, timeout=10)
    answer.raise_for_status()
    entries: list[dict[str, Any]] = answer.json()
    return entries


def summaries(digest: bytes) -> dict[str, dict[str, str]]:
    """Return what the digest has of each paper that has a summary."""
    entries = json.loads(digest)["entries"]
    return {one["paper"]["id"]: {name: one["summary"][name] for name in FIELDS} for one in entries if "summary" in one}


@pytest.mark.parametrize("weather", WEATHERS.values(), ids=WEATHERS.keys())
def test_every_paper_gets_its_own_summary_whatever_the_weather(
    cli: Program, llmock: list[str], weather: Weather
) -> None:
    """Exit 0, each summary is the one recorded for its paper, and the server counted as many requests."""
    asked = TWELVE[: weather.papers]
    cli.write("papers.jsonl", lines(asked))
    with serving(llmock, weather, cli) as address:
        ran = cli("run", "--input", "papers.jsonl", "--base-url", f"{address}/v1", "--model", "mock", "--json")
        counted = journal(address)
    assert ran.code == 0, ran.stderr
    report = json.loads(ran.stdout)
    digest = cli.made()[f"papers/{report['date']}.json"]
    check_accounts(report, digest, ids(asked))
    assert summaries(digest) == {one["id"]: {name: one[name] for name in FIELDS} for one in asked}
    met = Counter(one["response"]["chaosAction"] for one in counted if "chaosAction" in one["response"])
    assert met == weather.faults
    assert report["requests"] == len(counted) == weather.papers + met.total()
    assert report["retries"] == met.total()
