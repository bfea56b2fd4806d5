"""The conversation with the model about one subject: ask, judge, ask again with the faults, keep or give up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic

from pipeline.errors import ModelError
from pipeline.model.interface import Ask, Message, Model, Reply
from pipeline.prompts import Prompt
from pipeline.records import NOTHING_ASKED, Account, Answered, Failure, R, S
from pipeline.store.replies import CachedReply
from pipeline.summarize.finding import Finding
from pipeline.summarize.task import Draft, Task

Keep = Callable[[CachedReply[R]], Awaitable[None]]
"""Writes a reply into the cache."""
ASKS = 3
"""The first ask and two more."""
ROOM_TO_THINK = 4096
"""Tokens that a reply may have beside one for each character of the subject, of which a translation takes a third."""
LONGEST_QUOTE = 8000
"""Characters of a refused reply that are sent back with what was wrong with it."""

Read = Callable[[str], Draft | None]
_NOTHING = Draft({})


def first_ask(subject: S, task: Task[S, R], prompt: Prompt) -> Ask:
    """Return what is asked first of a subject, as the prompt has it.

    Raises:
        PromptError: the prompt cannot be rendered for this subject.
    """
    system, user = prompt.render(task.values(subject), of=subject.id)
    return Ask(
        paper_id=subject.id,
        messages=(Message("system", system), Message("user", user)),
        schema=task.schema(subject),
        temperature=prompt.front.temperature,
        most_tokens=ROOM_TO_THINK + task.characters(subject),
    )


def judge(
    reply: Reply, subject: S, task: Task[S, R], prompt: Prompt, *, read: Read | None = None
) -> tuple[Draft, tuple[Finding, ...]]:
    """Return what was read of a reply about ``subject``, and what is wrong with it; ``read`` where a part was asked."""
    if reply.finish in task.wording.by_finish:
        return _NOTHING, (task.wording.by_finish[reply.finish],)
    draft = read(reply.text) if read else task.read(reply.text, subject)
    if draft is None:
        return _NOTHING, (task.wording.no_object,)
    return draft, tuple(task.findings(draft, subject, prompt))


def refusals(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return those for which a reply cannot be kept."""
    return tuple(one for one in findings if one.severity == "refuse")


@dataclass
class OwnTexts:
    """Texts of accepted replies, to find an endpoint that gives all subjects the same reply."""

    _sources: dict[str, str] = field(default_factory=dict)

    def is_of_another(self, text: str, source: str) -> bool:
        """Tell whether the text was already made from another source."""
        return self._sources.setdefault(text, source) != source


@dataclass
class Dialogue(Generic[S, R]):
    """The asks about one subject and the replies so far."""

    subject: S
    task: Task[S, R]
    prompt: Prompt
    ask: Ask
    """The first ask; ``key`` is its cache key."""
    key: str
    own_texts: OwnTexts = field(default_factory=OwnTexts)
    """Of the run."""
    replies: int = 0
    account: Account = NOTHING_ASKED
    """Of all asks so far."""
    faults: list[str] = field(default_factory=list)

    async def hold(self, model: Model, *, now: Callable[[], datetime], keep: Keep[R]) -> CachedReply[R] | Failure:
        """Ask until a reply passes the checks, at most ``ASKS`` times.

        ``keep`` is given what is returned, and that at once, because it is paid for. A reply that is not refused is in
        hand, whatever else is wrong with it: one more ask, and whatever comes of that, the subject is not lost.

        Raises:
            FatalModelError: no further ask can succeed.
            CallError: the model did not answer.
        """
        ask, read = self.ask, None
        findings: tuple[Finding, ...] = (self.task.wording.no_object,)
        in_hand: CachedReply[R] | None = None
        fewest = 0
        while self.replies < ASKS:
            try:
                reply = await self._reply(model, ask)
            except ModelError:
                # What ended the run, if it did, ends it at the next ask: here nothing is lost that was paid for.
                if in_hand:
                    return in_hand
                raise
            draft, findings = self._judge(reply, read)
            if not (refused := refusals(findings)):
                if in_hand and len(findings) > fewest:
                    return in_hand
                kept = self._cached(draft, findings, reply, self._origin(model, now()))
                await keep(kept)
                if in_hand or not findings:
                    return kept
                in_hand, fewest = kept, len(findings)
            elif in_hand:
                break
            findings = refused or findings
            self.faults.append(findings[0].check)
            ask, read = self._again(reply, draft, findings)
        return in_hand or self.failure(findings[0].check, findings[0].detail)

    async def _reply(self, model: Model, ask: Ask) -> Reply:
        try:
            reply = await model.ask(ask)
        except ModelError as error:
            self.account += error.account
            raise
        self.account += reply.account
        self.replies += 1
        return reply

    def _judge(self, reply: Reply, read: Read | None) -> tuple[Draft, tuple[Finding, ...]]:
        """Judge a reply; a good one is refused where another subject has it."""
        draft, findings = judge(reply, self.subject, self.task, self.prompt, read=read)
        if refusals(findings) or not (own := self.task.own_text(self.subject, draft)):
            return draft, findings
        return draft, (self.task.wording.same_reply,) if self.own_texts.is_of_another(*own) else findings

    def failure(self, reason: str, detail: str) -> Failure:
        """Return the subject's failure after the replies so far."""
        return Failure(paper_id=self.subject.id, reason=reason, detail=detail, attempts=self.replies)

    def _again(self, reply: Reply, draft: Draft, findings: tuple[Finding, ...]) -> tuple[Ask, Read | None]:
        """Return the next ask, the model's own words and what was wrong with them, and how its reply is read."""
        part = self.task.part(self.subject, draft, findings)
        wording = self.task.wording
        faults = wording.joint.join(dict.fromkeys(one.again for one in findings))
        words = part.words if part else wording.again.format(faults=faults)
        said = (Message("assistant", _quoted(reply.text)),) if reply.text.strip() else ()
        ask = Ask(
            paper_id=self.ask.paper_id,
            messages=(*self.ask.messages, *said, Message("user", words)),
            schema=part.schema if part else self.ask.schema,
            temperature=self.ask.temperature,
            most_tokens=self.ask.most_tokens,
        )
        return ask, part.read if part else None

    def _origin(self, model: Model, moment: datetime) -> Answered:
        return Answered(
            paper_id=self.subject.id,
            prompt=self.prompt.label,
            prompt_sha256=self.prompt.sha256,
            model=model.name,
            endpoint=model.endpoint,
            created=moment,
            usage=self.account.usage,
        )

    def _cached(self, draft: Draft, findings: Sequence[Finding], reply: Reply, origin: Answered) -> CachedReply[R]:
        record = self.task.record(self.subject, draft, findings, origin)
        return CachedReply(self.key, record, reply.text, {"replies": self.replies, "faults": [*self.faults]})


def _quoted(text: str) -> str:
    """Return a reply as it is sent back: a runaway one by its beginning."""
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
