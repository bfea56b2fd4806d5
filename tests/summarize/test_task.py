"""What is asked is a value: another task goes through the same stage, cache, dialogue and checks."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.errors import PromptError
from pipeline.model.interface import Message, Reply
from pipeline.prompts import Prompt, Template, load
from pipeline.records import Answered, Failure, Paper, Settled, Source
from pipeline.store.cache import Cache
from pipeline.summarize import TEMPLATES, Job, Summarizer, first_ask, task_of
from pipeline.summarize.finding import Finding
from pipeline.summarize.reply import read_object, texts
from pipeline.summarize.task import Draft, Part, Task, Wording, object_schema

from .samples import NOON, USED, Outcome, SaidModel, paper

PROMPTS = Path(__file__).parents[2] / "prompts" / "digest"
DIGEST = PROMPTS / "1.md"
PROMPT = """---
description: Which of two texts is better.
task: judgement
---

# System

Judge in json.

# User

{{ left }} / {{ right }}
"""


@dataclass(frozen=True)
class Texts:
    """Two texts that are compared."""

    id: str
    left: str
    right: str


class Judgement(Answered):
    """Which of two texts is better, and why."""

    kind: ClassVar[str] = "judgement"
    better: str
    why: str
    doubts: tuple[str, ...] = ()


def _findings(draft: Draft, subject: Texts, prompt: Prompt) -> Iterator[Finding]:
    why = draft.fields.get("why", "")
    if draft.fields.get("better") not in {"left", "right"}:
        yield Finding("no_verdict", "names neither side", "name left or right")
    if not why:
        yield Finding("no_reason", "gives no reason", "say why", field="why", severity="mark")
    if len(why) > 80:
        yield Finding("wordy", "is long", "be brief", field="why", severity="retry")


def _read(text: str, subject: Texts) -> Draft | None:
    found = read_object(text, ("better", "why"), source=subject.left)
    return None if found is None else Draft(texts(found))


def _record(subject: Texts, draft: Draft, findings: Sequence[Finding], origin: Answered) -> Judgement:
    doubts = tuple(one.check for one in findings if one.severity == "mark")
    why = draft.fields.get("why", "")
    return Judgement(**dict(origin), better=draft.fields["better"], why=why, doubts=doubts)


def _part(subject: Texts, draft: Draft, findings: Sequence[Finding]) -> Part | None:
    """The reason alone is asked again where the verdict is good."""
    if any(one.field != "why" for one in findings):
        return None

    def merged(text: str) -> Draft | None:
        found = read_object(text, ("why",), source="")
        return None if found is None else Draft({**draft.fields, **texts(found)})

    return Part("Only the reason: " + findings[0].again, object_schema({"why": {"type": "string"}}), merged)


JUDGEMENT = Task(
    name="judgement",
    language="en",
    fields=("better", "why"),
    template=Template(sample={"left": "one", "right": "two"}, needed=("left", "right")),
    values=lambda subject: {"left": subject.left, "right": subject.right},
    characters=lambda subject: len(subject.left) + len(subject.right),
    schema=lambda _: object_schema({"better": {"enum": ["left", "right"]}, "why": {"type": "string"}}),
    read=_read,
    findings=lambda *given: tuple(_findings(*given)),
    answer=Judgement,
    record=_record,
    wording=Wording(
        again="Not usable: {faults}. Answer again.",
        joint="; ",
        by_finish={"length": Finding("truncated", "was cut", "be brief")},
        no_object=Finding("not_json", "holds no object", "answer in json"),
        same_reply=Finding("same_reply", "is of other texts", "judge these texts"),
    ),
    own_text=lambda *_: None,
)
BOTH = Texts("2404.00001", "A map.", "The map.")
LONG = "word " * 20


def verdict(**changes: str) -> Reply:
    """Return a good verdict after ``changes``."""
    return Reply(json.dumps({"better": "left", "why": "It is plain.", **changes}), usage=USED)


@dataclass
class Seen:
    """Remembers what was settled."""

    settled_ones: list[Settled[Texts, Judgement]] = field(default_factory=list)

    def begins(self, name: str | None) -> None:
        """Digests are not the stage's."""

    def fetched(self, source: Source) -> None:
        """Pages are not the stage's."""

    def settled(self, settled: Settled[Texts, Judgement]) -> None:
        """Note an outcome."""
        self.settled_ones.append(settled)

    def warned(self, message: str) -> None:
        """Nothing warns here."""
        pytest.fail(message)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def prompt(tmp_path: Path) -> Prompt:
    """A prompt of the second task."""
    path = tmp_path / "judge" / "1.md"
    path.parent.mkdir()
    path.write_text(PROMPT, encoding="utf-8")
    return load(path, {"judgement": JUDGEMENT.template})


Judged = Settled[Texts, Judgement]


async def judged(
    prompt: Prompt, cache: Cache, *told: Outcome, task: Task[Texts, Judgement] = JUDGEMENT
) -> tuple[Judged, SaidModel]:
    """Ask which of two texts is better."""
    model, seen = SaidModel({BOTH.id: list(told)}), Seen()

    async def pages() -> AsyncIterator[list[Texts]]:
        yield [BOTH]

    job = Job(task, prompt, model, cache, seen, lambda: NOON, time.monotonic)
    settled = [one async for one in Summarizer(job).settled(pages())]
    assert settled == seen.settled_ones
    return settled[0], model


async def test_a_second_task_goes_through_the_same_stage(prompt: Prompt, cache: Cache) -> None:
    """Asked by its own schema, answered by its own record, which says where it came from."""
    settled, model = await judged(prompt, cache, verdict())
    assert settled.outcome == Judgement(
        paper_id=BOTH.id,
        better="left",
        why="It is plain.",
        prompt="judge@1",
        prompt_sha256=prompt.sha256,
        model="told",
        endpoint="example.org",
        created=NOON,
        usage=USED,
    )
    (ask,) = model.asked
    assert ask.messages == (Message("system", "Judge in json."), Message("user", "A map. / The map."))
    assert ask.schema["required"] == ["better", "why"]


async def test_its_answers_are_cached_beside_those_about_papers(prompt: Prompt, cache: Cache) -> None:
    """The second run asks nothing; what lists a paper's summaries does not take it for one."""
    first, _ = await judged(prompt, cache, verdict())
    second, model = await judged(prompt, cache)
    assert (second, model.asked) == (replace(second, outcome=first.outcome, is_cached=True), [])
    assert (cache.replies.of_paper(BOTH.id), [*cache.replies.all()], cache.verify()) == ((), [], ())
    assert (cache.info().replies, cache.info().papers) == (1, 0)


async def test_it_is_asked_again_in_its_own_words(prompt: Prompt, cache: Cache) -> None:
    """A refused verdict names all that refuses it; after three the subject fails by its own reason."""
    bad = verdict(better="both")
    settled, model = await judged(prompt, cache, bad, verdict(better="none", why=""), Reply("", usage=USED))
    said = [ask.messages[-1].content for ask in model.asked[1:]]
    assert said == ["Not usable: name left or right. Answer again."] * 2
    assert isinstance(settled.outcome, Failure)
    assert (settled.outcome.reason, settled.outcome.attempts) == ("not_json", 3)


@pytest.mark.parametrize(
    ("told", "why", "doubts"),
    [
        ((verdict(why=""), verdict()), "It is plain.", ()),
        ((verdict(why=""), verdict(why="")), "", ("no_reason",)),
        ((verdict(why=""), Reply("", usage=USED)), "", ("no_reason",)),
        ((verdict(why=""), verdict(better="both")), "", ("no_reason",)),
        ((verdict(why=LONG), verdict(why=LONG)), LONG, ()),
    ],
    ids=["mended", "marked", "then nothing", "then refused", "kept without a mark"],
)
async def test_what_is_doubtful_is_asked_once_more_and_kept(
    prompt: Prompt, cache: Cache, told: tuple[Reply, ...], why: str, doubts: tuple[str, ...]
) -> None:
    """The better of the two replies is kept, with a mark where the check marks."""
    settled, model = await judged(prompt, cache, *told)
    assert isinstance(settled.outcome, Judgement)
    assert (settled.outcome.why, settled.outcome.doubts, len(model.asked)) == (why, doubts, 2)


async def test_a_part_is_asked_again_alone(prompt: Prompt, cache: Cache) -> None:
    """Only what is wrong is asked for, by its own schema, and read into what was good."""
    task = replace(JUDGEMENT, part=_part)
    reason = Reply(json.dumps({"why": "It is short."}), usage=USED)
    settled, model = await judged(prompt, cache, verdict(better="right", why=""), reason, task=task)
    assert isinstance(settled.outcome, Judgement)
    assert (settled.outcome.better, settled.outcome.why) == ("right", "It is short.")
    assert model.asked[1].schema["required"] == ["why"]
    assert model.asked[1].messages[-1].content == "Only the reason: say why"


def test_a_prompt_of_an_unknown_task_is_refused(tmp_path: Path) -> None:
    """The file, what it names and what there is are said."""
    path = tmp_path / "judge" / "1.md"
    path.parent.mkdir()
    path.write_text(PROMPT.replace("judgement", "translaton"), encoding="utf-8")
    with pytest.raises(PromptError) as caught:
        load(path, TEMPLATES)
    assert caught.value.message.startswith(f"{path}: no task 'translaton'; did you mean translation? (tasks: ")


@pytest.mark.parametrize(
    ("version", "sha256", "key"),
    [
        (
            1,
            "7b9cd651a842e8f75f398ced3f0885a728a530e4e95696230b98e01a8906f283",
            "266d01bbe20d70e0768a6ea0445f324a893d559fd84eb9c4a982d6127d859ef6",
        ),
        (
            2,
            "09574fbcf760fef94c285f409fc016a4d7b6d738c80adb8cc42b0cfdf9793a15",
            "ee37551852b7e9acb9e0d99aaaa7fc33932e30b54990de1c150a732f4a716d1e",
        ),
    ],
)
def test_the_key_of_a_released_prompt_stays(version: int, sha256: str, key: str) -> None:
    """A reply that was paid for answers still; to digest@1, from before prompts could name a task."""
    prompt = load(PROMPTS / f"{version}.md", TEMPLATES)
    ask = first_ask(Paper(id="2404.02059", title="Sharing Maps", abstract=paper().abstract), task_of(prompt), prompt)
    assert prompt.sha256 == sha256
    assert ask.key("gpt-6-luna") == key
