"""``--budget``: a hard cap on what a command may cost."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.openai_endpoint import Call
from tests.servers.openai_options import Options
from tests.servers.openai_papers import Paper

from .program import RECORDS, Program, check_accounts, eastern_day, ids, lines, record, shown

INPUT_USD, OUTPUT_USD = 1e-6, 1e-5
BENCH = 'model = "bench"\n[prices."bench"]\ninput = 1.0\noutput = 10.0\n'
SMALL = 0.06
"""Dollars; one call may cost 0.04 at worst and costs some 0.002."""
SIXTY = ("run", "--input", "sixty.jsonl")
FAULTS = {
    "server_error": 0.1,
    "reset": 0.08,
    "malformed": 0.08,
    "no_usage": 0.05,
    "wrong_language": 0.1,
    "length": 0.05,
}
_REPLIES = {one["id"]: Paper.of(one) for one in RECORDS}


@pytest.fixture
def priced(wired: Program) -> Program:
    """The wired program with sixty papers in a file, and a price for the model ``bench``."""
    wired.write("digest.toml", BENCH)
    wired.write("sixty.jsonl", lines(RECORDS))
    return wired


def billed(log: Iterable[Call]) -> float:
    """Return US dollars for the calls, as the server counts tokens: all that it worked for, answered well or not."""
    total = 0.0
    for call in log:
        if call.status is None or not 400 <= call.status < 500:
            prompt = len(json.dumps(call.request, ensure_ascii=False, separators=(",", ":")).encode()) // 4
            total += prompt * INPUT_USD + (_REPLIES[call.paper].tokens if call.paper else 0) * OUTPUT_USD
    return total


@pytest.mark.parametrize("option", [True, False], ids=["option", "digest.toml"])
def test_a_price_that_is_not_known_is_refused_before_anything_is_sent(
    wired: Program, endpoint: OpenAIServer, option: bool
) -> None:
    """Exit 2, with the two ways on; nothing is asked and nothing written."""
    wired.write("digest.toml", "" if option else "budget = 1\n")
    ran = wired("run", "--input", "two.jsonl", "--model", "nobody/knows", *(["--budget", "1"] if option else []))
    assert (ran.code, ran.stdout, wired.made(), endpoint.log) == (2, "", {}, [])
    host = endpoint.base_url.removeprefix("http://").removesuffix("/v1")
    assert ran.stderr.splitlines() == [
        f"arxiv-digest: --budget: the price of nobody/knows at {host} is not known",
        "  Two ways on:",
        "    give the price in digest.toml, in dollars for a million tokens:",
        '      [prices."nobody/knows"]',
        "      input = 0.25",
        "      output = 2.0",
        "    or run without a budget: no --budget, and no line 'budget' in digest.toml (in the Action: BUDGET = none)",
    ]


def test_the_price_of_a_fallback_must_be_known_too(priced: Program, endpoint: OpenAIServer) -> None:
    """It is spent from the same budget."""
    priced.write("digest.toml", BENCH.replace("[", '[[fallback]]\nmodel = "other"\n[', 1))
    ran = priced(*SIXTY, "--budget", "1")
    assert (ran.code, endpoint.log) == (2, [])
    assert "the price of other at" in ran.stderr


@pytest.mark.parametrize("budget", ["-1", "nan", "much"])
def test_what_is_no_sum_is_refused(priced: Program, endpoint: OpenAIServer, budget: str) -> None:
    """Exit 2, naming the option."""
    ran = priced(*SIXTY, "--budget", budget)
    assert (ran.code, endpoint.log) == (2, [])
    assert "--budget" in ran.stderr


def test_a_small_budget_ends_the_run_with_what_was_paid_for(priced: Program, endpoint: OpenAIServer) -> None:
    """Exit 4; the page, the report and the screen say so, each paper left is named, and the cap was kept."""
    ran = priced(*SIXTY, "--budget", str(SMALL))
    report, day = priced.run_report(), eastern_day()
    made = priced.made()
    assert ran.code == 4
    check_accounts(report, made[f"papers/{day}.json"], ids(RECORDS))
    assert {one["reason"] for one in report["failed"]} == {"budget"}
    assert (report["summarized"], report["complete"]) == (endpoint.stats()["ok"], False)
    assert 0 < report["summarized"] < 60
    page = made[f"papers/{day}.md"].decode()
    assert "预算用完，还没有轮到这篇论文" in page
    assert "预算用完，本次运行到此为止。" in page
    assert "the budget of" not in page
    assert "arxiv-digest: the budget of $0.06 ends here" in ran.stderr
    assert f"{60 - report['summarized']} papers, from " in ran.stderr
    assert report["cost_usd"] == pytest.approx(billed(endpoint.log), rel=0.02)
    assert report["cost_usd"] <= SMALL


def test_a_second_run_goes_on_from_the_cache(priced: Program, endpoint: OpenAIServer) -> None:
    """Nothing that was paid for is asked again; with the whole in the cache even a budget of 0 is enough."""
    assert priced(*SIXTY, "--budget", str(SMALL)).code == 4
    paid = priced.run_report()["summarized"]
    endpoint.reset()
    ran = priced(*SIXTY)
    report = priced.run_report()
    assert (ran.code, report["cached"], report["summarized"]) == (0, paid, 60 - paid)
    assert endpoint.stats()["requests"] == 60 - paid
    endpoint.reset()
    assert (priced(*SIXTY, "--budget", "0").code, endpoint.log) == (0, [])
    assert priced.run_report()["complete"] is True


def test_a_budget_of_nothing_buys_nothing(priced: Program, endpoint: OpenAIServer) -> None:
    """Exit 4 without a request, and without a page where the cache has nothing."""
    ran = priced(*SIXTY, "--budget", "0")
    assert (ran.code, endpoint.log, priced.made()) == (4, [], {})
    assert "the budget of $0 ends here" in ran.stderr


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("budget", [0.1, 0.4])
def test_the_bill_never_passes_the_budget(priced: Program, endpoint: OpenAIServer, seed: int, budget: float) -> None:
    """Whatever goes wrong, and however many calls are in flight: what the server worked for costs no more."""
    endpoint.reset(Options(seed=seed, faults=FAULTS, delay=0.02, sigma=0.5))
    ran = priced(*SIXTY, "--budget", str(budget))
    assert ran.code in {3, 4}
    assert 0 < billed(endpoint.log) <= budget


def test_a_call_in_flight_when_the_budget_ends_is_kept(priced: Program, endpoint: OpenAIServer) -> None:
    """A paper that the rest cannot pay for ends the run, but what has left is paid for, and is awaited."""
    huge = record(999, abstract="We measure widgets, at length. " * 4000)
    priced.write("papers.jsonl", lines([*RECORDS[:2], huge]))
    endpoint.reset(Options(delay=0.8))
    ran = priced("run", "--input", "papers.jsonl", "--budget", "0.1")
    day = eastern_day()
    assert ran.code == 4
    assert sorted(shown(priced.made()[f"papers/{day}.json"])) == ids(RECORDS[:2])


def test_the_stages_keep_a_budget_too(priced: Program, endpoint: OpenAIServer) -> None:
    """``summarize --budget`` ends with 4 and says so in its stream; ``assemble`` writes the page and ends so."""
    stages = priced.pipe(("summarize", "--input", "sixty.jsonl", "--budget", str(SMALL), "-q"), ("assemble",))
    assert [stage.code for stage in stages] == [4, 4]
    report = priced.run_report()
    assert report["summarized"] == endpoint.stats()["ok"] > 0
    assert {one["reason"] for one in report["failed"]} == {"budget"}


def test_an_endpoint_that_takes_no_cap_cannot_keep_a_budget(priced: Program, endpoint: OpenAIServer) -> None:
    """Where neither name of the cap is taken, the worst case has no bound: said at no cost, and next time at once."""
    endpoint.reset(Options(refuse=["max_tokens", "max_completion_tokens"]))
    first = priced(*SIXTY, "--budget", "1")
    assert endpoint.stats()["ok"] == 0
    assert endpoint.stats()["requests"] < 20
    endpoint.reset(Options())
    second = priced("run", "cs.AI", "--budget", "1")
    staged = priced("summarize", "--input", "sixty.jsonl", "--budget", "1")
    for ran in (first, second, staged):
        assert (ran.code, priced.made()) == (2, {})
        assert "does not let the length of a reply be capped, so no budget can be kept" in ran.stderr
        assert "  Leave --budget out, or choose another endpoint." in ran.stderr
    assert (endpoint.log, "fetched" in second.stderr) == ([], False)
    assert priced(*SIXTY, "--limit", "1").code == 0


def test_a_stage_that_finds_out_that_no_budget_can_be_kept_says_so_in_its_stream(
    priced: Program, endpoint: OpenAIServer
) -> None:
    """Its end line and its exit code are those of wrong usage, unless the cache has something to show."""
    assert priced(*SIXTY, "--limit", "1").code == 0
    endpoint.reset(Options(refuse=["max_tokens", "max_completion_tokens"]))
    ran = priced("summarize", "--input", "sixty.jsonl", "--budget", "1", "--refresh")
    assert (ran.code, json.loads(ran.stdout.splitlines()[-1])["end"]["exit"]) == (2, 2)


def test_what_the_cache_has_is_written_where_no_budget_can_be_kept(priced: Program, endpoint: OpenAIServer) -> None:
    """The other papers are named, as where any other answer is final."""
    assert priced(*SIXTY, "--limit", "1").code == 0
    endpoint.reset(Options(refuse=["max_tokens", "max_completion_tokens"]))
    ran = priced(*SIXTY, "--budget", "1")
    assert (ran.code, priced.run_report()["cached"]) == (3, 1)


def test_a_replay_file_needs_no_price(replayed: Program) -> None:
    """It costs nothing, so that any budget is kept."""
    assert replayed("run", "--input", "ten.jsonl", "--budget", "0").code == 0
