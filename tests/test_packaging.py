"""The wheel: what it carries, and that it works where only the wheel is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.prompts import read_lock

CHECKOUT = Path(__file__).resolve().parent.parent
PROMPTS = CHECKOUT / "prompts"


def _run(*command: str | Path, folder: Path, **environment: str) -> str:
    """Return what a command prints; it must end with 0."""
    kept = {"PATH": os.environ.get("PATH", "")}
    ran = subprocess.run(
        command, cwd=folder, env=kept | environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT, folder=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command that pip makes of the wheel, in a virtual environment of its own, as pipx and uv make one.

    The dependencies come from the tests' own environment, so that no network is needed.
    """
    environment = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", environment, folder=environment)
    python = environment / "bin" / "python"
    _run(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel, folder=environment)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    return environment / "bin" / "arxiv-digest"


def test_a_wheel_carries_prompts_templates_and_the_sample(wheel: Path) -> None:
    """And nothing of the tests, nor what runs have made."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = [
        *(f"_prompts/digest/{path.name}" for path in PROMPTS.glob("digest/*.md")),
        *("_prompts/released.json", "_prompts/glossary.csv", "assemble/templates/digest.md.j2"),
        *(f"assemble/templates/{name}" for name in ("page.html.j2", "paper.html.j2", "page.css", "page.js")),
        *("sample/papers.atom.xml", "sample/replies.jsonl"),
        *("compare/sample/papers.jsonl", "compare/templates/compare.html.j2", "compare/templates/judge.js"),
    ]
    assert [name for name in wanted if f"pipeline/{name}" not in names] == []
    assert not [name for name in names if name.startswith(("tests/", "cache/", "outputs/"))]


def test_an_installed_wheel_makes_the_demonstration_in_an_empty_folder(program: Path, tmp_path: Path) -> None:
    """No checkout and no settings are needed."""
    (report,) = _run(program, "demo", "--json", folder=tmp_path).splitlines()
    assert json.loads(report)["summarized"] == 12
    assert (tmp_path / "outputs" / "demo" / "2026-11-23.html").is_file()


def test_a_source_distribution_carries_the_glossary(tmp_path: Path) -> None:
    """With the prompts, from where the wheel takes it."""
    _run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, CHECKOUT, folder=tmp_path)
    (built,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        assert [name for name in archive.getnames() if name.endswith("/prompts/glossary.csv")] != []


def test_an_installed_wheel_has_prompts_of_its_own(program: Path, tmp_path: Path) -> None:
    """They come from the package, and a new version of them goes into the folder at hand."""
    listed = _run(program, "prompts", "list", folder=tmp_path).splitlines()
    assert dict(line.split()[:2] for line in listed) == dict.fromkeys(read_lock(PROMPTS), "released")
    assert [line for line in listed if str(program.parent.parent) not in line] == []
    assert str(program.parent.parent) in _run(program, "prompts", "terms", folder=tmp_path)
    _run(program, "prompts", "new", "digest", folder=tmp_path)
    newest = max(int(path.stem) for path in PROMPTS.glob("digest/*.md"))
    assert (tmp_path / "prompts" / "digest" / f"{newest + 1}.md").is_file()
