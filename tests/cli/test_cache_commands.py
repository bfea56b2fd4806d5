"""``cache info``, ``cache show`` and ``cache verify``."""

from __future__ import annotations

import re
import sqlite3

import pytest

from tests.servers.openai import OpenAIServer

from .program import RECORDS, Program, lines


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A folder whose cache has the replies to three papers."""
    program = Program(tmp_path_factory.mktemp("filled"))
    program.write("three.jsonl", lines(RECORDS[:3]))
    assert program("run", "--input", "three.jsonl", "-q", "--base-url", "replay:three.jsonl").code == 0
    return program


def test_info_counts_what_the_cache_holds(filled: Program) -> None:
    """Papers, replies and runs, the replies of each model and prompt, and what the memory beside it has."""
    ran = filled("cache", "info")
    first, second, memory = ran.stdout.splitlines()
    assert (ran.code, ran.stderr) == (0, "")
    assert re.fullmatch(r"cache/digest\.db: 3 papers, 3 replies, 1 runs, \d+\.\d MB", first)
    assert second.split() == ["3", "by", "replay", "with", "digest@1"]
    assert memory == "cache/memory.db: 1 day with a page, 0 deliveries"


@pytest.mark.parametrize("name", ["2604.00002", "arXiv:2604.00002v3", "https://arxiv.org/abs/2604.00002"])
def test_show_gives_every_field_and_where_it_came_from(filled: Program, name: str) -> None:
    """An id in any of its forms finds the paper."""
    ran = filled("cache", "show", name)
    assert ran.code == 0
    assert ran.stdout.startswith("2604.00002  digest@1 (")
    for field in ("translated_title", "tldr", "tldr_en", "translated_abstract"):
        assert f"  {field}: {RECORDS[1][field]}\n" in ran.stdout


def test_verify_finds_nothing_wrong_with_a_good_cache(filled: Program) -> None:
    """Exit 0, a line for each file."""
    ran = filled("cache", "verify")
    said = "cache/digest.db: 3 replies, no faults\ncache/memory.db: 1 day, no faults\n"
    assert (ran.code, ran.stdout, ran.stderr) == (0, said, "")


def test_verify_finds_what_is_wrong_with_the_memory(wired: Program) -> None:
    """Exit 1, although the cache is sound."""
    wired("run", "--input", "two.jsonl", "-q")
    path = wired.folder / "cache" / "memory.db"
    with sqlite3.connect(path) as db:
        (size,), (root,) = (
            db.execute("PRAGMA page_size").fetchone(),
            db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'deliveries'").fetchone(),
        )
    db.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\x93" * size)
    ran = wired("cache", "verify")
    last = ran.stdout.splitlines()[-1]
    assert ran.code == 1
    assert "cache/digest.db: 2 replies, no faults\n" in ran.stdout
    assert re.fullmatch(r"cache/memory\.db: 1 day, \d+ faults?", last)


def test_without_a_memory_nothing_is_said_of_one_and_none_is_made(wired: Program) -> None:
    """Looking makes no file."""
    wired("run", "--input", "two.jsonl", "-q")
    (wired.folder / "cache" / "memory.db").unlink()
    for command in ("info", "verify"):
        assert "memory" not in wired("cache", command).stdout
    assert not (wired.folder / "cache" / "memory.db").exists()


def test_verify_names_the_reply_that_cannot_be_read_and_a_run_asks_for_it_again(
    wired: Program, endpoint: OpenAIServer
) -> None:
    """Exit 1 and the paper's id; the next run pays for that paper alone, after which all is well."""
    wired("run", "--input", "ten.jsonl", "-q")
    with sqlite3.connect(wired.folder / "cache" / "digest.db") as db:
        db.execute("UPDATE replies SET summary = '{' WHERE paper_id = '2604.00004'")
    db.close()
    ran = wired("cache", "verify")
    assert (ran.code, "2604.00004" in ran.stdout, ran.stdout.splitlines()[-2]) == (
        1,
        True,
        "cache/digest.db: 10 replies, 1 fault",
    )
    endpoint.reset()
    again = wired("run", "--input", "ten.jsonl", "-q")
    assert (again.code, [call.paper for call in endpoint.log]) == (0, ["2604.00004"])
    assert "2604.00004" in again.stderr
    assert wired("cache", "verify").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("info", "--cache", "none"), "none: no cache yet"),
        (("verify", "--cache", "none"), "none: no cache yet"),
        (("show", "2604.00001", "--cache", "none"), "none: no cache yet"),
        (("show", "2604.99999"), "no reply in the cache for 2604.99999"),
        (("show", "nonsense"), "'nonsense' is not an arXiv identifier"),
    ],
)
def test_what_is_not_there_is_said_and_not_made(filled: Program, arguments: tuple[str, ...], said: str) -> None:
    """Exit 2, and looking makes no file."""
    ran = filled("cache", *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"arxiv-digest: {said}")
    assert not (filled.folder / "none").exists()


def test_a_cache_of_a_newer_program_is_refused_untouched(wired: Program, endpoint: OpenAIServer) -> None:
    """The message names the file and both ways on; nothing is asked and nothing changed."""
    wired("run", "--input", "two.jsonl", "-q")
    with sqlite3.connect(wired.folder / "cache" / "digest.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    endpoint.reset()
    ran = wired("run", "--input", "ten.jsonl")
    assert ran.code in {1, 2}
    assert endpoint.stats()["requests"] == 0
    assert "cache/digest.db: was written by a newer arxiv-digest" in ran.stderr
    assert not list((wired.folder / "cache").glob("*.damaged*"))
