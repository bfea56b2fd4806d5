"""Which key may be sent to which address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr

from pipeline.endpoints import OPENAI_URL, preset_for

OPENAI_KEY = "OPENAI_API_KEY"
"""The variable of the key that may go to any address that the user himself names."""


@dataclass(frozen=True)
class Keys:
    """The keys that the environment holds."""

    general: SecretStr | None = None
    """``OPENAI_API_KEY``."""
    own: Mapping[str, SecretStr] = field(default_factory=dict)
    """The keys of single services, by their variables."""


@dataclass(frozen=True)
class SentKey:
    """What may be sent to an address."""

    key: SecretStr | None
    """None sends none."""
    variable: str
    """The environment variable that the key comes from."""
    may_have_openai_secrets: bool
    """Whether what the environment holds for OpenAI's client may go there."""


def key_to(base_url: str, keys: Keys, *, is_trusted: bool) -> SentKey:
    """Return the one key of ``keys`` that may be sent to the base URL.

    A service's own key goes to its own address, whoever named that; ``OPENAI_API_KEY`` goes to OpenAI, and to an
    address that the user named (``is_trusted``), but not to one that digest.toml alone names.
    """
    is_encrypted, preset = base_url.startswith("https:"), preset_for(base_url)
    may_have = is_trusted or (is_encrypted and is_openai(base_url))
    own = keys.own.get(preset.key_variable) if is_encrypted else None
    return SentKey(own or (keys.general if may_have else None), preset.key_variable if own else OPENAI_KEY, may_have)


def is_openai(base_url: str) -> bool:
    """Return whether a base URL is OpenAI's own."""
    return urlsplit(base_url).hostname == urlsplit(OPENAI_URL).hostname
