"""What is measured beside the scenarios: the server itself, a warm run, a killed one, the start, the tokens."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import measure, papers
from benchmarks.figures import Figure
from pipeline.endpoints import OPENAI_URL, preset_for
from pipeline.model.negotiation import Capabilities, Learned
from pipeline.model.tokens import counter
from pipeline.prompts import load
from pipeline.records import Paper
from pipeline.summarize import TEMPLATES, first_ask, task_of
from tests.servers.openai import spawn
from tests.servers.openai_options import Options

GRACE_S = 0.5
"""Seconds before a kill within which a reply may still be lost."""
AROUND_MESSAGES = 11
"""Tokens that the API adds to two messages: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken."""


def ceiling(folder: Path, *, count: int = 4000, at_once: int = 64) -> Iterator[Figure]:
    """Measure how many requests a second the server answers to a client that only writes bytes."""
    source = papers.write(folder / "papers.jsonl", 200)
    with spawn(source) as url:
        seconds = asyncio.run(_flood(url, count, at_once))
    yield Figure("server", "ms a call", 1000 * seconds / count, None, f"at most {count / seconds:.0f} replies a second")


async def _flood(url: str, count: int, at_once: int) -> float:
    """Ask ``count`` times over ``at_once`` connections and return the seconds that it took."""
    place = urlsplit(url)
    record = papers.record(0)
    user = {"role": "user", "content": f"{record['title']}\n\n{record['abstract']}"}
    body = json.dumps({"model": "bench", "messages": [user]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"

    async def ask_again_and_again() -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        for _ in range(count // at_once):
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(answer.partition(b"content-length:")[2].split()[0]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(ask_again_and_again() for _ in range(at_once)))
    return time.perf_counter() - began


def warm(folder: Path, *, count: int = 2000) -> Iterator[Figure]:
    """Measure papers that the cache has, and the start of the program, against importing openai."""
    source = papers.write(folder / "papers.jsonl", count)
    words = ("run", "--input", str(source), "--base-url", f"replay:{source}", "--json", "-q")
    measure.command(*words, folder=folder)
    run = min((measure.command(*words, folder=folder) for _ in range(3)), key=lambda run: run.seconds)
    start = min(measure.command("--help", folder=folder).seconds for _ in range(3))
    openai = measure.import_openai(folder)
    yield Figure("warm", "requests", run.report["requests"], 0, f"{run.report['cached']} papers from the cache")
    yield Figure("warm", "to import openai", run.seconds / openai, 1.2, f"{run.seconds:.2f} s; import {openai:.2f} s")
    yield Figure("warm", "peak MB", run.peak_mb, 120, "resident memory")
    yield Figure("--help", "to import openai", start / openai, 0.5, f"{start:.2f} s; import {openai:.2f} s")


def killed(folder: Path, *, count: int = 200) -> Iterator[Figure]:
    """Kill a run at half, run it again, and count what was asked for twice."""
    source = papers.write(folder / "papers.jsonl", count)
    with spawn(source, Options(delay=1.0, sigma=0.4)) as url:
        words = ("run", "--input", str(source), "--base-url", url, "--model", "bench", "--json", "-q")
        first = measure.start(measure.program(*words), folder)
        while measure.ask(url, "/_stats")["ok"] < count // 2:
            time.sleep(0.01)
        moment = time.time()
        first.kill()
        first.wait()
        before = measure.ask(url, "/_log")
        run = measure.command(*words, folder=folder)
        again = [call["paper"] for call in measure.ask(url, "/_log")[len(before) :]]
    sent = {call["paper"]: call["sent"] for call in before if call["sent"]}
    lost = [paper for paper in again if sent.get(paper, moment) <= moment - GRACE_S]
    twice = sum(paper in sent for paper in again)
    answered = f"{len(sent)} replies sent before the kill, {twice} of them asked for again"
    yield Figure("killed at half", "repeated", len(lost), 0, answered)
    yield Figure("killed at half", "lost", count - run.report["cached"] - run.report["summarized"], 0, "papers")


def frugal(folder: Path, *, count: int = 20) -> Iterator[Figure]:
    """Count what a request carries beyond its paper, and see that prompt caching is reported."""
    tables = counter(Path(os.environ.get("TIKTOKEN_CACHE_DIR", folder)))
    paper = Paper.model_validate(papers.record(0))
    prompt = load(measure.ROOT / "prompts" / "digest" / "1.md", TEMPLATES)
    ask = first_ask(paper, task_of(prompt), prompt)
    body = Capabilities.of(preset_for(OPENAI_URL), Learned()).body("gpt-6-luna", ask)
    shape = json.dumps(body["response_format"], separators=(",", ":"))
    words = sum(tables.count(message.content) for message in ask.messages) + tables.count(shape)
    tokens = words + AROUND_MESSAGES - tables.count(paper.title) - tables.count(paper.abstract)
    how = "estimated, for tiktoken's table is not at hand" if tables.approximate else "counted with o200k"
    yield Figure("frugal", "tokens", tokens, 400, f"beyond the paper: prompt, schema and what is around them; {how}")
    source = papers.write(folder / "papers.jsonl", count)
    with spawn(source, Options(cached_tokens=128)) as url:
        run = measure.command(
            "run", "--input", str(source), "--base-url", url, "--model", "bench", "--json", "-q", folder=folder
        )
    reported = run.report["tokens"]["cached"]
    yield Figure(
        "frugal", "unreported", 128 * count - reported, 0, f"{reported} cached prompt tokens are in the report"
    )
