"""What a run says of a model that ends, and what it refuses in the environment before it spends anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import Program, lines, record

TEN = ("run", "--input", "ten.jsonl", "--model", "m")
SECRET = "sk-test-4f1d0c7b9e2a8635secret"


def in_days(days: int) -> str:
    """Return the date so many days from today."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def test_a_run_warns_once_of_a_model_that_ends_soon(wired: Program, endpoint: OpenAIServer) -> None:
    """At its end, with the day; the next run says it without asking again, and one from the cache asks nothing."""
    endpoint.reset(Options(shutdown=in_days(20)))
    for lookups, requests in ((1, 10), (1, 10)):
        ran = wired(*TEN)
        assert ran.code == 0
        assert ran.stderr.count(f"warning: m will be shut down on {in_days(20)}: before then, name another model") == 1
        assert (len(endpoint.lookups), len(endpoint.log)) == (lookups, requests)


@pytest.mark.parametrize("shutdown", [None, "2999-01-01", "soon"])
def test_a_run_says_nothing_of_a_model_that_goes_on(
    wired: Program, endpoint: OpenAIServer, shutdown: str | None
) -> None:
    """Nor of an endpoint that does not tell; it is asked once a day all the same."""
    endpoint.reset(Options(shutdown=shutdown))
    ran = wired(*TEN)
    assert (ran.code, "shut down" in ran.stderr, len(endpoint.lookups)) == (0, False, 1)
    wired.write("one.jsonl", lines([record(11)]))
    assert wired("run", "--input", "one.jsonl", "--model", "m").code == 0
    assert (len(endpoint.lookups), len(endpoint.log)) == (1, 11)


def test_a_refused_key_costs_one_request_and_no_look_up(wired: Program, endpoint: OpenAIServer) -> None:
    """What cannot answer is not asked for its end."""
    endpoint.reset(Options(key="sk-right", shutdown=in_days(20)))
    assert wired(*TEN).code == 1
    assert (len(endpoint.log), endpoint.lookups) == (1, [])


def test_a_model_that_was_shut_down_is_named_before_anything_is_spent(wired: Program) -> None:
    """With its successor; the run goes on, since a gateway may have the name of another model."""
    away = {
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "DEEPSEEK_API_KEY": SECRET,
        "OPENAI_BASE_URL": "https://api.deepseek.com",
    }
    ran = wired("run", "--input", "two.jsonl", "--model", "deepseek-chat", **away)
    first = ran.stderr.splitlines()[0]
    assert first.startswith("arxiv-digest: warning: deepseek-chat was shut down on 2026-07-24: ")
    assert "deepseek-flash" in first
    assert ran.stderr.count("was shut down") == 1


@pytest.mark.parametrize("key", [SECRET + "\n", "\t" + SECRET, SECRET + "…"])
def test_a_key_that_no_request_can_carry_is_refused_by_name(wired: Program, endpoint: OpenAIServer, key: str) -> None:
    """Exit 2, before anything is fetched or asked; the key is not shown."""
    ran = wired(*TEN, OPENAI_API_KEY=key)
    assert (ran.code, endpoint.log, wired.made()) == (2, [], {})
    assert ran.stderr.startswith("arxiv-digest: OPENAI_API_KEY cannot be sent: ")
    assert SECRET not in ran.stdout + ran.stderr


def test_the_key_of_a_service_is_refused_by_its_own_name(wired: Program) -> None:
    """That of another service, which is not asked, does not matter; nor does any where nothing is asked."""
    ran = wired(*TEN, OPENAI_BASE_URL="https://api.deepseek.com", DEEPSEEK_API_KEY=SECRET + "\n")
    assert (ran.code, ran.stderr.split()[1]) == (2, "DEEPSEEK_API_KEY")
    assert wired(*TEN, DEEPSEEK_API_KEY=SECRET + "\n").code == 0
    assert wired("demo", OPENAI_API_KEY=SECRET + "\n").code == 0
    assert wired(*TEN, "--offline", OPENAI_API_KEY=SECRET + "\n").code == 0


@pytest.mark.parametrize(
    "proxy", ["http://[", "::garbage::", "http://host:port", "http://host:99999", "ho st:1", "http://"]
)
@pytest.mark.parametrize("command", [TEN, ("fetch", "cs.AI"), ("estimate", "cs.AI")], ids=["run", "fetch", "estimate"])
def test_a_proxy_that_is_none_is_refused_by_name(
    wired: Program, endpoint: OpenAIServer, proxy: str, command: tuple[str, ...]
) -> None:
    """Exit 2, one error that names the variable, and nothing is asked."""
    ran = wired(*command, HTTP_PROXY=proxy)
    assert (ran.code, endpoint.log) == (2, [])
    assert "arxiv-digest: HTTP_PROXY does not hold the address of a proxy\n" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("proxy", ["", "127.0.0.1:9", "http://user:pass@127.0.0.1:9", "socks5h://[::1]:1080"])
def test_other_proxies_are_left_to_those_who_use_them(wired: Program, proxy: str) -> None:
    """With or without a scheme, a name and a password; loopback is reached past them."""
    assert wired(*TEN, HTTPS_PROXY=proxy, ALL_PROXY=proxy, NO_PROXY="*").code == 0
