"""``demo``: the embedded sample, from a checkout."""

from __future__ import annotations

import json
from dataclasses import dataclass

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
    assert f"outputs/{DAY}.html" in demo.first.stdout
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


def test_a_fallback_of_digest_toml_is_not_asked(cli: Program) -> None:
    """Nor is a key for it: the sample's replies are all there."""
    cli.write("digest.toml", "[[fallback]]\nmodel = 'm'\nbase_url = 'openai'\n")
    assert cli("demo", "-q").code == 0
