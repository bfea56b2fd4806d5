"""``doctor``: what is configured, what is reachable, what is missing."""

from __future__ import annotations

from tests.servers.arxiv import ArxivServer
from tests.servers.openai import OpenAIServer

from .program import Program, lines, record

SECRET = "sk-test-4f1d0c7b9e2a8635secret"


def test_all_is_there(wired: Program, endpoint: OpenAIServer, arxiv: ArxivServer) -> None:
    """Exit 0: model, prompt, key, cache, output and both addresses, and the key itself is never told."""
    wired.write("digest.toml", '[digests.daily]\ncategories = ["cs.AI"]\n')
    ran = wired("doctor", OPENAI_API_KEY=SECRET)
    said = {line.split()[0]: line for line in ran.stdout.splitlines()}
    assert (ran.code, ran.stderr, ran.stdout.splitlines()[-1]) == (0, "", "all is there")
    assert endpoint.base_url in said["model"]
    assert "daily" in said["digests"]
    assert "digest@1" in said["prompt"]
    assert said["key"].split() == ["key", "set"]
    assert ran.stdout.count("reachable ") == 2
    assert (len(arxiv.requests), endpoint.stats()["requests"]) == (1, 0)
    assert SECRET not in ran.stdout


def test_what_is_missing_is_named_all_at_once(wired: Program) -> None:
    """Exit 2: a prompt, a folder and two addresses, each with its name."""
    dead = {"ARXIV_DIGEST_ARXIV_API_URL": "http://127.0.0.1:9/api", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ran = wired("doctor", "--prompt", "digest@9", "-o", "two.jsonl/x", **dead)
    missing = [line for line in ran.stdout.splitlines() if line.startswith("missing ")]
    assert (ran.code, ran.stdout.splitlines()[-1], len(missing)) == (2, "4 missing", 4)
    for said in ("digest@9", "two.jsonl", "http://127.0.0.1:9/api", "http://127.0.0.1:9/v1"):
        assert any(said in line for line in missing)


def test_without_a_key_the_three_ways_on_are_named(cli: Program) -> None:
    """Offline nothing is reached for."""
    ran = cli("doctor", "--offline")
    assert ran.code in {0, 2}
    assert "reachable" not in ran.stdout


def test_a_missing_key_is_missing(cli: Program, arxiv: ArxivServer) -> None:
    """For OpenAI's own address, which is not even asked when there is no network."""
    environment = {"ARXIV_DIGEST_ARXIV_API_URL": arxiv.api_url, "HTTPS_PROXY": "http://127.0.0.1:9"}
    ran = cli("doctor", **environment)
    assert ran.code == 2
    for way in ("OPENAI_API_KEY", "--base-url", "arxiv-digest demo"):
        assert way in ran.stdout


def test_a_key_that_is_withheld_is_said_to_be(cli: Program, endpoint: OpenAIServer) -> None:
    """digest.toml alone names the address."""
    cli.write("digest.toml", f'base_url = "{endpoint.base_url}"\n')
    ran = cli("doctor", "--offline", OPENAI_API_KEY=SECRET)
    assert ran.code == 0
    assert "not sent" in ran.stdout
    assert SECRET not in ran.stdout


def test_a_replay_needs_neither_key_nor_network(cli: Program) -> None:
    """Its file is all that it needs."""
    cli.write("replies.jsonl", lines([record(1)]))
    ran = cli("doctor", "--offline", "--base-url", "replay:replies.jsonl")
    missing = cli("doctor", "--offline", "--base-url", "replay:no.jsonl")
    assert (ran.code, missing.code) == (0, 2)
    assert "no.jsonl" in missing.stdout + missing.stderr
