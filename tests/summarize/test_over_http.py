"""What models really say, over real HTTP: read where that is sure, asked again where not, and always counted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.prompts import load
from pipeline.records import Account, Entry
from pipeline.store.cache import Cache
from pipeline.summarize import TEMPLATES, Job, task_of
from tests.model.loopback import connected
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Item, Options

from .conftest import MakeJob
from .samples import GOOD, NOON, PROMPT, Watcher, paper, papers, settle, summarize, write_prompt

CACHED = 64


@pytest.fixture(scope="module")
def shared() -> Iterator[OpenAIServer]:
    """A model that knows the papers of the samples."""
    known = [{"id": one.id, "title": one.title, "abstract": one.abstract, **GOOD} for one in (paper(), *papers(9))]
    with OpenAIServer(known) as server:
        yield server


@pytest.fixture
def server(shared: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> OpenAIServer:
    """The model, as good as new, reached directly."""
    monkeypatch.setenv("NO_PROXY", "*")
    shared.reset(Options(cached_tokens=CACHED))
    return shared


async def asked(job: MakeJob, server: OpenAIServer, *items: Item, **options: Any) -> tuple[Entry, Account]:
    """Summarize one paper at an endpoint that answers so; return the entry and what was used."""
    server.reset(Options(by_paper={"*": items}, cached_tokens=CACHED, **options))
    async with connected(server.base_url) as model:
        (settled,), _ = await settle(job(model), [paper()])
    return settled.entry, settled.account


def fields(entry: Entry) -> dict[str, str]:
    """Return the texts of a summary."""
    assert entry.summary is not None, entry.failure
    return {name: getattr(entry.summary, name) for name in GOOD}


def sent(server: OpenAIServer, number: int) -> list[dict[str, str]]:
    """Return the messages of one request."""
    messages: list[dict[str, str]] = server.log[number].request["messages"]
    return messages


def content(text: str) -> Item:
    """Return an answer of these words."""
    return {"fault": "content", "content": text}


READ: dict[str, Item] = {
    "as asked": {"fault": "ok"},
    "in fences": {"fault": "fenced"},
    "after thoughts in the content": {"fault": "thinking"},
    "with thoughts in reasoning_content": {"fault": "reasoning"},
    "with thoughts in reasoning": {"fault": "reasoning", "field": "reasoning"},
    "with words behind": {"fault": "trailing"},
    "in prose": {"fault": "prose"},
    "with raw control characters": {"fault": "control_characters"},
}


@pytest.mark.parametrize("item", READ.values(), ids=READ)
async def test_a_reply_in_any_dress_is_read_at_once_and_its_tokens_are_counted(
    job: MakeJob, server: OpenAIServer, item: Item
) -> None:
    """One request; the texts are those that were meant; prompt, completion and cached tokens are the endpoint's."""
    entry, account = await asked(job, server, item)
    # A raw line break or tab in the middle of a text becomes a blank.
    assert {name: text.replace(" ", "") for name, text in fields(entry).items()} == {
        name: text.replace(" ", "") for name, text in GOOD.items()
    }
    assert account.requests == 1
    assert entry.summary is not None
    assert entry.summary.usage == account.tokens
    assert (account.tokens.completion > 0, account.tokens.cached) == (True, CACHED)


async def test_a_server_that_ignores_the_response_format_is_read_all_the_same(
    job: MakeJob, server: OpenAIServer
) -> None:
    """A schema was asked for, prose came."""
    entry, _ = await asked(job, server, ignore_format=True)
    assert fields(entry) == GOOD
    assert server.log[0].request["response_format"]["type"] == "json_schema"


AGAIN: dict[str, Item] = {
    "cut at the limit": {"fault": "length"},
    "held back by a filter": {"fault": "content_filter"},
    "a refusal": {"fault": "refusal"},
    "nothing": {"fault": "empty"},
    "the paper's own language": {"fault": "wrong_language"},
    "no object": content("抱歉。"),
    "a missing key": content(json.dumps({name: GOOD[name] for name in list(GOOD)[1:]})),
    "a wrong type": content(json.dumps(GOOD | {"tldr": 7})),
}


@pytest.mark.parametrize("item", AGAIN.values(), ids=AGAIN)
async def test_a_reply_that_cannot_be_kept_is_asked_again_with_its_own_words_and_paid_for(
    job: MakeJob, server: OpenAIServer, item: Item
) -> None:
    """The second request is the first, the model's words, and the fault in plain words; both replies are counted."""
    entry, account = await asked(job, server, item)
    assert fields(entry) == GOOD
    assert account.requests == 2
    assert entry.summary is not None
    assert entry.summary.usage == account.tokens
    *said, fault = sent(server, 1)[2:]
    assert sent(server, 1)[:2] == sent(server, 0)
    assert [one["role"] for one in said] == (["assistant"] if item["fault"] not in {"empty", "content_filter"} else [])
    assert (fault["role"], fault["content"].startswith("上面的回答不能用：")) == ("user", True)
    assert "Error" not in fault["content"]


async def test_three_bad_replies_are_a_failure_and_all_of_them_are_counted(job: MakeJob, server: OpenAIServer) -> None:
    """Failed by name after three requests; nothing of it is kept, but the tokens are."""
    entry, account = await asked(job, server, *[content("抱歉。")] * 3)
    assert entry.failure is not None
    assert (entry.failure.reason, entry.failure.attempts) == ("not_json", 3)
    assert (account.requests, entry.failure.usage) == (3, account.usage)


async def test_an_abstract_is_asked_sentence_by_sentence(cache: Cache, tmp_path: Path) -> None:
    """The server knows the paper by its numbered sentences, and answers with those recorded."""
    sentences = ["机器人保有地图。", "它们只发送变化。"]
    of = paper(abstract="Robots keep maps. They send only changes.")
    recorded = {"id": of.id, "title": of.title, "abstract": of.abstract, **GOOD, "sentences": sentences}
    text = PROMPT.replace("temperature: 0.3", "task: sentences").replace("{{ abstract }}", "{{ sentences }}")
    prompt = write_prompt(tmp_path, text)
    with OpenAIServer([recorded]) as server:
        async with connected(server.base_url) as model:
            job = Job(task_of(prompt), prompt, model, cache, Watcher(), lambda: NOON, time.monotonic)
            (entry,), _ = await summarize(job, [of])
    assert entry.summary is not None
    assert [one.zh for one in entry.summary.sentences] == sentences


async def test_all_requests_begin_alike_and_end_with_the_paper(server: OpenAIServer, cache: Cache) -> None:
    """With the package's own prompt two papers' messages differ from the paper on: an endpoint may cache the rest."""
    prompt = load(Path(__file__).parents[2] / "prompts" / "digest" / "1.md", TEMPLATES)
    async with connected(server.base_url) as model:
        settled, _ = await settle(
            Job(task_of(prompt), prompt, model, cache, Watcher(), lambda: NOON, time.monotonic), papers(2)
        )
    assert [one.account.tokens.cached for one in settled] == [CACHED] * 2
    first, second = (sent(server, number) for number in range(2))
    assert first[0] == second[0]
    assert len(first) == len(second) == 2
    for messages, asked_of in ((first, "b."), (second, "c.")):
        assert messages[-1]["content"].startswith("<title>Sharing Maps</title>\n<abstract>Robots")
        assert messages[-1]["content"].endswith(f" {asked_of}</abstract>")
    bodies = [{name: value for name, value in call.request.items() if name != "messages"} for call in server.log]
    assert bodies[0] == bodies[1]
