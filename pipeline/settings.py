"""digest.toml, the environment and the options, merged and checked once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from pipeline.categories import explain as explain_category
from pipeline.categories import in_own_case, is_category
from pipeline.endpoints import OPENAI_URL, PRESETS, REPLAY, REPLAY_MODEL, preset_named
from pipeline.errors import SettingsError
from pipeline.keys import OPENAI_KEY, Keys
from pipeline.model_choice import CallLimits, ModelChoice, PriceSection
from pipeline.records import DIGEST_NAME, FIRST_KINDS, AnnounceType
from pipeline.validation import did_you_mean, explain

DEFAULT_MODEL = "gpt-6-luna"
"""OpenAI's small model, which it names in the place of earlier small ones:
https://developers.openai.com/api/docs/deprecations (November 2026)."""
DEFAULT_PROMPT = "digest@1"
CONFIG_FILE = "digest.toml"

Format = Literal["md", "json", "html", "atom"]
FeedKind = Literal["day", "paper"]
"""What an entry of an Atom feed is."""
FORMATS: tuple[Format, ...] = ("md", "json", "html", "atom")

_DIGEST_NAME = re.compile(DIGEST_NAME)
_RESERVED_NAMES = {"site", "index.html", "search.html", "statistics.html"}
"""The folder of the site below the output folder, and the site's own pages, which stand beside the digests' folders."""
_BLANK = re.compile(r"[\s\x00-\x1f]")
_ENVIRONMENT = {
    "OPENAI_API_KEY": "api_key",
    "OPENAI_BASE_URL": "base_url",
    "ARXIV_DIGEST_MODEL": "model",
    "ARXIV_DIGEST_ARXIV_API_URL": "arxiv_api_url",
    "ARXIV_DIGEST_ARXIV_FEED_URL": "arxiv_feed_url",
    "ARXIV_DIGEST_ARXIV_DELAY": "arxiv_delay",
    "ARXIV_DIGEST_ARXIV_PATIENCE": "arxiv_patience",
    "ARXIV_DIGEST_DELIVER": "deliver",
}
"""Environment variables and the settings they set; an empty one is as none."""
_SECRETS = ("api_key", "deliver")
"""Settings that may stand in no file."""
_KEY_VARIABLES = {preset.key_variable for preset in PRESETS} - {"", OPENAI_KEY}


def digest_name(name: str) -> str:
    """Return ``name`` if a digest may be called so.

    Raises:
        ValueError: it may not; says what a name looks like.
    """
    if name in _RESERVED_NAMES or not _DIGEST_NAME.fullmatch(name):
        reserved = ", ".join(sorted(_RESERVED_NAMES))
        raise ValueError(
            f"{name!r} cannot name a digest: use letters, digits and . + _ -, beginning with a letter or digit "
            f"({reserved} are reserved)"
        )
    return name


def category(text: str) -> str:
    """Return a category or archive of arXiv as arXiv writes it, whatever its case in ``text``.

    Raises:
        ValueError: arXiv has no such category; names those that look alike.
    """
    written = in_own_case(text)
    if not is_category(written):
        raise ValueError(explain_category(text))
    return written


def web_address(text: str) -> str:
    """Return an http or https address without a trailing slash.

    Raises:
        ValueError: it is none, or it carries a name and password.
    """
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise ValueError("an address may not carry a name or password; put the key into OPENAI_API_KEY")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1) and not _BLANK.search(text)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{text!r} is not an http or https address")
    return text.rstrip("/")


def _base_url(text: str) -> str:
    """Return a base URL; the name of a preset stands for its address."""
    if text.startswith(REPLAY):
        return text
    preset = preset_named(text)
    if preset and not preset.address:
        raise ValueError(f"{text!r} has no fixed address: give your own resource's URL")
    if preset is None and "/" not in text:
        names = ", ".join(preset.name for preset in PRESETS if preset.address)
        raise ValueError(f"{text!r} is neither an http or https address nor a known service ({names})")
    return preset.address if preset else web_address(text)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DigestSection(_Strict):
    """``[digests.NAME]``: what one named digest is made of."""

    categories: tuple[Annotated[str, AfterValidator(category)], ...] = Field(min_length=1)
    announce: tuple[AnnounceType, ...] = Field(default=FIRST_KINDS, min_length=1)
    """Kinds of announcement."""
    primary_only: bool = False
    """Whether a paper's primary category must be one of ``categories``, by either of its names."""
    feed: FeedKind | None = None
    """What an entry of this digest's Atom feed is; as the settings' own where absent."""


class FallbackSection(_Strict):
    """``[[fallback]]``: a model, or another endpoint's, for papers that the one before failed."""

    model: str = Field(min_length=1)
    base_url: Annotated[str, AfterValidator(_base_url)] | None = None
    """As the settings' own where absent."""


class Settings(_Strict):
    """Everything that can be set; keys of digest.toml, but for the key itself, are these."""

    digests: Mapping[Annotated[str, AfterValidator(digest_name)], DigestSection] = Field(default_factory=dict)
    model: str = Field(default=DEFAULT_MODEL, min_length=1)
    base_url: Annotated[str, AfterValidator(_base_url)] = OPENAI_URL
    api_key: SecretStr | None = None
    prompt: str = DEFAULT_PROMPT
    concurrency: int | None = Field(default=None, ge=1, le=4096)
    """Calls in flight at the beginning, and at most; what suits the endpoint where absent."""
    rpm: float | None = Field(default=None, gt=0)
    """Requests a minute at most; found out where absent."""
    tpm: float | None = Field(default=None, gt=0)
    """Tokens a minute at most."""
    deadline: float = Field(default=120.0, gt=0, le=3600)
    """Seconds that the model may take for one answer, until its own answers have shown how long they take."""
    budget: float | None = Field(default=None, ge=0)
    """US dollars that one command may spend at most."""
    fallback: tuple[FallbackSection, ...] = ()
    prices: Mapping[str, PriceSection] = Field(default_factory=dict)
    """Override and add to the published prices, by model."""
    cache: Path = Path("cache")
    output: Path = Path("outputs")
    format: tuple[Format, ...] = Field(default=FORMATS, min_length=1)
    feed: FeedKind = "day"
    """What an entry of the Atom feed is, where the section of a digest says nothing else."""
    site_url: Annotated[str, AfterValidator(web_address)] | None = None
    """Where the output folder is published; without it, nothing links to the pages."""
    deliver: SecretStr | None = None
    """Where ``deliver`` sends to: addresses as apprise has them, separated by blanks or commas."""
    arxiv_api_url: Annotated[str, AfterValidator(web_address)] = "https://export.arxiv.org/api/query"
    arxiv_feed_url: Annotated[str, AfterValidator(web_address)] = "https://rss.arxiv.org"
    arxiv_delay: float = Field(default=3.0, ge=0, le=3600)
    """Seconds between requests to arXiv: https://info.arxiv.org/help/api/tou.html asks for three."""
    arxiv_patience: float = Field(default=900.0, ge=0, le=86_400)
    """Seconds of an outage of arXiv that are waited out."""
    holidays: frozenset[date] | None = None
    """Dates on whose evening arXiv announces nothing; those of a file take the place of the built-in ones."""
    _address_is_trusted: bool = PrivateAttr(default=True)
    _keys: Mapping[str, SecretStr] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any) -> None:
        """Take from the validation's context who named the base URL, and the keys of services."""
        self._address_is_trusted = (context or {}).get("address_is_trusted", True)
        self._keys = (context or {}).get("keys", {})

    def feed_of(self, name: str) -> FeedKind:
        """Return what an entry of the Atom feed of the digest ``name`` is."""
        section = self.digests.get(name)
        return (section and section.feed) or self.feed

    def is_tryout(self, name: str) -> bool:
        """Tell whether the digest ``name`` is neither a section nor made of categories joined by ``+``."""
        return name not in self.digests and not all(map(is_category, name.split("+")))

    @property
    def models(self) -> tuple[ModelChoice, ...]:
        """The model, and after it its fallbacks in the order in which they are asked."""
        first = self._choice(self.model, self.base_url, is_trusted=self._address_is_trusted)
        return (first, *map(self._fallback, self.fallback))

    @property
    def call_limits(self) -> CallLimits:
        """The limits of each of the models."""
        return CallLimits(self.concurrency, self.rpm, self.tpm, self.deadline)

    def _fallback(self, section: FallbackSection) -> ModelChoice:
        if section.base_url:
            # Only digest.toml can name it.
            return self._choice(section.model, section.base_url, is_trusted=False)
        return self._choice(section.model, self.base_url, is_trusted=self._address_is_trusted)

    def _choice(self, model: str, base_url: str, *, is_trusted: bool) -> ModelChoice:
        keys, price = Keys(self.api_key, self._keys), self.prices.get(model)
        return ModelChoice.with_key(model, base_url, keys, is_trusted=is_trusted, price=price)


def load(config: Path | None, environment: Mapping[str, str], options: Mapping[str, Any]) -> Settings:
    """Merge ``config`` (None: built-in defaults), the environment, and options that are not None; check the whole.

    Raises:
        SettingsError: a file that is missing or no TOML, or keys and values that cannot be, each named with its place.
    """
    from_file = _read_toml(config) if config else {}
    if secrets := [key for key in _SECRETS if key in from_file]:
        raise SettingsError(
            f"{config}: {secrets[0]} must not be in a file",
            hint="Delete the line, and set the variable in the environment instead.",
        )
    from_environment = {key: environment[name] for name, key in _ENVIRONMENT.items() if environment.get(name)}
    given = {key: value for key, value in options.items() if value is not None}
    merged = from_file | from_environment | given
    trusted = "base_url" not in from_file or "base_url" in from_environment | given
    if merged.get("model") == REPLAY_MODEL and not str(merged.get("base_url", "")).startswith(REPLAY):
        place = _origins(from_environment, given).get("model")
        where = f"{place}: " if place else f"{config}: model: "
        reserved = f"{where}{REPLAY_MODEL!r} is reserved for --base-url replay:FILE"
        raise SettingsError(reserved, hint="docs/settings.md explains each key.")
    keys = {name: SecretStr(environment[name]) for name in _KEY_VARIABLES if environment.get(name)}
    try:
        return Settings.model_validate(merged, context={"address_is_trusted": trusted, "keys": keys})
    except ValidationError as error:
        raise SettingsError(
            _where(error, config, from_environment, given), hint="docs/settings.md explains each key."
        ) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not TOML: {error}", hint="Correct that line.") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise SettingsError(f"{path}: cannot be read: {reason}", hint="Name a file with --config FILE.") from error


def _origins(from_environment: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """Return the variable or option that set each key."""
    variables = {key: name for name, key in _ENVIRONMENT.items() if key in from_environment}
    return variables | {key: f"--{key.replace('_', '-')}" for key in given}


def _where(
    error: ValidationError, config: Path | None, from_environment: Mapping[str, Any], given: Mapping[str, Any]
) -> str:
    """Say each fault with the place that it came from."""
    origins = _origins(from_environment, given)
    keys = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
    places = sorted({origins.get(key, str(config or CONFIG_FILE)) for key in keys}) or [str(config or CONFIG_FILE)]
    said = explain(error)
    if len(keys) == 1 and (key := next(iter(keys))) in origins:
        # The name of the option or variable says which.
        said = re.sub(rf"^{key}(\.\d+)?: ", "", said)
    text = f"{', '.join(places)}: {said}"
    if any(fault["type"] == "extra_forbidden" for fault in error.errors()):
        allowed = sorted(Settings.model_fields.keys() - set(_SECRETS))
        known = {*allowed, *DigestSection.model_fields}
        unknown = [str(fault["loc"][-1]) for fault in error.errors() if fault["type"] == "extra_forbidden"]
        if near := [guess for key in unknown if (guess := did_you_mean(key, known))]:
            return text + "".join(near)
        text += f" (keys: {', '.join(allowed)}; in [digests.NAME]: {', '.join(DigestSection.model_fields)})"
    return text
