"""The frozen records that the stages exchange; JSON Lines keep these names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, Protocol, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import TypeVar

AnnounceType = Literal["new", "cross", "replace", "replace-cross"]
"""How arXiv announced a paper: https://info.arxiv.org/help/rss.html."""
FIRST_KINDS: tuple[AnnounceType, ...] = ("new", "cross")
"""Kinds of announcement that bring a paper to a digest for the first time; the others are of new versions."""

_NEW_ID = re.compile(r"(?P<id>\d{4}\.\d{4,5})(?:v(?P<version>[1-9]\d*))?", re.ASCII)
_OLD_ID = re.compile(
    r"(?P<archive>[a-z]+(?:-[a-z]+)*)(?:\.[A-Z]{2})?/(?P<number>\d{7})(?:v(?P<version>[1-9]\d*))?", re.ASCII
)
DEFAULT_LANGUAGE = "zh"
"""Of a page of which nothing else is said."""
DIGEST_NAME = "[A-Za-z0-9][A-Za-z0-9.+_-]*"
"""What a digest may be called; its name and its day become parts of a path."""
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_OWN_LINK = re.compile(r"https?://(?:export\.|www\.)?arxiv\.org/(?P<page>abs|pdf)/(?P<id>.+?)(?:v\d+)?")
_ID_PREFIX = re.compile(r"(?:oai:)?arxiv(?:\.org)?:|https?://(?:export\.|www\.)?arxiv\.org/(?:abs|pdf)/", re.IGNORECASE)


def parse_id(text: str) -> tuple[str, int | None]:
    """Return an arXiv identifier without its version, and the version if one was given.

    Accepts both schemes, ``arXiv:`` and ``oai:arXiv.org:`` prefixes and abs or pdf links; the subject class of an
    old identifier (``math.GT/0309136``) is dropped, as arXiv itself does.
    Source: https://info.arxiv.org/help/arxiv_identifier.html.

    Raises:
        ValueError: ``text`` is no arXiv identifier.
    """
    bare = _ID_PREFIX.sub("", text.strip(), count=1).removesuffix(".pdf")
    if match := _NEW_ID.fullmatch(bare):
        identifier = match["id"]
    elif match := _OLD_ID.fullmatch(bare):
        identifier = f"{match['archive']}/{match['number']}"
    else:
        raise ValueError(f"{text[:80]!r} is not an arXiv identifier such as 2404.02059 or math/0309136")
    return identifier, int(match["version"]) if match["version"] else None


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]
Moment = Annotated[datetime, AfterValidator(_with_zone)]
OptionalText = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class Record(BaseModel):
    """A frozen record; unknown keys of an input are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Paper(Record):
    """One version of one arXiv paper. An input needs only ``id``, ``title`` and ``abstract``."""

    id: str
    """Identifier without version: ``2404.02059`` or ``math/0309136``."""
    version: int | None = Field(default=None, ge=1)
    """Version number from 1; None where the source does not say."""
    title: Text
    abstract: Text
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    primary_category: str | None = None
    published: Moment | None = None
    """When version 1 was submitted, or, from an announcement, the day of the announcement."""
    updated: Moment | None = None
    announce_type: AnnounceType | None = None
    comment: str | None = None
    doi: str | None = None
    journal_ref: str | None = None
    url: str = ""
    """The abstract page; built from ``id`` unless an input named that very page."""
    pdf_url: str = ""

    @model_validator(mode="before")
    @classmethod
    def _check_id_and_links(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("id"), str):
            return data
        identifier, version = parse_id(data["id"])
        checked = {key: value for key, value in data.items() if key not in {"url", "pdf_url"}}
        checked |= {"id": identifier, "version": data.get("version") or version}
        for key, page in (("url", "abs"), ("pdf_url", "pdf")):
            checked[key] = _own_link(data.get(key), page, identifier)
        return checked

    @property
    def english(self) -> str:
        """Title and abstract."""
        return f"{self.title}\n{self.abstract}"

    @property
    def is_record(self) -> bool:
        """Whether it is arXiv's own record: an item of a feed lacks the date of its version."""
        return self.updated is not None

    def announced_as(self, kind: AnnounceType | None) -> Self:
        """Return the paper as one that was announced as ``kind``."""
        return self if self.announce_type == kind else self.model_copy(update={"announce_type": kind})


def _own_link(given: object, page: str, identifier: str) -> str:
    own = _OWN_LINK.fullmatch(given) if isinstance(given, str) else None
    if own and (own["page"], own["id"]) == (page, identifier):
        return own[0]
    return f"https://arxiv.org/{page}/{identifier}"


class Usage(Record):
    """Tokens that one or several completions used, as the endpoint counted them."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    """Prompt tokens that the endpoint read from its own prompt cache; part of ``prompt``."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            cached=self.cached + other.cached,
        )


class Account(Record):
    """What asking a model took; accounts of several asks add up."""

    requests: int = 0
    """Requests sent, those that failed included."""
    tokens: Usage = Usage()
    """As far as the endpoint counted them."""
    cost_usd: float | None = 0.0
    """US dollars, the worst case for a request that ended without a count; None where the price is not known."""

    @property
    def usage(self) -> Usage | None:
        """The tokens; None where the endpoint counted none."""
        return self.tokens if self.tokens.prompt else None

    def __add__(self, other: Account) -> Account:
        unknown = self.cost_usd is None or other.cost_usd is None
        return Account(
            requests=self.requests + other.requests,
            tokens=self.tokens + other.tokens,
            cost_usd=None if unknown else (self.cost_usd or 0.0) + (other.cost_usd or 0.0),
        )


NOTHING_ASKED = Account()


class Subject(Protocol):
    """What a model is asked about."""

    @property
    def id(self) -> str:
        """Name of the subject; a paper's identifier."""


class _Identified(Record):
    paper_id: str
    """Id of the subject."""


class Answered(_Identified):
    """What a model said of a subject, checked, and where it came from; the record of a task adds what was said."""

    kind: ClassVar[str] = ""
    """Tells the records of one task in the cache from those of another; empty for those of a paper."""
    prompt: str | None = None
    """Prompt and version, ``digest@1``."""
    prompt_sha256: str | None = None
    model: str | None = None
    endpoint: str | None = None
    """Host of the endpoint; never a whole address."""
    created: Moment | None = None
    usage: Usage | None = None
    """All tokens paid for this answer, those of refused replies included."""


class Mark(Record):
    """What is doubtful in a text that is shown all the same."""

    check: str
    """Which check found it."""
    field: str
    sentence: int | None = None
    """Number of the sentence from 1; None for the whole field."""
    detail: str
    """The words that it concerns; empty where it is all of the field or the sentence."""


class Sentence(Record):
    """One sentence of an abstract and its translation, or several that belong together; one side may be empty."""

    en: str
    zh: str
    marks: tuple[str, ...] = ()
    """Checks that found something in it."""


class _Texts(_Identified):
    translated_title: str
    tldr: str
    tldr_en: OptionalText = ""
    translated_abstract: str


# The texts stand before their origin in every file that was written so far.
class Summary(Answered, _Texts):
    """What a model said of a paper."""

    sentences: tuple[Sentence, ...] = Field(default=(), exclude_if=lambda sentences: not sentences)
    """The abstract sentence by sentence, where it was asked for so."""
    marks: tuple[Mark, ...] = Field(default=(), exclude_if=lambda marks: not marks)


class Failure(Record):
    """Why a paper has no summary; ``reason`` is a word of the vocabulary in ``docs/failures.md``."""

    paper_id: str
    reason: str
    detail: str
    attempts: int = 0
    """Replies asked for before giving up; 0 where none was asked."""
    usage: Usage | None = None
    """Tokens of those replies; None where none was counted."""
    cost_usd: float | None = None
    """US dollars that they cost; None where nothing was asked, or the price is not known."""


class Entry(Record):
    """A paper with its summary or its failure: one line of ``summarize``, one entry of a digest."""

    paper: Paper
    summary: Summary | None = None
    failure: Failure | None = None

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.summary is None) == (self.failure is None):
            raise ValueError("needs either a summary or a failure")
        return self

    @property
    def absent(self) -> str:
        """Which of ``summary`` and ``failure`` it has not; nothing is written of that."""
        return "failure" if self.summary else "summary"


S = TypeVar("S", bound=Subject, default=Paper)
"""What is asked about."""
R = TypeVar("R", bound=Answered, default=Summary)
"""What is answered."""


@dataclass(frozen=True)
class Settled(Generic[S, R]):
    """What a run made of a subject, and what that took."""

    subject: S
    outcome: R | Failure
    account: Account = NOTHING_ASKED
    is_cached: bool = False
    """Whether the answer is of an earlier run."""

    @property
    def is_failure(self) -> bool:
        """Whether nothing usable was answered."""
        return isinstance(self.outcome, Failure)

    @property
    def entry(self: Settled[Paper, Summary]) -> Entry:
        """The paper with its summary or its failure."""
        if isinstance(self.outcome, Failure):
            return Entry(paper=self.subject, failure=self.outcome)
        return Entry(paper=self.subject, summary=self.outcome)


class Day(Record):
    """The digest of one name and day, as ``DATE.json`` holds it."""

    name: str
    date: str
    """Day of the digest, ``YYYY-MM-DD``."""
    entries: tuple[Entry, ...]
    """In the order of the page."""
    language: str = Field(default=DEFAULT_LANGUAGE, exclude_if=lambda language: language == DEFAULT_LANGUAGE)
    """Of the summaries and of the page."""


class Missing(Record):
    """A paper that was announced or asked for and did not come."""

    id: str
    reason: str
    count: int = Field(default=1, ge=1, exclude_if=lambda count: count == 1)
    """Papers that this stands for: those that were only counted have one record together."""


class Shown(Record):
    """A paper on the page of one day of a digest."""

    id: str
    day: str = Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    """Day of the page, ``YYYY-MM-DD``."""
    version: int | None = None
    announce_type: AnnounceType | None = None


class Note(Record):
    """A remark for the reader of the page: a key of the language table and the figures that its text names."""

    key: str
    figures: dict[str, str | int] = {}


STALE = "stale_feed"
"""Key of the note that says that the feed is still that of an earlier day."""
NOT_YET = "not_yet"
"""Key of the note that says that arXiv has not made the feed of a day that is due."""
REPEATED = "repeated"
"""Key of the note that names papers that the pages of other days have."""
UNKNOWN_HOLIDAYS = "unknown_holidays"
"""Key of the note that says that arXiv's holidays of a year are not known."""
LIMITED = "limited"
"""Key of the note that says that the user wanted fewer papers than there are; ``count`` of ``total``."""
FOLLOWS_SUBMISSION = "follows_submission"
"""Key of the note that says that papers were chosen by the time of their submission."""
PARTIAL_NOTES = frozenset({"input_cut", "source_failed", "stopped", "budget", STALE})
"""Keys of the notes that say that papers may be missing whose number nobody knows."""


def _is_partial(notes: Iterable[Note]) -> bool:
    """Tell whether notes say that papers may be missing whose number nobody knows."""
    return any(note.key in PARTIAL_NOTES for note in notes)


class Source(Record):
    """Where the papers of a digest came from and what did not come."""

    name: str | None = Field(default=None, pattern=f"^{DIGEST_NAME}$")
    date: str | None = Field(default=None, pattern=f"^{_DAY}$")
    """Day of the announcement, ``YYYY-MM-DD``."""
    announced: int | None = None
    """Papers announced or asked for; None where nobody said how many there should be."""
    fetched: int = 0
    repeated: int = 0
    """Papers that were fetched and left out, because the page of another day has them."""
    missing: int = 0
    missing_papers: tuple[Missing, ...] = ()
    earlier: tuple[Shown, ...] = ()
    """Where earlier versions of papers that come as replacements were shown last."""
    notes: tuple[Note, ...] = ()
    """What the reader of the page must know of the source."""

    @property
    def is_partial(self) -> bool:
        """Whether papers may be missing that nobody could count."""
        return _is_partial(self.notes)

    @property
    def is_incomplete(self) -> bool:
        """Whether papers lack that the user wanted, counted or not, before any was summarized."""
        return self.missing > 0 or self.is_partial or self.is_late

    @property
    def is_limited(self) -> bool:
        """Whether the user wanted fewer papers than there are."""
        return self.has_note(LIMITED)

    @property
    def is_stale(self) -> bool:
        """Whether the announcement is still that of an earlier day."""
        return self.has_note(STALE)

    @property
    def is_late(self) -> bool:
        """Whether the announcement that is due is not there yet."""
        return self.has_note(NOT_YET)

    def has_note(self, key: str) -> bool:
        """Tell whether a note of this key is there."""
        return any(note.key == key for note in self.notes)


class PromptName(Record):
    """Which prompt made a digest."""

    name: str
    version: int
    sha256: str


class FailedPaper(Record):
    """A failure in a run report."""

    id: str
    reason: str
    detail: str
    cost_usd: float | None = None
    """US dollars that its asks cost; None where nothing was asked, or the price is not known."""


class SourceCount(Record):
    """How many papers the source had, gave and kept back."""

    announced: int | None
    fetched: int
    missing: int


class RunReport(Record):
    """What one digest took and gave: the line of ``--json`` and the ``.run.json`` file."""

    name: str
    date: str
    papers: int
    """``cached`` + ``summarized`` + length of ``failed``."""
    cached: int
    summarized: int
    failed: tuple[FailedPaper, ...] = ()
    requests: int = 0
    """Requests sent to the model, retries included."""
    retries: int = 0
    tokens: Usage = Usage()
    cost_usd: float | None = None
    """US dollars; None when the price is not known."""
    wall_s: float = 0.0
    model: str | None = None
    prompt: PromptName | None = None
    source: SourceCount
    missing_papers: tuple[Missing, ...] = ()
    """Which papers did not come, and why."""
    repeated: int = 0
    """Papers that were left out, because the page of another day has them."""
    earlier: tuple[Shown, ...] = ()
    """Where earlier versions of papers that come as replacements were shown last."""
    notes: tuple[Note, ...] = ()
    """What the page says of the source, each a key and its figures."""
    marked: dict[str, int] = Field(default={}, exclude_if=lambda marked: not marked)
    """Papers with a mark, by the check that found it."""
    marked_papers: int = Field(default=0, exclude_if=lambda count: not count)
    """Papers with a mark, whatever their checks."""
    kept: tuple[str, ...] = ()
    """Ids of papers that the page has as an earlier run of the day found them; this run found nothing or less."""
    complete: bool


class Shortfall(Record):
    """What the page of a day lacks, as its entries and its run report have it."""

    failed: int = 0
    """Papers without a summary."""
    missing: int = 0
    """Papers that did not come."""
    is_uncounted: bool = False
    """Whether papers may be missing that nobody could count."""
    limit: Note | None = None
    """How many papers were taken of how many, where the user wanted fewer."""

    @classmethod
    def of(cls, day: Day, report: RunReport | None) -> Self:
        """Return what ``day`` lacks; without a report only its own entries can tell."""
        failed = sum(entry.failure is not None for entry in day.entries)
        if report is None or report.complete:
            return cls(failed=failed)
        missing = report.source.missing
        counted = (note for note in report.notes if note.key == LIMITED and {"count", "total"} <= note.figures.keys())
        limit = next(counted, None)
        is_unexplained = not failed and not missing and limit is None
        is_uncounted = _is_partial(report.notes) or is_unexplained
        return cls(failed=failed, missing=missing, is_uncounted=is_uncounted, limit=limit)

    @property
    def is_incomplete(self) -> bool:
        """Whether anything lacks that the user wanted."""
        return bool(self.failed or self.missing or self.is_uncounted)


class Spent(Record):
    """What the summarize stage used; part of the line that ends its stream."""

    cached: int = 0
    summarized: int = 0
    requests: int = 0
    retries: int = 0
    """Requests beyond the first about the same paper."""
    tokens: Usage = Usage()
    cost_usd: float | None = None
    wall_s: float = 0.0
    model: str | None = None
    prompt: PromptName | None = None

    @classmethod
    def of(cls, settled: Settled[S, R]) -> Spent:
        """Return what a run used for one subject."""
        account = settled.account
        return cls(
            cached=int(settled.is_cached),
            summarized=int(not settled.is_failure and not settled.is_cached),
            requests=account.requests,
            retries=max(0, account.requests - 1),
            tokens=account.tokens,
            cost_usd=account.cost_usd,
        )

    @classmethod
    def on(cls, settled: Iterable[Settled[S, R]]) -> Spent:
        """Return what a run used for all that it settled."""
        return sum(map(cls.of, settled), NOTHING_SPENT)

    def __add__(self, other: Spent) -> Spent:
        """Return both counts together, of whatever model and prompt."""
        unknown = self.cost_usd is None or other.cost_usd is None
        return Spent(
            cached=self.cached + other.cached,
            summarized=self.summarized + other.summarized,
            requests=self.requests + other.requests,
            retries=self.retries + other.retries,
            tokens=self.tokens + other.tokens,
            cost_usd=None if unknown else round((self.cost_usd or 0.0) + (other.cost_usd or 0.0), 9),
        )


NOTHING_SPENT = Spent(cost_usd=0.0)


class End(Record):
    """The line that ends a stage's stream; a stream without it was cut."""

    source: Source
    exit: int = Field(ge=0, le=130)
    spent: Spent | None = None
