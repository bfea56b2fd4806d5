"""``digest.toml`` of the repository: what a run makes where nobody has changed anything."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.settings import load
from tests.cli.fork_server import CHECKOUT

FILE = CHECKOUT / "digest.toml"
MORE = {"cs.AI", "cs.CV", "cs.IR", "cs.LG", "cs.SE", "econ", "q-fin", "stat.ML"}


def test_a_run_without_changes_makes_one_digest_within_a_budget() -> None:
    """So that a first run is not a big bill."""
    settings = load(FILE, {}, {})
    assert (list(settings.digests), settings.budget) == (["cs.CL"], 2.0)


def test_more_digests_are_there_to_be_taken(tmp_path: Path) -> None:
    """Without the sign before their lines they are sections."""
    taken = re.sub(r"^# (?=\[digests|categories)", "", FILE.read_text("utf-8"), flags=re.MULTILINE)
    config = tmp_path / "digest.toml"
    config.write_text(taken, "utf-8")
    digests = load(config, {}, {}).digests
    assert digests.keys() == {"cs.CL"} | MORE
    assert all(section.categories == (name,) for name, section in digests.items())
