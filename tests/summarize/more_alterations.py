"""More kinds of wrong content, found by asking what each part of a reply could suffer."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace

from tests.summarize.alterations import (
    ALTERATIONS,
    NAME,
    NUMBER,
    TRADITIONAL,
    Alter,
    Reply,
    every,
    one,
    put,
    said,
    title,
    tldr,
)


def _swap(text: str) -> str:
    found = NUMBER.findall(text)
    if len(set(found)) < 2:
        return text
    first, second = list(dict.fromkeys(found))[:2]
    return NUMBER.sub(lambda match: {first: second, second: first}.get(match.group(), match.group()), text)


def _number(change: Callable[[str], str]) -> Alter:
    return lambda r, o, g: one(r, g, lambda text: NUMBER.sub(lambda match: change(match.group()), text, count=1))


def _pattern(pattern: str, new: str, *, count: int = 1) -> Alter:
    return lambda r, o, g: one(r, g, lambda text: re.sub(pattern, new, text, count=count))


def _is(text: str) -> Alter:
    return lambda r, o, g: one(r, g, lambda _: text)


def _insert(where: Callable[[int], int]) -> Alter:
    """A sentence of another paper is added; the numbered form, which has its number of sentences, has it in one."""

    def alter(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
        at = where(len(reply.chinese))
        return said(reply, lambda all_: [*all_[:at], all_[at] + rng.choice(other.chinese), *all_[at + 1 :]])

    return alter


def _at(change: Callable[[list[str]], list[str]]) -> Alter:
    return lambda r, o, g: said(r, change) if len(r.chinese) > 2 else None


def _shuffled(text: str) -> str:
    chars = list(text)
    random.Random(2).shuffle(chars)
    return "".join(chars)


def _second_half(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
    half = len(reply.chinese) // 2
    return said(reply, lambda all_: [*all_[:half], *(other.chinese * 9)[half : len(all_)]])


def _bilingual(reply: Reply, other: Reply, rng: random.Random) -> Reply | None:
    both = zip(reply.english, reply.chinese, strict=True)
    return replace(reply, chinese=tuple(f"{chinese}（{english}）" for english, chinese in both))


MORE: dict[str, Alter] = {
    "the first sentence is another paper's": lambda r, o, g: said(r, lambda s: [o.chinese[0], *s[1:]]),
    "the last sentence is another paper's": lambda r, o, g: said(r, lambda s: [*s[:-1], o.chinese[-1]]),
    "the second half is another paper's": _second_half,
    "another paper's sentence added at the end": _insert(lambda count: count - 1),
    "another paper's sentence added in the middle": _insert(lambda count: count // 2),
    "a sentence given twice": lambda r, o, g: one(r, g, lambda t: t + t),
    "first and last exchanged": _at(lambda s: [s[-1], *s[1:-1], s[0]]),
    "sentences in reverse order": _at(lambda s: s[::-1]),
    "sentences moved by one": _at(lambda s: [*s[1:], s[0]]),
    "two sentences dropped": _at(lambda s: [*s[:1], *s[3:]]),
    "only the first sentence kept": _at(lambda s: s[:1]),
    "only the last sentence kept": _at(lambda s: s[-1:]),
    "only the first two sentences kept": _at(lambda s: s[:2]),
    "a sentence's first clause dropped": _pattern(r"^[^，]{4,}，", ""),
    "a sentence's last clause dropped": _pattern(r"，[^，]{4,}。$", "。"),
    "every sentence's first clause dropped": lambda r, o, g: every(r, lambda t: re.sub(r"^[^，]{4,}，", "", t)),
    "what stands in brackets left out": _pattern(r"[（(][^（()）]+[）)]", "", count=9),
    "two numbers exchanged": lambda r, o, g: one(r, g, _swap),
    "a number one larger": _number(lambda n: str(int(float(n)) + 1)),
    "a decimal point lost": _pattern(r"(\d)\.(\d)", r"\1\2"),
    "a decimal place moved": _pattern(r"(\d)\.(\d)(\d)", r"\1\2.\3"),
    "a digit lost": _pattern(r"(?<![A-Za-z0-9_.])(\d)\d(?=\d*\D)", r"\1"),
    "a number rounded to tens": _number(lambda n: str(round(float(n) / 10) * 10)),
    "a number for 若干": _number(lambda n: "若干"),
    "a number invented in a sentence": _pattern("。$", "，达到 87.3%。"),
    "per cent as times": _pattern(r"(?<=\d)\s?\\?[%％]", " 倍"),
    "万 as 亿": _pattern("(?<=[0-9 ])万", "亿"),
    "a year changed": _pattern(r"(?<!\d)20[0-3]\d(?= ?年)", "2049"),
    "three as five": _pattern("三(?=[种个类项步层])", "五"),
    "two left out": _pattern("两(?=[种个类项阶])", "多"),
    "two numbers merged": _pattern(r"(\d+) ?[和与至到、-] ?(\d+)", r"\1"),
    "a formula of another kind": _pattern(r"\$[^$]+\$", r"$\\hat{z}_{7}$"),
    "a formula's exponent changed": _pattern(r"\^(\{?)\d", r"^\g<1>9"),
    "dollars left out": _pattern(r"\$", "", count=99),
    "one dollar left out": _pattern(r"\$", ""),
    "backslashes left out": _pattern(r"\\(?=[a-z])", "", count=99),
    "a formula added": put("其中 $x_{3}^{2}=\\\\alpha$"),
    "an address left out": _pattern(r"https?://\S+", ""),
    "an address changed": _pattern(r"(https?://)\S+", r"\1example.com/x"),
    "an e-mail address added": put("联系 editor@example.com。"),
    "a telephone number added": put("电话 13800138000。"),
    "one name left out": lambda r, o, g: one(r, g, lambda t: NAME.sub("", t, count=1)),
    "a name misspelt": lambda r, o, g: one(r, g, lambda t: NAME.sub(lambda m: m.group()[::-1], t, count=1)),
    "a name for 某": lambda r, o, g: every(r, lambda t: NAME.sub("某", t)),
    "a name's digit changed": _pattern(r"([A-Za-z]-?)\d(?!\d)", r"\g<1>97"),
    "a name added": put("其结果与 OmegaFormer 相近。"),
    "a sentence in French": _is("Nous proposons une nouvelle méthode et montrons son efficacité."),
    "a sentence in Russian": _is("Мы предлагаем новый метод и показываем его эффективность."),
    "a sentence in Arabic": _is("نقترح طريقة جديدة ونبين فعاليتها من خلال التجارب."),
    "a sentence in Thai": _is("เราเสนอวิธีการใหม่และแสดงประสิทธิภาพผ่านการทดลอง"),
    "four English words kept": put("they are often very slow。"),
    "Taiwan's words": put("此演算法适用于网路资讯。"),
    "a sentence of traditional characters": lambda r, o, g: one(r, g, lambda t: t.translate(TRADITIONAL)),
    "a title of traditional characters": title("圖神經網絡的學習與優化"),
    "a one-liner of traditional characters": lambda r, o, g: replace(r, tldr=r.tldr.translate(TRADITIONAL)),
    "full stops left out": lambda r, o, g: every(r, lambda t: t.rstrip("。")),
    "blanks between characters": lambda r, o, g: every(r, " ".join),
    "a sentence's characters shuffled": lambda r, o, g: one(r, g, _shuffled),
    "question marks for characters": lambda r, o, g: one(r, g, lambda t: t[:4] + "????" + t[8:]),
    "entities of HTML": put("&nbsp;&amp;"),
    "TeX around a sentence": lambda r, o, g: one(r, g, lambda t: f"\\textbf{{{t}}}"),
    "a rest of JSON": put('", "tldr": "'),
    "escaped line ends": put("\\n\\n"),
    "a fence of code": put("```json"),
    "emoji": put("🚀🔥"),
    "the sentence's number kept": lambda r, o, g: every(r, lambda t: f"[1] {t}"),
    "the field's name kept": put("translated_abstract：", before=True),
    "the English beside the Chinese": _bilingual,
    "thoughts": put("让我先理解这句话的意思。"),
    "praise": put("这真是一项非常精彩的工作！"),
    "a question to the user": put("请问需要我继续翻译吗？"),
    "to be continued": put("（未完待续）"),
    "a disclaimer": put("本译文由人工智能生成，仅供参考。"),
    "a notice of copyright": put("版权所有，未经许可不得转载。"),
    "the translator's name": put("（翻译：小明）"),
    "an advertisement for a group": put("加微信群获取完整代码。"),
    "an advertisement with a discount": put("限时优惠，立即购买课程。"),
    "an advertisement for a job": put("诚聘算法工程师，简历请投邮箱。"),
    "a refusal by policy": put("该内容不符合使用政策，无法翻译。"),
    "a refusal in the one-liner": tldr("抱歉，我无法提供这篇论文的要点。"),
    "an apology as the title": title("抱歉，我无法翻译这个标题。"),
    "the one-liner as the title": lambda r, o, g: replace(r, zh_title=r.tldr),
    "the title given twice": lambda r, o, g: replace(r, zh_title=r.zh_title + r.zh_title),
    "the title's first word alone": lambda r, o, g: replace(r, zh_title=r.zh_title[:2]),
    "the title is 无题": title("无题"),
    "the English title": lambda r, o, g: replace(r, zh_title=r.title),
    "a one-liner of which half is left": lambda r, o, g: replace(r, tldr=r.tldr[: len(r.tldr) // 2]),
    "the one-liner given twice": lambda r, o, g: replace(r, tldr=r.tldr + r.tldr),
    "the abstract as the one-liner": lambda r, o, g: replace(r, tldr="".join(r.chinese)),
    "a one-liner that praises": tldr("这是一项具有重要意义和应用价值的开创性工作，值得关注。"),
    "a name added to the one-liner": lambda r, o, g: replace(r, tldr=r.tldr.rstrip("。") + "，优于 OmegaFormer。"),
    "a sentence that says nothing": _is("本文研究了相关问题。"),
    "the one-liner inside the abstract": lambda r, o, g: one(r, g, lambda t: t + r.tldr.rstrip("。") + "。"),
    "the one-liner in a sentence's place": lambda r, o, g: one(r, g, lambda t: r.tldr.rstrip("。") + "。"),
    "an English word looped": put("very very very very very very very "),
    "不 left out": _pattern("不", ""),
    "没有 as 有": _pattern("没有", "有"),
    "more as less": _pattern("更多", "更少"),
    "may as must": _pattern("可能|可以", "必须"),
    "some as all": _pattern("一些|部分", "所有"),
}  # fmt: skip
"""By name."""

KINDS = ALTERATIONS | MORE
