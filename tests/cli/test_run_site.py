"""``run --site``: the site is built after the digest."""

from __future__ import annotations

from pathlib import Path

from pipeline.records import RunReport

from .program import Program

SAMPLE = Path(__file__).resolve().parents[2] / "pipeline" / "sample"
RUN = ("run", "--input", SAMPLE / "papers.atom.xml", "--base-url", f"replay:{SAMPLE / 'replies.jsonl'}", "--site")


def test_a_run_builds_the_site(cli: Program) -> None:
    """With the digest that it made; what it says of it does not mix with the report on standard output."""
    ran = cli(*RUN, "--json")
    assert ran.code == 0
    assert RunReport.model_validate_json(ran.stdout).papers == 12
    assert "site: 1 digests, 1 days, 12 papers" in ran.stderr
    assert len([place for place in cli.made("outputs/site") if place.startswith("_papers/")]) == 12


def test_a_run_that_wrote_nothing_builds_no_site(cli: Program) -> None:
    """Nothing announced is nothing to build."""
    assert cli("run", "cs.CL", "--date", "2024-04-06", "--offline", "--site").code == 5
    assert not (cli.folder / "outputs" / "site").exists()


def test_a_site_that_cannot_be_written_is_said_before_anything_is_spent(cli: Program) -> None:
    """No digest is made then."""
    (cli.folder / "outputs").mkdir()
    (cli.folder / "outputs" / "site").write_text("")
    ran = cli(*RUN)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("arxiv-digest: outputs/site: cannot be written: File exists\n")
    assert cli.made() == {"site": b""}


def test_a_run_without_data_can_build_no_site(cli: Program) -> None:
    """It says so before anything is done."""
    ran = cli(*RUN, "--format", "md,html")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--site: the site is built from the json files" in ran.stderr
    assert not (cli.folder / "outputs").exists()
