"""The OpenAI client over real HTTP: what it sends, what it takes, what it tries again and what it gives up."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from pipeline.errors import CallError, FatalModelError
from pipeline.model import announcer, transport
from pipeline.model.client import OpenAIModel
from pipeline.model.connection import Endpoint
from pipeline.model.interface import Ask, Reply
from pipeline.model.limiter import Patience
from pipeline.model.limiter.limiter import Limiter
from pipeline.records import Account
from tests.model.loopback import (
    ASK,
    KEY,
    NO_THINKING,
    OK,
    QUICK,
    TEXT,
    USED,
    KnownEndpoint,
    answer,
    connected,
    failure,
    fatal,
    flat,
    saying,
    terms_of,
)
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Item, Options
from tests.servers.openai_sample import WIDGETS

WARM = Ask("2404.02059", ASK.messages, ASK.schema, temperature=0.3)


async def test_an_answer_and_what_it_cost(server: OpenAIServer) -> None:
    """Words, reason of the end and tokens come back, with an account of the request."""
    server.reset(Options(script=[answer(200, saying(TEXT))]))
    async with connected(server.base_url) as model:
        account = Account(requests=1, tokens=USED, cost_usd=None)
        assert await model.ask(ASK) == Reply(TEXT, "stop", USED, account)
        assert model.endpoint == server.base_url.split("/")[2]


async def test_what_is_sent(server: OpenAIServer) -> None:
    """Model, messages, schema, temperature the cap on the reply, and the switch that stops thinking."""
    async with connected(server.base_url) as model:
        await model.ask(WARM)
    shape = {"name": "summary", "strict": True, "schema": {"type": "object"}}
    assert [call.request for call in server.log] == [
        {
            "model": "some-model",
            "messages": [{"role": "system", "content": "Answer in json."}, {"role": "user", "content": WIDGETS}],
            "temperature": 0.3,
            "max_tokens": ASK.most_tokens,
            "response_format": {"type": "json_schema", "json_schema": shape},
            **NO_THINKING,
        }
    ]


@pytest.mark.parametrize(("key", "seen"), [(KEY, KEY[-4:]), (None, None), ("", None)])
async def test_a_key_is_sent_where_there_is_one(server: OpenAIServer, key: str | None, seen: str | None) -> None:
    """Without a key there is no Authorization at all, whatever the environment holds."""
    async with connected(server.base_url, key=key) as model:
        await model.ask(ASK)
    assert [call.authorization for call in server.log] == [seen]


async def test_the_environments_key_is_not_sent(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reads no key by itself."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with connected(server.base_url) as model:
        await model.ask(ASK)
    assert [call.authorization for call in server.log] == [None]


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://api.openai.com/v1", "api.openai.com"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000"),
        ("https://user:secret@example.org/v1", "example.org"),
    ],
)
def test_the_host_of_an_endpoint(base_url: str, host: str) -> None:
    """Never what stands before an ``@``."""
    assert Endpoint(base_url, None).host == host


PASSING: dict[str, Item] = {
    "a server error": {"fault": "server_error"},
    "a reset connection": {"fault": "reset"},
    "half an answer": {"fault": "malformed"},
    "a page of a proxy": {"fault": "html"},
    "no choices": {"fault": "no_choices"},
    "no resources": {"fault": "finish", "reason": "insufficient_system_resource"},
    "an error inside a 200": {"fault": "error_in_200"},
    "an error without a status inside a 200": answer(200, {"error": "upstream"}),
    "a limit inside a 200": answer(200, {"error": {"code": 429, "message": "slow down"}}),
    "null": answer(200, "null"),
    "a list": answer(200, []),
    "a number": answer(200, 7),
    "nothing": answer(200, ""),
    "choices that are text": answer(200, {"choices": "none"}),
    "an empty list of choices": answer(200, {"choices": []}),
    "a choice without message": answer(200, {"choices": [{"finish_reason": "stop"}]}),
    "a message that is text": answer(200, {"choices": [{"message": "hi"}]}),
    "bytes that are no text": answer(200, "\udcff".encode("utf-8", "surrogatepass").decode("latin-1")),
    "a bad gateway": answer(502, "<p>Bad Gateway</p>"),
    "a time-out of its own": answer(408),
    "a conflict": answer(409),
    "overload": answer(503),
    "a rate limit": answer(429, retry_after_ms="1"),
    "a rate limit without a word": answer(429, ""),
}


@pytest.mark.parametrize("item", PASSING.values(), ids=PASSING)
async def test_what_passes_is_tried_again(server: OpenAIServer, item: Item) -> None:
    """One answer that is no completion costs one request more, not the paper."""
    server.reset(Options(script=[item, answer(200, saying(TEXT))]))
    async with connected(server.base_url) as model:
        reply = await model.ask(ASK)
        assert (reply.text, reply.finish, reply.usage, reply.account.requests) == (TEXT, "stop", USED, 2)
    assert len(server.log) == 2


@asynccontextmanager
async def raw(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve bytes as they are, one connection each, the last one again and again; give the base URL."""
    left = list(answers)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    async with listening:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"


def http(body: bytes, *more: str, status: int = 200, length: int | None = None) -> bytes:
    """Return an HTTP answer, whose length may be a lie."""
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", "Connection: close", *more]
    return "\r\n".join([*lines, f"Content-Length: {len(body) if length is None else length}", "", ""]).encode() + body


GOOD = http(json.dumps(saying(TEXT)).encode())
MISBEHAVIOUR = {
    "closes without a word": b"",
    "speaks another protocol": b"220 mail.example.org ESMTP\r\n",
    "cuts its headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "cuts its body": http(b'{"choices"', length=4000),
    "lies about a compression": http(b"not compressed", "Content-Encoding: gzip"),
    "cuts a compressed body": http(gzip.compress(GOOD * 9)[:40], "Content-Encoding: gzip"),
    "breaks its chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    "sends a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    "nests without end": http(b'{"choices":' + b"[" * 20_000),
    "counts in words": http(json.dumps(saying(TEXT, usage={"prompt_tokens": "many"})).encode()),
}


@pytest.mark.parametrize("bad", MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
async def test_a_peer_that_misbehaves_once_is_asked_again(bad: bytes) -> None:
    """Whatever bytes come back, the next answer is read as if nothing had been."""
    async with raw(bad, GOOD) as url, connected(url) as model:
        reply = await model.ask(ASK)
        assert (reply.text, reply.finish) == (TEXT, "stop")


@pytest.mark.parametrize("bad", MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
async def test_a_peer_that_always_misbehaves_is_an_error_of_ours(bad: bytes) -> None:
    """Nothing foreign gets out: it has answered nobody yet, which ends the run, and the message names the host."""
    async with raw(bad) as url, connected(url) as model:
        if b"many" in bad:
            assert (await model.ask(ASK)).text == TEXT
            return
        error = await fatal(model)
        assert (model.endpoint in error.message, "--base-url" in error.hint) == (True, True)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_named_and_not_followed(status: int) -> None:
    """Neither the papers nor the key go to an address that nobody gave; one request, and the error says where to."""
    async with raw(http(b"", "Location: https://elsewhere.invalid/v1", status=status)) as url, connected(url) as model:
        error = await fatal(model)
    assert error.message == f"{model.endpoint} answered {status}: moved to https://elsewhere.invalid/v1"
    assert ("--base-url" in error.hint, error.account.requests) == (True, 1)


ENDLESS = {
    "a large answer": http(b" " * (transport.LARGEST + 1)),
    "an answer that unpacks to a gigabyte": http(gzip.compress(b" " * 2**30, 1), "Content-Encoding: gzip"),
    "a large error": http(b" " * (transport.LARGEST + 1), status=500),
}


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
async def test_no_more_is_read_than_an_answer_may_have(endless: bytes) -> None:
    """Some megabytes, unpacked; twice the same from an endpoint that has answered nobody is enough."""
    async with raw(endless) as url, connected(url) as model:
        error = await fatal(model)
    assert "more than 4 MB" in error.message
    assert error.account.requests == 2


async def test_nonsense_is_not_asked_for_a_third_time(server: OpenAIServer) -> None:
    """Of an endpoint that has answered nobody: what answered no completion twice will not do so five times."""
    server.reset(Options(script=[{"fault": "html"}] * 9))
    async with connected(server.base_url) as model:
        await fatal(model)
    assert len(server.log) == 2


@pytest.mark.parametrize("status", [402, 403, 404])
async def test_a_final_answer_to_one_paper_after_replies_is_that_papers(server: OpenAIServer, status: int) -> None:
    """A gateway may refuse a single paper so; several different papers in a row end the run."""
    server.reset(Options(script=[OK, answer(status), OK, *[answer(status)] * 9]))
    async with connected(server.base_url) as model:
        await model.ask(ASK)
        assert (await failure(model)).reason == "rejected"
        await model.ask(ASK)
        papers = [replace(ASK, paper_id=f"2404.{number:05}") for number in range(5)]
        for paper in papers[:-1]:
            assert (await failure(model, paper)).reason == "rejected"
        with pytest.raises(FatalModelError):
            await model.ask(papers[-1])


async def test_the_same_refusal_of_three_papers_is_the_runs_where_nobody_was_answered(server: OpenAIServer) -> None:
    """Whatever its words are: a context too small for any, a model that a gateway lacks."""
    refused = answer(400, {"error": {"code": "context_length_exceeded", "message": "the context is too small: 7"}})
    server.reset(Options(script=[refused] * 9))
    async with connected(server.base_url) as model:
        for number in range(2):
            await failure(model, replace(ASK, paper_id=f"2404.{number:05}"))
        with pytest.raises(FatalModelError):
            await model.ask(replace(ASK, paper_id="2404.00009"))
    assert len(server.log) == 3


async def test_a_paper_that_is_always_refused_while_others_are_answered_is_given_up(server: OpenAIServer) -> None:
    """It is refused for itself then, not for load: nobody waits ten minutes for it."""
    busy = answer(503, {"error": {"message": "Busy."}})
    server.reset(Options(script=[busy, OK, OK, OK, *[busy] * 30]))
    async with connected(server.base_url, width=1) as model:
        first = asyncio.create_task(failure(model))
        await asyncio.sleep(0)
        await asyncio.gather(*(model.ask(ASK) for _ in range(3)))
        error = await first
    assert (error.reason, error.account.requests) == ("unavailable", 1 + QUICK.refusals)


@pytest.mark.parametrize("fault", [{"fault": "drip", "interval": 0.02}, {"fault": "silence"}], ids=["drip", "silence"])
async def test_an_answer_that_never_ends_is_given_up(server: OpenAIServer, fault: Item) -> None:
    """The deadline is for the whole answer, not for each byte of it."""
    server.reset(Options(script=[{"fault": "ok"}, *[fault] * 9]))
    began = time.monotonic()
    async with connected(server.base_url, terms=terms_of(patience=Patience(call=0.4, tries=2, backoff=0.001))) as model:
        await model.ask(ASK)
        error = await failure(model)
        assert (error.reason, error.account.requests) == ("timeout", 2)
    assert model.endpoint in error.message
    assert time.monotonic() - began < 10


async def test_an_endpoint_that_never_answers_stops_the_run(server: OpenAIServer) -> None:
    """Where no call was ever answered, the first deadline is final, and the message says how to wait longer."""
    server.reset(Options(script=[{"fault": "silence"}] * 9))
    async with connected(server.base_url, terms=terms_of(patience=Patience(call=0.3))) as model:
        with pytest.raises(FatalModelError, match=r"gave no whole answer within 0\.3 s") as caught:
            await model.ask(ASK)
        assert ("deadline" in caught.value.hint, caught.value.account.requests) == (True, 1)


async def test_tries_are_bounded(server: OpenAIServer) -> None:
    """Faults that pass are tried as often as was said, and the last one is named."""
    server.reset(Options(script=[{"fault": "ok"}, *[{"fault": "server_error"}] * 9]))
    async with connected(server.base_url, terms=terms_of(patience=Patience(tries=3, backoff=0.001))) as model:
        await model.ask(ASK)
        error = await failure(model)
        assert (error.reason, error.account.requests) == ("unavailable", 3)
    assert error.message == f"{model.endpoint} answered 500 server_error: The server had an error"


async def test_refusals_for_load_are_no_tries(server: OpenAIServer) -> None:
    """An endpoint that is full is waited for, and the paper keeps its tries."""
    server.reset(Options(script=[answer(429, retry_after_ms="1")] * 6))
    async with connected(server.base_url, terms=terms_of(patience=Patience(tries=2, backoff=0.001))) as model:
        assert (await model.ask(ASK)).account.requests == 7


async def test_refusals_for_load_end_with_the_papers_time(server: OpenAIServer) -> None:
    """An endpoint that refuses for ever is given up."""
    server.reset(Options(script=[OK, *[answer(429)] * 300]))
    async with connected(server.base_url, terms=terms_of(patience=Patience(paper=0.3, backoff=0.001))) as model:
        await model.ask(ASK)
        assert (await failure(model)).reason == "rate_limited"


async def test_waiting_for_ones_turn_is_no_try(server: OpenAIServer) -> None:
    """A paper that stood long in the queue has its whole time for trying when its turn comes."""
    server.reset(Options(script=[{"fault": "server_error"}]))
    limiter = Limiter(1, clock=time.monotonic, spread=lambda: 0.0)
    patience = Patience(call=20, paper=1.5, backoff=0.001, longest_backoff=0.01)
    model = OpenAIModel("m", Endpoint(server.base_url, None), limiter, terms_of(patience=patience))
    try:
        async with limiter.slot():
            asked = asyncio.create_task(model.ask(ASK))
            await asyncio.sleep(1.7)
        assert (await asked).text == TEXT
    finally:
        await model.close()


RETRY_AFTER: dict[str, tuple[float, Callable[[float], dict[str, str]]]] = {
    "milliseconds": (0.4, lambda _: {"retry_after_ms": "400"}),
    "seconds": (1.0, lambda _: {"Retry_After": "1"}),
    "a duration": (0.4, lambda _: {"X_RateLimit_Reset_Requests": "400ms"}),
    "a moment": (
        0.5,
        lambda now: {
            "X_RateLimit_Reset": f"{int(now) * 1000 + 500}",
            "X_RateLimit_Remaining": "0",
            "Date": formatdate(int(now), usegmt=True),
        },
    ),
    "date": (1.0, lambda now: {"Retry_After": formatdate(now + 1, usegmt=True), "Date": formatdate(now, usegmt=True)}),
}


@pytest.mark.parametrize("form", RETRY_AFTER)
async def test_the_whole_pool_sleeps_what_one_refusal_said(server: OpenAIServer, form: str) -> None:
    """After a 429 no call leaves, neither the refused one nor those behind it, until the time is over."""
    seconds, headers = RETRY_AFTER[form]
    server.reset(Options(script=[OK, answer(429, **headers(time.time()))]))
    async with connected(server.base_url, width=1) as model:
        await asyncio.gather(*(model.ask(ASK) for _ in range(6)))
    refused = server.log[1]
    assert refused.sent is not None
    assert [call.status for call in server.log] == [200, 429, *[200] * 5]
    assert min(call.arrived for call in server.log[2:]) - refused.sent >= seconds - 0.02


async def test_the_whole_pool_waits_for_a_limit_of_which_nothing_is_left(server: OpenAIServer) -> None:
    """A good answer says so, and no call leaves before the limit is renewed: none is refused."""
    spent = answer(200, saying(TEXT), x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="0m0.5s")
    server.reset(Options(script=[spent]))
    async with connected(server.base_url) as model:
        await asyncio.gather(*(model.ask(ASK) for _ in range(4)))
    first = server.log[0].sent
    assert first is not None
    assert min(call.arrived for call in server.log[1:]) - first >= 0.48


LONG = {
    "Retry-After": ({"Retry_After": "3600"}, "1 h"),
    "a limit of the day": ({"X_RateLimit_Reset": "26h40m0s", "X_RateLimit_Remaining": "0"}, "26 h 40 min"),
    "a little longer than the patience": ({"Retry_After": "61"}, "61 s"),
}


@pytest.mark.parametrize(("headers", "words"), LONG.values(), ids=LONG)
async def test_a_pause_beyond_all_patience_ends_the_run(
    server: OpenAIServer, headers: dict[str, str], words: str
) -> None:
    """One refusal, and the message says when to come again; nobody waits for hours in silence."""
    server.reset(Options(script=[OK, answer(429, **headers)]))
    async with connected(server.base_url, terms=terms_of(patience=Patience(paper=60.0))) as model:
        await model.ask(ASK)
        error = await fatal(model)
    assert (error.message, len(server.log)) == (f"{model.endpoint} asks to wait {words}", 2)
    assert "same command again" in error.hint


async def test_a_long_pause_is_said_once(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody takes it for a standstill; short ones, and those that are hardly longer, are not."""
    monkeypatch.setattr(announcer, "LONG_PAUSE_S", 0.2)
    waits = ("10", "300", "310", "590", "650")
    server.reset(Options(script=[OK, *(answer(429, retry_after_ms=wait) for wait in waits)]))
    said: list[str] = []
    async with connected(server.base_url, width=1, terms=terms_of(patience=QUICK, warn=said.append)) as model:
        for _ in range(2):
            await model.ask(ASK)
    assert said == [f"{model.endpoint} asks to wait 1 s; all calls do"] * 2
    assert len(server.log) == 7


FATAL: dict[str, tuple[Item, str]] = {
    "a refused key": (answer(401, {"error": {"code": "invalid_api_key", "message": "Incorrect key."}}), "key"),
    "an empty balance": (answer(402, {"error": {"message": "Insufficient Balance"}}), "account"),
    "a forbidden model": (answer(403, {"error": {"message": "No access."}}), "may use"),
    "no such model": (answer(404, {"error": {"code": "model_not_found", "message": "None."}}), "--model"),
    "no such path": (answer(404, "<html>Not Found</html>"), "--base-url"),
    "a used up quota": (answer(429, {"error": {"code": "insufficient_quota", "message": "Quota."}}), "account"),
    "a quota of Moonshot's": (answer(429, {"error": {"type": "exceeded_current_quota_error"}}), "Top up"),
    "an empty balance of Zhipu's": (answer(429, {"error": {"code": 1113, "message": "账户已欠费"}}), "Top up"),
    "a week's limit of Zhipu's": (answer(429, {"error": {"code": "1310", "message": "每周"}}), "renewed"),
    "an empty balance inside a 200": (answer(200, {"error": {"code": "402", "message": "Credits."}}), "Top up"),
    "a proxy that wants a password": (answer(407, "Proxy Authentication Required"), "USER:PASSWORD"),
    "a refused key inside a 200": (answer(200, {"error": {"code": 401, "message": "No auth."}}), "key"),
}


@pytest.mark.parametrize(("item", "advice"), FATAL.values(), ids=FATAL)
async def test_what_is_final_is_asked_once(server: OpenAIServer, item: Item, advice: str) -> None:
    """One request, one error that names the host and says what to do, with what the caller adds about the key."""
    server.reset(Options(script=[item] * 9))
    async with connected(server.base_url, key=KEY) as model:
        error = await fatal(model)
    assert len(server.log) == 1
    assert (model.endpoint in error.message, advice in error.hint) == (True, True)
    assert ("balance" in error.hint) == (f"at {model.endpoint}" in error.hint and "renewed" not in error.hint)
    assert error.hint.endswith("Or try the demo.") == (advice in {"key", "may use"})


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (answer(400, {"error": {"code": "content_filter", "message": "Filtered."}}), "refused"),
        (answer(400, {"error": {"code": "context_length_exceeded", "message": "Too long."}}), "rejected"),
        (answer(400, {"error": {"code": "unsupported_parameter", "param": "seed", "message": "No."}}), "rejected"),
        (answer(418, "I'm a teapot"), "rejected"),
    ],
)
async def test_what_concerns_one_paper_fails_that_paper(server: OpenAIServer, item: Item, reason: str) -> None:
    """One request, and the next ask is answered."""
    server.reset(Options(script=[item]))
    async with connected(server.base_url) as model:
        error = await failure(model)
        assert (error.reason, error.account.requests) == (reason, 1)
        assert (await model.ask(ASK)).text == TEXT


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (answer(404, ""), "answered 404"),
        (answer(401, {"error": {"code": 401, "message": "No."}}), "answered 401: No."),
        (answer(200, {"error": {"code": "402"}}), "answered 402"),
        (answer(403, {"error": {"type": "forbidden"}}), "answered 403 forbidden"),
        (answer(404, {"detail": "Not Found"}), "answered 404: Not Found"),
    ],
)
async def test_an_answer_is_said_without_what_it_lacks(server: OpenAIServer, item: Item, said: str) -> None:
    """No blank before the colon, no colon before nothing, no status twice."""
    server.reset(Options(script=[item]))
    async with connected(server.base_url) as model:
        assert (await fatal(model)).message == f"{model.endpoint} {said}"


async def test_a_proxy_that_wants_a_password_for_its_tunnel_is_final(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal of CONNECT is no answer of the endpoint, and no other request does better."""
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http(b"Who are you?", status=407))
        writer.close()

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        async with connected("https://models.invalid/v1") as model:
            error = await fatal(model)
    assert [line.split(b" ")[0] for line in asked] == [b"CONNECT"]
    assert error.message.startswith("models.invalid cannot be reached")
    assert ("407" in error.message, "USER:PASSWORD" in error.hint) == (True, True)


async def test_a_key_inside_a_good_reply_is_not_kept(server: OpenAIServer) -> None:
    """It would stand on the page; a key that may be a word of any text is no secret."""
    for key, kept in ((KEY, "a *** b"), ("EMPTY", "a EMPTY b")):
        server.reset(Options(script=[answer(200, saying(f"a {key} b"))]))
        async with connected(server.base_url, key=key) as model:
            assert (await model.ask(ASK)).text == kept


async def test_a_short_key_leaves_messages_whole(server: OpenAIServer) -> None:
    """A local server's key is often a single letter."""
    server.reset(Options(script=[answer(401, {"error": {"message": "No access."}})]))
    async with connected(server.base_url, key="c") as model:
        assert (await fatal(model)).message.endswith("answered 401: No access.")


ECHOES: dict[str, Item] = {
    "refused": answer(401, {"error": {"code": "invalid_api_key", "message": f"Incorrect API key provided: {KEY}."}}),
    "rejected": answer(400, {"error": {"message": f"Bad header Authorization: Bearer {KEY}", "code": KEY}}),
    "broken": answer(500, {"error": {"message": f"cannot forward {KEY}"}}),
    "page": answer(200, f"<p>{KEY}</p>"),
    "inside a 200": answer(200, {"error": {"message": f"provider refused {KEY}", "code": 401}}),
}


@pytest.mark.parametrize("item", ECHOES.values(), ids=ECHOES)
async def test_a_key_that_is_echoed_is_not_repeated(server: OpenAIServer, item: Item) -> None:
    """No error says the key, even where the endpoint does."""
    server.reset(Options(script=[item] * 9))
    async with connected(server.base_url, key=KEY) as model:
        with pytest.raises((CallError, FatalModelError)) as caught:
            await model.ask(ASK)
    assert KEY not in f"{caught.value.message} {caught.value.hint}"


async def test_where_nothing_listens() -> None:
    """A refused connection ends the run, within the tries of one paper, and the error names the host."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        async with connected(url) as model:
            error = await fatal(model)
    assert error.account.requests == QUICK.tries
    assert error.message.startswith(f"{model.endpoint} cannot be reached: ")


@pytest.fixture(scope="module")
def untrusted(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's certificate that only it has signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    folder: Path = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    named = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *made, *named], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_a_certificate_that_is_not_trusted_is_final(untrusted: ssl.SSLContext) -> None:
    """One attempt, and the error says what to do."""
    async with raw(GOOD, tls=untrusted) as url, connected(url) as model:
        error = await fatal(model)
    assert error.account.requests == 1
    assert error.message.startswith(f"{model.endpoint} has a certificate that is not trusted: ")
    assert "SSL_CERT_FILE" in error.hint


async def test_a_reply_without_a_count_has_no_known_cost(server: OpenAIServer) -> None:
    """Nor has one at an address without a price."""
    server.reset(Options(script=[{"fault": "no_usage"}]))
    async with connected(server.base_url) as model:
        reply = await model.ask(ASK)
        assert (reply.usage, reply.account) == (None, Account(requests=1, cost_usd=None))


async def test_what_tokens_cost(server: OpenAIServer) -> None:
    """A reply that was counted costs what its tokens cost; the tries before it cost what they may have cost at most."""
    server.reset(Options(script=[{"fault": "server_error"}, {"fault": "reset"}, answer(200, saying(TEXT))]))
    terms = terms_of(patience=QUICK, price=flat(lambda tokens: tokens.completion / 1e6))
    async with connected(server.base_url, terms=terms) as model:
        account = (await model.ask(ASK)).account
    assert (account.requests, account.tokens) == (3, USED)
    assert account.cost_usd == pytest.approx((2 * ASK.most_tokens + USED.completion) / 1e6)


async def test_half_a_character_is_no_text(server: OpenAIServer) -> None:
    """A lone surrogate in an answer must not reach a file or the next request: neither could hold it."""
    page = '{"choices": [{"message": {"content": "\\u6587\\ud83d"}}]}'
    server.reset(Options(script=[{**answer(200, page), "content_type": "application/json"}]))
    async with connected(server.base_url) as model:
        words = (await model.ask(ASK)).text
    halves = [hex(ord(character)) for character in words if 0xD800 <= ord(character) <= 0xDFFF]
    assert halves == []


async def test_a_cancelled_ask_is_over(server: OpenAIServer) -> None:
    """Cancelling a call under way and one in the queue leaves room for others, and nothing hangs."""
    server.reset(Options(script=[{"fault": "silence"}]))
    async with connected(server.base_url, width=1) as model:
        asked = [asyncio.create_task(model.ask(ASK)) for _ in range(2)]
        while not server.log:  # noqa: ASYNC110 (the server is in another thread)
            await asyncio.sleep(0.01)
        for task in asked:
            task.cancel()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
        assert (await model.ask(ASK)).text == TEXT


async def test_five_hundred_calls_are_under_way_at_once(server: OpenAIServer) -> None:
    """Neither the client nor its connections hold them back: all have come before the first is answered."""
    server.reset(Options(delay=120))
    terms = terms_of(patience=Patience(call=120))
    async with connected(server.base_url, width=512, terms=terms, probe=0.0, kind=KnownEndpoint) as model:
        asked = [asyncio.create_task(model.ask(ASK)) for _ in range(512)]
        async with asyncio.timeout(100):
            while server.stats()["concurrent_max"] < 512:  # noqa: ASYNC110 (the server is in another thread)
                await asyncio.sleep(0.05)
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)
