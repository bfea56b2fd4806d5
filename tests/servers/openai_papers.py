"""Recorded replies, and which of them a chat request asks for."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEAD = re.compile(r"^arXiv:\S+ Announce Type: \S+ Abstract: ?")
_TAIL = re.compile(r" ?\(arXiv:[^()]*\)$")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_KEY = 40
_FIELDS = ("translated_title", "tldr", "tldr_en", "translated_abstract", "sentences")
_NUMBER = re.compile(r"^\[\d+\] ", re.MULTILINE)
"""Before each sentence of an abstract that is sent sentence by sentence."""


def fold(text: str) -> str:
    """Return ``text`` with each run of white space one blank, ends trimmed."""
    return " ".join(text.split())


def tokens_in(text: str) -> int:
    """Return about how many tokens ``text`` has: a quarter of its UTF-8 bytes, as fits English and Chinese alike."""
    return max(1, len(text.encode()) // 4)


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as a program sends it, and the recorded reply to it."""

    id: str
    title: str
    """Folded, without the feed's tail."""
    abstract: str
    """Folded, without the feed's header."""
    fields: Mapping[str, Any]
    """The recorded fields as they are: null stays null, absent stays absent."""
    message: bytes
    """The assistant's message, serialised once."""
    tokens: int
    """Completion tokens of the recorded reply."""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Paper:
        """Read a line of a replies file; ``en_tldr`` is taken for ``tldr_en``.

        Raises:
            ValueError: The record has neither title nor abstract to know the paper by.
        """
        title = _TAIL.sub("", fold(record.get("title") or ""))
        abstract = _HEAD.sub("", fold(record.get("abstract") or ""))
        if not title and not abstract:
            raise ValueError(f"the reply for {record.get('id')} has neither title nor abstract")
        named = {"tldr_en": record["en_tldr"], **record} if "en_tldr" in record else record
        fields = {name: named[name] for name in _FIELDS if name in named}
        content = json.dumps(fields, ensure_ascii=False)
        return cls(str(record["id"]), title, abstract, fields, message_json(content), tokens_in(content))


def message_json(content: str | None, **more: object) -> bytes:
    """Serialise an assistant's message."""
    message = {"role": "assistant", "content": content, "refusal": None, **more}
    return json.dumps(message, ensure_ascii=False).encode()


def read_replies(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSON Lines file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


class Papers:
    """Finds the paper in a request by its text, whatever the prompt around it."""

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._by_ending: dict[str, list[Paper]] = defaultdict(list)
        self._short: list[Paper] = []
        self._after = 0
        for paper in map(Paper.of, records):
            text = paper.abstract or paper.title
            if len(text) < _KEY:
                self._short.append(paper)
            else:
                self._by_ending[text[-_KEY:]].append(paper)

    def find(self, messages: object) -> Paper | None:
        """Return the paper that the earliest matching user message is about, None where no message names one."""
        for text in _user_texts(messages):
            folded = fold(_NUMBER.sub("", text))
            if found := self._in(folded):
                return found
            unescaped = fold(" ".join(_json_strings(text)))
            if found := self._in(unescaped):
                return found
        return None

    def _in(self, text: str) -> Paper | None:
        # A program's prompt ends alike for every paper, so that one look-up where the last abstract ended mostly does.
        known = len(text) - self._after
        for end in (known, *range(_KEY, len(text) + 1)):
            if (sharing := self._by_ending.get(text[end - _KEY : end])) and (found := _best(sharing, text)):
                self._after = len(text) - end
                return found
        return _best(self._short, text)


def _best(papers: Sequence[Paper], text: str) -> Paper | None:
    there = [paper for paper in papers if paper.abstract in text and (paper.abstract or paper.title in text)]
    if len(there) < 2:
        return there[0] if there else None
    return max(there, key=lambda paper: (paper.title in text, paper.id in text, len(paper.abstract)))


def _user_texts(messages: object) -> Iterator[str]:
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            parts = content if isinstance(content, list) else [{"text": content}]
            yield " ".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))


def _json_strings(text: str) -> Iterator[str]:
    for literal in _STRING.findall(text):
        try:
            yield json.loads(literal, strict=False)
        except ValueError:
            continue
