"""``cache export`` and ``cache import``: a cache that is lost is made again, and nothing is asked twice."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from pipeline.store.cache import Cache
from pipeline.store.memory import Memory
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import MONDAY, RECORDS, Program, lines

KEPT = {"paper", "summary", "key", "raw", "asked"}


def _forget(program: Program) -> None:
    for file in (program.folder / "cache").iterdir():
        file.unlink()


def _without_report(program: Program) -> dict[str, bytes]:
    return {name: content for name, content in program.made().items() if not name.endswith(".run.json")}


def test_a_lost_cache_is_made_again_from_the_digests_and_nothing_is_asked_twice(
    wired: Program, endpoint: OpenAIServer
) -> None:
    """The next run takes all from the cache and writes the same bytes; importing once more adds nothing."""
    wired("run", "--input", "ten.jsonl", "-q")
    before = _without_report(wired)
    _forget(wired)
    endpoint.reset()
    ran = wired("cache", "import", "outputs")
    assert (ran.code, ran.stdout, ran.stderr) == (0, "cache/digest.db: 10 replies, 10 of them new\n", "")
    assert wired("cache", "import", "outputs").stdout == "cache/digest.db: 10 replies, 0 of them new\n"
    assert wired("cache", "verify").code == 0
    assert wired("run", "--input", "ten.jsonl", "-q").code == 0
    assert (endpoint.log, _without_report(wired)) == ([], before)


def test_an_import_that_meets_damage_on_its_way_takes_all_the_same(replayed: Program) -> None:
    """The damaged file is kept beside the new one."""
    replayed("run", "--input", "ten.jsonl", "-q", "--date", MONDAY)
    replayed("run", "--input", "two.jsonl", "-q", "--date", MONDAY, "--name", "other")
    with sqlite3.connect(replayed.folder / "cache" / "digest.db") as db:
        db.execute("PRAGMA journal_mode = DELETE")
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'replies_by_paper'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with (replayed.folder / "cache" / "digest.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"garbage!" * (size // 8))
    ran = replayed("cache", "import", "outputs")
    assert (ran.code, ran.stdout) == (0, "cache/digest.db: 10 replies, 10 of them new\n")
    assert ran.stderr.count("is damaged") == 1
    assert (replayed.folder / "cache" / "digest.db.damaged-1").is_file()


def test_the_replies_of_a_fallback_are_found_under_the_model_that_was_to_be_asked(
    wired: Program, endpoint: OpenAIServer
) -> None:
    """The run's report says which that was."""
    endpoint.reset(Options(by_paper={"2604.00001": [{"fault": "content_filter"}] * 3}))
    wired.write("digest.toml", 'model = "first"\n[[fallback]]\nmodel = "second"\n')
    assert wired("run", "--input", "two.jsonl", "-q").code == 0
    (day,) = [content for name, content in wired.made().items() if name.endswith(".json") and ".run." not in name]
    assert {entry["summary"]["model"] for entry in json.loads(day)["entries"]} == {"first", "second"}
    _forget(wired)
    endpoint.reset()
    wired("cache", "import", "outputs")
    assert wired("run", "--input", "two.jsonl", "-q").code == 0
    assert endpoint.log == []


def test_an_imported_folder_tells_which_page_showed_which_paper(replayed: Program) -> None:
    """So that a paper that was announced does not come as new on another day."""
    replayed.write("new.jsonl", lines([{**RECORDS[0], "announce_type": "new"}, RECORDS[1]]))
    assert replayed("run", "--input", "new.jsonl", "--date", MONDAY, "-q").code == 0
    _forget(replayed)
    replayed("cache", "import", "outputs")
    with Memory(replayed.folder / "cache", warn=pytest.fail) as memory:
        shown = [memory.days.shown("papers", record["id"]) for record in RECORDS[:2]]
    assert [[one.day for one in days] for days in shown] == [[MONDAY], []]


def test_an_export_is_a_cache_once_more(replayed: Program) -> None:
    """Line for line, whatever digests were written; the lines are entries, in the order of their keys."""
    replayed("run", "--input", "ten.jsonl", "-q")
    ran = replayed("cache", "export")
    kept = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.code, len(kept), {frozenset(one) for one in kept}) == (0, 10, {frozenset(KEPT)})
    assert [one["key"] for one in kept] == sorted(one["key"] for one in kept)
    path = replayed.write("export.jsonl", ran.stdout)
    again = replayed("cache", "import", path, "--cache", "other")
    assert (again.code, again.stdout) == (0, "other/digest.db: 10 replies, 10 of them new\n")
    assert replayed("cache", "export", "--cache", "other").stdout == ran.stdout


def test_what_is_there_is_not_replaced(replayed: Program) -> None:
    """The model's own words, which a digest has not, stay."""
    replayed("run", "--input", "two.jsonl", "-q")
    before = replayed("cache", "export").stdout
    replayed("cache", "import", "outputs")
    assert replayed("cache", "export").stdout == before
    assert json.loads(before.splitlines()[0])["raw"].startswith("{")


def test_replies_to_another_prompt_are_left_out_and_counted(replayed: Program) -> None:
    """A prompt that has changed, one that is gone, and a summary that names none: no key could be true."""
    made: tuple[dict[str, str], ...] = (
        {"prompt": "digest@1", "prompt_sha256": "0" * 64, "model": "m"},
        {"prompt": "gone@1", "model": "m"},
        {},
    )
    entries = [
        {"paper": RECORDS[n], "summary": {"paper_id": RECORDS[n]["id"], **RECORDS[n], **fields}}
        for n, fields in enumerate(made)
    ]
    failed = {"paper": RECORDS[5], "failure": {"paper_id": RECORDS[5]["id"], "reason": "timeout", "detail": "none"}}
    day = {"name": "old", "date": "2026-04-27", "entries": [*entries, failed]}
    replayed.write("outputs/old/2026-04-27.json", json.dumps(day))
    ran = replayed("cache", "import", "outputs")
    assert (ran.code, ran.stdout.splitlines()) == (
        0,
        [
            "cache/digest.db: 0 replies, 0 of them new",
            "  3 were left out: their prompt is not here, or has changed",
        ],
    )


def test_a_day_that_cannot_be_read_is_named_and_the_others_are_taken(replayed: Program) -> None:
    """Exit 3."""
    replayed("run", "--input", "two.jsonl", "--name", "b", "-q")
    replayed.write("outputs/a/2026-04-27.json", "{")
    _forget(replayed)
    ran = replayed("cache", "import", "outputs")
    assert (ran.code, ran.stdout) == (3, "cache/digest.db: 2 replies, 2 of them new\n")
    assert "outputs/a/2026-04-27.json: is not a digest" in ran.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "bad.jsonl: no such file or folder"),
        ('{"paper": {}}', "line 3: is not a line of 'arxiv-digest cache export': paper.id: missing"),
        ("nonsense", "line 3: is not a line of 'arxiv-digest cache export'"),
    ],
)
def test_a_file_that_is_no_export_is_refused_whole(replayed: Program, content: str | None, said: str) -> None:
    """Nothing of it is kept, not even the good lines before."""
    replayed("run", "--input", "two.jsonl", "-q")
    good = replayed("cache", "export").stdout
    _forget(replayed)
    if content is not None:
        replayed.write("bad.jsonl", good + content)
    ran = replayed("cache", "import", "bad.jsonl")
    assert (ran.code, said in ran.stderr) == (2, True)
    assert replayed("cache", "import", "outputs").stdout == "cache/digest.db: 2 replies, 2 of them new\n"


def test_an_export_leaves_out_what_cannot_be_read_and_says_so(replayed: Program) -> None:
    """A reply that is none any more, and one whose paper's record is gone: 3, and the others are there."""
    replayed("run", "--input", "ten.jsonl", "-q")
    with sqlite3.connect(replayed.folder / "cache" / "digest.db") as db:
        db.execute("UPDATE replies SET summary = '{' WHERE paper_id = '2604.00004'")
        db.execute("UPDATE papers SET record = '{' WHERE id = '2604.00005'")
    db.close()
    ran = replayed("cache", "export")
    assert (ran.code, len(ran.stdout.splitlines())) == (3, 8)
    assert "the reply for 2604.00004 cannot be read" in ran.stderr
    assert "1 replies are left out: the records of their papers cannot be read" in ran.stderr


def test_more_replies_than_are_read_at_a_time_are_all_moved(replayed: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, none twice."""
    replayed("run", "--input", "ten.jsonl", "-q")
    monkeypatch.setattr("pipeline.store.replies.PAGE", 3)
    with Cache(replayed.folder / "cache", warn=pytest.fail) as cache:
        keys = [reply.key for reply in cache.replies.all()]
    assert (len(keys), keys) == (10, sorted(set(keys)))


def test_a_key_must_look_like_one(tmp_path: Path) -> None:
    """Sixty-four hexadecimal digits, else the line is refused."""
    program = Program(tmp_path)
    program.write("x.jsonl", lines([{"paper": RECORDS[0], "summary": {}, "key": "short", "raw": "", "asked": {}}]))
    ran = program("cache", "import", "x.jsonl")
    assert (ran.code, "key: " in ran.stderr) == (2, True)
