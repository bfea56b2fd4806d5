"""Files of a digest are written whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import OutputError, SettingsError
from pipeline.outputs import check_writable, write_all

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
HINT = "Choose another --output DIR."


@pytest.fixture
def umask() -> Iterator[None]:
    """The process's umask, restored afterwards."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def names(folder: Path) -> list[str]:
    """Return what is in ``folder``, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


def test_files_are_written_into_a_folder_that_is_made(tmp_path: Path) -> None:
    """Paths come back in order, line ends stay LF, and nothing else is left there."""
    folder = tmp_path / "cs.AI" / "deep"
    assert write_all(folder, {"b.md": "# 摘要\n", "a.json": "{}"}) == (folder / "b.md", folder / "a.json")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "b.md": "# 摘要\n".encode(),
        "a.json": b"{}",
    }


def test_a_file_is_replaced_not_written_into(tmp_path: Path) -> None:
    """Who has the old one open goes on reading the old one."""
    (tmp_path / "a.md").write_text("old, and longer")
    with (tmp_path / "a.md").open() as reader:
        write_all(tmp_path, {"a.md": "new"})
        assert (reader.read(), (tmp_path / "a.md").read_text(), names(tmp_path)) == (
            "old, and longer",
            "new",
            ["a.md"],
        )


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)], ids=oct)
def test_the_mode_of_a_file_follows_the_umask(tmp_path: Path, umask: None, mask: int, mode: int) -> None:
    """As that of any file that a program makes."""
    os.umask(mask)
    (path,) = write_all(tmp_path / "out", {"a.md": ""})
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert os.umask(mask) == mask


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters() | st.sampled_from("\r\n\ud800\x00"), max_size=20))
def test_any_text_can_be_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Byte for byte as UTF-8; what UTF-8 has no bytes for is written as an escape."""
    (path,) = write_all(tmp_path_factory.mktemp("any"), {"a.md": text})
    assert path.read_bytes() == text.encode("utf-8", "backslashreplace")


_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from pipeline.errors import OutputError
from pipeline.outputs import write_all
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_all(Path(sys.argv[1]), {"a.md": "x" * 900, "b.md": "x" * 100_000, "c.md": ""})
except OutputError as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    print(error.message, error.hint, sep="|")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_write_that_fails_halfway_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    """The file before it is whole, the one after it is not begun, and the error says why."""
    (tmp_path / "b.md").write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout.strip() == f"{tmp_path}: cannot be written: File too large|{HINT}"
    assert {path.name: len(path.read_text()) for path in tmp_path.iterdir()} == {"a.md": 900, "b.md": 3}


def test_a_file_whose_place_is_taken_by_a_folder_is_named(tmp_path: Path) -> None:
    """The error names the file that was asked for, not the temporary, which is gone."""
    (tmp_path / "a.md").mkdir()
    with pytest.raises(OutputError) as caught:
        write_all(tmp_path, {"a.md": "text"})
    assert names(tmp_path) == ["a.md"]
    assert (caught.value.message, caught.value.hint) == (
        f"{tmp_path / 'a.md'}: cannot be written: Is a directory",
        HINT,
    )


@pytest.mark.parametrize(
    "act", [check_writable, lambda folder: write_all(folder, {"a.md": ""})], ids=["check", "write"]
)
@pytest.mark.parametrize(
    ("below", "reason"), [("", "File exists"), ("deeper", "Not a directory")], ids=["a-file", "below-a-file"]
)
def test_a_folder_that_cannot_be_one_is_an_error(tmp_path: Path, act: object, below: str, reason: str) -> None:
    """Said before anything is spent, and again if it comes to writing."""
    (tmp_path / "file").write_text("mine")
    assert callable(act)
    with pytest.raises((OutputError, SettingsError)) as caught:
        act(tmp_path / "file" / below)
    assert (caught.value.message, caught.value.hint) == (
        f"{tmp_path / 'file' / below}: cannot be written: {reason}",
        HINT,
    )
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A folder into which nobody may write."""
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    return folder


@pytest.fixture
def somebody(locked: Path) -> Iterator[None]:
    """Not root, who may write anywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(before)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are of another kind there")
@pytest.mark.usefixtures("somebody")
def test_a_folder_without_the_right_to_write_is_an_error(locked: Path) -> None:
    """Found by trying, as rights alone do not tell."""
    with pytest.raises(SettingsError, match="cannot be written: Permission denied"):
        check_writable(locked)


def test_checking_a_folder_makes_it_and_leaves_it_empty(tmp_path: Path) -> None:
    """Once and again."""
    for _ in range(2):
        check_writable(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == []
