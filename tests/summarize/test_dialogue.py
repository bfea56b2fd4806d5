"""One paper's conversation: what is asked again, in which words, and when it ends."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import BudgetError, CallError
from pipeline.model.interface import Message, Reply
from pipeline.records import Entry, Failure, Mark, Summary, Usage
from pipeline.store.cache import Cache

from .conftest import MakeJob
from .samples import GOOD, NOON, USED, Outcome, SaidModel, failures, paper, papers, saying, summarize

NOTHING = Reply("抱歉。", usage=USED)
LONG = saying(tldr="长" * 201)
NO_ENGLISH = saying(tldr_en=None)


async def hold(job: MakeJob, *told: Outcome) -> tuple[Entry, SaidModel]:
    """Ask about one paper a model that was told what to say."""
    model = SaidModel({paper().id: list(told)})
    (entry,), _ = await summarize(job(model), [paper()])
    return entry, model


def summary(usage: Usage | None = USED, **changes: str) -> Summary:
    """Return the summary that the good reply after ``changes`` makes, sha256 of the prompt aside."""
    made = {"paper_id": paper().id, "prompt": "test@1", "model": "told", "endpoint": "example.org", "created": NOON}
    return Summary.model_validate(GOOD | changes | made | {"usage": usage})


def without_sha(entry: Entry) -> Summary | None:
    """Return the entry's summary without the prompt's sha256, which is its file's."""
    return entry.summary and entry.summary.model_copy(update={"prompt_sha256": None})


async def test_a_good_reply_is_a_summary_that_says_where_it_came_from(job: MakeJob) -> None:
    """One ask, in the prompt's words with its temperature; all fields, prompt, model, host, time and tokens."""
    entry, model = await hold(job)
    assert without_sha(entry) == summary()
    assert entry.summary is not None
    assert len(entry.summary.prompt_sha256 or "") == 64
    (ask,) = model.asked
    assert (ask.paper_id, ask.temperature) == (paper().id, 0.3)
    assert ask.messages == (
        Message("system", "你是耐心的编辑。Answer in json."),
        Message("user", "<title>Sharing Maps</title>\n<abstract>Robots send only changes.</abstract>"),
    )


async def test_blanks_and_control_characters_are_folded(job: MakeJob) -> None:
    """What is kept is one line a field, whatever the model put between the words."""
    entry, _ = await hold(
        job, saying(tldr="  机器人只发送\x07变化。\t完 ", translated_abstract="机器人只\n\n 发送变化。")
    )
    assert without_sha(entry) == summary(tldr="机器人只发送变化。 完", translated_abstract="机器人只 发送变化。")


REFUSED: dict[str, tuple[Outcome, str, str]] = {
    "not_json": (NOTHING, "not_json", "JSON"),
    "empty": (Reply("", usage=USED), "not_json", "JSON"),
    "truncated": (saying(finish="length"), "truncated", "紧凑"),
    "filtered": (saying(finish="content_filter"), "refused", "客观"),
    "declined": (Reply("I can't.", "refusal", USED), "refused", "客观"),
    "missing": (saying(tldr=None), "missing_field", "tldr"),
    "wrong language": (saying(tldr="Robots send changes."), "wrong_language", "中文"),
    "too long": (LONG, "too_long", "太长"),
    "several lines": (saying(tldr="一。\n二。"), "several_lines", "一行"),
    "echo": (saying(tldr="以下是总结：机器人。"), "prompt_echo", "开场白"),
    "leak": (saying(tldr="公告类型：新。机器人。"), "header_leak", "公告类型"),
}


@pytest.mark.parametrize(("bad", "reason", "words"), REFUSED.values(), ids=REFUSED)
async def test_a_bad_reply_is_asked_again_with_its_own_words_and_the_fault(
    job: MakeJob, bad: Reply, reason: str, words: str
) -> None:
    """The second ask is the first, then what the model said, then what was wrong with it, in Chinese."""
    entry, model = await hold(job, bad)
    assert without_sha(entry) == summary(usage=USED + USED)
    first, second = model.asked
    *before, fault = second.messages
    said = [Message("assistant", bad.text)] if bad.text else []
    assert before == [*first.messages, *said]
    assert (fault.role, words in fault.content) == ("user", True)
    assert (second.schema, second.temperature, second.paper_id) == (first.schema, first.temperature, first.paper_id)


@pytest.mark.parametrize(("bad", "reason", "words"), REFUSED.values(), ids=REFUSED)
async def test_three_bad_replies_are_a_failure_with_a_name(
    job: MakeJob, cache: Cache, bad: Reply, reason: str, words: str
) -> None:
    """Asked three times and no more; the failure says why and how often, and nothing is kept."""
    entry, model = await hold(job, bad, bad, bad)
    assert entry.failure is not None
    assert (entry.failure.reason, entry.failure.attempts, len(model.asked)) == (reason, 3, 3)
    assert entry.failure.detail
    assert cache.info().replies == 0


async def test_the_last_fault_is_the_one_named(job: MakeJob) -> None:
    """Three different faults: the report has the last one's name and figures."""
    entry, _ = await hold(job, NOTHING, saying(tldr=None), LONG)
    detail = "tldr has 201 characters, at most 200"
    assert entry.failure == Failure(
        paper_id=paper().id, reason="too_long", detail=detail, attempts=3, usage=USED + USED + USED, cost_usd=3.0
    )


@pytest.mark.parametrize(
    ("usages", "total"),
    [
        ((USED, USED, USED), USED + USED + USED),
        ((None, USED, None), USED),
        ((None, None, None), None),
    ],
)
async def test_refused_replies_are_paid_for_too(
    job: MakeJob, usages: tuple[Usage | None, ...], total: Usage | None
) -> None:
    """The summary's tokens are those of all its asks, as far as the endpoint counted them."""
    first, second, third = usages
    entry, _ = await hold(job, Reply("", usage=first), Reply("{}", usage=second), saying(usage=third))
    assert without_sha(entry) == summary(usage=total)


@pytest.mark.parametrize(
    ("told", "asks", "english"),
    [
        ((NO_ENGLISH,), 2, GOOD["tldr_en"]),
        ((NO_ENGLISH, NO_ENGLISH), 2, ""),
        ((NO_ENGLISH, saying(tldr_en="机器人。")), 2, ""),
        ((saying(tldr_en=""), saying(tldr_en="机器人。")), 2, ""),
        ((NOTHING, NO_ENGLISH, NO_ENGLISH), 3, ""),
        ((NOTHING, NOTHING, NO_ENGLISH), 3, ""),
        ((NO_ENGLISH, NOTHING), 2, ""),
        ((NO_ENGLISH, LONG), 2, ""),
        ((NOTHING, NO_ENGLISH, NOTHING), 3, ""),
        ((NO_ENGLISH, CallError("timeout", "no answer")), 2, ""),
        ((NO_ENGLISH, CallError("refused", "filtered")), 2, ""),
    ],
)
async def test_for_a_missing_english_line_no_paper_is_lost(
    job: MakeJob, told: tuple[Outcome, ...], asks: int, english: str
) -> None:
    """It is asked for once more, and then the line stays empty, whatever became of the second ask."""
    entry, model = await hold(job, *told)
    assert entry.failure is None
    assert entry.summary is not None
    assert (entry.summary.tldr_en, len(model.asked)) == (english, asks)


DOUBTFUL = saying(tldr="机器人只发送变化，建图快 7 倍。")
DOUBT = (Mark(check="number", field="tldr", detail="7"),)


@pytest.mark.parametrize(
    ("told", "asks", "marks"),
    [
        ((DOUBTFUL,), 2, ()),
        ((DOUBTFUL, DOUBTFUL), 2, DOUBT),
        ((DOUBTFUL, saying(tldr="机器人只发送变化，建图快 7 倍。", tldr_en=None)), 2, DOUBT),
        ((DOUBTFUL, LONG), 2, DOUBT),
        ((NOTHING, DOUBTFUL, DOUBTFUL), 3, DOUBT),
        ((NOTHING, NOTHING, DOUBTFUL), 3, DOUBT),
        ((DOUBTFUL, CallError("timeout", "no answer")), 2, DOUBT),
    ],
    ids=["mended", "the same", "worse", "refused", "after a refused one", "at last", "unanswered"],
)
async def test_for_a_doubt_no_paper_is_lost(
    job: MakeJob, told: tuple[Outcome, ...], asks: int, marks: tuple[Mark, ...]
) -> None:
    """A doubtful reply is asked for once more, and then kept with its mark, in the cache too."""
    entry, model = await hold(job, *told)
    assert entry.summary is not None
    assert (entry.summary.marks, len(model.asked)) == (marks, asks)
    again = SaidModel()
    (kept,), _ = await summarize(job(again), [paper()])
    assert (kept.summary, again.asked) == (entry.summary, [])


async def test_a_doubtful_reply_is_kept_where_the_run_ends_at_the_second_ask(job: MakeJob) -> None:
    """It is paid for; the next paper meets what ended the run, such as a budget."""
    first, second = papers(2)
    spent = BudgetError("the budget is spent")
    model = SaidModel({first.id: [DOUBTFUL, spent], second.id: [spent]}, delay=lambda of: 0.05 * (of == second.id))
    entries, stage = await summarize(job(model), [first, second])
    assert entries[0].summary is not None
    assert entries[0].summary.marks == DOUBT
    assert [failure.reason for failure in failures(entries)] == ["budget"]
    assert stage.stopped is spent


async def test_the_english_line_is_asked_for_by_name(job: MakeJob) -> None:
    """The model is told which line is missing."""
    _, model = await hold(job, NO_ENGLISH)
    assert "tldr_en" in model.asked[1].messages[-1].content


async def test_what_asking_again_changed_stands_beside_the_reply(job: MakeJob, cache: Cache) -> None:
    """The cache has the model's last words, how many replies it took, and the faults; the key is the first ask's."""
    entry, model = await hold(job, NOTHING, LONG, saying())
    (kept,) = cache.replies.of_paper(paper().id)
    assert (kept.key, kept.summary) == (model.asked[0].key("told"), entry.summary)
    assert json.loads(kept.raw) == GOOD
    assert kept.asked == {"replies": 3, "faults": ["not_json", "too_long"]}


@pytest.mark.parametrize(("before", "attempts"), [((), 0), ((NOTHING,), 1), ((NOTHING, LONG), 2)])
async def test_a_call_that_fails_is_the_papers_failure(
    job: MakeJob, before: tuple[Outcome, ...], attempts: int
) -> None:
    """Its reason and words, and how many replies there were before it."""
    entry, _ = await hold(job, *before, CallError("timeout", "example.org gave no answer"))
    failed = entry.failure
    assert failed is not None
    assert (failed.reason, failed.detail, failed.attempts) == ("timeout", "example.org gave no answer", attempts)
    assert failed.cost_usd == attempts + 1


async def test_a_runaway_reply_is_quoted_by_its_beginning(job: MakeJob) -> None:
    """What is sent back costs tokens once more."""
    _, model = await hold(job, Reply("抱歉" * 50_000, usage=USED))
    assert len(model.asked[1].messages[-2].content) < 10_000


async def test_every_ask_has_a_cap_by_the_length_of_its_paper(job: MakeJob) -> None:
    """So that no reply runs away; a second ask has the same."""
    long = paper(2, abstract="Robots send only changes. " * 100)
    model = SaidModel({long.id: [NOTHING]})
    await summarize(job(model), [paper(), long])
    caps = {one.id: {ask.most_tokens for ask in model.asked if ask.paper_id == one.id} for one in (paper(), long)}
    (short,), (longer,) = caps.values()
    assert short < longer
