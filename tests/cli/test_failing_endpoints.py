"""Endpoints from which no summary can come: a run says so in one clear line, at once, and keeps what it has."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .fork_server import ForkServer
from .program import RECORDS, Program, Ran, check_accounts, ids, lines, shown

TWELVE = RECORDS[:12]
LONGEST_S = 15.0
"""Seconds within which a run that cannot succeed ends, interpreter start included."""
DEADLINE_S = 1
"""Seconds that a call may take where the endpoint says nothing."""
SPARE_S = 4.0
"""Seconds that the rest of such a run may take."""
MOST_LINES = 6
COMPLAINT = "arxiv-digest: "
QUOTA = "You exceeded your current quota, please check your plan and billing details."


@dataclass(frozen=True)
class World:
    """The address that a run is given, and what else it finds around it."""

    base_url: str
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def nobody(_: Path) -> Iterator[World]:
    """A port that nobody listens on, and that nobody else can take meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield World(f"http://{_address(held)}/v1")


@contextmanager
def silent(_: Path) -> Iterator[World]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield World(f"http://{_address(listening)}/v1")


@contextmanager
def proxy_down(_: Path) -> Iterator[World]:
    """A proxy, named by the environment, that nobody listens at, before a host that exists nowhere."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        proxy = f"http://{_address(held)}"
        names = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
        yield World("https://models.invalid/v1", dict.fromkeys(names, proxy))


@contextmanager
def untrusted(folder: Path) -> Iterator[World]:
    """A server whose certificate nobody has signed but itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(folder))
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        thread = threading.Thread(target=_shake_hands, args=(listening, context), daemon=True)
        thread.start()
        yield World(f"https://{_address(listening)}/v1")
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)


def _address(bound: socket.socket) -> str:
    return f"127.0.0.1:{bound.getsockname()[1]}"


def _certificate(folder: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("needs openssl to make a certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    wanted = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1")
    named = ("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate))
    subprocess.run([openssl, *wanted, *named], check=True, capture_output=True, timeout=30)
    return certificate, key


def _shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Offer the certificate to each that connects, until the socket is shut."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.settimeout(5)
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()


def always(fault: str, **parameters: Any) -> Options:
    """Return options that answer every request alike."""
    return Options(script=[{"fault": fault, **parameters}] * 300)


def refusing(status: int, message: str, code: str) -> Options:
    """Return options that refuse every request with one and the same error."""
    return always("status", status=status, body={"error": {"message": message, "type": code, "code": code}})


@dataclass(frozen=True)
class Case:
    """A world in which no paper can get a summary, and what a run has to say of it."""

    says: tuple[str, ...]
    """Words of the one line."""
    advice: tuple[str, ...]
    """Words of which the advice after it has at least one."""
    options: Options | None = None
    """How the loopback model behaves; None where another world takes its place."""
    world: Callable[[Path], AbstractContextManager[World]] | None = None
    final: bool = False
    """Whether the first answer says that no other request can do better."""
    config: str = ""


@contextmanager
def proxy_without_a_scheme(_: Path) -> Iterator[World]:
    """The same, named by host and port alone."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield World("https://models.invalid/v1", {"HTTPS_PROXY": _address(held)})


CASES = {
    "a key that is refused": Case(
        ("401", "Incorrect API key"), ("OPENAI_API_KEY",), Options(key="sk-the-right-one"), final=True
    ),
    "a model that does not exist": Case(
        ("404", "`some-model` does not exist"), ("--model",), Options(models=["another"]), final=True
    ),
    "an empty balance": Case(
        ("402", "Insufficient Balance"),
        ("Top up", "account"),
        refusing(402, "Insufficient Balance", "invalid_request_error"),
        final=True,
    ),
    "a quota that is spent": Case(
        ("429", "insufficient_quota"), ("account",), refusing(429, QUOTA, "insufficient_quota"), final=True
    ),
    "nobody listens": Case(("cannot be reached",), ("--base-url",), world=nobody),
    "silence": Case(
        ("no whole answer", f"{DEADLINE_S} s"),
        ("--base-url", "deadline"),
        world=silent,
        config=f"deadline = {DEADLINE_S}\n",
    ),
    "a page of HTML": Case(("without JSON",), ("--base-url",), always("html")),
    "a certificate that is not trusted": Case(
        ("certificate that is not trusted",), ("SSL_CERT_FILE",), world=untrusted, final=True
    ),
    "a limit of the day": Case(
        ("asks to wait 1 h",),
        ("same command again",),
        always("status", status=429, headers={"Retry-After": "3600"}),
        final=True,
    ),
    "a proxy without a scheme that is down": Case(
        ("cannot be reached", "through the proxy 127.0.0.1:"), ("HTTPS_PROXY",), world=proxy_without_a_scheme
    ),
    "a proxy that is down": Case(("cannot be reached", "proxy"), ("HTTPS_PROXY", "proxy"), world=proxy_down),
}


@dataclass(frozen=True)
class Ended:
    """How a run ended, and how many requests it says it sent."""

    ran: Ran
    report: dict[str, Any]
    host: str


@cache
def second_fork_server() -> ForkServer:
    """Return a fork server beside the usual one, so that two runs wait at the same time."""
    return ForkServer()


@pytest.fixture(scope="module")
def six_cached(tmp_path_factory: pytest.TempPathFactory, model_server: OpenAIServer) -> Path:
    """A cache that has the first six of the twelve papers."""
    program = Program(tmp_path_factory.mktemp("six"), OPENAI_BASE_URL=model_server.base_url)
    program.write("six.jsonl", lines(TWELVE[:6]))
    model_server.reset(Options())
    assert program("run", "--input", "six.jsonl", "--model", "some-model").code == 0
    return program.folder / "cache"


@pytest.fixture
def empty(tmp_path: Path) -> Program:
    """The program in a folder that has twelve papers in a file and nothing else."""
    program = Program(tmp_path / "empty")
    program.write("twelve.jsonl", lines(TWELVE))
    return program


@pytest.fixture
def half(tmp_path: Path, six_cached: Path) -> Program:
    """The same in a folder whose cache has half of them."""
    program = Program(tmp_path / "half")
    program.fork_server = second_fork_server
    program.write("twelve.jsonl", lines(TWELVE))
    shutil.copytree(six_cached, program.folder / "cache")
    return program


def run_in(world: World, case: Case, program: Program) -> Ended:
    """Run the twelve papers in the world of a case; check what holds in each of them."""
    program.write("digest.toml", case.config)
    environment = {"OPENAI_API_KEY": "sk-wrong", "OPENAI_BASE_URL": world.base_url, **world.environment}
    began = time.monotonic()
    ran = program("run", "--input", "twelve.jsonl", "--model", "some-model", "--json", **environment)
    assert time.monotonic() - began < LONGEST_S
    assert ran.stdout, ran.stderr
    report = json.loads(ran.stdout)
    assert report["summarized"] == 0
    assert report["wall_s"] < (LONGEST_S if "deadline" not in case.config else DEADLINE_S + SPARE_S)
    if case.final:
        assert report["requests"] == 1
    return Ended(ran, report, urlsplit(world.base_url).netloc)


def check_said(ended: Ended, case: Case) -> None:
    """Check that one line names the host and the trouble, that advice follows, and that nothing is said again."""
    said = ended.ran.stderr.splitlines()
    assert "Traceback" not in ended.ran.stderr
    assert len(set(said)) == len(said) <= MOST_LINES, ended.ran.stderr
    complaints = [number for number, line in enumerate(said) if line.startswith(COMPLAINT)]
    assert len(complaints) == 1, ended.ran.stderr
    (place,) = complaints
    assert [word for word in (ended.host, *case.says) if word not in said[place]] == []
    advice = said[place + 1]
    assert advice.startswith("  ")
    assert any(word in advice for word in case.advice), ended.ran.stderr


def check_nothing_was_written(ended: Ended, program: Program) -> None:
    """Check a run that had nothing in the cache: exit 1, every paper named in the report."""
    assert (ended.ran.code, program.made()) == (1, {})
    assert sorted(one["id"] for one in ended.report["failed"]) == ids(TWELVE)


def check_half_was_written(ended: Ended, program: Program) -> None:
    """Check a run that had half of the papers: exit 3, a digest of that half, the others named."""
    assert (ended.ran.code, ended.report["cached"]) == (3, 6)
    made, day = program.made(), ended.report["date"]
    assert sorted(made) == [*(f"papers/{day}.{kind}" for kind in ("html", "json", "md", "run.json")), "papers/feed.xml"]
    check_accounts(ended.report, made[f"papers/{day}.json"], ids(TWELVE))
    assert sorted(shown(made[f"papers/{day}.json"])) == ids(TWELVE[:6])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_run_without_hope_ends_at_once_says_why_and_keeps_what_it_has(
    empty: Program, half: Program, endpoint: OpenAIServer, case: Case
) -> None:
    """One line with the host, one with what to do, nothing asked in vain; what the cache has is written after all."""
    endpoint.reset(case.options or Options())
    made = case.world(empty.folder) if case.world else nullcontext(World(endpoint.base_url))
    with made as world, ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda program: run_in(world, case, program), (empty, half)))
    for one in ended:
        check_said(one, case)
    check_nothing_was_written(ended[0], empty)
    check_half_was_written(ended[1], half)
    if case.options:
        assert sum(one.report["requests"] for one in ended) == len(endpoint.log)
