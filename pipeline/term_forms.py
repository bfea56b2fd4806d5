"""The words of a text, and the forms in which an English term is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

_WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|[^\s\u2010-\u2014-]")
"""A word, or one character that is neither blank nor hyphen: a term goes over blanks and hyphens, over nothing else."""
_BRITISH = (
    (re.compile(r"(?<=..)iz(?=e|ing|ation|able)"), "is"),
    (re.compile(r"(?<=neighb|behavi)or|(?<=lab|col)or"), "our"),
    (re.compile(r"(?<=mod|lab)el(?=ing|ed)"), "ell"),
)
_PLURALS = (
    (re.compile(r"(.+)sis"), r"\1ses"),
    (re.compile(r"(.+)[ie]x"), r"\1ices"),
    (re.compile(r"(.+)ium"), r"\1ia"),
    (re.compile(r"(.+)us"), r"\1i"),
    (re.compile(r"(.+[^aeiou])y"), r"\1ies"),
    (re.compile(r"(.+(?:[sxz]|ch|sh))"), r"\1es"),
    (re.compile(r"(.+[^s])"), r"\1s"),
)
_DOUBLED = re.compile(r"(.+)([bdgklmnprt])\2")

Words = tuple[str, ...]


def words_in(text: str) -> list[str]:
    """Return the words of ``text``; a punctuation mark or a Chinese character is a word of its own."""
    return _WORD.findall(text)


def places_in(text: str) -> list[tuple[int, int]]:
    """Return where each word of ``text`` begins and ends."""
    return [match.span() for match in _WORD.finditer(text)]


def is_acronym(word: str) -> bool:
    """Tell whether capitals are part of a word, as in ``RAG`` and ``LoRA``: then it matches in this case alone."""
    return sum(map(str.isupper, word)) > 1


def key_of(word: str) -> str:
    """Return what a word of a term is matched by."""
    return word if is_acronym(word) else word.lower()


def base_of(term: str) -> Words:
    """Return the words of a term as listed."""
    return tuple(map(key_of, words_in(term)))


def forms_of(term: str) -> frozenset[Words]:
    """Return every form of ``term``, each as its words: in the plural, as a verb, in one word, in British spelling."""
    bases = set(_spelled(base_of(term)))
    inflected = bases | {form for base in bases for form in _plurals(base)}
    if " " not in term:
        inflected |= {form for base in bases for form in _verbs(base)}
    return frozenset(form for each in inflected for form in _joined(term, each))


def _plurals(words: Words) -> Iterator[Words]:
    """Yield the plurals of the last word, and of the one before ``of``: degrees of freedom."""
    places = {len(words) - 1} | ({words.index("of") - 1} if "of" in words[1:] else set())
    for place in places:
        for singular, plural in _PLURALS:
            if match := singular.fullmatch(words[place]):
                yield (*words[:place], match.expand(plural), *words[place + 1 :])


def _verbs(words: Words) -> Iterator[Words]:
    """Yield the verb that a gerund is made of and its other forms: fine-tune, fine-tunes, fine-tuned."""
    *before, last = words
    stem = last.removesuffix("ing")
    if stem == last or len(stem) < len("cod"):
        return
    single = _DOUBLED.fullmatch(stem)
    stems = {stem, stem + "e"} | ({single[1] + single[2]} if single else set())
    endings = ("", "s", "ed") if stem[-1] != "e" else ("", "s", "d")
    for each, ending in product(stems, endings):
        yield (*before, each.removesuffix("e") + ending if ending == "ed" else each + ending)


def _joined(term: str, words: Words) -> Iterator[Words]:
    """Yield the words as they are, and in one word where the term has a hyphen or is two words long."""
    yield words
    if len(words) == 2 and all(map(str.isalnum, words)):
        yield ("".join(words),)
    elif "-" in term and len(words) > 2:
        first, second, *rest = words
        if re.match(rf"{re.escape(first)}-{re.escape(second)}", term, re.IGNORECASE):
            yield (first + second, *rest)


def _spelled(words: Words) -> Iterator[Words]:
    """Yield the words as they are, and in British spelling."""
    yield words
    british = list(words)
    for american, spelling in _BRITISH:
        british = [american.sub(spelling, word) for word in british]
    yield tuple(british)
