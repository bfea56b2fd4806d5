"""Whether the names, acronyms, formulas and addresses of a text are kept, and none is added."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from .prose import formulas_in, is_plain, unwrap

_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NAMED = re.compile(r"[A-Za-z0-9]*(?:[A-Z][A-Za-z0-9]*[A-Z0-9]|[a-z][A-Z]|[A-Za-z]\d)[A-Za-z0-9]*")
_EMPHASIS = re.compile(r"[A-Z]{1,3}[a-z]{4,}[A-Z]?|[a-z]*[A-Z][a-z]+|[A-Z]?[a-z]+[A-Z][a-z]{3,}")
"""A word with one capital inside, which shows where an acronym's letter comes from."""
_CITED = re.compile(r"\b([A-Z][a-z]{2,}) et al\b")
_KEY = re.compile(r"\\\w*(?:cite|ref|label)\w*\{[^{}]*\}")
SHORT = 3
"""Characters of an acronym that its translation may say in Chinese throughout."""
_LATIN = re.compile(r"[A-Za-z](?<![\\A-Za-z].)[A-Za-z0-9]{2,}")
_LINK = re.compile(r"(?:https?://|www\.)[!-'*-|~]+")
_NOISE = re.compile(r"[^A-Za-z0-9]+")
_BLANKS = re.compile(r"[\s{}\\]|left|right|,$|\.$")
_IS_TEXT = re.compile(r"\\(?:text|unicode|mathrm\{[a-z]{4})")
_GREEK = dict(
    zip(
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "varepsilon",
            "theta",
            "lambda",
            "mu",
            "pi",
            "rho",
            "sigma",
            "tau",
            "phi",
            "varphi",
            "omega",
            "ell",
            "Delta",
            "Omega",
            "Xi",
        ],
        "αβγδεεθλμπρστφφωℓΔΩΞ",
        strict=True,
    )
)
RENDERED = {
    "ai": "人工智能", "ml": "机器学习", "dl": "深度学习", "rl": "强化学习", "nlp": "自然语言处理|语言处理",
    "llm": "语言模型|大模型", "lm": "语言模型", "plm": "语言模型", "vlm": "语言模型", "mllm": "语言模型|大模型",
    "cnn": "卷积", "rnn": "循环神经|递归神经", "gnn": "图神经", "dnn": "深度神经", "snn": "脉冲神经",
    "nn": "神经网络", "ann": "神经网络", "mlp": "感知机", "gan": "生成对抗", "vae": "变分自编码", "iot": "物联网",
    "1d": "一维", "2d": "二维", "3d": "三维", "4d": "四维", "uav": "无人机", "pde": "偏微分", "ode": "常微分",
    "sde": "随机微分", "qa": "问答", "cv": "计算机视觉", "sgd": "随机梯度", "mdp": "马尔可夫|马尔科夫",
    "asr": "语音识别", "tts": "语音合成|文本转语音", "kg": "知识图谱", "vqa": "视觉问答", "nmt": "机器翻译",
    "mt": "机器翻译", "svm": "支持向量机", "pca": "主成分", "mri": "磁共振", "eeg": "脑电", "ecg": "心电",
    "vr": "虚拟现实", "ar": "增强现实|自回归", "us": "美国|超声", "usa": "美国", "uk": "英国", "eu": "欧盟|欧洲",
    "un": "联合国", "covid": "新冠", "covid19": "新冠", "gpu": "显卡", "mse": "均方误差", "rmse": "均方根误差",
    "sota": "最先进|最优|最新", "ood": "分布外", "ehr": "病历", "hci": "人机交互", "xai": "可解释", "fl": "联邦学习",
    "il": "模仿学习", "ct": "断层", "pdf": "概率密度", "gdp": "生产总值", "os": "操作系统",
    "rssi": "信号强度", "iiot": "工业物联网", "relu": "线性整流|整流线性", "lidar": "激光雷达", "fx": "外汇",
}  # fmt: skip
"""Acronyms, lower case, that may be said in Chinese alone."""


def lost_names(english: str, chinese: str) -> str:
    """Return the names of a text, and the authors whom it cites, that its translation neither keeps nor opens.

    Short acronyms may be said in Chinese, unless most of the names are gone.
    """
    kept, names = squeeze(chinese), tuple(dict.fromkeys(_names(english)))
    lost = [name for name in names if not (squeeze(name) in kept or _is_opened(name, chinese))]
    short = {squeeze(name).rstrip("s") for name in lost if _may_be_opened(name, english)}
    firm = len(short) < len({squeeze(name).rstrip("s") for name in lost})
    return ", ".join(lost) if firm or (len(short) > 1 and 2 * len(lost) > len(names)) else ""


def _may_be_opened(name: str, english: str) -> bool:
    """Return whether a name is an acronym that is short, or that the text itself opens."""
    acronym = squeeze(name).rstrip("s")
    return len(acronym) <= SHORT or (name.rstrip("s").isupper() and f"({name})" in english)


def added_name(english: str, chinese: str) -> str:
    """Return the first Latin word of a Chinese text that the English paper does not have."""
    source = squeeze(english)
    words = (match.group() for match in _LATIN.finditer(unwrap(chinese)))
    return next((word for word in words if _stem(word) not in source), "")


def lost_formula(english: str, chinese: str) -> str:
    """Return the first formula that a translation lacks or breaks; a number or letter may stand without dollars."""
    if chinese.count("$") % 2 > english.count("$") % 2:
        return "$"
    kept, whole = [_bare(formula) for formula in formulas_in(chinese)], _bare(chinese)
    for formula in formulas_in(english):
        bare = _bare(formula)
        if _IS_TEXT.search(formula) or is_plain(formula) or _GREEK.get(bare, "\0") in chinese:
            continue
        if not (any(bare in one for one in kept) or ("\\" not in formula and bare in whole)):
            return f"${formula}$"
    return ""


def lost_link(english: str, chinese: str) -> str:
    """Return the first address that a translation lacks."""
    kept = "".join(chinese.split())
    links = (match.group().rstrip(".,;:~") for match in _LINK.finditer(english))
    return next((link for link in links if link not in kept), "")


@lru_cache(maxsize=64)
def squeeze(text: str) -> str:
    """Return the letters and digits of a text in lower case."""
    return _NOISE.sub("", text).lower()


def _names(english: str) -> Iterator[str]:
    prose = unwrap(_KEY.sub(" ", english) if "\\" in english else english)
    for token in _TOKEN.findall(prose):
        if not (token.isalpha() and token[1:].islower()) and _NAMED.fullmatch(token) and not _EMPHASIS.fullmatch(token):
            yield token
    yield from _CITED.findall(prose) if "et al" in prose else ()


def _stem(word: str) -> str:
    """Return what a name shares with its plural and its adjective: Laplace and Laplacian."""
    lowered = squeeze(word)
    return lowered[:-1] if len(lowered) > 3 and lowered.endswith(("e", "s", "y")) else lowered


def _is_opened(name: str, chinese: str) -> bool:
    key = squeeze(name)
    singular = key[:-1] if key.endswith("s") and not name.endswith("S") else key
    if singular != key and singular in squeeze(chinese):
        return True
    return any(word in chinese for word in RENDERED.get(singular, "\0").split("|"))


def _bare(formula: str) -> str:
    return _BLANKS.sub("", formula.replace("widetilde", "tilde").replace("widehat", "hat"))
