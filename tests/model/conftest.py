"""One loopback model server for a module, as good as new for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options
from tests.servers.openai_sample import RECORDS


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is reached directly, whatever the environment of the tests says."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="module")
def shared() -> Iterator[OpenAIServer]:
    """One server a module: starting one costs more than a test."""
    with OpenAIServer(RECORDS) as server:
        yield server


@pytest.fixture
def server(shared: OpenAIServer) -> OpenAIServer:
    """The server, as good as new."""
    shared.reset(Options())
    return shared
