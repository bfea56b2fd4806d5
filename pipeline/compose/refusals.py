"""Keys that are missing or cannot be sent, refused before anything is spent."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.errors import SettingsError
from pipeline.model_choice import ModelChoice

NO_KEY_HINT = """\
Three ways on:
  set a key:            export OPENAI_API_KEY=...
  use a local server:   arxiv-digest run --base-url http://localhost:11434/v1 --model MODEL   (Ollama, vLLM, ...)
  try it without:       arxiv-digest demo"""
_KEY = re.compile(r"[\x21-\x7e]+")
"""What a header can carry."""


def require_keys(choices: Iterable[ModelChoice]) -> None:
    """Refuse choices of which one lacks a key that it needs, or has one that no request can carry.

    Raises:
        SettingsError: as `require_key`, for the first such choice.
    """
    for choice in choices:
        require_key(choice)


def require_key(choice: ModelChoice) -> None:
    """Refuse a choice that lacks a key that it needs, or has one that no request can carry.

    Raises:
        SettingsError: the base URL is OpenAI's, and there is no key for it; or a key has blanks or foreign characters.
    """
    key, variable = choice.usable_key, choice.key_variable
    if choice.is_openai and not key:
        raise SettingsError("no key: OPENAI_API_KEY is not set", hint=NO_KEY_HINT)
    if key and not choice.replay_file and not _KEY.fullmatch(key):
        raise SettingsError(
            f"{variable} cannot be sent: it holds a blank, a line break or a character outside ASCII",
            hint=f'Set it again. From a file, without the line break at its end: export {variable}="$(cat FILE)"',
        )
