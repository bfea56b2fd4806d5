"""What is known of services: each found by its address, none taken for another."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from pipeline.endpoints import PRESETS, UNKNOWN, Preset, preset_for, preset_named

NAMES = [preset.name for preset in PRESETS]
ADDRESSES = [preset for preset in PRESETS if preset.address]


def test_every_service_has_its_own_name() -> None:
    """And none is that of the unknown."""
    assert sorted(set(NAMES)) == sorted(NAMES)
    assert UNKNOWN.name not in NAMES
    expected = "azure dashscope deepseek llama.cpp lmstudio moonshot ollama openai openrouter siliconflow vllm zhipu"
    assert sorted(NAMES) == expected.split()


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_found_by_its_name(name: str) -> None:
    """As one writes it in the settings."""
    found = preset_named(name)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("name", ["", "OpenAI", "gpt", "unknown"])
def test_another_name_is_no_service(name: str) -> None:
    """Nothing is guessed."""
    assert preset_named(name) is None


@pytest.mark.parametrize("preset", ADDRESSES, ids=lambda preset: preset.name)
def test_a_service_is_found_by_its_own_address(preset: Preset) -> None:
    """By that alone, in capitals as well; no other row knows it."""
    assert preset_for(preset.address) is preset
    assert preset_for(preset.address.replace("//", "//user:secret@")) is preset
    host = urlsplit(preset.address).netloc
    assert preset_for(preset.address.replace(host, host.upper())) is preset
    assert [row.name for row in PRESETS if re.fullmatch(row.host, host)] == [preset.name]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_row_is_whole(preset: Preset) -> None:
    """A remote service is spoken to in secret and has a key; a local one has none; calls may always be made."""
    local = "localhost" in preset.host
    assert bool(preset.key_variable) is not local
    assert not preset.address or preset.address.startswith("http:" if local else "https:")
    assert preset.at_once >= 1
    assert all(preset.without_thinking)
    assert preset.cap in {"max_tokens", "max_completion_tokens"}


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://eu.api.openai.com/v1", "openai"),
        ("https://my-resource.openai.azure.com/openai/v1", "azure"),
        ("https://my-resource.services.ai.azure.com/models", "azure"),
        ("https://api.deepseek.com/v1", "deepseek"),
        ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "dashscope"),
        ("https://dashscope-us.aliyuncs.com/compatible-mode/v1", "dashscope"),
        ("https://api.z.ai/api/paas/v4", "zhipu"),
        ("https://api.moonshot.ai/v1", "moonshot"),
        ("https://api.siliconflow.com/v1", "siliconflow"),
        ("http://127.0.0.1:11434/v1", "ollama"),
        ("http://127.0.0.1:8000/v1", "vllm"),
        ("http://127.0.0.1:8080/v1", "llama.cpp"),
        ("http://127.0.0.1:1234/v1", "lmstudio"),
    ],
)
def test_a_services_other_addresses_are_known(base_url: str, name: str) -> None:
    """Regions, customers' own hosts, and a loopback address in figures."""
    assert preset_for(base_url).name == name


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.openai.com.example.org/v1",
        "https://notapi.openai.com/v1",
        "https://apixopenai.com/v1",
        "https://example.org/api.openai.com/v1",
        "https://example.org/?of=api.openai.com",
        "https://api.openai.com@example.org/v1",
        "https://openai.azure.com/v1",
        "https://a.b.openai.azure.com/v1",
        "https://openai.azure.com.example.org",
        "https://dashscope.aliyuncs.com.example.org",
        "https://xapi.z.ai",
        "https://openrouter.ai.example.org",
        "http://127.0.0.1:114340/v1",
        "http://127.0.0.1:9000/v1",
        "http://10.0.0.1:11434/v1",
        "http://gpu-box:8000/v1",
        "replay:replies.jsonl",
        "",
    ],
)
def test_an_address_that_only_looks_like_a_services_is_unknown(base_url: str) -> None:
    """An unknown server is asked for the strictest form, and to leave out thinking as the servers of models take it."""
    assert preset_for(base_url) is UNKNOWN
    assert UNKNOWN.mode == "json_schema"
    assert UNKNOWN.without_thinking == ({"chat_template_kwargs": {"enable_thinking": False}},)
