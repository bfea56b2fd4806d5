"""How titles and one-liners open and end, what brackets hold, and whether a sentence denies what its original says."""

from __future__ import annotations

import re

_EMPTY = re.compile(r"[（(]\s*[）)]")
_WORD = re.compile(r"[A-Za-z0-9]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_ENDED = re.compile(r"[。！？!?.…：:；;][”’」』）)】\"'$\s]*$|\$$")
_FILLER = re.compile(
    r"^(?:(?:在)?(?:本文|该文|论文|文章|这篇论文|本研究|本工作|该研究|我们|作者)(?:将|主要|首次)?(?:中)?[，,]?(?:提出|介绍|研究|探讨|展示|表明|讨论|分析|旨在|证明|给出|报告))"
)
_DENIES = re.compile(r"\b(?:not|cannot|never|neither|nor|without)\b|n['’]t\b", re.IGNORECASE)
_ONLY_SEEMS = re.compile(r"\b(?:not only|not just|not limited|if not|whether or not|not necessarily)\b", re.IGNORECASE)
_DENIED = re.compile("[不无没未非缺免难勿失否乏仅只]|而是|单凭|光靠|摆脱|排除|除了|之外|才能|才会|才可")
_POLARITY = tuple(
    (re.compile(rf"\b(?:{said})", re.IGNORECASE), re.compile(opposite))
    for said, opposite in (
        ("outperform|surpass|exceed|superior|better than", "劣于|不如|逊于|低于|不及"),
        ("underperform|inferior|worse than", "优于|胜过|超过"),
        ("improv|enhanc|increas|boost", "降低|减少|(?<!梯度)下降|恶化|削弱"),
        ("reduc|decreas|lower|decline|mitigat|alleviat", "提高|提升|增加|增大|加剧"),
        ("significant|effective|successful", "并不显著|不显著|无效|失败"),
        (r"can\b|enabl|allow", "不能|无法"),
    )
)
"""What a sentence may assert, and the Chinese words that say the opposite."""
_TURNS = re.compile("|".join(opposite.pattern for _, opposite in _POLARITY))
_OPPOSITES = re.compile(
    r"\b(?:reduc|decreas|lower|less|fewer|declin|degrad|drop|worse|wors|mitigat|alleviat|increas|improv|enhanc|high|more|"
    r"boost|not|cannot|without|fail|add(?:s|ed|ing)?\b|un\w+|in\w+able|gain|than|limit|lack|suffer|minimi|cost|error|"
    r"loss|however|but|while|save|saving|cut|small|short|weak|decay|vanish)",
    re.IGNORECASE,
)


def english_title(_: str, chinese: str) -> str:
    """Return a title of which more is English than Chinese."""
    plain = [word for word in _WORD.findall(chinese) if word.isalpha() and word[1:].islower()]
    return chinese if len(plain) >= 3 and len(plain) > len(_HAN.findall(chinese)) / 2 else ""


def unfinished(english: str, chinese: str) -> str:
    """Return how a sentence ends that has no mark at its end where the original has one."""
    return chinese[-12:] if _ENDED.search(english) and not _ENDED.search(chinese.strip()) else ""


def empty_brackets(english: str, chinese: str) -> str:
    """Return brackets from which what stood in them was lost."""
    match = _EMPTY.search(chinese)
    return match.group() if match and match.group() not in english else ""


def filler(_: str, chinese: str) -> str:
    """Return the words of an opening that any paper could have."""
    match = _FILLER.match(chinese)
    return match.group() if match else ""


def lost_negation(english: str, chinese: str) -> str:
    """Return the word with which a sentence denies something that its translation asserts."""
    if _DENIED.search(chinese):
        return ""
    match = _DENIES.search(_ONLY_SEEMS.sub(" ", english))
    return match.group() if match else ""


def turned(english: str, chinese: str) -> str:
    """Return the Chinese word that says the opposite of the English sentence, which has no other such word."""
    if not _TURNS.search(chinese):
        return ""
    for said, opposite in _POLARITY:
        turn = opposite.search(chinese)
        match = said.search(english) if turn else None
        if turn and match and not _OPPOSITES.search(english.replace(match.group(), " ")):
            return turn.group()
    return ""
