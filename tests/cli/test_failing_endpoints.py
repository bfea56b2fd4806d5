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
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import RECORDS, Program, Ran, check_accounts, ids, lines, shown

TWELVE = RECORDS[:12]
LONGEST_S = 15.0
"""Seconds within which a run that cannot succeed ends, interpreter start included."""
DEADLINE_S = 2
"""Seconds that a call may take where the endpoint says nothing."""
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
    "a proxy that is down": Case(("cannot be reached", "proxy"), ("HTTPS_PROXY", "proxy"), world=proxy_down),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@dataclass(frozen=True)
class Ended:
    """How a run ended, and how many requests it says it sent."""

    ran: Ran
    report: dict[str, Any]
    host: str


@pytest.fixture
def twelve(wired: Program) -> Program:
    """The wired program with twelve papers in a file, and the first six in another."""
    wired.write("twelve.jsonl", lines(TWELVE))
    wired.write("six.jsonl", lines(TWELVE[:6]))
    return wired


def run_in(case: Case, program: Program, endpoint: OpenAIServer) -> Ended:
    """Run the twelve papers in the world of a case; check what holds in each of them."""
    endpoint.reset(case.options or Options())
    program.write("digest.toml", case.config)
    made = case.world(program.folder) if case.world else nullcontext(World(endpoint.base_url))
    with made as world:
        environment = {"OPENAI_API_KEY": "sk-wrong", "OPENAI_BASE_URL": world.base_url, **world.environment}
        began = time.monotonic()
        ran = program("run", "--input", "twelve.jsonl", "--model", "some-model", "--json", **environment)
        took = time.monotonic() - began
    assert took < LONGEST_S
    assert ran.stdout, ran.stderr
    report = json.loads(ran.stdout)
    assert report["summarized"] == 0
    if case.final:
        assert report["requests"] <= 1
    if case.options:
        assert report["requests"] == len(endpoint.log)
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


@each_case
def test_a_run_without_hope_ends_at_once_and_says_why(twelve: Program, endpoint: OpenAIServer, case: Case) -> None:
    """Exit 1 within seconds: one line with the host, one with what to do, nothing written, nothing asked in vain."""
    ended = run_in(case, twelve, endpoint)
    assert (ended.ran.code, twelve.made()) == (1, {})
    assert len(ended.report["failed"]) == len(TWELVE)
    check_said(ended, case)


@each_case
def test_what_the_cache_has_is_written_all_the_same(twelve: Program, endpoint: OpenAIServer, case: Case) -> None:
    """With half of the papers in the cache: exit 3, a digest of that half, the others named, and the same one line."""
    assert twelve("run", "--input", "six.jsonl", "--model", "some-model", "--output", "before").code == 0
    ended = run_in(case, twelve, endpoint)
    assert ended.ran.code == 3
    assert ended.report["cached"] == 6
    made = twelve.made()
    day = ended.report["date"]
    assert sorted(made) == [f"papers/{day}.json", f"papers/{day}.md", f"papers/{day}.run.json"]
    check_accounts(ended.report, made[f"papers/{day}.json"], ids(TWELVE))
    assert sorted(shown(made[f"papers/{day}.json"])) == ids(TWELVE[:6])
    check_said(ended, case)
