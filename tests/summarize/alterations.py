"""Kinds of wrong content, each made from a good reply by program; ``None`` where a reply gives no occasion."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Reply:
    """A paper with its reply: title, one-liner, and the abstract sentence by sentence."""

    title: str
    english: tuple[str, ...]
    zh_title: str
    tldr: str
    chinese: tuple[str, ...]


Alter = Callable[[Reply, Reply, random.Random], Reply | None]
"""Alters a reply; the second is that of another paper."""

NUMBER = re.compile(r"(?<![A-Za-z0-9_.$\\{^-])\d+(?:\.\d+)?(?![A-Za-z0-9_}])")
NAME = re.compile(r"[A-Za-z]*[A-Z][A-Za-z0-9]*[A-Z0-9][A-Za-z0-9-]*")
FORMULA = re.compile(r"\$[^$]+\$")
_NEGATIONS = (
    ("优于", "劣于"),
    ("提高", "降低"),
    ("减少", "增加"),
    ("能够", "不能"),
    ("显著", "并不显著"),
    ("有效", "无效"),
    ("高于", "低于"),
)
_CHARACTERS = [chr(code) for code in range(0x4E00, 0x9FA5)]
TRADITIONAL = str.maketrans(
    "学习们个这来时国说对过后会还没网络资讯数据实验应关系机经点现发开问题间类处种进选术标准制动员区优导层",
    "學習們個這來時國說對過後會還沒網絡資訊數據實驗應關係機經點現發開問題間類處種進選術標準製動員區優導層",
)


def said(reply: Reply, change: Callable[[list[str]], list[str] | None]) -> Reply | None:
    """Return a reply whose sentences are changed; None where they stay as they are."""
    changed = change(list(reply.chinese))
    return None if changed is None or tuple(changed) == reply.chinese else replace(reply, chinese=tuple(changed))


def one(reply: Reply, rng: random.Random, change: Callable[[str], str]) -> Reply | None:
    """Change one sentence: any of those that the change touches."""
    touched = [at for at, text in enumerate(reply.chinese) if change(text) != text]
    if not touched:
        return None
    at = rng.choice(touched)
    return said(reply, lambda said: [*said[:at], change(said[at]), *said[at + 1 :]])


def every(reply: Reply, change: Callable[[str], str]) -> Reply | None:
    """Change each sentence."""
    return said(reply, lambda said: [change(text) for text in said])


def _drop(which: Callable[[int], int | slice]) -> Alter:
    def alter(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
        if len(reply.chinese) < 3:
            return None
        texts = list(reply.chinese)
        del texts[which(len(texts))]
        return replace(reply, chinese=tuple(texts))

    return alter


def _emptied(at: int) -> Alter:
    """The numbered sentence is there, and empty of its content: its neighbour's words stand in its place."""

    def alter(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
        texts = list(reply.chinese)
        if len(texts) < 3:
            return None
        texts[at] = texts[(at + 1) % len(texts)]
        return replace(reply, chinese=tuple(texts))

    return alter


def _merged(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
    """The last sentence is left out, and the one before is cut in two so that the number is right."""
    texts = list(reply.chinese)
    if len(texts) < 3 or "，" not in texts[-2]:
        return None
    head, tail = texts[-2].split("，", 1)
    return replace(reply, chinese=(*texts[:-2], f"{head}。", tail))


def _change_number(text: str, rng: random.Random) -> str:
    found = list(NUMBER.finditer(text))
    if not found:
        return text
    match = rng.choice(found)
    digits = match.group()
    at = next(place for place, char in enumerate(digits) if char.isdigit())
    changed = str((int(digits[at]) + rng.randint(1, 8)) % 9 + 1)
    changed = changed if changed != digits[at] else str((int(changed) % 9) + 1)
    return text[: match.start()] + digits[:at] + changed + digits[at + 1 :] + text[match.end() :]


def put(addition: str, *, before: bool = False) -> Alter:
    """Return an alteration that puts words behind the last sentence, or before the first."""

    def alter(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
        at = 0 if before else len(reply.chinese) - 1
        return said(
            reply, lambda said: [*said[:at], addition + said[at] if before else said[at] + addition, *said[at + 1 :]]
        )

    return alter


def _all_are(text: str) -> Alter:
    return lambda reply, other, rng: replace(reply, chinese=tuple(text for _ in reply.chinese))


def tldr(text: str) -> Alter:
    """Return an alteration of the one-liner."""
    return lambda reply, other, rng: replace(reply, tldr=text)


def title(text: str) -> Alter:
    """Return an alteration of the title."""
    return lambda reply, other, rng: replace(reply, zh_title=text)


def _english_at(where: Callable[[int, int], bool]) -> Alter:
    def alter(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
        count = len(reply.chinese)
        if count < 2 or len(reply.english) != count:
            return None
        return replace(
            reply,
            chinese=tuple(reply.english[at] if where(at, count) else said for at, said in enumerate(reply.chinese)),
        )

    return alter


def _swap_neighbours(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
    if len(reply.chinese) < 2:
        return None
    at = rng.randrange(len(reply.chinese) - 1)
    return said(reply, lambda said: [*said[:at], said[at + 1], said[at], *said[at + 2 :]])


def _foreign_sentence(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
    at, new = rng.randrange(len(reply.chinese)), rng.choice(other.chinese)
    return said(reply, lambda said: [*said[:at], new, *said[at + 1 :]])


def _fit(texts: tuple[str, ...], count: int) -> tuple[str, ...]:
    return tuple(texts[at % len(texts)] for at in range(count))


def _negate(text: str) -> str:
    for word, opposite in _NEGATIONS:
        if word in text:
            return text.replace(word, opposite, 1)
    return text


ALTERATIONS: dict[str, Alter] = {
    "another paper's whole reply": lambda r, o, g: replace(
        o, title=r.title, english=r.english, chinese=_fit(o.chinese, len(r.chinese))
    ),
    "another paper's abstract": lambda r, o, g: replace(r, chinese=_fit(o.chinese, len(r.chinese))),
    "another paper's title": lambda r, o, g: replace(r, zh_title=o.zh_title),
    "another paper's one-liner": lambda r, o, g: replace(r, tldr=o.tldr),
    "a sentence of another paper": _foreign_sentence,
    "last sentence dropped": _drop(lambda count: count - 1),
    "first sentence dropped": _drop(lambda count: 0),
    "middle sentence dropped": _drop(lambda count: count // 2),
    "every second sentence dropped": _drop(lambda count: slice(1, None, 2)),
    "a sentence given in its neighbour's place": _emptied(-2),
    "last sentence dropped, the one before cut in two": _merged,
    "two sentences exchanged": _swap_neighbours,
    "a sentence cut after 60 %": lambda r, o, g: one(r, g, lambda t: t[: int(len(t) * 0.6)] if len(t) > 20 else t),
    "a sentence cut at its first comma": lambda r, o, g: one(
        r, g, lambda t: t.split("，")[0] + "。" if 0 < t.find("，") < len(t) / 2 else t
    ),
    "every sentence cut after 60 %": lambda r, o, g: every(r, lambda t: t[: int(len(t) * 0.6)]),
    "one number changed": lambda r, o, g: one(r, g, lambda t: _change_number(t, random.Random(1))),
    "all numbers changed": lambda r, o, g: every(r, lambda t: NUMBER.sub(lambda m: str(int(float(m.group())) + 7), t)),
    "all numbers left out": lambda r, o, g: every(r, lambda t: NUMBER.sub("", t)),
    "per cent left out": lambda r, o, g: every(r, lambda t: re.sub(r"(?<=\d)\s?\\?[%％]", "", t)),
    "a number ten times as large": lambda r, o, g: one(
        r, g, lambda t: NUMBER.sub(lambda m: f"{float(m.group()) * 10:.10g}", t, count=1)
    ),
    "a number invented in the one-liner": lambda r, o, g: replace(r, tldr=r.tldr.rstrip("。") + "，准确率提高 17.3%。"),
    "two rendered as three": lambda r, o, g: one(r, g, lambda t: re.sub("两(?=[种个类项阶])", "三", t)),
    "formulas left out": lambda r, o, g: every(r, lambda t: FORMULA.sub("", t)),
    "formulas broken": lambda r, o, g: every(r, lambda t: t.replace("$", "", 1).replace("\\", "") if "$" in t else t),
    "all Latin names left out": lambda r, o, g: every(r, lambda t: NAME.sub("", t)),
    "a name replaced": lambda r, o, g: every(r, lambda t: NAME.sub("ZetaNet", t, count=1)),
    "refusal in Chinese as the abstract": _all_are("抱歉，我无法翻译这篇论文的摘要。"),
    "refusal in a sentence": put("很抱歉，我无法完成该请求。"),
    "refusal in English": _all_are("I'm sorry, but I can't assist with that."),
    "translator's note added": put("（译者注：此处原文有误。）"),
    "opinion added": put("我个人认为这项工作值得一读。"),
    "advertisement added": put("更多精彩内容请关注微信公众号“论文速递”。"),
    "link added": put("详见 https://example.com/more 。"),
    "an invented sentence added to the last": put(
        "此外，该方法在十个公开的医学影像数据集上都取得了最好成绩，并已在三家医院投入临床使用。"
    ),
    "preamble": put("以下是摘要的翻译：", before=True),
    "closing offer": put("希望以上翻译对您有所帮助。"),
    "abstract given twice": lambda r, o, g: said(r, lambda said: [text + text for text in said]),
    "one sentence looped": lambda r, o, g: (
        replace(r, chinese=tuple(r.chinese[0] for _ in r.chinese)) if len(r.chinese) > 2 else None
    ),
    "one character looped": lambda r, o, g: one(r, g, lambda t: t[:10] + "的" * 80),
    "a phrase looped": lambda r, o, g: one(r, g, lambda t: t[:6] * 20),
    "characters by chance": lambda r, o, g: every(r, lambda t: "".join(g.choices(_CHARACTERS, k=len(t) - 1)) + "。"),
    "html and script": put("<script>alert(1)</script>"),
    "bold and headings": lambda r, o, g: one(r, g, lambda t: f"**{t}**"),
    "bullets": lambda r, o, g: every(r, lambda t: f"- {t}"),
    "mojibake (UTF-8 read as GBK)": lambda r, o, g: every(r, lambda t: t.encode().decode("gbk", "replace")),
    "mojibake (UTF-8 read as Latin-1)": lambda r, o, g: every(r, lambda t: t.encode().decode("latin-1")),
    "replacement characters": lambda r, o, g: one(r, g, lambda t: t[:8] + "\ufffd\ufffd" + t[9:]),
    "terminal escapes": lambda r, o, g: one(r, g, lambda t: f"\x1b[31m{t}"),
    "right-to-left override": lambda r, o, g: one(r, g, lambda t: f"{t[:5]}\u202e{t[5:]}"),
    "zero-width characters": lambda r, o, g: one(r, g, "\u200b".join),
    "traditional characters": lambda r, o, g: every(r, lambda t: t.translate(TRADITIONAL)),
    "last sentence in English": _english_at(lambda at, count: at == count - 1),
    "first sentence in English": _english_at(lambda at, count: at == 0),
    "second half in English": _english_at(lambda at, count: at >= count // 2),
    "every second sentence in English": _english_at(lambda at, count: at % 2 == 1),
    "a sentence in Japanese": lambda r, o, g: one(
        r, g, lambda t: "私たちは新しい手法を提案し、その有効性を実験によって示します。"
    ),
    "a sentence in Korean": lambda r, o, g: one(
        r, g, lambda t: "우리는 새로운 방법을 제안하고 실험을 통해 그 효과를 보여준다."
    ),
    "a sentence in pinyin": lambda r, o, g: one(
        r, g, lambda t: "wo men ti chu yi zhong xin de fang fa bing qie zheng ming le ta"
    ),
    "an empty sentence": lambda r, o, g: one(r, g, lambda t: ""),
    "an ellipsis for a sentence": lambda r, o, g: one(r, g, lambda t: "……"),
    "ends in （略）": put("（略）"),
    "one-liner says nothing": tldr("本文提出了一种新方法。"),
    "one-liner is the title": lambda r, o, g: replace(r, tldr=r.zh_title),
    "one-liner in English": lambda r, o, g: replace(r, tldr=r.english[0]),
    "one-liner is the label": tldr("一句话要点"),
    "title is 论文": title("论文"),
    "title cut in half": lambda r, o, g: (
        replace(r, zh_title=r.zh_title[: len(r.zh_title) // 2]) if len(r.zh_title) > 8 else None
    ),
    "title left in English with three characters": lambda r, o, g: replace(r, zh_title=f"{r.title}的研究"),
    "title with a label": lambda r, o, g: replace(r, zh_title=f"标题：{r.zh_title}"),
    "title with an address": lambda r, o, g: replace(r, zh_title=f"{r.zh_title} https://example.com"),
    "generic sentences": _all_are("本文研究了相关问题，提出了新的方法，并通过实验验证了其有效性。"),
    "meaning negated": lambda r, o, g: one(r, g, _negate),
    "a claim made stronger": lambda r, o, g: one(r, g, lambda t: t.replace("表明", "彻底证明", 1)),
}
"""By name; the last two are for a second reader, no check of form or words can see them."""
