"""When a model ends: by the endpoint's own word, else by a small table of what providers announced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.endpoints import preset_for
from pipeline.model.prices import is_local

NOTICE = timedelta(days=60)
"""How long before its end a model is warned of."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """The end of a model."""

    day: date
    """First day on which it answers no more."""
    successor: str = ""
    """What to use instead; empty where nobody said."""
    is_certain: bool = False
    """Whether the endpoint itself says so; another may have the name of a model that its provider has shut down."""

    def warning(self, model: str, *, today: date) -> str:
        """Return what to say of ``model``; nothing while its end is far."""
        if today < self.day - NOTICE:
            return ""
        such = f", such as {self.successor}" if self.successor else ""
        advice = f"name another model{such} (--model, ARXIV_DIGEST_MODEL or 'model' in digest.toml)"
        if today < self.day:
            return f"{model} will be shut down on {self.day}: before then, {advice}"
        return f"{model} was shut down on {self.day}: {advice}"


_DEEPSEEK = Retirement(date(2026, 7, 24), "deepseek-flash")
_GPT_5 = date(2026, 12, 11)
_GPT_4 = date(2027, 1, 14)
_TERRA, _LUNA, _SOL = "gpt-6.1-terra", "gpt-6-luna", "gpt-6.1-sol"
ANNOUNCED: Mapping[str, Mapping[str, Retirement]] = {
    "deepseek": {"deepseek-chat": _DEEPSEEK, "deepseek-reasoner": _DEEPSEEK},
    "openai": {
        "gpt-5": Retirement(_GPT_5, _SOL),
        "gpt-5-2025-08-07": Retirement(_GPT_5, _SOL),
        "gpt-5-mini": Retirement(_GPT_5, f"{_LUNA} or {_TERRA}"),
        "gpt-5-mini-2025-08-07": Retirement(_GPT_5, f"{_LUNA} or {_TERRA}"),
        "gpt-5-nano": Retirement(_GPT_5, _LUNA),
        "gpt-5-nano-2025-08-07": Retirement(_GPT_5, _LUNA),
        "gpt-4o-2024-08-06": Retirement(_GPT_4, _LUNA),
        "gpt-4o-2024-11-20": Retirement(_GPT_4, _LUNA),
        "gpt-4o-mini-2024-07-18": Retirement(_GPT_4, _LUNA),
        "gpt-4.1-2025-04-14": Retirement(_GPT_4, _LUNA),
        "gpt-4.1-mini-2025-04-14": Retirement(_GPT_4, _LUNA),
    },
}
"""By provider and model, as of November 2026.

OpenAI: https://developers.openai.com/api/docs/deprecations. DeepSeek: https://api-docs.deepseek.com/quick_start/pricing
and https://api-docs.deepseek.com/news/news260424.
"""


def announced(model: str, base_url: str) -> Retirement | None:
    """Return the end of ``model`` that its provider announced; None where none is known.

    A server of one's own keeps its models. A gateway may have the name of a model that its provider has shut down.
    """
    if is_local(base_url):
        return None
    preset = preset_for(base_url)
    tables = [ANNOUNCED[preset.name]] if preset.name in ANNOUNCED else list(ANNOUNCED.values())
    return next((table[model] for table in tables if model in table), None)


def read_shutdown(body: object) -> date | None:
    """Return the ``shutdown_date`` of a model object; None where there is none that can be read.

    https://developers.openai.com/api/reference/resources/models (November 2026): a date, or null. Others may lack it.
    """
    said = body.get("shutdown_date") if isinstance(body, dict) else None
    try:
        return date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
