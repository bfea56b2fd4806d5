"""What the environment must hold, or may hold wrongly: keys and proxies, checked before anything is spent."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from pipeline.errors import SettingsError
from pipeline.settings import Settings

NO_KEY_HINT = """\
Three ways on:
  set a key:            export OPENAI_API_KEY=...
  use a local server:   arxiv-digest run --base-url http://localhost:11434/v1 --model MODEL   (Ollama, vLLM, ...)
  try it without:       arxiv-digest demo"""
_KEY = re.compile(r"[\x21-\x7e]+")
"""What a header can carry."""
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_NO_PROXY_TEXT = re.compile(r"[^\x21-\x7e]")


def require_key(settings: Settings) -> None:
    """Say what to do where a key is needed and there is none, or one that no request can carry.

    Raises:
        SettingsError: the base URL is OpenAI's, and there is no key for it; or a key has blanks or foreign characters.
    """
    for each in (settings, *settings.fallbacks):
        check_key(each)


def check_key(settings: Settings) -> None:
    """Do the same for the settings alone, without their fallbacks.

    Raises:
        SettingsError: as `require_key`.
    """
    key, variable = settings.usable_key, settings.key_variable
    if settings.is_openai and not key:
        raise SettingsError("no key: OPENAI_API_KEY is not set", hint=NO_KEY_HINT)
    if key and not settings.replay_file and not _KEY.fullmatch(key):
        raise SettingsError(
            f"{variable} cannot be sent: it holds a blank, a line break or a character outside ASCII",
            hint=f'Set it again. From a file, without the line break at its end: export {variable}="$(cat FILE)"',
        )


def check_proxies() -> None:
    """Refuse a proxy that is not an address, before a request finds out.

    Raises:
        SettingsError: names the variable.
    """
    for name, value in os.environ.items():
        if name.lower() in _PROXIES and value and not _is_address(value):
            raise SettingsError(
                f"{name} does not hold the address of a proxy",
                hint=f"Write it as http://HOST:PORT, or unset it: unset {name}",
            )


def _is_address(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
        return bool(parts.hostname) and (parts.port or 1) > 0 and not _NO_PROXY_TEXT.search(proxy)
    except ValueError:
        return False
