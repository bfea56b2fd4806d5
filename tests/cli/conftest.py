"""What the tests of the commands share: the program, a loopback model and a loopback arXiv."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.arxiv import ArxivServer
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import RECORDS, Program, arxiv_environment, lines, papers


@pytest.fixture
def cli(tmp_path: Path) -> Program:
    """The program in an empty folder, with no key and no address."""
    return Program(tmp_path)


@pytest.fixture(scope="session")
def model_server() -> Iterator[OpenAIServer]:
    """One loopback model for all tests of a process: starting one costs more than a test."""
    with OpenAIServer(RECORDS) as server:
        yield server


@pytest.fixture
def endpoint(model_server: OpenAIServer) -> OpenAIServer:
    """The loopback model, as good as new."""
    model_server.reset(Options())
    return model_server


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    """A loopback arXiv that has the papers of `RECORDS`."""
    with ArxivServer(papers(RECORDS)) as server:
        yield server


@pytest.fixture
def wired(cli: Program, endpoint: OpenAIServer, arxiv: ArxivServer) -> Program:
    """The program with the loopback model and the loopback arXiv for the world, and ten papers in a file."""
    cli.environment |= {"OPENAI_BASE_URL": endpoint.base_url, **arxiv_environment(arxiv)}
    return _with_papers(cli)


@pytest.fixture
def replayed(cli: Program, arxiv: ArxivServer) -> Program:
    """The same with a file of replies for a model: it is quicker, and enough where the wire does not matter."""
    cli.environment |= {"OPENAI_BASE_URL": "replay:replies.jsonl", **arxiv_environment(arxiv)}
    cli.write("replies.jsonl", lines(RECORDS))
    return _with_papers(cli)


def _with_papers(program: Program) -> Program:
    program.write("ten.jsonl", lines(RECORDS[:10]))
    program.write("two.jsonl", lines(RECORDS[:2]))
    return program
