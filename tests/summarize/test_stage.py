"""The stage as a whole: order, cache, what is never asked, and how a run ends early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from pipeline.errors import BudgetError, CallError, FatalModelError
from pipeline.model.interface import Ask, Message, Reply
from pipeline.records import Account, Entry, Failure, Paper, Settled, Spent
from pipeline.store.cache import Cache
from pipeline.summarize import Summarizer
from pipeline.summarize.stage import LOOK_UPS, MOST_FAILED, MOST_UNANSWERED, WINDOW

from .conftest import MakeJob
from .samples import USED, Outcome, SaidModel, Watcher, failures, pages_of, paper, papers, saying, settle, summarize

REFUSED = FatalModelError("example.org answered 401", hint="Check the key.")


def counts(settled: list[Settled]) -> tuple[int, int]:
    """Return how many papers the cache had and how many the model summarized."""
    spent = Spent.on(settled)
    return spent.cached, spent.summarized


def ids(entries: Iterable[Entry]) -> list[str]:
    """Return the papers of ``entries``."""
    return [entry.paper.id for entry in entries]


async def test_entries_keep_the_papers_order(job: MakeJob) -> None:
    """Replies come in the opposite order, entries in the papers'; each is one paper's own."""
    model = SaidModel(delay=lambda paper_id: 0.05 - int(paper_id[-2:]) / 1000)
    entries, _ = await summarize(job(model), papers(10), papers(20)[10:])
    assert ids(entries) == [one.id for one in papers(20)]
    assert [entry.summary and entry.summary.paper_id for entry in entries] == ids(entries)


async def test_asks_leave_before_the_next_page_is_there(job: MakeJob) -> None:
    """The source waits for the first page's summaries, which would never come if nothing were asked meanwhile."""
    model, watcher = SaidModel(), Watcher()
    one, two = papers(2)

    async def pages() -> AsyncIterator[list[Paper]]:
        yield [one]
        async with asyncio.timeout(10):
            while not model.asked:  # noqa: ASYNC110 (the fake has no event)
                await asyncio.sleep(0)
        yield [two]

    entries = [one.entry async for one in Summarizer(job(model)).settled(pages())]
    assert (ids(entries), watcher.seen) == ([one.id, two.id], [])


async def test_what_the_cache_has_is_not_asked(job: MakeJob) -> None:
    """The second run sends nothing and gives the same entries."""
    first, _ = await summarize(job(SaidModel()), papers(5))
    model = SaidModel()
    settled, stage = await settle(job(model), papers(6))
    assert [one.entry for one in settled[:5]] == first
    assert [ask.paper_id for ask in model.asked] == [papers(6)[5].id]
    assert counts(settled) == (5, 1)
    assert stage.stopped is None


async def test_another_model_or_text_misses(job: MakeJob) -> None:
    """A reply answers only for the model and the words that were asked."""
    await summarize(job(SaidModel()), [paper()])
    others = [
        (SaidModel(name="another"), paper()),
        (SaidModel(), paper(title="Sharing Maps!")),
        (SaidModel(), paper(abstract="Robots send changes.")),
    ]
    for model, one in others:
        await summarize(job(model), [one])
        assert len(model.asked) == 1


async def test_refresh_asks_again_and_replaces(job: MakeJob, cache: Cache) -> None:
    """The newer reply is the one kept."""
    await summarize(job(SaidModel()), [paper()])
    newer = SaidModel({paper().id: [saying(tldr="机器人更快了。")]})
    settled, _ = await settle(job(newer, refresh=True), [paper()])
    assert counts(settled) == (0, 1)
    (kept,) = cache.replies.of_paper(paper().id)
    assert (kept.summary, kept.summary.tldr) == (settled[0].entry.summary, "机器人更快了。")


async def test_offline_asks_nothing(job: MakeJob) -> None:
    """What the cache has is there, what it has not is a failure that says so."""
    one, two = papers(2)
    await summarize(job(SaidModel()), [one])
    model = SaidModel()
    settled, stage = await settle(job(model, offline=True), [one, two])
    entries = [one.entry for one in settled]
    assert (model.asked, counts(settled), stage.stopped) == ([], (1, 0), None)
    detail = "not in the cache, and --offline asks no model"
    assert failures(entries) == [Failure(paper_id=two.id, reason="not_cached", detail=detail)]


async def test_more_papers_than_the_window(job: MakeJob) -> None:
    """Entries of a month of papers on one page come out while the page is still being read."""
    read: list[int] = []

    def page() -> Iterable[Paper]:
        for number in range(WINDOW + 3 * LOOK_UPS):
            read.append(number)
            yield paper(number % 90_000, abstract=f"{number}")

    stage = Summarizer(job(SaidModel(), offline=True))
    entries = stage.settled(pages_of(page()))
    await anext(entries)
    assert WINDOW < len(read) <= WINDOW + LOOK_UPS
    assert len([entry async for entry in entries]) == WINDOW + 3 * LOOK_UPS - 1


async def test_only_accepted_replies_are_kept(job: MakeJob, cache: Cache) -> None:
    """Of a good, a bad, a failed and a repaired paper two are in the cache, and the rest are asked again."""
    good, bad, failed, repaired = papers(4)
    long = saying(tldr="长" * 201)
    told: dict[str, list[Outcome]] = {
        bad.id: [long] * 3,
        failed.id: [CallError("timeout", "no answer")],
        repaired.id: [long],
    }
    entries, _ = await summarize(job(SaidModel(told)), [good, bad, failed, repaired])
    assert [failure.reason for failure in failures(entries)] == ["too_long", "timeout"]
    assert cache.info().replies == 2
    model = SaidModel()
    await summarize(job(model), [good, bad, failed, repaired])
    assert [ask.paper_id for ask in model.asked] == [bad.id, failed.id]


async def test_equal_texts_are_two_papers(job: MakeJob) -> None:
    """Two ids with one title and abstract get a summary each, under their own id, from the model and from the cache."""
    both = [paper(1), paper(2)]
    for _ in range(2):
        entries, _ = await summarize(job(SaidModel()), both)
        assert [entry.summary and entry.summary.paper_id for entry in entries] == [one.id for one in both]


async def test_a_fatal_error_stops_the_rest(job: MakeJob, cache: Cache) -> None:
    """Papers without a summary fail as stopped with the error's words; what was done stays, and no page is read on."""
    everything = papers(12)
    read = 0

    async def pages() -> AsyncIterator[list[Paper]]:
        nonlocal read
        for start in range(0, 12, 3):
            read += 1
            yield everything[start : start + 3]
            for _ in range(50):
                await asyncio.sleep(0)

    told: dict[str, list[Outcome]] = {everything[1].id: [REFUSED]}
    model = SaidModel(told, delay=lambda paper_id: 0.0 if paper_id < everything[2].id else 60.0)
    stage = Summarizer(job(model))
    entries = [one.entry async for one in stage.settled(pages())]
    assert stage.stopped is REFUSED
    assert read <= 2
    assert ids(entries) == [one.id for one in everything[: read * 3]]
    assert [entry.paper.id for entry in entries if entry.summary] == [everything[0].id]
    stopped = [Failure(paper_id=one, reason="stopped", detail=REFUSED.message) for one in ids(entries)[1:]]
    assert failures(entries) == stopped
    assert {ask.paper_id for ask in model.asked} == {one.id for one in everything[:3]}
    assert cache.info().replies == 1


async def test_what_the_cache_has_is_there_after_a_fatal_error(job: MakeJob) -> None:
    """A stopped run still shows what needs no model."""
    one, two, three = papers(3)
    await summarize(job(SaidModel()), [three])
    settled, stage = await settle(job(SaidModel({one.id: [REFUSED]})), [one, two, three])
    assert [each.entry.summary is not None for each in settled] == [False, False, True]
    assert (counts(settled), stage.stopped) == ((1, 0), REFUSED)


async def test_two_fatal_errors_are_one(job: MakeJob) -> None:
    """The first one is what ended the run."""
    one, two = papers(2)
    second = FatalModelError("another")
    _, stage = await summarize(job(SaidModel({one.id: [REFUSED], two.id: [second]})), [one, two])
    assert stage.stopped is REFUSED


async def test_a_reader_that_leaves_ends_every_ask(job: MakeJob) -> None:
    """Closing the entries early cancels what is under way; nothing is left on the loop."""
    model = SaidModel(delay=lambda paper_id: 0.0 if paper_id == papers(1)[0].id else 60.0)
    entries = Summarizer(job(model)).settled(pages_of(papers(5)))
    assert (await anext(entries)).entry.paper == papers(1)[0]
    await entries.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_interrupt_is_no_outcome(job: MakeJob) -> None:
    """Cancelling the run cancels it, and leaves nothing on the loop."""
    model = SaidModel(delay=lambda _: 60.0)
    run = asyncio.create_task(summarize(job(model), papers(3)))
    while len(model.asked) < 3:  # noqa: ASYNC110 (the fake has no event)
        await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_source_that_breaks_ends_every_ask(job: MakeJob) -> None:
    """Its error goes to whoever runs the stage, after the asks under way were ended."""

    async def pages() -> AsyncIterator[list[Paper]]:
        yield papers(3)
        await asyncio.sleep(0)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        async for _ in Summarizer(job(SaidModel(delay=lambda _: 60.0))).settled(pages()):
            pass
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_whoever_watches_is_told_of_each_paper_once(job: MakeJob) -> None:
    """Summary, failure, and what came from the cache."""
    one, two, three = papers(3)
    await summarize(job(SaidModel()), [one])
    told = job(SaidModel({two.id: [CallError("timeout", "no answer")]}))
    await summarize(told, [one, two, three])
    assert isinstance(told.progress, Watcher)
    assert sorted(told.progress.seen) == [(one.id, True, True), (two.id, False, False), (three.id, True, False)]


async def test_what_was_spent(job: MakeJob) -> None:
    """One fold over what was settled: requests, retries, tokens and dollars, of failures as well."""
    one, two, three, four = papers(4)
    await summarize(job(SaidModel()), [one])
    model = SaidModel({three.id: [BAD], four.id: [BAD, CallError("timeout", "no answer")]})
    settled, _ = await settle(job(model), [one, two, three, four])
    spent = Spent.on(settled)
    assert spent == Spent(cached=1, summarized=2, requests=5, retries=2, tokens=USED + USED + USED + USED, cost_usd=5.0)


async def test_a_failure_shows_what_it_cost(job: MakeJob) -> None:
    """Tokens and dollars of every ask and of every model; nothing where nothing was asked."""
    one, two = papers(2)
    model = SaidModel({one.id: [BAD, BAD, BAD]})
    fallback = SaidModel({one.id: [BAD, CallError("timeout", "no answer")], two.id: [REFUSED]})
    entries, _ = await summarize(job(model, fallback=(fallback,)), [one])
    (failed,) = failures(entries)
    assert (failed.usage, failed.cost_usd) == (USED + USED + USED + USED, 5.0)
    offline, _ = await summarize(job(model, offline=True), [two])
    assert [(each.usage, each.cost_usd) for each in failures(offline)] == [(None, None)]


async def test_two_stages_over_one_model_count_their_own(job: MakeJob) -> None:
    """Side by side, each has the requests of its own papers and no others."""
    model = SaidModel({paper(9).id: [BAD]}, delay=lambda _: 0.01)
    both = await asyncio.gather(settle(job(model), papers(3)), settle(job(model), [paper(9)]))
    assert [Spent.on(settled).requests for settled, _ in both] == [3, 2]
    assert [Spent.on(settled).cost_usd for settled, _ in both] == [3.0, 2.0]


async def test_what_led_to_the_end_of_a_run_is_counted(job: MakeJob) -> None:
    """A paper whose last request ended the run has the cost of it; the others, which only heard of it, have none."""
    final = REFUSED.charged(Account(requests=2, cost_usd=0.5))
    model = SaidModel({papers(1)[0].id: [final]}, delay=lambda paper_id: 0.0 if paper_id == papers(1)[0].id else 60.0)
    settled, _ = await settle(job(model), papers(3))
    assert [one.account.requests for one in settled] == [2, 0, 0]
    assert [one.entry.failure and one.entry.failure.cost_usd for one in settled] == [0.5, None, None]


async def test_no_page_is_no_entry(job: MakeJob) -> None:
    """An empty day is an empty stream."""
    settled, _ = await settle(job(SaidModel()), [])
    assert (settled, Spent.on(settled)) == ([], Spent(cost_usd=0.0))


async def test_a_papers_words_are_data(job: MakeJob) -> None:
    """What looks like a template in a title is sent as it is."""
    model = SaidModel()
    await summarize(job(model), [paper(title="{{ 7 * 7 }} {% raw %}")])
    user = Message("user", "<title>{{ 7 * 7 }} {% raw %}</title>\n<abstract>Robots send only changes.</abstract>")
    assert model.asked[0].messages[1] == user


BROKEN = CallError("unavailable", "example.org answered 500")
FILTERED = CallError("refused", "example.org answered 400 content_filter")
BAD = saying(tldr="no Chinese at all")


async def test_a_fallback_is_asked_about_what_the_first_model_failed(job: MakeJob) -> None:
    """In turn, and only about those; the summary names who made it, and the cache answers the next run."""
    one, two, three = papers(3)
    first = SaidModel({two.id: [BAD] * 3, three.id: [FILTERED]}, name="first")
    second = SaidModel({three.id: [BROKEN]}, name="second")
    third = SaidModel(name="third")
    settled, _ = await settle(job(first, fallback=(second, third)), [one, two, three])
    entries = [each.entry for each in settled]
    assert [entry.summary and entry.summary.model for entry in entries] == ["first", "second", "third"]
    assert [{ask.paper_id for ask in model.asked} for model in (second, third)] == [{two.id, three.id}, {three.id}]
    assert (len(second.asked), len(third.asked)) == (2, 1)
    assert (Spent.on(settled).requests, Spent.on(settled).cost_usd) == (8, 8.0)
    models = [SaidModel(name=name) for name in ("first", "second", "third")]
    again, _ = await summarize(job(models[0], fallback=tuple(models[1:])), [one, two, three])
    assert again == entries
    assert [model.asked for model in models] == [[], [], []]


async def test_what_every_model_fails_fails_for_the_last_ones_reason(job: MakeJob) -> None:
    """With its own number of replies."""
    first, second = SaidModel({paper().id: [BAD] * 3}), SaidModel({paper().id: [FILTERED]})
    entries, _ = await summarize(job(first, fallback=(second,)), [paper()])
    (failed,) = failures(entries)
    assert (failed.reason, failed.detail, failed.attempts) == ("refused", FILTERED.message, 0)


@pytest.mark.parametrize(
    ("outcomes", "most"),
    [([BROKEN], MOST_UNANSWERED), ([BAD] * 3, MOST_FAILED)],
    ids=["unanswered", "unusable"],
)
async def test_papers_that_all_fail_in_a_row_end_a_run(job: MakeJob, outcomes: list[Outcome], most: int) -> None:
    """So many fail with their own reason, and the rest as stopped."""
    everything = papers(3 * most)
    model = SaidModel({one.id: outcomes for one in everything}, delay=lambda paper_id: int(paper_id[-5:]) / 20_000)
    entries, stage = await summarize(job(model), everything)
    assert stage.stopped is not None
    assert stage.stopped.message == f"told at example.org: the last {most} papers all failed"
    reasons = [failure.reason for failure in failures(entries)]
    assert reasons.count("stopped") == 2 * most
    assert len(reasons) == 3 * most


async def test_one_good_paper_begins_the_count_anew(job: MakeJob) -> None:
    """Failures that are not in a row end nothing."""
    everything = papers(3 * MOST_UNANSWERED)
    told: dict[str, list[Outcome]] = {one.id: [BROKEN] for one in everything if int(one.id[-5:]) % 10}
    model = SaidModel(told, delay=lambda paper_id: int(paper_id[-5:]) / 2000)
    entries, stage = await summarize(job(model), everything)
    assert stage.stopped is None
    assert len(failures(entries)) == len(told)


async def test_a_refusal_of_one_paper_is_an_answer(job: MakeJob) -> None:
    """An endpoint that filters papers, or finds them too long, is there: that many in a row do not end a run."""
    everything = papers(2 * MOST_UNANSWERED)
    _, stage = await summarize(job(SaidModel({one.id: [FILTERED] for one in everything})), everything)
    assert stage.stopped is None


async def test_a_paper_counts_once_however_many_models_fail_it(job: MakeJob) -> None:
    """With a fallback, it still takes twenty papers to end a run."""
    everything = papers(MOST_UNANSWERED - 1)
    told: dict[str, list[Outcome]] = {one.id: [BROKEN] for one in everything}
    _, stage = await summarize(job(SaidModel(told), fallback=(SaidModel(told),)), everything)
    assert stage.stopped is None


async def test_a_spent_budget_names_the_papers_left(job: MakeJob) -> None:
    """They fail as ``budget`` with its words, not as stopped."""
    spent = BudgetError("the budget of $1 ends here")
    one, two, three = papers(3)
    model = SaidModel({two.id: [spent]}, delay=lambda paper_id: 60.0 if paper_id == three.id else 0.0)
    entries, stage = await summarize(job(model), [one, two, three])
    assert stage.stopped is spent
    assert failures(entries) == [
        Failure(paper_id=left.id, reason="budget", detail=spent.message) for left in (two, three)
    ]


async def test_an_error_before_others_began_is_no_interrupt(job: MakeJob) -> None:
    """The first ask may fail before the tasks beside it have run at all; those papers fail as stopped, too."""

    class Refusing(SaidModel):
        async def ask(self, ask: Ask) -> Reply:
            raise REFUSED

    entries, stage = await summarize(job(Refusing()), papers(3))
    assert stage.stopped is REFUSED
    assert [failure.reason for failure in failures(entries)] == ["stopped"] * 3


async def test_a_model_that_fails_paper_after_paper_alike_is_passed_over(job: MakeJob) -> None:
    """Where there is a fallback; the model's replies would be paid for in vain."""
    everything = papers(30)
    first = SaidModel({one.id: [BAD] * 3 for one in everything}, name="first")
    second = SaidModel(name="second", delay=lambda _: 0.0)
    stage = Summarizer(job(first, fallback=(second,)))

    async def pages() -> AsyncIterator[list[Paper]]:
        for one in everything:
            yield [one]
            await asyncio.sleep(0.005)

    entries = [each.entry async for each in stage.settled(pages())]
    assert failures(entries) == []
    assert len({ask.paper_id for ask in first.asked}) < 10
    assert len(second.asked) == 30


async def test_one_reply_for_several_papers_is_refused(job: MakeJob) -> None:
    """An endpoint that answers every paper alike has one paper's summary at most; equal abstracts are one text."""
    long = "Robots send only changes, and need no radio. " * 8
    one, same, other = paper(1, abstract=long), paper(2, abstract=long), paper(3, abstract=f"{long} Or two.")
    sentences = [f"第 {number} 台机器人保有自己的地图，只发送变化，不需要无线电。" for number in range(6)]
    reply = saying(translated_abstract="".join(sentences))
    told: dict[str, list[Outcome]] = {each.id: [reply] * 3 for each in (one, same, other)}
    entries, _ = await summarize(job(SaidModel(told)), [one], [same], [other])
    assert [entry.summary is not None for entry in entries] == [True, True, False]
    assert [(failure.reason, failure.attempts) for failure in failures(entries)] == [("same_reply", 3)]


async def test_short_abstracts_may_have_one_translation(job: MakeJob) -> None:
    """Two withdrawn papers say the same in other words."""
    entries, _ = await summarize(job(SaidModel()), papers(5))
    assert failures(entries) == []
