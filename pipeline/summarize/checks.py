"""The checks that a reply must pass before it is kept, as one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from pipeline.records import Paper
from pipeline.summarize.content import oddities
from pipeline.summarize.content.kinship import explained, kinship
from pipeline.summarize.content.prose import FORMULA
from pipeline.summarize.finding import Context, Fields, Finding
from pipeline.text import fold

LONGEST_TLDR = 200
"""Characters; more is no one-liner."""
LONGEST_TLDR_EN = 800
LONGEST_FIELD = 2000
LONGEST_SHARE = 4
"""Characters of any field, and for one of the English text; more is not a translation of it."""
SHORTEST_SHARE = 0.12
"""Characters of a Chinese abstract for one of the English: whole translations have 0.25 to 0.5."""
SHORT_ABSTRACT = 300
"""Characters of an English abstract below which its translation's length says nothing."""
LONGEST_UNTRANSLATED = 40
"""Latin words in a row without a Chinese character between them; titles of works and lists of names stay below."""
LONGEST_COMMON_RUN = 12
"""Characters that a reply may share with the prompt's own instructions."""

FEW_WORDS = 6
"""Words of the lexicon in a text below which they do not tell what it is about."""
LEAST_RENDERED = 0.45
"""Share of the lexicon's words in an abstract that its translation renders at least: 95 % of real ones have 0.78."""
LEAST_EXPLAINED = 0.25
"""Share of the lexicon's Chinese words in a one-liner that the paper explains at least: 99 % of real ones have 0.38."""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_OTHER_SCRIPT = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff\u0e00-\u0e7f\u0900-\u097f]+")
_WORD = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+(?:['’-][^\W\d_\u3400-\u9fff]+)*")
_UNTRANSLATED = re.compile(rf"(?:[A-Za-z][A-Za-z'’-]*+[\s,;:.()\d%]++(?:-[\s\d-]*+)?){{{LONGEST_UNTRANSLATED}}}")
_NAME = re.compile(r"\S+(?: v?\d[\d.]*)?")
_ECHO = re.compile(
    r"^\W*(?:(?:这里|以下|下面|此处)[是为][^。，]{0,12}(?:翻译|译文|标题|题目|摘要|总结|要点|概括)"
    r"|这是[^。，]{0,14}(?:翻译|译文|标题|题目|摘要|总结|要点|概括)[:：]"
    r"|.{0,12}一句话(?:要点|总结|概括|摘要)(?:[^。，]{0,3}[:：]|$)"
    r"|(?:中文)?(?:译文|译名|翻译|标题|题目|一句话|要点|总结)[:：]"
    r"|(?:好的|当然|没问题)[，,。!！]"
    r"|作为(?:一个|一名)?(?:AI|人工智能|语言模型)"
    r"|(?:here (?:is|are) |sure[,!]|certainly[,!]|tl;?dr\s*[:：]|(?:english )?(?:summary|translation|title)\s*:))"
    r"|》的论文(?:翻译|译文|标题)$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[\w;.&/ -]{2,30}:", re.IGNORECASE)
_HALF_WIDTH = str.maketrans("（）【】：", "()[]:")
_ID = r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Za-z]{2})?/\d{7})"
_LEAK = re.compile(
    rf"^\W*+(?:(?:摘要|abstract)\W*+)?arxiv\s*[:：]\s*{_ID}"
    rf"|[(（\[]\s*arxiv\s*[:：]\s*{_ID}(?:v\d+)?\s*(?:\[[^\]]*\])?[^()（）]*[)）]?\s*$"
    rf"|arxiv\s*[:：]\s*{_ID}(?:v\d+)?\s*(?:\[[a-z-]+(?:\.[a-z-]+)?\]|announce|公告|公布|宣布|发布|通告)"
    r"|(?:announce(?:ment)?|公告|公布|宣布|发布|通告)\s*(?:type|类型|类别)\s*[:：]",
    re.IGNORECASE,
)

Check = Callable[[Fields, Context], Finding | None]


def first_fault(fields: Fields, context: Context) -> Finding | None:
    """Return the first fault of a reply; None where it may be kept."""
    return next((fault for check in CHECKS if (fault := check(fields, context))), None)


def english_tldr_is_missing(fields: Fields) -> bool:
    """Return whether the English one-liner, and only it, is absent or not English."""
    text = fields.get("tldr_en", "")
    return not _WORD.search(text) or _length(_HAN, text) > len(_WORD.findall(text))


def _each_line_is_there(fields: Fields, context: Context) -> Finding | None:
    absent = [name for name in ("translated_title", "tldr", "translated_abstract") if not fold(fields.get(name, ""))]
    if not absent:
        return None
    return Finding("missing_field", f"no {', '.join(absent)}", f"缺少 {'、'.join(absent)}")


def _no_field_is_endless(fields: Fields, context: Context) -> Finding | None:
    """Also keeps the checks behind it, which look for patterns, from a text that would take them seconds."""
    english = {"translated_title": context.paper.title, "translated_abstract": context.paper.abstract}
    for name, text in fields.items():
        most = max(LONGEST_FIELD, LONGEST_SHARE * len(english.get(name, "")))
        if len(text) > most:
            return Finding("too_long", f"{name} has {len(text)} characters, at most {most}", f"{name} 太长")
    return None


def _one_line_each(fields: Fields, context: Context) -> Finding | None:
    for name in ("translated_title", "tldr", "tldr_en"):
        if len(fields.get(name, "").strip().splitlines()) > 1:
            return Finding("several_lines", f"{name} has more than one line", f"{name} 只能有一行")
    return None


def _nothing_leaked(fields: Fields, context: Context) -> Finding | None:
    english = context.english
    for name, text in fields.items():
        leak = _LEAK.search(fold(text))
        if leak and leak.group().translate(_HALF_WIDTH).strip() not in english:
            return Finding("header_leak", f"{name} has {leak.group()[:60]!r}", f"{name} 里不要写论文编号和公告类型")
    return None


def _nothing_echoed(fields: Fields, context: Context) -> Finding | None:
    english = context.english
    for name, text in fields.items():
        folded = fold(text)
        echo = None if _is_labelled(name, context.paper) else _ECHO.search(folded)
        shared = _shared_runs(folded, context.instructions)
        said = echo.group() if echo else next((run for run in shared if run not in english), "")
        if said:
            return Finding(
                "prompt_echo", f"{name} echoes the prompt: {said[:40]!r}", f"{name} 只写内容，不要开场白和标签"
            )
    return None


def _title_is_chinese(fields: Fields, context: Context) -> Finding | None:
    title = fields["translated_title"]
    if _is_foreign(title) or not (_HAN.search(title) or _NAME.fullmatch(fold(context.paper.title))):
        return Finding("wrong_language", "translated_title is not Chinese", "translated_title 要译成中文")
    return None


def _tldr_is_chinese(fields: Fields, context: Context) -> Finding | None:
    if _is_chinese(fields["tldr"]):
        return None
    return Finding("wrong_language", "tldr is not Chinese", "tldr 要用中文写")


def _abstract_is_chinese(fields: Fields, context: Context) -> Finding | None:
    text = fields["translated_abstract"]
    if _is_chinese(text) and not _UNTRANSLATED.search(FORMULA.sub(" ", text)):
        return None
    return Finding(
        "wrong_language", "translated_abstract is not Chinese throughout", "translated_abstract 要全部译成中文"
    )


def _one_liners_are_short(fields: Fields, context: Context) -> Finding | None:
    for name, most in (("tldr", LONGEST_TLDR), ("tldr_en", LONGEST_TLDR_EN)):
        length = len(fold(fields.get(name, "")))
        if length > most:
            return Finding("too_long", f"{name} has {length} characters, at most {most}", f"{name} 太长，压缩成一句")
    return None


def _abstract_is_whole(fields: Fields, context: Context) -> Finding | None:
    chinese, english = len(fold(fields["translated_abstract"])), len(context.paper.abstract)
    if english < SHORT_ABSTRACT or chinese >= SHORTEST_SHARE * english:
        return None
    return Finding(
        "incomplete",
        f"translated_abstract has {chinese} characters for {english} of the English one",
        "translated_abstract 要把摘要逐句译全",
    )


@dataclass(frozen=True, slots=True)
class _Oddity:
    """Something that no translation holds."""

    find: Callable[[str, str], str]
    """Given a text and its English original, returns what it found, else an empty text."""
    reason: str
    detail: str
    again: str


ODDITIES: tuple[_Oddity, ...] = (
    _Oddity(oddities.broken_characters, "garbled", "has broken characters:", "有乱码或控制字符"),
    _Oddity(oddities.refusal, "refused", "declines:", "这是公开发表的学术摘要，只需客观翻译"),
    _Oddity(oddities.remark, "added_text", "speaks to the reader:", "只写译文，不要译者的话"),
    _Oddity(oddities.advertising, "added_text", "advertises:", "只写译文，不要广告"),
    _Oddity(oddities.added_link, "added_text", "has a link that the paper lacks:", "不要写原文没有的链接"),
    _Oddity(oddities.markup, "added_text", "has markup that the paper lacks:", "不要用 HTML 和 Markdown 标记"),
    _Oddity(oddities.loop, "garbled", "repeats itself:", "不要重复"),
    _Oddity(oddities.untranslated, "wrong_language", "is partly English:", "要全部译成中文"),
)
"""In the order in which they are named."""


def _nothing_odd(fields: Fields, context: Context) -> Finding | None:
    english = context.english
    for name in ("translated_title", "tldr", "translated_abstract"):
        text = fold(fields[name])
        for oddity in ODDITIES:
            if found := oddity.find(text, english):
                detail = f"{name} {oddity.detail} {found[:40]!r}"
                return Finding(oddity.reason, detail, f"{name} {oddity.again}")
    return None


def _is_of_this_paper(fields: Fields, context: Context) -> Finding | None:
    abstract = kinship(context.paper.abstract, fields["translated_abstract"])
    line = explained(context.english, fields["tldr"])
    for name, kin, least in (("translated_abstract", abstract, LEAST_RENDERED), ("tldr", line, LEAST_EXPLAINED)):
        if kin.words >= FEW_WORDS and kin.shared < least * kin.words:
            detail = f"{name} shares {kin.shared} of {kin.words} words with the paper"
            return Finding("unrelated", detail, f"{name} 与这篇论文不符，请按原文重写")
    return None


def _one_liner_says_something(fields: Fields, context: Context) -> Finding | None:
    line = fold(fields["tldr"]).rstrip("。.")
    if line == fold(fields["translated_title"]).rstrip("。."):
        return Finding("empty_line", "tldr is the title", "tldr 不要照抄题目，写出新在哪里")
    if oddities.vacuous(line):
        return Finding("empty_line", f"tldr says nothing: {line!r}", "tldr 要写出这篇论文具体新在哪里")
    return None


CHECKS: tuple[Check, ...] = (
    _each_line_is_there,
    _no_field_is_endless,
    _nothing_leaked,
    _nothing_echoed,
    _one_line_each,
    _title_is_chinese,
    _tldr_is_chinese,
    _abstract_is_chinese,
    _one_liners_are_short,
    _abstract_is_whole,
    _nothing_odd,
    _one_liner_says_something,
    _is_of_this_paper,
)
"""In the order in which faults are named; the first that finds one decides."""


def _is_labelled(name: str, paper: Paper) -> bool:
    """Return whether the English text begins with a label itself, so that its translation may."""
    source = {"translated_title": paper.title, "translated_abstract": paper.abstract}.get(name, "")
    return _LABEL.match(source) is not None


def _is_chinese(text: str) -> bool:
    """Return whether at least half of the words are Chinese, a character counting as a word; formulas do not count."""
    words = FORMULA.sub(" ", text)
    return not _is_foreign(words) and _length(_HAN, words) >= max(1, len(_WORD.findall(words)))


def _length(script: re.Pattern[str], text: str) -> int:
    """Return how many characters of ``text`` a pattern of runs finds."""
    return sum(map(len, script.findall(text)))


def _is_foreign(text: str) -> bool:
    """Return whether a script that is neither Chinese nor Latin carries the text, as kana or Hangul would."""
    return _length(_OTHER_SCRIPT, text) > _length(_HAN, text) / 4 + 2


def _shared_runs(text: str, instructions: str) -> frozenset[str]:
    """Return the runs of the instructions that ``text`` has too.

    Wherever a run begins, it holds one of the blocks of half its length that ``text`` falls into: few texts have a
    block of the instructions, and only those are looked through.
    """
    runs, halves = _instruction_runs(instructions)
    if halves.isdisjoint(_slices(text, LONGEST_COMMON_RUN // 2, step=LONGEST_COMMON_RUN // 2)):
        return frozenset()
    return runs.intersection(_slices(text, LONGEST_COMMON_RUN))


@lru_cache(maxsize=16)
def _instruction_runs(instructions: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the runs of the instructions that are mostly Chinese, and every half of one.

    English ones may well be a paper's own words.
    """
    runs = _slices(instructions, LONGEST_COMMON_RUN)
    chinese = frozenset(run for run in runs if _length(_HAN, run) > LONGEST_COMMON_RUN / 2)
    return chinese, frozenset(half for run in chinese for half in _slices(run, LONGEST_COMMON_RUN // 2))


def _slices(text: str, length: int, *, step: int = 1) -> list[str]:
    """Return the slices of ``length`` characters that begin every ``step`` characters."""
    return [text[start : start + length] for start in range(0, len(text) - length + 1, step)]
