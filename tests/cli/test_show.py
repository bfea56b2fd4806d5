"""``show``: a written digest on a terminal and in a pipe."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import sys
from pathlib import Path

import pytest

from pipeline.assemble import Digest, as_json
from pipeline.cli.edge import guarded
from pipeline.records import Entry, Source
from tests.assemble.samples import done, failed, paper

from .program import Program

GOOD = done(paper(1, authors=["Ann Author", "李四"], categories=["cs.CL"]), model="m", prompt="digest@1")
BAD = failed(paper(2), "timeout", "no answer")
EVIL = "\x1b]0;owned\x07[bold]x[/bold]\u202e\r\ny"


def write(folder: Path, name: str, *entries: Entry) -> None:
    """Write a digest, ``NAME/DATE``, below ``outputs``."""
    path = folder / "outputs" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, _, day = name.partition("/")
    path.write_bytes(as_json(Digest(digest, day, entries, Source())).encode())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with two digests."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "cs.CL/2024-04-01", BAD)
    write(tmp_path, "cs.CL/2024-04-02", GOOD, BAD)
    write(tmp_path, "cs.AI/2024-03-30", GOOD)
    return tmp_path


def show(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Return how ``show`` ended and what it said."""
    code = guarded(["show", *words])
    return code, *capfd.readouterr()


def test_the_newest_digest_is_shown_when_none_is_named(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its newest day: each paper with number, id, title and line; one without a summary with the reason."""
    assert show(capfd) == (
        0,
        (
            "cs.CL 2024-04-02: 2 papers\n"
            "incomplete: 1 without summary\n"
            "\n1. 2404.00001  标题\n   一句话。\n   Title 1\n"
            "\n2. 2404.00002  Title 2\n   no summary: timeout: no answer\n"
        ),
        "",
    )


def test_a_tryout_is_not_the_newest(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither a section of digest.toml nor made of categories, it is shown when it is named."""
    write(folder, "draft/2024-05-01", GOOD)
    assert show(capfd)[1].startswith("cs.CL 2024-04-02: ")
    assert show(capfd, "draft")[1].startswith("draft 2024-05-01: ")
    (folder / "digest.toml").write_text('[digests.draft]\ncategories = ["cs.AI"]\n')
    assert show(capfd)[1].startswith("draft 2024-05-01: ")


def test_where_there_are_only_tryouts_the_newest_is_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And standard error says that it is one."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "one/2024-05-01", GOOD)
    write(tmp_path, "two/2024-05-02", GOOD)
    code, said, noted = show(capfd)
    assert (code, said.splitlines()[0]) == (0, "two 2024-05-02: 1 papers")
    assert noted == "arxiv-digest: note: there are only try-outs; the newest is two\n"


def test_a_digest_and_a_day_can_be_named(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without a day it is the newest."""
    assert show(capfd, "cs.AI")[1].startswith("cs.AI 2024-03-30: 1 papers\n\n1. ")
    assert show(capfd, "cs.CL", "2024-04-01")[1].startswith("cs.CL 2024-04-01: 1 papers\nincomplete: 1 ")


def test_a_report_says_what_is_missing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A digest whose papers all have summaries may lack some."""
    report = '{"name":"","date":"","papers":1,"cached":0,"summarized":1,"complete":false,"source":%s}'
    counts = '{"announced":3,"fetched":1,"missing":2}'
    (folder / "outputs" / "cs.AI" / "2024-03-30.run.json").write_text(report % counts)
    assert "\nincomplete: 2 missing\n" in show(capfd, "cs.AI")[1]


def test_a_limited_digest_is_not_called_incomplete(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The user wanted no more papers; how many there were is said."""
    report = (
        '{"name":"","date":"","papers":1,"cached":0,"summarized":1,"complete":false,'
        '"source":{"announced":1,"fetched":1,"missing":0},'
        '"notes":[{"key":"limited","figures":{"count":1,"total":359}}]}'
    )
    (folder / "outputs" / "cs.AI" / "2024-03-30.run.json").write_text(report)
    _, said, _ = show(capfd, "cs.AI")
    assert said.splitlines()[1] == "1 of 359 papers, by --limit"
    assert "incomplete" not in said


def test_one_paper_is_shown_whole(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """By its id in any form, with or without a summary."""
    assert show(capfd, "cs.CL", "2024-04-02", "arXiv:2404.00001v3") == (
        0,
        (
            "标题\nTitle 1\nhttps://arxiv.org/abs/2404.00001\nAnn Author, 李四\ncs.CL\n"
            "\n一句话。\n\nOne line.\n\n译文。\n\nAbstract 1.\n\nm with digest@1\n"
        ),
        "",
    )
    assert show(capfd, "cs.CL", "2024-04-02", "2404.00002") == (
        0,
        "Title 2\nhttps://arxiv.org/abs/2404.00002\n\nno summary: timeout: no answer\n\nAbstract 2.\n",
        "",
    )


def test_of_two_versions_the_named_one_is_shown(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without a version, or with one that the day has not, the first."""
    write(folder, "two/2024-05-01", *(done(paper(1, version=number, title=f"V{number}")) for number in (1, 2)))
    titles = {
        f"2404.00001{version}": title for version, title in (("", "V1"), ("v1", "V1"), ("v2", "V2"), ("v3", "V1"))
    }
    assert {asked: show(capfd, "two", "2024-05-01", asked)[1].splitlines()[1] for asked in titles} == titles


def test_who_reads_no_further_is_no_fault(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends quietly when the other end of its pipe is closed."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert show(capfd) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["cs.LG"], "outputs: no digest 'cs.LG'\n  Digests here: cs.AI, cs.CL.\n"),
        (["../outputs/cs.CL"], "outputs: no digest '../outputs/cs.CL'\n  Digests here: cs.AI, cs.CL.\n"),
        (
            ["cs.CL", "2024-04-03"],
            "outputs: cs.CL has no digest of '2024-04-03'\n  Days here: 2024-04-02, 2024-04-01.\n",
        ),
        (
            ["cs.CL", "2024-04-02", "2404.00003"],
            "cs.CL 2024-04-02 has no paper 2404.00003\n  'arxiv-digest show cs.CL 2024-04-02' lists them.\n",
        ),
        (["cs.CL", "2024-04-02", "x"], "'x' is not an arXiv identifier such as 2404.02059 or math/0309136\n"),
        (["-o", "empty"], "empty: no digest yet\n  'arxiv-digest demo' makes one.\n"),
    ],
    ids=["name", "path", "date", "paper", "id", "nothing"],
)
def test_what_is_not_there_is_answered_with_what_is(
    folder: Path, capfd: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    """And ends with 2."""
    assert show(capfd, *words) == (2, "", f"arxiv-digest: {complaint}")


def test_of_many_days_the_newest_are_named(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Not a screenful."""
    for day in range(10, 25):
        write(folder, f"many/2024-05-{day}", GOOD)
    said = show(capfd, "many", "2024-05-01")[2]
    newest = ", ".join(f"2024-05-{day}" for day in range(24, 14, -1))
    assert said.endswith(f"\n  Days here: {newest} and 5 more.\n")


def test_a_file_that_is_no_digest_is_named(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With what is wrong with it."""
    (folder / "outputs" / "cs.AI" / "2024-03-30.json").write_text("{}")
    code, _, said = show(capfd, "cs.AI")
    assert (code, said.splitlines()[0]) == (
        2,
        "arxiv-digest: outputs/cs.AI/2024-03-30.json: is not a digest: entries: missing",
    )


def test_text_of_others_steers_no_terminal(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Control characters go, markup of any kind stays as it is, everything stays on its line."""
    hostile = paper(1, title=f"T{EVIL}", abstract=f"A{EVIL}", authors=[EVIL], categories=[EVIL])
    entry = done(hostile, translated_title=EVIL, tldr=EVIL, tldr_en=EVIL, translated_abstract=EVIL, model=EVIL)
    write(folder, "evil/2024-05-01", entry, failed(paper(2), "timeout", EVIL))
    for words in (["evil"], ["evil", "2024-05-01", "2404.00001"], ["evil", "2024-05-01", "2404.00002"]):
        code, said, _ = show(capfd, *words)
        assert code == 0
        assert "]0;owned[bold]x[/bold] y" in said
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", said)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_it_has_links_and_a_pager(folder: Path) -> None:
    """The pager gets bold titles and OSC 8 links, and of others' text no more than a pipe would."""
    write(folder, "evil/2024-05-01", done(paper(1), translated_title=EVIL))
    program = Program(folder, PAGER="cat", TERM="xterm-256color")
    leader, follower = pty.openpty()
    process = program.start("show", "evil", stdin=follower, stdout=follower)
    os.close(follower)
    said = b""
    # Reading ends by an error on Linux, by nothing elsewhere, when the other end is closed.
    try:
        while part := os.read(leader, 65536):
            said += part
    except OSError:
        pass
    os.close(leader)
    assert process.wait(timeout=20) == 0
    text = said.decode()
    assert re.search(r"\x1b\]8;[^;]*;https://arxiv\.org/abs/2404\.00001\x1b\\2404\.00001\x1b\]8;;\x1b\\", text)
    assert "\x1b[1m]0;owned[bold]x[/bold] y\x1b[0m" in text
    assert "\x1b]0;" not in text


def test_tex_is_shown_without_its_text_macros(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In the list and in one paper, in every field; formulas stay as they are."""
    tex, said = r"提高 4\% 的\textbf{准确率}，$\textbf{x}$", r"提高 4% 的准确率，$\textbf{x}$"
    fields = {"translated_title": tex, "tldr": tex, "translated_abstract": tex}
    write(folder, "cs.CL/2024-04-03", done(paper(1, title=r"\emph{Words}", abstract=tex), **fields))
    for words, least in ((("cs.CL",), 2), (("cs.CL", "2024-04-03", "2404.00001"), 4)):
        shown = show(capfd, *words)[1]
        assert shown.count(said) >= least
        assert "Words" in shown
        assert not re.search(r"\\emph|\\%|的\\textbf", shown)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_long_line_keeps_its_indent_where_it_is_wrapped(folder: Path) -> None:
    """Every line below a paper's number stands under the one above it."""
    write(folder, "long/2024-05-01", done(paper(1), tldr="很长的一句话" * 20))
    leader, follower = pty.openpty()
    process = Program(folder, PAGER="cat", TERM="xterm", COLUMNS="60").start("show", "long", stdout=follower)
    os.close(follower)
    said = b""
    with contextlib.suppress(OSError):
        while part := os.read(leader, 65536):
            said += part
    os.close(leader)
    assert process.wait(timeout=20) == 0
    wrapped = [line for line in said.decode().splitlines() if "很长" in line or "句话" in line]
    assert len(wrapped) > 1
    assert all(line.startswith("   ") for line in wrapped)
