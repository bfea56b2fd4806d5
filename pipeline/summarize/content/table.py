"""The checks of content as one table: what each looks at, how grave it is, and its words for readers and model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.summarize.finding import Context, Fields, Finding, Severity

from . import names, numbers, script, wording
from .affinity import LONGEST_RATIO, SHORTEST_RATIO, Affinity, Texts
from .kinship import explained
from .sentences import split_chinese, split_sentences

TITLE, LINE, SENTENCE, ABSTRACT = "title", "line", "sentence", "abstract"
"""What a check looks at. An abstract that came by sentences is seen by sentences, any other as a whole."""
FEW_WORDS = 5
"""Words of a sentence below which its length says nothing."""
LEAST_SHARE, LEAST_OF_FEW = 0.3, 0.25
"""Of the words that a sentence and its translation share, many or few: 98 % of foreign ones have less."""
LEAST_EVIDENCE, MUCH_EVIDENCE = 4, 8
LEAST_OF_LINE = 0.3
LONGEST_QUOTE = 60
"""Characters of what was found that model and readers are shown."""
LEAST_OF_TITLE = 0.2


@dataclass(frozen=True, slots=True)
class Least:
    """Where a translation counts as shortened: it is short, and renders few of the words."""

    words: int
    """Of the original, below which nothing is judged."""
    ratio: float
    """Chinese characters and Latin words for one English word."""
    told: int
    """Words, names and numbers that can be compared."""
    share: float
    """Of these, the share rendered."""


TITLE_IS_WHOLE = Least(words=4, ratio=1.3, told=2, share=0.6)
"""Of 800 real titles not one has less, of 781 that were cut in half 88 % have."""
SHORTEST_TITLE = 0.9
"""The same ratio, below which no real title of five words or more is, whatever it renders."""
SENTENCE_IS_WHOLE = Least(words=8, ratio=1.3, told=3, share=0.6)
"""Of 2,851 real sentences four have less, three of which lack a clause; of those cut by a clause nearly half."""
_ENDS_INSIDE = re.compile(r"[。！？!?…].*\w", re.DOTALL)
"""A mark that ends a sentence, and words behind it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A text of the reply beside its original."""

    kind: str
    field: str
    english: str
    chinese: str
    paper: str
    """Title and abstract."""
    reply: str
    """The Chinese title, else the whole Chinese abstract, for what need be said but once."""
    texts: Texts
    """Both, as they are compared."""
    wrong_term: Callable[[str, str], str] | None
    sentence: int | None = None


@dataclass(frozen=True, slots=True)
class ContentCheck:
    """One row of the table."""

    name: str
    severity: Severity
    reason: str
    """For readers, in Chinese."""
    again: str
    """For the model, in Chinese; ``{}`` stands for what was found."""
    kinds: frozenset[str]
    find: Callable[[Part], str]
    """Returns what it found, else an empty text."""


def _pair(find: Callable[[str, str], str]) -> Callable[[Part], str]:
    return lambda part: find(part.english, part.chinese)


def _text(find: Callable[[str], str]) -> Callable[[Part], str]:
    return lambda part: find(part.chinese)


def _beside_paper(find: Callable[[str, str], str]) -> Callable[[Part], str]:
    return lambda part: find(part.paper, part.chinese)


def _beside_reply(find: Callable[[str, str], str]) -> Callable[[Part], str]:
    return lambda part: find(part.english, part.reply)


def _length(part: Part) -> str:
    ratio = part.texts.ratio((0,), (0,))
    few = len(part.english.split()) < FEW_WORDS
    return "" if few or SHORTEST_RATIO <= ratio <= LONGEST_RATIO else f"{ratio:.1f}"


def _is_shortened(part: Part, least: Least) -> bool:
    few = len(part.english.split()) < least.words
    if few or part.texts.ratio((0,), (0,)) >= least.ratio:
        return False
    kept = part.texts.recall(0, 0)
    return kept.evidence >= least.told and kept.share <= least.share


def _lost_clause(part: Part) -> str:
    return part.english if _is_shortened(part, SENTENCE_IS_WHOLE) else ""


def _short_title(part: Part) -> str:
    is_short = len(part.english.split()) >= FEW_WORDS and part.texts.ratio((0,), (0,)) < SHORTEST_TITLE
    return part.chinese if is_short or _is_shortened(part, TITLE_IS_WHOLE) else ""


def _repeated_line(part: Part) -> str:
    line = part.chinese.rstrip("。.")
    return line if line and line in part.reply else ""


def _wrong_term(part: Part) -> str:
    return part.wrong_term(part.english, part.chinese) if part.wrong_term else ""


def _further_sentence(part: Part) -> str:
    """Return the last of the sentences that stand for fewer of the original."""
    if not _ENDS_INSIDE.search(part.chinese):
        return ""
    said = split_chinese(part.chinese)
    return said[-1] if len(said) > len(split_sentences(part.english)) else ""


def _unlike_title(part: Part) -> str:
    like = part.texts.affinity((0,), (0,))
    return f"{like.share:.0%}" if like.evidence >= LEAST_EVIDENCE and like.share < LEAST_OF_TITLE else ""


def _unlike_sentence(part: Part) -> str:
    like = part.texts.affinity((0,), (0,))
    return f"{like.share:.0%}" if _is_foreign(like) else ""


def _is_foreign(like: Affinity) -> bool:
    least = LEAST_SHARE if like.evidence >= MUCH_EVIDENCE else LEAST_OF_FEW
    return like.evidence >= LEAST_EVIDENCE and like.share < least


def _line_unlike(part: Part) -> str:
    line = explained(part.paper, part.chinese)
    return f"{line.shared} of {line.words}" if line.words >= 4 and line.shared < LEAST_OF_LINE * line.words else ""


_LINE, _SENTENCE, _TITLE = frozenset({LINE}), frozenset({SENTENCE}), frozenset({TITLE})
_BODY = frozenset({SENTENCE, ABSTRACT})
_ALL = frozenset({TITLE, LINE, SENTENCE, ABSTRACT})
CONTENT_CHECKS: tuple[ContentCheck, ...] = (
    ContentCheck("wrong_language", "refuse", "未译成中文", "没有译成中文", _SENTENCE, _text(script.without_chinese)),
    ContentCheck("wrong_language", "refuse", "夹杂其他文字", "夹杂其他文字：{}", _ALL, _text(script.other_script)),
    ContentCheck("traditional", "mark", "夹有繁体字", "要用简体中文，不要用“{}”", _ALL, _text(script.traditional)),
    ContentCheck("regional", "mark", "用词待核", "改用大陆通行译法，不用“{}”", _ALL, _text(script.regional)),
    ContentCheck("half_translated", "mark", "部分未译", "要把“{}”译成中文", _ALL, _text(script.english_run)),
    ContentCheck("unfinished", "mark", "句子不完整", "没有写完：“{}”", _BODY, _pair(wording.unfinished)),
    ContentCheck("number", "mark", "数字待核", "核对数字“{}”", _BODY | _TITLE, _pair(numbers.wrong_numbers)),
    ContentCheck("number", "mark", "数字待核", "数字“{}”原文没有", _LINE, _beside_paper(numbers.added_number)),
    ContentCheck("number", "mark", "数字待核", "核对数字的先后：{}", _BODY, _pair(numbers.exchanged_numbers)),
    ContentCheck("brackets", "mark", "括号里有漏译", "括号里漏了内容：{}", _ALL, _pair(wording.empty_brackets)),
    ContentCheck("formula", "mark", "公式待核", "公式要照原文保留：{}", _BODY, _pair(names.lost_formula)),
    ContentCheck("link", "mark", "网址待核", "网址要照原文保留：{}", _BODY, _beside_reply(names.lost_link)),
    ContentCheck("name_lost", "mark", "名称待核", "漏了名称 {}", _BODY, _beside_reply(names.lost_names)),
    ContentCheck("name_added", "mark", "名称待核", "“{}”原文没有", _ALL, _beside_paper(names.added_name)),
    ContentCheck("term", "mark", "术语待核", "术语要照词表译：{}", _BODY | _TITLE, _wrong_term),
    ContentCheck("length", "mark", "详略待核", "长短与原句相差太大，照原句译全", _SENTENCE, _length),
    ContentCheck("clause", "mark", "有内容漏译", "漏译了原句的一部分，照原句译全", _SENTENCE, _lost_clause),
    ContentCheck("foreign_sentence", "mark", "译文与原句不符", "与原句不符，按原句重译", _SENTENCE, _unlike_sentence),
    ContentCheck("added_sentence", "mark", "有原文没有的句子", "要删去多出的“{}”", _SENTENCE, _further_sentence),
    ContentCheck("negation", "mark", "否定待核", "原句的否定“{}”没有译出", _SENTENCE, _pair(wording.lost_negation)),
    ContentCheck("turned", "mark", "意思待核", "“{}”与原句意思相反", _SENTENCE, _pair(wording.turned)),
    ContentCheck("title_short", "mark", "题目不全", "题目没有译全", _TITLE, _short_title),
    ContentCheck("title_english", "mark", "题目未译", "题目要译成中文", _TITLE, _pair(wording.english_title)),
    ContentCheck("title_unlike", "mark", "题目与原文不符", "与原题不符，按原题重译", _TITLE, _unlike_title),
    ContentCheck("line_unlike", "mark", "要点与原文不符", "与这篇论文不符，按原文重写", _LINE, _line_unlike),
    ContentCheck("line_repeated", "mark", "要点与摘要重复", "要点不要照抄摘要的句子", _LINE, _repeated_line),
    ContentCheck("filler", "retry", "开头空泛", "不要用“{}”开头，从对象、方法或证据说起", _LINE, _pair(wording.filler)),
)  # fmt: skip
"""In the order in which they are named; a part is named once by each."""

ADDED = ContentCheck(
    "added_sentence", "mark", "有原文没有的句子", "“{}”原文没有，删去", frozenset({ABSTRACT}), lambda _: ""
)
DROPPED = ContentCheck("dropped_sentence", "mark", "有句子漏译", "漏译了“{}”", frozenset({ABSTRACT}), lambda _: "")

_OF_KIND = {kind: tuple(check for check in CONTENT_CHECKS if kind in check.kinds) for kind in _ALL}


def findings(fields: Fields, context: Context) -> list[Finding]:
    """Return what the content checks find in a reply of right form, title first, then one-liner and abstract."""
    parts = tuple(_parts(fields, context))
    found = [
        _finding(check, part, what) for part in parts for check in _OF_KIND[part.kind] if (what := check.find(part))
    ]
    whole = next((part for part in parts if part.kind == ABSTRACT), None)
    return [*found, *_misaligned(whole)] if whole else found


def reasons() -> dict[str, str]:
    """Return the words for readers of each check that marks."""
    return {check.name: check.reason for check in (*CONTENT_CHECKS, ADDED, DROPPED) if check.severity == "mark"}


def _parts(fields: Fields, context: Context) -> Iterator[Part]:
    paper, body = context.english, fields["translated_abstract"]
    title, line = fields["translated_title"], fields["tldr"]
    english = context.paper.title
    yield Part(TITLE, "translated_title", english, title, paper, title, Texts([english], [title]), context.wrong_term)
    yield Part(LINE, "tldr", paper, line, paper, body, Texts([], []), context.wrong_term)
    for number, pair in enumerate(context.pairs, start=1):
        texts = Texts([pair.en], [pair.zh])
        yield Part(SENTENCE, "translated_abstract", pair.en, pair.zh, paper, body, texts, context.wrong_term, number)
    if not context.pairs:
        yield _whole(body, context)


def _whole(chinese: str, context: Context) -> Part:
    english = context.paper.abstract
    texts = Texts(split_sentences(english), split_chinese(chinese))
    return Part(ABSTRACT, "translated_abstract", english, chinese, context.english, chinese, texts, context.wrong_term)


def _misaligned(part: Part) -> Iterator[Finding]:
    """Yield the sentences of a plain reply that one text has and the other lacks, and those that do not fit."""
    english, said = split_sentences(part.english), split_chinese(part.chinese)
    for bead in part.texts.align():
        if not bead.chinese and len(english[bead.english[0]].split()) >= FEW_WORDS:
            yield _finding(DROPPED, part, english[bead.english[0]])
        elif bead.chinese and (not bead.english or _is_foreign(part.texts.affinity(bead.english, bead.chinese))):
            yield _finding(ADDED, part, said[bead.chinese[0]])


def _finding(check: ContentCheck, part: Part, what: str) -> Finding:
    where = f"第 {part.sentence} 句" if part.sentence else part.field
    place = f"{part.field}, sentence {part.sentence}" if part.sentence else part.field
    said = what[:LONGEST_QUOTE]
    return Finding(
        check=check.name,
        detail=f"{place}: {check.name.replace('_', ' ')} {said!r}",
        again=where + check.again.format(said),
        field=part.field,
        sentence=part.sentence,
        severity=check.severity,
        quote=said if "{}" in check.again else "",
    )
