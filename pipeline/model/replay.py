"""Answers from a file of replies instead of a network, by paper id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.endpoints import REPLAY_MODEL
from pipeline.errors import CallError, FatalModelError, InputError
from pipeline.model.interface import Ask, Reply
from pipeline.records import Account, parse_id

_FIELDS = {
    "translated_title": "translated_title",
    "tldr": "tldr",
    "en_tldr": "tldr_en",
    "tldr_en": "tldr_en",
    "translated_abstract": "translated_abstract",
    "sentences": "sentences",
}
"""Keys of a line and the reply's; the older ``en_tldr`` is read too."""


class ReplayModel:
    """A model whose replies stand in a JSON Lines file, one object a paper with ``id`` and the reply's fields."""

    name = REPLAY_MODEL
    endpoint = REPLAY_MODEL
    in_flight = 0

    def __init__(self, path: Path) -> None:
        """Read the whole file.

        Raises:
            InputError: the file is missing, or a line is not an object with an arXiv id.
        """
        self.path = path
        self._replies = dict(_read(path))

    async def ask(self, ask: Ask) -> Reply:
        """Answer with the recorded reply as it stands, free of charge.

        Raises:
            CallError: the file has none for this paper.
        """
        if (text := self._replies.get(ask.paper_id)) is None:
            raise CallError("no_reply", f"{self.path.name} has no reply for {ask.paper_id}")
        return Reply(text=text, account=Account(requests=1))

    def stop(self, error: FatalModelError) -> None:
        """Nothing waits for a file."""

    async def close(self) -> None:
        """Nothing is held open."""


def _read(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise InputError(f"{path}: cannot be read as replies: {reason}", hint="Check the path.") from error
    return [_reply(f"{path}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]


def _reply(where: str, line: str) -> tuple[str, str]:
    try:
        record: Any = json.loads(line)
        identifier, _ = parse_id(record["id"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{where}: is not a reply: {error}", hint="Each line is a JSON object with an id.") from error
    fields = {name: record[key] for key, name in _FIELDS.items() if key in record}
    return identifier, json.dumps(fields, ensure_ascii=False)
