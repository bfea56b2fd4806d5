"""An abstract that is asked for sentence by sentence: what is wrong is asked again by its number, and nothing else."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.model.interface import Reply
from pipeline.prompts import Prompt
from pipeline.records import Entry, Mark, Paper, Sentence, Summary
from pipeline.store.cache import Cache
from pipeline.summarize import Job, task_of
from pipeline.summarize.finding import Finding
from pipeline.summarize.task import Draft, Task
from pipeline.summarize.tasks.sentences import MOST_BOUNDED, SENTENCES

from .samples import GOOD, NOON, USED, SaidModel, Watcher, paper, summarize, write_prompt

PROMPT = """---
description: Sentence by sentence.
task: sentences
---

# System

你是耐心的编辑。Answer in json.

# User

{{ title }}
{{ sentences }}
"""
ENGLISH = ("Robots keep maps.", "They send changes.", "Maps are done in half the time.")
CHINESE = ("机器人保有地图。", "它们只发送变化。", "建图时间减半。")
PAPER = paper(abstract=" ".join(ENGLISH))


@pytest.fixture
def prompt(tmp_path: Path) -> Prompt:
    """A prompt that numbers the sentences."""
    return write_prompt(tmp_path, PROMPT)


def saying(*sentences: str | None) -> Reply:
    """Return a reply with these sentences."""
    lines = {name: text for name, text in GOOD.items() if name != "translated_abstract"}
    return Reply(json.dumps({**lines, "sentences": sentences}, ensure_ascii=False), usage=USED)


def part(*sentences: str) -> Reply:
    """Return a reply to what was asked again."""
    return Reply(json.dumps({"sentences": sentences}, ensure_ascii=False), usage=USED)


async def hold(
    prompt: Prompt, cache: Cache, *told: Reply, task: Task[Paper, Summary] = SENTENCES, of: Paper = PAPER
) -> tuple[Entry, SaidModel]:
    """Ask about one paper."""
    model = SaidModel({of.id: list(told)})
    (entry,), _ = await summarize(Job(task, prompt, model, cache, Watcher(), lambda: NOON, time.monotonic), [of])
    return entry, model


async def test_sentences_are_numbered_asked_and_joined(prompt: Prompt, cache: Cache) -> None:
    """The prompt numbers them, the schema counts them, the summary has pairs and the abstract as one text."""
    entry, model = await hold(prompt, cache, saying(*CHINESE))
    (ask,) = model.asked
    assert task_of(prompt) is SENTENCES
    assert ask.messages[1].content.endswith("[1] Robots keep maps.\n[2] They send changes.\n[3] " + ENGLISH[2])
    assert ask.schema["properties"]["sentences"]["minItems"] == 3
    assert entry.summary is not None
    assert entry.summary.translated_abstract == "".join(CHINESE)
    assert entry.summary.sentences == tuple(Sentence(en=en, zh=zh) for en, zh in zip(ENGLISH, CHINESE, strict=True))
    assert cache.replies.of_paper(PAPER.id)[0].summary == entry.summary


async def test_a_sentence_that_is_absent_is_asked_again_alone(prompt: Prompt, cache: Cache) -> None:
    """By its number, with a schema of that many, and read into the others."""
    entry, model = await hold(prompt, cache, saying(CHINESE[0], "", None), part(*CHINESE[1:]))
    again = model.asked[1]
    assert "第 2、3 句" in again.messages[-1].content
    assert (again.schema["required"], again.schema["properties"]["sentences"]["maxItems"]) == (["sentences"], 2)
    assert entry.summary is not None
    assert (entry.summary.translated_abstract, entry.summary.usage) == ("".join(CHINESE), USED + USED)


LONG_ENGLISH = (
    "Robots that explore a house keep their own maps of the rooms.",
    "They send only the changes that other robots do not know yet.",
    "The maps of all rooms are done in half the time.",
)
LONG_CHINESE = (
    "探索房屋的机器人各自保有房间的地图。",
    "它们只发送其他机器人尚不知道的变化。",
    "所有房间的地图用一半的时间即可建成。",
)
JOINED = LONG_CHINESE[0].replace("。", "，") + LONG_CHINESE[1]
FOREIGN = "股票市场昨天大幅下跌。"
OTHER_NUMBERS: dict[str, tuple[tuple[str, ...], list[str], list[tuple[str, str]]]] = {
    "joined": (
        (JOINED, LONG_CHINESE[2]),
        ["aligned"],
        [(" ".join(LONG_ENGLISH[:2]), JOINED), (LONG_ENGLISH[2], LONG_CHINESE[2])],
    ),
    "dropped": (
        (LONG_CHINESE[0], LONG_CHINESE[2]),
        ["aligned", "dropped_sentence"],
        [(LONG_ENGLISH[0], LONG_CHINESE[0]), (LONG_ENGLISH[1], ""), (LONG_ENGLISH[2], LONG_CHINESE[2])],
    ),
    "added": (
        (*LONG_CHINESE, FOREIGN),
        ["aligned", "added_sentence"],
        [*zip(LONG_ENGLISH, LONG_CHINESE, strict=True), ("", FOREIGN)],
    ),
}


@pytest.mark.parametrize(("said", "checks", "pairs"), OTHER_NUMBERS.values(), ids=OTHER_NUMBERS)
async def test_sentences_of_another_number_are_aligned_and_marked(
    prompt: Prompt, cache: Cache, said: tuple[str, ...], checks: list[str], pairs: list[tuple[str, str]]
) -> None:
    """The whole is asked again once; then the text is kept as it is, its sentences paired by what they share."""
    of = paper(abstract=" ".join(LONG_ENGLISH))
    entry, model = await hold(prompt, cache, *[saying(*said)] * 3, of=of)
    assert len(model.asked) == 2
    assert "要有 3 项" in model.asked[1].messages[-1].content
    assert entry.summary is not None
    assert entry.summary.translated_abstract == "".join(said)
    assert [mark.check for mark in entry.summary.marks] == checks
    assert [(one.en, one.zh) for one in entry.summary.sentences] == pairs
    assert cache.replies.of_paper(of.id)[0].summary == entry.summary


async def test_a_reply_in_the_plain_form_is_read_by_its_sentences(prompt: Prompt, cache: Cache) -> None:
    """As a file of replies has it that were made for another prompt."""
    entry, model = await hold(prompt, cache, Reply(json.dumps(GOOD | {"translated_abstract": "".join(CHINESE)})))
    assert entry.summary is not None
    assert ([one.zh for one in entry.summary.sentences], len(model.asked)) == (list(CHINESE), 1)


async def test_a_part_of_another_number_is_no_answer(prompt: Prompt, cache: Cache) -> None:
    """It is refused as a reply without the object, and the whole is asked again."""
    entry, model = await hold(prompt, cache, saying(CHINESE[0], "", CHINESE[2]), part(*CHINESE), saying(*CHINESE))
    assert model.asked[2].schema == model.asked[0].schema
    assert entry.summary is not None


def _doubtful(draft: Draft, of: Paper, prompt: Prompt) -> tuple[Finding, ...]:
    return (Finding("numbers", "half is missing", "第 3 句漏了数字", "translated_abstract", 3, "mark", "half"),)


async def test_a_doubtful_sentence_is_kept_with_its_mark(prompt: Prompt, cache: Cache) -> None:
    """Asked once more by its number, then the summary and the sentence have the mark."""
    task = replace(SENTENCES, findings=_doubtful)
    entry, model = await hold(prompt, cache, saying(*CHINESE), part("建图时间减到一半。"), task=task)
    assert len(model.asked) == 2
    assert entry.summary is not None
    mark = Mark(check="numbers", field="translated_abstract", sentence=3, detail="half")
    assert entry.summary.marks == (mark,)
    assert [one.marks for one in entry.summary.sentences] == [(), (), ("numbers",)]
    assert entry.summary.sentences[2].zh == "建图时间减到一半。"


async def test_only_the_doubtful_sentence_is_asked_again(prompt: Prompt, cache: Cache) -> None:
    """What the checks of content find names its sentence, so that the others are not paid for twice."""
    entry, model = await hold(prompt, cache, saying(CHINESE[0], "它们只发送 7 个变化。", CHINESE[2]), part(CHINESE[1]))
    assert "第 2 句" in model.asked[1].messages[-1].content
    assert model.asked[1].schema["properties"]["sentences"]["maxItems"] == 1
    assert entry.summary is not None
    assert (entry.summary.translated_abstract, entry.summary.marks) == ("".join(CHINESE), ())


def test_an_endpoint_meets_few_schemas() -> None:
    """However many sentences the papers have."""
    texts = (" ".join(["We send."] * count) for count in range(1, 3 * MOST_BOUNDED))
    assert len({json.dumps(SENTENCES.schema(paper(abstract=text))) for text in texts}) == MOST_BOUNDED + 1
