"""Endpoints as data: for each service its address, its key's variable, how it is asked, and how much at once.

Sources: each service's own API reference for chat completions and for thinking, as of November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

OPENAI_URL = "https://api.openai.com/v1"
REPLAY = "replay:"
"""A base URL that begins so names a file of replies instead of a network."""
REPLAY_MODEL = "replay"
"""What a replay file's replies are recorded under; no real endpoint may be asked for a model of that name."""

Mode = Literal["json_schema", "json_object", "text"]
Extra = Mapping[str, Any]

_NO_EFFORT: tuple[Extra, ...] = ({"reasoning_effort": "none"}, {"reasoning_effort": "minimal"})
"""Models from gpt-5.1 on take ``none``; those before it stop at ``minimal``."""
_NOT_ENABLED: tuple[Extra, ...] = ({"enable_thinking": False},)
_DISABLED: tuple[Extra, ...] = ({"thinking": {"type": "disabled"}},)
_TEMPLATE: tuple[Extra, ...] = ({"chat_template_kwargs": {"enable_thinking": False}},)


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a service before it is asked anything."""

    name: str
    host: str
    """Regular expression for the whole host name, with the port where the service is local."""
    address: str = ""
    """Base URL; empty where each customer has one."""
    key_variable: str = ""
    """Environment variable of its key; empty where it takes none."""
    mode: Mode = "json_schema"
    """Strictest structured output that it is known to take."""
    without_thinking: tuple[Extra, ...] = field(default=())
    """Additions to the request body that stop a model from thinking, to be tried in order."""
    cap: str = "max_tokens"
    """Name of the parameter that caps the length of a completion."""
    at_once: int = 64
    """Calls in flight to begin with."""


PRESETS: tuple[Preset, ...] = (
    Preset(
        "openai",
        r"(?:[a-z]+\.)?api\.openai\.com",
        OPENAI_URL,
        "OPENAI_API_KEY",
        without_thinking=_NO_EFFORT,
        cap="max_completion_tokens",
    ),
    Preset(
        "azure",
        r"[a-z0-9-]+\.(?:openai\.azure\.com|services\.ai\.azure\.com)",
        key_variable="AZURE_OPENAI_API_KEY",
        without_thinking=_NO_EFFORT,
        cap="max_completion_tokens",
    ),
    Preset(
        "deepseek",
        r"api\.deepseek\.com",
        "https://api.deepseek.com",
        "DEEPSEEK_API_KEY",
        mode="json_object",
        without_thinking=_DISABLED,
    ),
    Preset(
        "dashscope",
        r"dashscope(?:-[a-z]+)?\.aliyuncs\.com",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE_API_KEY",
        mode="json_object",
        without_thinking=_NOT_ENABLED,
    ),
    Preset(
        "zhipu",
        r"open\.bigmodel\.cn|api\.z\.ai",
        "https://open.bigmodel.cn/api/paas/v4",
        "ZHIPUAI_API_KEY",
        mode="json_object",
        without_thinking=_DISABLED,
        at_once=16,
    ),
    Preset(
        "moonshot",
        r"api\.moonshot\.(?:cn|ai)",
        "https://api.moonshot.cn/v1",
        "MOONSHOT_API_KEY",
        mode="json_object",
        without_thinking=_DISABLED,
        at_once=16,
    ),
    Preset(
        "siliconflow",
        r"api\.siliconflow\.(?:cn|com)",
        "https://api.siliconflow.cn/v1",
        "SILICONFLOW_API_KEY",
        mode="json_object",
        without_thinking=_NOT_ENABLED,
    ),
    Preset(
        "openrouter",
        r"openrouter\.ai",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        without_thinking=({"reasoning": {"enabled": False}},),
    ),
    Preset(
        "ollama",
        r"(?:localhost|127\.0\.0\.1):11434",
        "http://localhost:11434/v1",
        without_thinking=({"reasoning_effort": "none"},),
        at_once=4,
    ),
    Preset(
        "vllm",
        r"(?:localhost|127\.0\.0\.1):8000",
        "http://localhost:8000/v1",
        without_thinking=_TEMPLATE,
    ),
    Preset(
        "llama.cpp",
        r"(?:localhost|127\.0\.0\.1):8080",
        "http://localhost:8080/v1",
        without_thinking=_TEMPLATE,
        at_once=4,
    ),
    Preset(
        "lmstudio",
        r"(?:localhost|127\.0\.0\.1):1234",
        "http://localhost:1234/v1",
        at_once=4,
    ),
)

UNKNOWN = Preset("", r".*", without_thinking=_TEMPLATE)
"""Any other server that speaks the chat completions API: most that are not a service run vLLM, SGLang or llama.cpp."""


def preset_named(name: str) -> Preset | None:
    """Return the preset of that name; None where there is none."""
    return next((preset for preset in PRESETS if preset.name == name), None)


def preset_for(base_url: str) -> Preset:
    """Return the preset of a base URL's host, else the one for unknown servers."""
    host = urlsplit(base_url).netloc.rpartition("@")[2].lower().removesuffix(":443")
    return next((preset for preset in PRESETS if re.fullmatch(preset.host, host)), UNKNOWN)
