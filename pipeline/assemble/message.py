"""A digest as one message for e-mail or a chat service, cut at an entry border where the service takes no more."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.assemble.language import Language, words_of
from pipeline.records import Day, Entry, RunReport, Shortfall
from pipeline.tex import readable

Dialect = Literal["html", "markdown", "text"]

LONGEST_FIELD = 200
"""Characters of a title or one-liner at most, as long as a one-liner may be; so that one entry fits every service."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>])")


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """What a service takes."""

    dialect: Dialect
    most: int
    """The longest message, as `measure` counts."""
    measure: Callable[[str], int] = len
    """Says how long a text is to the service; of two texts together, the sum."""
    titled: bool = False
    """Whether the service shows the title apart, so that the message need not begin with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    title: str
    body: str


def message(day: Day, report: RunReport | None, limits: MessageLimits, page: str | None) -> Message:
    """Return ``day`` as a message that fits into ``limits``.

    ``report`` says whether the day is whole, ``page`` where to read on. What does not fit is
    counted at the end. Text of others is shown as it is: no markup, no mention of anybody.
    """
    words = words_of(day.language)
    markup = _MARKUPS[limits.dialect]
    title = words.phrases["day"].format(name=day.name, date=day.date, count=len(day.entries))
    opening = [] if limits.titled else [markup.title(title)]
    opening += [markup.line(notice) for notice in _notices(day, report, words)]
    closing = [markup.line(words.phrases["page"].format(url=markup.link(page)), own=True)] if page else []
    entries = [_shown(entry, number, markup, words) for number, entry in enumerate(day.entries, 1)]
    return Message(title, _cut(("".join(opening), entries, "".join(closing)), limits, markup, words))


def _cut(parts: tuple[str, list[str], str], limits: MessageLimits, markup: _PlainText, words: Language) -> str:
    """Join the parts, with as many entries as there is room for, and the number of the others."""
    opening, entries, closing = parts
    left = limits.most - limits.measure(opening + closing)
    sizes = [limits.measure(entry) for entry in entries]
    if sum(sizes) <= left:
        return "".join((opening, *entries, closing))
    left -= limits.measure(markup.line(words.phrases["more"].format(count=len(entries))))
    kept = 0
    while sizes[kept] <= left:
        left -= sizes[kept]
        kept += 1
    more = markup.line(words.phrases["more"].format(count=len(entries) - kept))
    return "".join((opening, *entries[:kept], more, closing))


def _notices(day: Day, report: RunReport | None, words: Language) -> Iterator[str]:
    shortfall = Shortfall.of(day, report)
    counts = ((shortfall.failed, "lack_failed"), (shortfall.missing, "lack_missing"))
    parts = [words.phrases[key].format(count=count) for count, key in counts if count]
    if shortfall.is_uncounted:
        parts.append(words.phrases["lack_uncounted"])
    if parts:
        yield words.phrases["incomplete"].format(lacks="，".join(parts))
    if shortfall.limit:
        yield words.phrases["limited"].format_map(shortfall.limit.figures)


def _shown(entry: Entry, number: int, markup: _PlainText, words: Language) -> str:
    paper, summary, failure = entry.paper, entry.summary, entry.failure
    said = summary.tldr if summary else ""
    if failure:
        said = words.phrases["failed"].format(reason=words.reasons.get(failure.reason, failure.reason))
    title = summary.translated_title if summary else paper.title
    doubt = words.marked.format(marks=words.phrases["doubtful"]) if summary and summary.marks else ""
    return markup.entry(number, _short(title), _short(said) + doubt, paper.url)


def _short(text: str) -> str:
    one_line = readable(text)
    return one_line if len(one_line) <= LONGEST_FIELD else f"{one_line[: LONGEST_FIELD - 1]}…"


class _PlainText:
    """Plain text; what chat services read as a mention, ``@all`` or ``<at user_id="all">``, is written full width."""

    def escape(self, text: str) -> str:
        return text.translate({ord("@"): "＠", ord("<"): "＜"})

    def link(self, url: str) -> str:
        return url

    def title(self, text: str) -> str:
        return self.line(text)

    def line(self, text: str, *, own: bool = False) -> str:
        """Return a paragraph; ``own`` where it holds markup of ours."""
        return f"{text if own else self.escape(text)}\n\n"

    def entry(self, number: int, title: str, said: str, url: str) -> str:
        return f"{number}. {self.escape(title)}\n{self.escape(said)}\n{self.link(url)}\n\n"


class _Markdown(_PlainText):
    """Markdown of a chat service; a link in angle brackets has no preview."""

    def escape(self, text: str) -> str:
        return _MARKDOWN.sub(r"\\\1", super().escape(text))

    def link(self, url: str) -> str:
        return f"<{url}>"

    def entry(self, number: int, title: str, said: str, url: str) -> str:
        return f"{number}\\. {self.escape(title)}\n{self.escape(said)}\n{self.link(url)}\n\n"


class _Html(_PlainText):
    """HTML that e-mail shows and Telegram reduces to what it takes; the text of a link is its address."""

    def escape(self, text: str) -> str:
        return html.escape(text)

    def link(self, url: str) -> str:
        return f'<a href="{self.escape(url)}">{self.escape(url)}</a>'

    def title(self, text: str) -> str:
        return f"<p><b>{self.escape(text)}</b></p>\n"

    def line(self, text: str, *, own: bool = False) -> str:
        return f"<p>{text if own else self.escape(text)}</p>\n"

    def entry(self, number: int, title: str, said: str, url: str) -> str:
        return f"<p>{number}. <b>{self.escape(title)}</b><br/>{self.escape(said)}<br/>{self.link(url)}</p>\n"


_MARKUPS: Mapping[Dialect, _PlainText] = {"html": _Html(), "markdown": _Markdown(), "text": _PlainText()}
