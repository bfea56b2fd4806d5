"""``deliver``: what it sends, what it says, and how it ends."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli.edge import guarded
from tests.assemble.samples import done, paper
from tests.servers.listener import Listener

from .program import Program
from .test_show import write

VARIABLE = "ARXIV_DIGEST_DELIVER"
TWO_SECTIONS = '[digests.a]\ncategories = ["cs.AI"]\n[digests.b]\ncategories = ["cs.CL"]\n'


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A webhook's other end."""
    with Listener() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with three digests, and no address."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    for name in ("a/2024-04-01", "a/2024-04-02", "b/2024-04-01", "other/2024-04-09"):
        write(tmp_path, name, done(paper(1)))
    return tmp_path


def deliver(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Return how ``deliver`` ended and what it said."""
    code = guarded(["deliver", *words])
    return code, *capfd.readouterr()


def test_each_section_is_delivered_once(
    folder: Path, listener: Listener, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its newest day, with a link to its page; what is no section only when it is named, and a day likewise."""
    (folder / "digest.toml").write_text(f'site_url = "https://example.org/d/"\n{TWO_SECTIONS}')
    monkeypatch.setenv(VARIABLE, f"json://{listener.host}")
    to = "address 1 (JSON)"
    assert deliver(capfd) == (0, f"a 2024-04-02: delivered to {to}\nb 2024-04-01: delivered to {to}\n", "")
    assert deliver(capfd) == (
        0,
        f"a 2024-04-02: was delivered before to {to}\nb 2024-04-01: was delivered before to {to}\n",
        "",
    )
    assert deliver(capfd, "other") == (0, f"other 2024-04-09: delivered to {to}\n", "")
    assert deliver(capfd, "a", "2024-04-01") == (0, f"a 2024-04-01: delivered to {to}\n", "")
    assert [sent["title"] for sent in listener.received] == [
        "a 2024-04-02：1 篇",
        "b 2024-04-01：1 篇",
        "other 2024-04-09：1 篇",
        "a 2024-04-01：1 篇",
    ]
    assert "https://example.org/d/a/2024-04-02.html" in listener.received[0]["message"]


def test_without_sections_the_newest_digest_is_delivered(
    folder: Path, listener: Listener, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``show`` shows it; without the address of a site there is no link to a page."""
    monkeypatch.setenv(VARIABLE, f"json://{listener.host}")
    note = "arxiv-digest: note: there are only try-outs; the newest is other\n"
    assert deliver(capfd) == (0, "other 2024-04-09: delivered to address 1 (JSON)\n", note)
    assert "全文" not in listener.received[0]["message"]


@pytest.mark.parametrize("between", [",", ", ", " ,", " "])
def test_addresses_stand_between_blanks_or_commas(
    folder: Path, listener: Listener, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    """A comma within an address is part of it."""
    monkeypatch.setenv(VARIABLE, f"json://{listener.host}?-x=a,b{between}json://{listener.host}/two")
    code, said, _ = deliver(capfd, "a")
    assert (code, said.count("delivered to")) == (0, 2)
    assert len(listener.received) == 2


def test_a_failed_delivery_ends_with_1_and_is_named_without_its_secret(folder: Path, listener: Listener) -> None:
    """Nothing of apprise's own log is shown; the next run sends only what failed."""
    program = Program(folder, **{VARIABLE: f"json://u:hunter2@127.0.0.1:9\njson://u:hunter2@{listener.host}"})
    ran = program("deliver", "a")
    assert (ran.code, ran.stdout, ran.stderr) == (
        1,
        "a 2024-04-02: delivered to address 2 (JSON)\n",
        "a 2024-04-02: NOT delivered to address 1 (JSON): it could not be reached, or it refused\n",
    )
    assert len(listener.received) == 1
    assert b"hunter2" not in (folder / "cache" / "memory.db").read_bytes()


@pytest.mark.parametrize(
    ("address", "words", "complaint"),
    [
        ("", ["a"], "no address: ARXIV_DIGEST_DELIVER is not set\n  Name one or more"),
        (" \n", ["a"], "no address: ARXIV_DIGEST_DELIVER is not set\n  Name one or more"),
        ("nonsense", ["a"], "ARXIV_DIGEST_DELIVER: apprise does not know address 1"),
        ("json://localhost", ["c"], "outputs: no digest 'c'\n  Digests here: a, b, other.\n"),
        ("json://localhost", ["a", "2024-05-01"], "outputs: a has no digest of '2024-05-01'\n"),
    ],
    ids=["none", "blank", "wrong", "name", "date"],
)
def test_wrong_input_ends_with_2(
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    words: list[str],
    complaint: str,
) -> None:
    """Before anything is sent or kept."""
    monkeypatch.setenv(VARIABLE, address)
    code, said, wrong = deliver(capfd, *words)
    assert (code, said) == (2, "")
    assert wrong.startswith(f"arxiv-digest: {complaint}")
    assert not (folder / "cache").exists()


def test_sections_that_were_never_made_are_wrong_input(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not take another digest for them."""
    (folder / "digest.toml").write_text('[digests.c]\ncategories = ["cs.AI"]\n')
    monkeypatch.setenv(VARIABLE, "json://localhost")
    assert deliver(capfd) == (
        2,
        "",
        ("arxiv-digest: outputs: no section of digest.toml has a digest\n  Run 'arxiv-digest run', or name one.\n"),
    )


class _Broken(importlib.abc.MetaPathFinder):
    """Refuses apprise when it is looked for, as some bundlers and test harnesses do."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name.partition(".")[0] == "apprise":
            raise ModuleNotFoundError(name)


@pytest.mark.parametrize("how", ["absent", "hooked", "half installed", "emptied"])
def test_without_the_extra_it_says_how_to_get_it(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """In one line; a package that is there and cannot be imported is none."""
    monkeypatch.setenv(VARIABLE, "json://localhost")
    for name in [name for name in sys.modules if f"{name}.".startswith(("apprise.", "pipeline.deliver."))]:
        monkeypatch.delitem(sys.modules, name)
    if how == "absent":
        monkeypatch.setitem(sys.modules, "apprise", None)
    elif how == "hooked":
        monkeypatch.setattr(sys, "meta_path", [_Broken(), *sys.meta_path])
    else:
        (folder / "apprise.py").write_text("raise ImportError('half')" if how == "half installed" else "")
        monkeypatch.syspath_prepend(folder)
    assert deliver(capfd, "a") == (
        2,
        "",
        "arxiv-digest: deliver needs apprise, which is not installed\n  pip install 'arxiv-digest[deliver]'\n",
    )
