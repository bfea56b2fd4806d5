"""What is kept when a run is stopped by a hand, by a signal, or by nothing that can be caught."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .program import GRACE_S, RECORDS, Program, ids, lines, settled_before, shown, wait_until

STEADY = Options(delay=0.15)
"""With four calls at once, sixty papers take more than two seconds."""


@pytest.fixture
def steady(wired: Program, endpoint: OpenAIServer) -> Program:
    """The program with sixty papers in a file and a model that takes its time."""
    endpoint.reset(STEADY)
    wired.write("all.jsonl", lines(RECORDS))
    return wired


ALL = ("run", "--input", "all.jsonl", "--concurrency", "4")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_keeps_what_was_paid_for_and_says_how_to_go_on(
    steady: Program, endpoint: OpenAIServer, number: signal.Signals
) -> None:
    """Exit 130, the count of kept replies is true, and the same command asks for the others only."""
    with steady.start(*ALL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: endpoint.stats()["ok"] >= 12, process, what="twelve replies")
        time.sleep(GRACE_S)
        process.send_signal(number)
        stdout, stderr = (said.decode() for said in process.communicate(timeout=30))
    assert (process.returncode, stdout, steady.made()) == (130, "", {})
    assert re.search(r"interrupted; \d+ calls? (was|were) in flight and will be asked again", stderr)
    assert "run the same command again to go on" in stderr
    assert "Traceback" not in stderr
    (kept,) = re.findall(r"(\d+) replies are kept in cache/digest\.db", stderr)
    assert int(kept) >= 12
    endpoint.reset()
    ran = steady(*ALL, "--json")
    report = json.loads(ran.stdout)
    assert (ran.code, report["cached"], report["requests"]) == (0, int(kept), len(RECORDS) - int(kept))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("replies", [5, 13, 22])
def test_what_is_said_to_be_lost_covers_every_request_without_a_kept_reply(
    steady: Program, endpoint: OpenAIServer, number: signal.Signals, replies: int
) -> None:
    """Whenever a run is interrupted, the requests that the server got are replies kept or calls said to be lost."""
    with steady.start(*ALL, stderr=subprocess.PIPE) as process:
        wait_until(lambda: endpoint.stats()["ok"] >= replies, process, what=f"{replies} replies")
        process.send_signal(number)
        stderr = process.communicate(timeout=30)[1].decode()
    (kept,) = re.findall(r"(\d+) (?:replies are|reply is) kept", stderr)
    lost = re.findall(r"(\d+) calls? (?:was|were) in flight", stderr) or ["0"]
    assert endpoint.stats()["requests"] - int(kept) <= int(lost[0]) <= 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_has_no_event_loop_is_interrupted_as_well(cli: Program, number: signal.Signals) -> None:
    """Exit 130 and no traceback, while ``fetch`` waits for the next line of its input."""
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with cli.start("fetch", "--input", "-", **streams) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(lines(RECORDS[:2]).encode())
        process.stdin.flush()
        assert RECORDS[0]["id"] in process.stdout.readline().decode()
        process.send_signal(number)
        said = process.communicate(timeout=30)[1].decode()
    assert (process.returncode, "Traceback" in said) == (130, False)


def test_an_interrupted_summarize_says_the_same(steady: Program, endpoint: OpenAIServer) -> None:
    """Exit 130; what it had written to standard output is whole lines without the last one."""
    command = ("summarize", "--input", "all.jsonl", "--concurrency", "4")
    with steady.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: endpoint.stats()["ok"] >= 8, process, what="eight replies")
        process.send_signal(signal.SIGINT)
        stdout, stderr = (said.decode() for said in process.communicate(timeout=30))
    assert process.returncode == 130
    assert "run the same command again to go on" in stderr
    assert all("summary" in json.loads(line) for line in stdout.splitlines())


def test_a_killed_run_has_lost_only_the_calls_in_flight(steady: Program, endpoint: OpenAIServer) -> None:
    """After kill -9 no paper is asked again whose reply had been sent half a second before; the digest gets whole."""
    with steady.unmeasured().start(*ALL) as process:
        wait_until(lambda: endpoint.stats()["ok"] >= 36, process, what="thirty-six replies")
        process.kill()
        killed = time.time()
    time.sleep(0.3)
    calls = [call.to_dict(messages=False) for call in endpoint.log]
    safe = settled_before(calls, killed)
    assert safe, "the run was too quick to be killed halfway"
    assert steady.made() == {}
    endpoint.reset()
    ran = steady(*ALL, "--json")
    asked = {call.paper for call in endpoint.log}
    assert (ran.code, safe & asked) == (0, set())
    (digest,) = (text for name, text in steady.made().items() if name.endswith(".json") and ".run." not in name)
    assert sorted(shown(digest)) == ids(RECORDS)


def test_an_interrupt_between_nothing_and_nothing_is_130_too(steady: Program, endpoint: OpenAIServer) -> None:
    """Before any reply came there is nothing to keep, and no traceback."""
    endpoint.reset(Options(delay=30))
    with steady.start(*ALL, stderr=subprocess.PIPE) as process:
        wait_until(lambda: endpoint.stats()["requests"] >= 1, process, what="a request")
        process.send_signal(signal.SIGINT)
        stderr = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 130
    assert "0 replies are kept" in stderr
    assert "Traceback" not in stderr
