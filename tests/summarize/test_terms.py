"""A reply held to the glossary: a wrong term is asked again by its sentence, and then kept with a mark."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.glossary import Glossary, Term
from pipeline.model.interface import Reply
from pipeline.prompts import Prompt
from pipeline.records import Entry, Mark
from pipeline.store.cache import Cache
from pipeline.summarize import Job, task_of
from pipeline.summarize.content import table

from .samples import GOOD, NOON, USED, SaidModel, Watcher, paper, summarize, write_prompt

PROMPT = """---
description: With terms.
task: {task}
---

# System

你是耐心的编辑。Answer in json.

# User

{{{{ title }}}}
{{{{ {variable} }}}}
{terms}
"""
GLOSSARY = Glossary((Term("qubit", "量子比特", "physics", ("量子位元",)),))
PAPER = paper(title="Robots Send Maps", abstract="Robots keep maps. They send qubits. Maps are done in half the time.")
RIGHT = ("机器人保有地图。", "它们发送量子比特。", "建图时间减半。")
WRONG = (RIGHT[0], "它们发送量子位元。", RIGHT[2])
LEFT = (RIGHT[0], "它们发送 qubit。", RIGHT[2])
ADVICE = "术语要照词表译：量子位元，应译作量子比特"


def prompt(folder: Path, task: str = "sentences", terms: str = "{{ terms }}") -> Prompt:
    """Return a prompt for this task, with the glossary where it says so."""
    variable = "sentences" if task == "sentences" else "abstract"
    made = write_prompt(folder, PROMPT.format(task=task, variable=variable, terms=terms))
    return replace(made, glossary=GLOSSARY) if made.uses_terms else made


def saying(said: Sequence[str]) -> Reply:
    """Return a reply with these sentences, in the numbered form and in the plain one."""
    fields = {**GOOD, "translated_title": "机器人发送地图", "translated_abstract": "".join(said), "sentences": said}
    return Reply(json.dumps(fields, ensure_ascii=False), usage=USED)


def part(sentence: str) -> Reply:
    """Return a reply to one sentence that was asked again."""
    return Reply(json.dumps({"sentences": [sentence]}, ensure_ascii=False), usage=USED)


async def hold(prompt: Prompt, cache: Cache, *told: Reply) -> tuple[Entry, SaidModel]:
    """Ask about the paper."""
    model = SaidModel({PAPER.id: list(told)})
    job = Job(task_of(prompt), prompt, model, cache, Watcher(), lambda: NOON, time.monotonic)
    (entry,), _ = await summarize(job, [PAPER])
    return entry, model


async def test_the_sentence_with_a_wrong_term_is_asked_again_alone(tmp_path: Path, cache: Cache) -> None:
    """The words say what stands there and what is to stand there; mended, it has no mark."""
    entry, model = await hold(prompt(tmp_path), cache, saying(WRONG), part(RIGHT[1]))
    again = model.asked[1]
    assert "第 2 句" + ADVICE in again.messages[-1].content
    assert again.schema["properties"]["sentences"]["maxItems"] == 1
    assert entry.summary is not None
    assert (entry.summary.translated_abstract, entry.summary.marks, len(model.asked)) == ("".join(RIGHT), (), 2)


@pytest.mark.parametrize("said", [WRONG, LEFT], ids=["forbidden", "left in English"])
async def test_a_term_that_stays_wrong_is_kept_with_its_mark(tmp_path: Path, cache: Cache, said: list[str]) -> None:
    """On its sentence, after one more ask; readers see 术语待核."""
    entry, model = await hold(prompt(tmp_path), cache, saying(said), part(said[1]))
    assert entry.summary is not None
    assert [(one.check, one.field, one.sentence) for one in entry.summary.marks] == [("term", "translated_abstract", 2)]
    assert [one.marks for one in entry.summary.sentences] == [(), ("term",), ()]
    assert (table.reasons()["term"], len(model.asked)) == ("术语待核", 2)


async def test_an_abstract_in_one_piece_is_asked_again_as_a_whole(tmp_path: Path, cache: Cache) -> None:
    """The plain form has no sentences that could be asked for alone."""
    entry, model = await hold(prompt(tmp_path, "translation"), cache, saying(WRONG), saying(RIGHT))
    assert ADVICE in model.asked[1].messages[-1].content
    assert entry.summary is not None
    assert (entry.summary.translated_abstract, entry.summary.marks) == ("".join(RIGHT), ())


@pytest.mark.parametrize("task", ["translation", "sentences"])
async def test_a_prompt_without_terms_is_held_to_none(tmp_path: Path, cache: Cache, task: str) -> None:
    """It was not told of the glossary, and asks once as before."""
    entry, model = await hold(prompt(tmp_path, task, terms=""), cache, saying(WRONG))
    assert entry.summary is not None
    no_marks: tuple[Mark, ...] = ()
    assert (entry.summary.marks, len(model.asked)) == (no_marks, 1)
