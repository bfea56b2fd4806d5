"""What no translation of an abstract holds: refusals, remarks, advertising, markup, loops, broken characters.

Each function is given a text and its English original, title and abstract, and returns what it found.
"""

from __future__ import annotations

import re

from .prose import FORMULA

LONG_SENTENCE = 12
"""Characters of a sentence from which on nobody writes it twice."""
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]{6,}")
_HAN_PAIR = re.compile(r"[\u3400-\u9fff]{2}")
"""What a Chinese text's bytes in GBK hardly ever are as UTF-8, unless they were read so before."""
_REFUSAL = re.compile(
    r"(?:抱歉|对不起|很遗憾)[，,。!！]|(?:我|本模型|AI)[^。，]{0,6}(?:无法|不能|不便)[^。，]{0,6}(?:翻译|提供|完成|回答|处理|协助|满足)"
    r"|无法(?:翻译|完成该|提供该|满足(?:该|您|你))|作为(?:一个|一名|一款)?(?:AI|人工智能|大?语言模型)(?:助手|模型)?[，,]"
    r"|(?:违反|不符合)[^。，]{0,8}(?:使用政策|内容政策|安全准则)"
    r"|I(?:'m| am) sorry|I can(?:no|')t (?:help|assist|translate)|as an AI",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"译者[注按]|译注|编者[注按]|[（(【\[](?:注|略|下略|此处省略|未完|待续|完|原文如此)[：:）)】\]]|此处(?:省略|从略)|^注[：:]"
    r"|(?:以上|上述|这)(?:是|就是|为)[^。，]{0,8}(?:翻译|译文|摘要的中文)|(?:以下|下面)(?:是|为)[^。，]{0,10}(?:翻译|译文|摘要)"
    r"|希望(?:这|以上|本)[^。，]{0,8}(?:有所帮助|有帮助|对[您你])|如[有需][^。，]{0,8}(?:请|欢迎)(?:随时|告诉|告知|联系)|仅供参考"
    r"|(?:笔者|译者|小编)(?:认为|觉得|按)|(?:个人|我个人)认为|值得一读|强烈推荐|推荐阅读"
    r"|版权所有|不得转载|(?:请问|需要我)[^。，]{0,8}(?:继续|翻译)|未完待续|让我(?:先|想想)|[（(](?:翻译|译者|编辑)[：:]|非常精彩的"
    r"|(?:translated_abstract|translated_title|tldr(?:_en)?)\W{0,3}[:：]|[🚀🔥✨💡📌👍]"
)
_ADVERTISING = re.compile(
    r"诚聘|简历请投|电话\s?1\d{10}"
    r"|公众号|微信(?:号|群|搜索|扫码)|扫(?:码|描二维码)|加(?:群|微信|QQ)|(?:点击|长按)[^。，]{0,8}(?:链接|二维码|关注|购买|订阅|了解)"
    r"|限时(?:优惠|免费|折扣)|(?:立即|马上)(?:购买|订阅|注册|下载|咨询|报名)|优惠(?:券|码|价)|客服(?:电话|热线)|\d折(?:优惠|起)"
    r"|更多(?:精彩|资讯|干货)[^。，]{0,8}(?:关注|访问|请)|关注我们|一键三连|转发(?:本文|朋友圈)"
)
_LINK = re.compile(r"(?:https?://|www\.)[!-'*-~]+")
_TAG = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot);|\", \"|\\n\\n|\\textbf\{[\u3400-\u9fff]"
    r"|</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]{0,80})?/?>|<!--"
)
_MARKDOWN = re.compile(
    r"```|(?:^|\n|[。！？])\s{0,3}(?:#{1,6}\s|[-*+•]\s|>\s)|\*\*[^*]{1,400}\*\*|!?\[[^\]]{1,80}\]\([^)]{1,120}\)"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]|\x1b\[|(?<![A-Za-z\d])\[\d{1,2}(?:;\d+)*m|\?{4}"
)
_LATIN_MOJIBAKE = re.compile(
    r"(?:[\u00c2-\u00f4][\u0080-\u00bf]{1,3}){2}|[åæçèé][\u00a0-\u00bf\u2018-\u203a€™œž]{1,2}[åæçèé]|锟斤拷|烫烫|屯屯"
)
_LOOP = re.compile(r"(.{1,24}?)\1{5,}", re.DOTALL)
_SHORT_LOOP = re.compile(r"(.{1,2}?)\1{5,}", re.DOTALL)
_SENTENCE = re.compile(r"[^。！？；!?;\n]+")
_ENGLISH_RUN = re.compile(r"(?:\b[a-z]+(?:['’-][a-z]+)*[\s,;:]+){5,}[a-z]+\b")
_VACUOUS = re.compile(
    r"^(?:本文|该文|论文|这篇论文|本研究|作者|我们)?(?:主要)?(?:提出|介绍|研究|探讨|讨论|分析)了?(?:一种|一个|一项|相关)?(?:新的?|新型|全新的)?"
    r"(?:方法|模型|算法|问题|框架|技术|研究|内容|成果)?[^，。]{0,6}(?:，(?:具有|有)[^。]{0,12}(?:意义|价值|前景))?[。.]?$"
)


def refusal(text: str, english: str) -> str:
    """Return the words with which a model declined, unless the paper itself speaks of such."""
    return _unless_quoted(_REFUSAL, text, english, ("sorry", "as an ai", "refus", "declin", "unable to"))


def remark(text: str, english: str) -> str:
    """Return the words with which a translator speaks to the reader."""
    return _unless_quoted(_REMARK, text, english, ("translator", "editor's note", "recommended reading", "omitted"))


def advertising(text: str, english: str) -> str:
    """Return the words of an advertisement, unless the paper is about such."""
    about = (
        "advertis",
        "wechat",
        "qr code",
        "scan",
        "coupon",
        "discount",
        "customer service",
        "click",
        "official account",
    )
    return _unless_quoted(_ADVERTISING, text, english, about)


def added_link(text: str, english: str) -> str:
    """Return the first address that the original does not hold."""
    links = (match.group().rstrip(".,、") for match in _LINK.finditer(text))
    return next((link for link in links if link.rstrip("/") not in english), "")


def markup(text: str, english: str) -> str:
    """Return the first HTML tag or Markdown that the original does not hold."""
    found = (match.group() for pattern in (_TAG, _MARKDOWN) for match in pattern.finditer(text))
    return next((mark.strip() for mark in found if mark.strip() not in english), "")


def broken_characters(text: str, english: str) -> str:
    """Return the first control character, override of direction, replacement character or mojibake, as ASCII."""
    match = _CONTROL.search(text.replace("\n", " ").replace("\t", " ")) or _LATIN_MOJIBAKE.search(text)
    if match and match.group() not in english:
        return ascii(match.group())[1:-1]
    if not _HAN_PAIR.search(text.encode("gbk", "ignore").decode("utf-8", "replace")):
        return ""
    return next((run for run in _HAN_RUN.findall(text) if _is_gbk_mojibake(run)), "")[:12]


def loop(text: str, _: str) -> str:
    """Return what a text repeats six times in a row, or a sentence that it has twice and the original has not."""
    plain = FORMULA.sub(" ", text)
    if _may_loop(plain) and (match := _LOOP.search(plain)):
        unit: str = match[1]
        return unit if re.search(r"[^\s.·…\-—=_*]", unit) else ""
    seen: set[str] = set()
    for match in _SENTENCE.finditer(text):
        sentence: str = match.group().strip()
        if len(sentence) >= LONG_SENTENCE and sentence in seen:
            return sentence
        seen.add(sentence)
    return ""


def untranslated(text: str, _: str) -> str:
    """Return the first run of six English words in lower case."""
    match = _ENGLISH_RUN.search(FORMULA.sub(" ", text))
    return match.group() if match else ""


def vacuous(text: str) -> str:
    """Return a one-liner that says nothing of its paper."""
    return text if len(text) < 40 and _VACUOUS.match(text) else ""


def _unless_quoted(pattern: re.Pattern[str], text: str, english: str, about: tuple[str, ...]) -> str:
    match = pattern.search(text)
    if not match:
        return ""
    folded = english.lower()
    return "" if any(word in folded for word in about) else match.group()


def _may_loop(text: str) -> bool:
    """Return whether a text may repeat something six times in a row, at a small part of the cost of finding it.

    Whatever has three characters or more fills 18; of any three in a row in it there are five then.
    """
    threes = (text[at : at + 3] for at in range(0, len(text) - 2, 16))
    return any(text.count(three) >= 5 for three in threes) or _SHORT_LOOP.search(text) is not None


def _is_gbk_mojibake(run: str) -> bool:
    """Return whether Chinese characters are the bytes of others, read in the wrong encoding."""
    try:
        read = run.encode("gbk").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return False
    return len(_HAN.findall(read)) * 2 >= len(read) > 0
