"""One paper's conversation with the model: ask, judge, ask again with the fault, keep or give up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.cache import CachedReply
from pipeline.errors import CallError, ModelError
from pipeline.model.interface import Ask, Message, Model, Reply
from pipeline.prompts import Prompt
from pipeline.records import NOTHING_ASKED, Account, Failure, Paper, Summary
from pipeline.summarize.checks import SHORT_ABSTRACT, english_tldr_is_missing, first_fault
from pipeline.summarize.finding import Context, Finding
from pipeline.summarize.reply import SCHEMA, read_object
from pipeline.text import fold

ASKS = 3
"""The first ask and two more."""
ROOM_TO_THINK = 4096
"""Tokens that a reply may have beside one for each character of the paper, of which a translation takes a third."""
LONGEST_QUOTE = 8000
"""Characters of a refused reply that are sent back with what was wrong with it."""

_BY_FINISH = {
    "length": Finding("truncated", "the reply was cut at the endpoint's limit", "上一次没有写完，写得紧凑些"),
    "content_filter": Finding("refused", "the endpoint's content filter held the reply back", "只做客观的学术翻译"),
    "refusal": Finding("refused", "the model declined to answer", "这是公开发表的学术摘要，只需客观翻译"),
}
_NO_OBJECT = Finding("not_json", "the reply holds no JSON object with the fields", "只回答一个 JSON 对象")
_SAME_REPLY = Finding(
    "same_reply", "the abstract is word for word that of another paper", "这是另一篇论文的译文，请翻译这一篇的摘要"
)
_NO_ENGLISH = Finding("missing_field", "no tldr_en", "缺少 tldr_en：用一句英文写出同一要点")


def first_ask(paper: Paper, prompt: Prompt) -> Ask:
    """Return what is asked first of a paper, as the prompt has it.

    Raises:
        PromptError: the prompt cannot be rendered for this paper.
    """
    system, user = prompt.render(paper)
    return Ask(
        paper_id=paper.id,
        messages=(Message("system", system), Message("user", user)),
        schema=SCHEMA,
        temperature=prompt.front.temperature,
        most_tokens=ROOM_TO_THINK + len(paper.title) + len(paper.abstract),
    )


def judge(reply: Reply, paper: Paper, prompt: Prompt) -> tuple[dict[str, str], Finding | None]:
    """Return the fields of a reply about ``paper`` and what is wrong with it; a missing English one-liner is not."""
    fields = read_object(reply.text, source=f"{paper.title}\n{paper.abstract}")
    if reply.finish in _BY_FINISH:
        return {}, _BY_FINISH[reply.finish]
    if fields is None:
        return {}, _NO_OBJECT
    if english_tldr_is_missing(fields):
        fields["tldr_en"] = ""
    return fields, first_fault(fields, Context(paper, instructions=f"{prompt.system}\n{prompt.user}"))


@dataclass
class Translations:
    """The abstracts that were translated so far, to find an endpoint that gives all papers the same reply."""

    _sources: dict[str, str] = field(default_factory=dict)

    def fault_of(self, fields: dict[str, str], paper: Paper) -> Finding | None:
        """Return what is wrong with a good reply: another paper has it. Short abstracts may well say the same."""
        if len(paper.abstract) < SHORT_ABSTRACT:
            return None
        source = self._sources.setdefault(fold(fields["translated_abstract"]), paper.abstract)
        return None if source == paper.abstract else _SAME_REPLY


@dataclass
class Dialogue:
    """The asks about one paper and the replies so far."""

    paper: Paper
    prompt: Prompt
    ask: Ask
    """The first ask; ``key`` is its cache key."""
    key: str
    translations: Translations = field(default_factory=Translations)
    """Of the run."""
    replies: int = 0
    account: Account = NOTHING_ASKED
    """Of all asks so far."""
    faults: list[str] = field(default_factory=list)

    async def hold(self, model: Model, *, now: Callable[[], datetime]) -> CachedReply | Failure:
        """Ask until a reply passes the checks, at most ``ASKS`` times.

        A reply that lacks only the English one-liner is kept in hand: one more ask, and whatever comes of that, the
        paper is not lost.

        Raises:
            FatalModelError: no further ask can succeed.
            CallError: the model did not answer.
        """
        ask, fault = self.ask, _NO_OBJECT
        in_hand: CachedReply | None = None
        while self.replies < ASKS:
            try:
                reply = await self._reply(model, ask)
            except CallError:
                if in_hand:
                    return in_hand
                raise
            fields, found = judge(reply, self.paper, self.prompt)
            found = found or self.translations.fault_of(fields, self.paper)
            if found is None:
                kept = self._keep(fields, reply, model, now())
                if kept.summary.tldr_en or in_hand:
                    return kept
                in_hand, found = kept, _NO_ENGLISH
            elif in_hand:
                break
            fault = found
            self.faults.append(fault.check)
            ask = self._again(reply, fault)
        return in_hand or self.failure(fault.check, fault.detail)

    async def _reply(self, model: Model, ask: Ask) -> Reply:
        try:
            reply = await model.ask(ask)
        except ModelError as error:
            self.account += error.account
            raise
        self.account += reply.account
        self.replies += 1
        return reply

    def failure(self, reason: str, detail: str) -> Failure:
        """Return the paper's failure after the replies so far."""
        return Failure(paper_id=self.paper.id, reason=reason, detail=detail, attempts=self.replies)

    def _again(self, reply: Reply, fault: Finding) -> Ask:
        """Return the next ask: the model's own words and what was wrong with them."""
        words = f"上面的回答不能用：{fault.again}。请重新给出完整的 JSON 对象。"
        said = (Message("assistant", _quoted(reply.text)),) if reply.text.strip() else ()
        return Ask(
            paper_id=self.ask.paper_id,
            messages=(*self.ask.messages, *said, Message("user", words)),
            schema=self.ask.schema,
            temperature=self.ask.temperature,
            most_tokens=self.ask.most_tokens,
        )

    def _keep(self, fields: dict[str, str], reply: Reply, model: Model, moment: datetime) -> CachedReply:
        summary = Summary(
            paper_id=self.paper.id,
            **{name: fold(text) for name, text in fields.items()},
            prompt=self.prompt.label,
            prompt_sha256=self.prompt.sha256,
            model=model.name,
            endpoint=model.endpoint,
            created=moment,
            usage=self.account.usage,
        )
        return CachedReply(self.key, summary, reply.text, {"replies": self.replies, "faults": self.faults})


def _quoted(text: str) -> str:
    """Return a reply as it is sent back: a runaway one by its beginning."""
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
