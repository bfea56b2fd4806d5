"""``prompts terms``, and the glossary in what a run asks."""

from __future__ import annotations

from pipeline.glossary import COLUMNS
from tests.servers.openai import OpenAIServer

from .fork_server import CHECKOUT
from .program import Program

HEAD = ",".join(COLUMNS)
SOURCE = (CHECKOUT / "prompts" / "digest" / "1.md").read_text(encoding="utf-8")
WIDGET, SECOND = "widget,部件,systems,,", "Part 2,第二篇,theory,,"


def with_glossary(cli: Program, *rows: str) -> None:
    """Give the folder a glossary of its own, and a prompt that uses it."""
    cli.write("prompts/glossary.csv", "\n".join((HEAD, *rows)))
    cli.write("prompts/mine/1.md", f"{SOURCE}\n术语：{{{{ terms }}}}\n")


def test_without_a_term_the_glossary_is_counted(cli: Program) -> None:
    """That of the package, else the user's own; no cache is made."""
    ran = cli("prompts", "terms")
    with_glossary(cli, WIDGET, SECOND)
    own = cli("prompts", "terms")
    assert (ran.code, own.code) == (0, 0)
    assert ran.stdout.partition(": ")[0].endswith("glossary.csv")
    assert "machine learning " in ran.stdout
    assert own.stdout.endswith("prompts/glossary.csv: 2 terms (systems 1, theory 1)\n")
    assert cli.made("cache") == {}


def test_a_new_term_asks_again_only_for_the_papers_that_have_it(wired: Program, endpoint: OpenAIServer) -> None:
    """Their prompt says it with its rendering; the others keep their replies, and so does a prompt without terms."""
    with_glossary(wired, WIDGET)
    command = ("run", "--input", "two.jsonl", "-q", "--prompt")
    for prompt in ("digest@1", "mine@1"):
        assert wired(*command, prompt).code == 0
    asked = [call.request["messages"][1]["content"] for call in endpoint.log[2:]]
    assert [words.endswith("术语：widget 部件") for words in asked] == [True, True]
    with_glossary(wired, WIDGET, SECOND)
    endpoint.reset()
    for prompt in ("digest@1", "mine@1"):
        assert wired(*command, prompt).code == 0
    (call,) = endpoint.log
    assert call.request["messages"][1]["content"].endswith("术语：widget 部件；Part 2 第二篇")


def test_what_a_change_of_terms_costs_is_said(wired: Program) -> None:
    """Papers of each term, those of all together, and their price; a form of a term is the term."""
    with_glossary(wired, WIDGET, SECOND, "qubit,量子比特,physics,,")
    wired("run", "--input", "ten.jsonl", "--prompt", "mine@1", "-q")
    priced = ("--prompt", "mine@1", "--base-url", "https://api.openai.com/v1", "--model", "gpt-5-mini")
    ran = wired("prompts", "terms", "widgets", "Part 2", "part 2", *priced)
    first, second, price = ran.stdout.splitlines()
    assert (ran.code, ran.stderr) == (0, "")
    assert first == "widget 部件 (systems): in 10 of the last 10 papers"
    assert second == "Part 2 第二篇 (theory): in 1 of the last 10 papers"
    assert price.startswith("10 to ask about again with mine@1: about ")
    assert ", $0.0" in price
    assert wired("prompts", "terms", "Part 2", *priced).stdout.splitlines()[1].startswith("1 to ask about again")
    assert wired("prompts", "terms", "qubit", *priced).stdout.splitlines()[1] == "no paper to ask about again"


def test_a_prompt_without_terms_is_warned_of(cli: Program) -> None:
    """With it nothing is asked again, whatever changes in the glossary."""
    ran = cli("prompts", "terms", "qubit", "--prompt", "digest@1")
    assert ran.code == 0
    assert "digest@1 does not say {{ terms }}" in ran.stderr


def test_unknown_terms_are_all_named(cli: Program) -> None:
    """With those that look like them, before a cache is made."""
    ran = cli("prompts", "terms", "quibit", "qubit", "zzzz")
    assert (ran.code, ran.stdout) == (2, "")
    assert "glossary.csv lacks 'quibit'; did you mean qubit" in ran.stderr
    assert "'zzzz'" in ran.stderr
    assert cli.made("cache") == {}


def test_a_broken_glossary_stops_only_what_uses_it(wired: Program, endpoint: OpenAIServer) -> None:
    """Its line is named before anything is spent; a prompt without terms runs as before."""
    with_glossary(wired, "widget,,systems,,")
    run = ("run", "--input", "two.jsonl", "-q", "--prompt")
    for command in ((*run, "mine@1"), ("prompts", "terms"), ("prompts", "check")):
        ran = wired(*command)
        assert (ran.code, ran.stdout) == (2, "")
        assert "glossary.csv: line 2: 中文 empty: fill the cell, or delete the row" in ran.stderr
    assert endpoint.stats()["requests"] == 0
    assert wired(*run, "digest@1").code == 0
