"""Whether the numbers of a text are those of its original, however each language writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from .prose import formulas_in, unwrap

_UNITS = {
    "ms": ("毫秒", "ms"),
    "milliseconds": ("毫秒", "ms"),
    "s": ("秒", "s"),
    "sec": ("秒", "s"),
    "seconds": ("秒", "s"),
    "min": ("分", "min"),
    "minutes": ("分", "min"),
    "h": ("小时", "h", "个小时"),
    "hours": ("小时", "h", "个小时"),
    "days": ("天", "日", "d"),
    "weeks": ("周", "个星期", "星期"),
    "months": ("个月", "月"),
    "years": ("年", "岁", "周年"),
    "km": ("公里", "千米", "km"),
    "nm": ("纳米", "nm"),
    "mm": ("毫米", "mm"),
    "cm": ("厘米", "cm"),
    "kg": ("公斤", "千克", "kg"),
    "GHz": ("GHz", "吉赫"),
    "MHz": ("MHz", "兆赫"),
    "Hz": ("Hz", "赫"),
    "dB": ("dB", "分贝"),
    "GB": ("GB", "G"),
    "MB": ("MB", "M"),
}
"""What a unit becomes in Chinese."""
_SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "k": 1e3,
    "K": 1e3,
    "M": 1e6,
    "B": 1e9,
    "T": 1e12,
}
_HAN_SCALES = {"十": 1e1, "百": 1e2, "千": 1e3, "万": 1e4, "亿": 1e8, "兆": 1e12}
_WORDS = dict(
    zip(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        range(20),
        strict=True,
    )
) | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_KNOWN_WORDS: dict[str, tuple[float, ...]] = {
    "half": (0.5, 50, 2), "halve": (0.5, 50, 2), "halves": (0.5, 50, 2), "halving": (0.5, 50, 2),
    "both": (2,), "pair": (2,), "pairs": (2,), "twice": (2,), "double": (2,), "doubles": (2,), "doubling": (2,),
    "dual": (2,), "couple": (2,), "binary": (2, 0, 1), "bi": (2,), "twofold": (2,), "second": (2,),
    "third": (3, 1 / 3),
    "thirds": (3, 1 / 3, 2 / 3), "triple": (3,), "triples": (3,), "triplet": (3,), "tri": (3,), "threefold": (3,),
    "ternary": (3,), "fourth": (4, 0.25), "quarter": (4, 0.25, 25), "quarters": (4, 0.75, 75), "fifth": (5, 0.2),
    "quadruple": (4,), "tenfold": (10,), "decade": (10,), "decades": (10,), "dozen": (12,), "dozens": (12,),
    "century": (100,), "first": (1,), "single": (1,), "once": (1,), "order": (1, 10), "orders": (10,),
    "magnitude": (10,),
    "quadratic": (2,), "cubic": (3,), "hundreds": (100,), "thousands": (1000,), "millions": (1e6, 100, 10000),
    "billions": (1e9, 10, 1e8), "tens": (10,), "sixth": (6,), "seventh": (7,), "eighth": (8,), "ninth": (9,),
}  # fmt: skip
"""Words that explain a number in the translation, but ask for none."""
_REQUIRED_WORDS = frozenset(["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
_TO_BLANKS = str.maketrans(dict.fromkeys("".join(chr(code) for code in range(128) if not chr(code).isalpha()), " "))
_DIGITS = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ENGLISH = re.compile(
    rf"(?P<sign>(?<![A-Za-z0-9_)\]])[-−–](?=\d))?(?<![A-Za-z0-9_.])(?P<digits>{_DIGITS})"
    rf"(?:\^\{{?(?P<power>[-−]?\d+)\}}?)?"
    r"(?P<percent>\s*\\?[%％]|[\s-]?per\s?cent\b)?"
    rf"(?:\s?-?(?P<scale>hundred|thousand|million|billion|trillion|[kKMBT](?![A-Za-z\d])))?"
    rf"(?:[\s-]?(?P<unit>{'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![A-Za-z\d]))?"
)
_NAME = re.compile(
    r"[A-Za-z](?<![A-Za-z].)[A-Za-z]*+[-_]?\d[A-Za-z0-9_.]*(?:[-_][A-Za-z0-9_.]+)*(?:(?:,| and|, and|/) ?-\d+)*"
)
"""A name with a number, and the versions that go on from it: GPT-3 and -4."""
_NO_AMOUNT = re.compile(
    r"(?<![A-Za-z0-9_.])\d+(?:st|nd|rd|th)\b|\[\d[\d, -]*\]|\(\d{1,2}\)|(?<![\w.])\d\)|\b\d{4}['’]s"
    r"|\((?:[^()]{0,60}\s)?(?:19|20)\d\d[a-z]?\)|\^\d\$|(?<!\d)\^\d(?=\s)|et al\.,? \(?\d{4}"
)
"""Ordinals, references and the numbers of a list's items, which a translation may leave out or write otherwise."""
_MONTHS = {
    month: (number,)
    for number, month in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        start=1,
    )
}
_RANGE = re.compile(r"(\d)\s*(?:-|–|—|~|～|to|至|到|and|和|与|、|,|or|或|\s)+\s*(?=(?:\d[\d.,]*)\s*\\?[%％])")
_RUN = re.compile(r"\d+(?:\.\d+)?")
_WORD = re.compile(r"[a-z]+")
_COMPOUND = re.compile(
    r"\b(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[- ](one|two|three|four|five|six|seven|eight|nine)\b"
)
_IDIOM = re.compile(
    r"\b(?:one|two) or (?:two|three|more)\b|\b\w+ decades\b|\b(?:two|three)-dimensional\b"
    r"|\b(?:two|three|four)(?=[- ]?folds?\b)"
)
_CHINESE = re.compile(
    rf"(?P<sign>(?<![A-Za-z0-9_)\]）])[-−–](?=\d)|负\s?)?(?<![A-Za-z0-9_.])(?P<digits>{_DIGITS})"
    rf"(?:\^\{{?(?P<power>[-−]?\d+)\}}?)?"
    r"(?P<percent>\s*\\?[%％]|\s*个百分点|\s*个?百分比)?"
    r"\s?(?P<scale>[十百千万亿兆]+|[kKMBT](?![A-Za-z\d])|million|billion)?(?=(?P<tail>.{0,5}))",
    re.DOTALL,
)
_EXACT = re.compile(r"(?<![A-Za-z0-9_.^-])\d+(?:\.\d+(?![A-Za-z0-9_.])|(?=\s*\\?%))")
"""Numbers that both languages name in the same order; whole ones they often do not."""
_VERSION = re.compile(r"(?<![A-Za-z])[A-Z][A-Za-z]* (\d+\.\d+)")
"""A number that goes with a name, wherever the name stands: Llama 3.1."""
_SUBSCRIPT = re.compile(r"_\{?\d\}?")
"""Alone between dollars, as in the formulas of chemistry."""
_NUMERAL = re.compile(r"[〇零一二两双三四五六七八九十百千万亿]+")
_FRACTION = re.compile(r"([一二两三四五六七八九十百千万\d]+)分之([零一二两三四五六七八九十百千\d.点]+)")
_TENTHS = re.compile(r"([一二两三四五六七八九])成")
_BELOW = re.compile(r"/\d")
_HAN_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "双": 2}
_FALLING = re.compile("[降减低负少跌]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as one language wrote it."""

    text: str
    values: frozenset[str]
    """What it may mean, rounded to six digits: 70K is 70000; 3.5 of 3.5 % is 3.5."""
    is_percent: bool = False
    is_negative: bool = False
    unit: str = ""
    """The English unit behind it; of a Chinese number, the characters behind it."""


def wrong_numbers(english: str, chinese: str) -> str:
    """Return the first number that one text has and the other lacks, or has with another unit or sign.

    The English text's digits and the words from two to ten must be in the Chinese one; digits of the Chinese text must
    be in the English one, in its formulas and names too.
    """
    said, source = unwrap(chinese), unwrap(english)
    digits = _chinese_numbers(said)
    return _lost(source, digits, said) or _added(english, digits) or _added_in_formulas(english, chinese)


def added_number(english: str, chinese: str) -> str:
    """Return the first number in digits that a text has and the paper lacks."""
    return _added(english, _chinese_numbers(unwrap(chinese)))


def exchanged_numbers(english: str, chinese: str) -> str:
    """Return the percentages and decimals of a text where its translation has two of them exchanged.

    One that only stands elsewhere in the sentence is no exchange: Chinese puts conditions first.
    """
    if "." not in english and "%" not in english:
        return ""
    source, said = unwrap(english), unwrap(chinese)
    before, after = _EXACT.findall(source), _EXACT.findall(said)
    if before == after:
        return ""
    versions = set(_VERSION.findall(source)).intersection(_VERSION.findall(said))
    before, after = ([run for run in runs if run not in versions] for runs in (before, after))
    if len(set(before)) < len(before) or sorted(before) != sorted(after):
        return ""
    moved = [one for one, other in zip(after, before, strict=True) if one != other]
    return ", ".join(moved) if len(moved) == 2 else ""


def _lost(english: str, digits: tuple[Number, ...], chinese: str) -> str:
    numbers, words = tuple(_english_numbers(english)), tuple(_required_words(english))
    if not numbers and not words:
        return ""
    numerals = _numerals(chinese)
    for number in numbers:
        same = [one for one in digits if not number.values.isdisjoint(one.values)]
        if not same and number.values.isdisjoint(numerals):
            return number.text
        if same and not any(_agrees(number, one, chinese) for one in same):
            return number.text
    return next((word for word in words if not _is_said(word, digits, numerals, chinese)), "")


def _added(english: str, digits: tuple[Number, ...]) -> str:
    written = _written(english)
    strange = [number for number in digits if number.values.isdisjoint(written) and not _is_one_part(number)]
    known = _known(f"{english}\n{unwrap(english)}") if strange else frozenset()
    return next((number.text for number in strange if number.values.isdisjoint(known)), "")


def _is_one_part(number: Number) -> bool:
    """Return whether a number is the 1 of 1/7, as Chinese says "7x lower"."""
    return number.text == "1" and _BELOW.match(number.unit) is not None


def _added_in_formulas(english: str, chinese: str) -> str:
    """Return the first number in a formula, which stands in the original as it is."""
    if "$" not in chinese:
        return ""
    known = set(_RUN.findall(english))
    formulas = (formula for formula in formulas_in(chinese) if not _SUBSCRIPT.fullmatch(formula))
    return next((run for formula in formulas for run in _RUN.findall(formula) if run not in known), "")


def _agrees(number: Number, said: Number, chinese: str) -> bool:
    if number.is_percent and not said.is_percent:
        return False
    if number.is_negative and not (said.is_negative or _FALLING.search(chinese)):
        return False
    return not number.unit or said.unit.strip().startswith(_UNITS[number.unit])


def _english_numbers(text: str) -> Iterator[Number]:
    """Yield the numbers in digits that a translation must have."""
    if not _RUN.search(text):
        return
    prose = _NO_AMOUNT.sub(" ", _NAME.sub(" ", _percent_ranges(text)))
    for match in _ENGLISH.finditer(prose):
        scale = _SCALES.get(match["scale"] or "", 1.0)
        yield Number(
            match.group().strip(),
            _values(match["digits"], match["power"], (scale,)),
            is_percent=bool(match["percent"]),
            is_negative=bool(match["sign"]),
            unit=match["unit"] or "",
        )


def _chinese_numbers(text: str) -> tuple[Number, ...]:
    """Return the numbers in digits of a translation."""
    return tuple(_numbers_in_chinese(text)) if _RUN.search(text) else ()


def _numbers_in_chinese(text: str) -> Iterator[Number]:
    for match in _CHINESE.finditer(_NAME.sub(" ", _percent_ranges(text))):
        scale = match["scale"] or ""
        factor = _SCALES.get(scale) or prod(_HAN_SCALES.get(char, 1.0) for char in scale)
        yield Number(
            match.group().strip(),
            _values(match["digits"], match["power"], (factor,) if scale else (1.0,)),
            is_percent=bool(match["percent"]) or "分之" in match["tail"],
            is_negative=bool(match["sign"]),
            unit=match["tail"],
        )
    for match in _FRACTION.finditer(text):
        if match[1].startswith("百") and (value := _RUN.search(match[2])):
            yield Number(match.group(), frozenset({_key(float(value.group()))}), is_percent=True)


def _values(digits: str, power: str | None, scales: tuple[float, ...]) -> frozenset[str]:
    value = float(digits.replace(",", ""))
    if power:
        exponent = int(power.replace("−", "-"))
        value = value**exponent if abs(exponent) < 40 and 0 < value < 1e6 else value
    return frozenset(_key(value * scale) for scale in scales)


def _key(value: float) -> str:
    return f"{value:.6g}"


def _percent_ranges(text: str) -> str:
    """Write 10-20 % as 10 %-20 %, so that both ends say what they are."""
    return _RANGE.sub(r"\1% - ", text)


def _required_words(english: str) -> Iterator[str]:
    lowered = english.lower()
    if _REQUIRED_WORDS.isdisjoint(lowered.translate(_TO_BLANKS).split()):
        return
    lowered = _COMPOUND.sub(" ", lowered)
    yield from (word for word in _WORD.findall(_IDIOM.sub(" ", lowered)) if word in _REQUIRED_WORDS)


def _is_said(word: str, digits: tuple[Number, ...], numerals: frozenset[str], chinese: str) -> bool:
    key = _key(_WORDS[word])
    return (
        key in numerals
        or any(key in number.values for number in digits)
        or key in _RUN.findall(chinese)
        or (word == "two" and re.search("[对倍俩半]|分别|彼此|之间", chinese) is not None)
    )


@lru_cache(maxsize=64)
def _written(english: str) -> frozenset[str]:
    """Return the values of the runs of digits in a text."""
    return frozenset(_key(float(run)) for run in {*_RUN.findall(english.replace(",", "")), *_RUN.findall(english)})


@lru_cache(maxsize=64)
def _known(english: str) -> frozenset[str]:
    """Return every value that the English text may be said to name."""
    lowered = english.lower()
    words = _WORD.findall(lowered)
    known = {_key(value) for word in set(words) for value in (*_KNOWN_WORDS.get(word, ()), *_MONTHS.get(word, ()))}
    known |= {_key(_WORDS[word]) for word in words if word in _WORDS}
    known |= {_key(_WORDS[a] + _WORDS[b]) for a, b in _COMPOUND.findall(lowered)}
    known |= _written(english)
    for match in _ENGLISH.finditer(english):
        known |= _values(match["digits"], match["power"], (1.0, _SCALES.get(match["scale"] or "", 1.0)))
    for word, scale in _SCALES.items():
        if len(word) > 1 and word in lowered:
            known |= {_key(_WORDS[one] * scale) for one in words if one in _WORDS} | {_key(scale)}
    return frozenset(known)


def _numerals(chinese: str) -> frozenset[str]:
    """Return the values of a text's Chinese numerals, fractions and tenths."""
    found: set[float] = set()
    for run in _NUMERAL.findall(chinese):
        found |= {_value_of(run), *(float(_HAN_DIGITS[char]) for char in run if char in _HAN_DIGITS)}
        if "十" in run:
            found.add(10)
    for match in _FRACTION.finditer(chinese):
        below, above = map(_part_of_fraction, match.groups())
        found |= {above / below if below else 0.0, above * 100 / below if below else 0.0}
    tenths = [_HAN_DIGITS[char] for char in _TENTHS.findall(chinese)]
    found |= {value * 10 for value in tenths} | {value / 10 for value in tenths}
    if "半" in chinese:
        found |= {0.5, 50, 2}
    return frozenset(_key(value) for value in found)


def _part_of_fraction(text: str) -> float:
    run = _RUN.match(text)
    return float(run.group()) if run else _value_of(text)


def _value_of(run: str) -> float:
    """Return what a Chinese numeral such as 三百二十万 is."""
    total = section = digit = 0.0
    for char in run:
        if char in _HAN_DIGITS:
            digit = float(_HAN_DIGITS[char])
        elif char in "万亿":
            total = (total + section + digit or 1.0) * _HAN_SCALES[char]
            section = digit = 0.0
        elif char in _HAN_SCALES:
            section += (digit or 1.0) * _HAN_SCALES[char]
            digit = 0.0
    return total + section + digit
