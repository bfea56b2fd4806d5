"""Two prompts over one model at once: each paper's account has what was asked for it, and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.records import Account, Settled, Spent
from pipeline.summarize.stage import Carried
from tests.model.loopback import connected
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Item, Options

from .conftest import MakeJob
from .samples import GOOD, PROMPT, papers, settle, write_prompt

SECOND = PROMPT.replace("你是耐心的编辑。", "你是严谨而简洁的科技编辑，行文平实。")
PAPERS = papers(6)


def _account(settled: Iterable[Settled]) -> Account:
    return sum((one.account for one in settled), Account())


async def test_two_prompts_over_one_model_at_once_have_accounts_of_their_own(
    job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together they have what the server counted; by itself each has what was asked in its words, retries included."""
    monkeypatch.setenv("NO_PROXY", "*")
    known = [{"id": one.id, "title": one.title, "abstract": one.abstract, **GOOD} for one in PAPERS]
    once_unreadable: dict[str, tuple[Item, ...]] = {
        PAPERS[2].id: ({"fault": "content", "content": "Sorry."}, *[{"fault": "ok"}] * 2)
    }
    with OpenAIServer(known, Options(by_paper=once_unreadable)) as server:
        async with connected(server.base_url) as model:
            first = job(model)
            second = replace(first, prompt=write_prompt(tmp_path / "second", SECOND), carried=Carried())
            (one, _), (other, _) = await asyncio.gather(settle(first, PAPERS), settle(second, PAPERS))
        asked = Counter("严谨" in call.request["messages"][0]["content"] for call in server.log)
        lengths = [int(headers["Content-Length"]) // 4 for headers in server.headers]
    accounts = _account(one), _account(other)
    assert [account.requests for account in accounts] == [asked[False], asked[True]]
    assert sum(asked.values()) == len(lengths) == 2 * len(PAPERS) + 1
    assert sum(account.tokens.prompt for account in accounts) == sum(lengths)
    assert accounts[1].tokens.prompt != accounts[0].tokens.prompt
    assert [Spent.on(each).summarized for each in (one, other)] == [len(PAPERS)] * 2
