"""Which model to ask, where, and with which key: all that a process needs to connect to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from pipeline.endpoints import OPENAI_URL, REPLAY, REPLAY_MODEL, Preset, preset_for
from pipeline.keys import OPENAI_KEY, Keys, is_openai, key_to


class PriceSection(BaseModel):
    """``[prices.MODEL]``: US dollars for a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    """For prompt tokens that the endpoint has in its own cache; as ``input`` where absent."""


@dataclass(frozen=True)
class ModelChoice:
    """One model at one endpoint; it may be pickled, and takes its key with it."""

    name: str
    base_url: str = OPENAI_URL
    api_key: SecretStr | None = None
    """The key that is sent to the base URL; None sends none."""
    key_variable: str = OPENAI_KEY
    """The environment variable that the key comes from."""
    is_key_withheld: bool = False
    """Whether there is a key that may not go there."""
    may_have_openai_secrets: bool = True
    """Whether what the environment holds for OpenAI's client may go to the base URL."""
    price: PriceSection | None = None
    """The user's own price; the published one where absent."""

    @classmethod
    def with_key(cls, name: str, base_url: str, keys: Keys, *, is_trusted: bool, price: PriceSection | None) -> Self:
        """Return a choice with the one key of ``keys`` that may be sent to the base URL, as `key_to` decides."""
        sent = key_to(base_url, keys, is_trusted=is_trusted)
        return cls(
            name,
            base_url,
            sent.key,
            key_variable=sent.variable,
            is_key_withheld=bool(keys.general) and not sent.key,
            may_have_openai_secrets=sent.may_have_openai_secrets,
            price=price,
        )

    @property
    def usable_key(self) -> str | None:
        """The key in the clear."""
        return self.api_key.get_secret_value() if self.api_key else None

    @property
    def replay_file(self) -> Path | None:
        """The file that answers instead of a network."""
        return Path(self.base_url.removeprefix(REPLAY)) if self.base_url.startswith(REPLAY) else None

    @property
    def recorded_name(self) -> str:
        """The name that its replies are kept under, a part of their cache keys."""
        return REPLAY_MODEL if self.replay_file else self.name

    @property
    def host(self) -> str:
        """Host of the endpoint, with the port where one is given."""
        return urlsplit(self.base_url).netloc

    @property
    def is_openai(self) -> bool:
        """Whether the base URL is OpenAI's own, which takes no call without a key."""
        return is_openai(self.base_url)

    @property
    def preset(self) -> Preset:
        """What is known of the service behind the base URL."""
        return preset_for(self.base_url)


@dataclass(frozen=True)
class CallLimits:
    """How many calls go to a model, and how long each may take; None leaves a figure to what the endpoint shows."""

    concurrency: int | None = None
    """Calls in flight at the beginning, and at most."""
    rpm: float | None = None
    """Requests a minute."""
    tpm: float | None = None
    """Tokens a minute."""
    deadline: float = 120.0
    """Seconds for one answer, until the model's own answers have shown how long they take."""
    is_single_try: bool = False
    """Whether nothing is asked a second time."""

    def most_calls(self, choice: ModelChoice) -> int:
        """Return the calls in flight at most."""
        return self.concurrency or choice.preset.at_once
