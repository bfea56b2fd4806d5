"""Whether a text is simplified Chinese of the mainland, from its first sentence to its last."""

from __future__ import annotations

import re

_HAN = re.compile(r"[\u3400-\u9fff]")
_OTHER = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff\u0e00-\u0e7f\u0900-\u097f]")
_REGIONAL = re.compile(
    r"演算法|软体|硬体|网路|资讯(?!熵)|资料库|程式(?!化)|讯号|影像辨识|位元组|记忆体|伺服器|最佳化|巨量资料|类神经网路|机器翻譯|卷积类神经"
)
_ENGLISH_RUN = re.compile(r"(?:\b[a-z]{2,}[\s,]+){3,}[a-z]{2,}\b")
MOST = 2
"""Characters beyond GB 2312 in a text of simplified ones, as in a name."""


def other_script(text: str) -> str:
    """Return the first letters of a script that is neither Chinese nor Latin, where there are many of them."""
    found = _OTHER.findall(text)
    return "".join(found[:12]) if len(found) > 4 and len(found) * 4 > len(_HAN.findall(text)) else ""


def traditional(text: str) -> str:
    """Return the characters that GB 2312, the set of simplified ones, lacks, where a name would have fewer."""
    if len(text.encode("gb2312", "ignore")) == len(text.encode("gb18030", "ignore")):
        return ""
    found = [char for char in _HAN.findall(text) if not char.encode("gb2312", "ignore")]
    return "".join(found[:12]) if len(found) > MOST else ""


def regional(text: str) -> str:
    """Return the first word that Taiwan says and the mainland does not."""
    match = _REGIONAL.search(text)
    return match.group() if match else ""


def english_run(text: str) -> str:
    """Return the first four English words in lower case in a row."""
    match = _ENGLISH_RUN.search(text)
    return match.group() if match else ""


def without_chinese(text: str) -> str:
    """Return a text that has no Chinese character, or says nothing but dots."""
    return "" if _HAN.search(text) else (text.strip() or "nothing")
