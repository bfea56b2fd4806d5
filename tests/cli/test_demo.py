"""``demo``: the embedded sample, from a checkout and from a wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from .fork_server import CHECKOUT
from .program import Program, Ran, shown

DAY = "demo/2026-11-23"


@dataclass(frozen=True)
class Demo:
    """The demonstration twice in one folder."""

    first: Ran
    second: Ran
    made: tuple[dict[str, bytes], dict[str, bytes]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run it in an empty folder, without key, and with every network address refused."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    program = Program(tmp_path_factory.mktemp("demo"), **nowhere)
    first = program("demo")
    made = program.made()
    second = program("demo", "--json")
    return Demo(first, second, (made, program.made()))


def test_the_sample_becomes_a_digest_that_says_what_it_is(demo: Demo) -> None:
    """Twelve papers, none failed; screen and page say that the replies were written for the sample."""
    assert demo.first.code == 0
    assert "12 papers, 12 new, 0 cached, 0 without summary, 0 missing" in demo.first.stdout
    assert f"outputs/{DAY}.md" in demo.first.stdout
    assert "written for the sample" in demo.first.stdout
    made = demo.made[0]
    assert sorted(made) == [f"{DAY}.html", f"{DAY}.json", f"{DAY}.md", f"{DAY}.run.json", "demo/feed.xml"]
    assert len(set(shown(made[f"{DAY}.json"]))) == 12
    assert "本页的论文和回复都是为示例编写的，没有询问任何模型。" in made[f"{DAY}.md"].decode()
    assert "本页的论文和回复都是为示例编写的，没有询问任何模型。" in made[f"{DAY}.html"].decode()


def test_again_it_asks_nothing_and_writes_the_same_bytes(demo: Demo) -> None:
    """Everything comes from the cache."""
    report = json.loads(demo.second.stdout)
    assert (demo.second.code, report["cached"], report["summarized"], report["requests"]) == (0, 12, 0, 0)
    for name in (f"{DAY}.md", f"{DAY}.json", f"{DAY}.html", "demo/feed.xml"):
        assert demo.made[1][name] == demo.made[0][name]


def test_the_sample_has_the_fields_variety(demo: Demo) -> None:
    """Formulas, accents, an old-style id, a cross-list and a long list of authors."""
    papers = [entry["paper"] for entry in json.loads(demo.made[0][f"{DAY}.json"])["entries"]]
    assert any("$" in paper["abstract"] for paper in papers)
    assert any("/" in paper["id"] for paper in papers)
    assert any(not name.isascii() for paper in papers for name in paper["authors"])
    assert any(len(paper["categories"]) > 1 for paper in papers)
    assert max(len(paper["authors"]) for paper in papers) >= 15


def test_a_demonstration_never_answers_a_real_run(cli: Program) -> None:
    """Its replies are recorded as replay, and a real run offline does not find them."""
    assert cli("demo", "-q").code == 0
    sample = CHECKOUT / "pipeline" / "sample" / "papers.atom.xml"
    ran = cli("run", "--input", sample, "--offline", "--json")
    assert (ran.code, json.loads(ran.stdout)["cached"]) == (1, 0)


def test_the_demonstration_needs_no_setting_to_be_good(cli: Program) -> None:
    """A key and an address in the environment change nothing and are not used."""
    ran = cli("demo", "--json", OPENAI_API_KEY="sk-none", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert (ran.code, json.loads(ran.stdout)["model"]) == (0, "replay")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_carries_prompts_templates_and_the_sample(wheel: Path) -> None:
    """And nothing of the tests; its command is arxiv-digest."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry_points,) = (archive.read(name) for name in names if name.endswith("entry_points.txt"))
    wanted = [
        *("_prompts/digest/1.md", "_prompts/released.json", "assemble/templates/digest.md.j2"),
        *(f"assemble/templates/{name}" for name in ("page.html.j2", "paper.html.j2", "page.css", "page.js")),
        *("sample/papers.atom.xml", "sample/replies.jsonl"),
    ]
    assert [name for name in wanted if f"pipeline/{name}" not in names] == []
    assert not [name for name in names if name.startswith(("tests/", "cache/", "outputs/"))]
    assert b"arxiv-digest = pipeline.cli:main" in entry_points


def test_a_wheel_works_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, it makes the demonstration, and its prompts are its own."""
    unpacked, folder = tmp_path / "unpacked", tmp_path / "empty"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    program = Program(folder)
    # Measured, these runs would count for files that are gone when the figures are added up.
    program.environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(tmp_path), "PYTHONPATH": str(unpacked)}
    (ran,), (listed,) = program.pipe(["demo"]), program.pipe(["prompts", "list"])
    assert (ran.code, listed.code) == (0, 0), ran.stderr
    assert str(unpacked / "pipeline" / "_prompts" / "digest" / "1.md") in listed.stdout
    assert len(shown(program.made()[f"{DAY}.json"])) == 12
