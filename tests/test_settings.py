"""digest.toml, the environment and the options: what wins, what is refused and where the key may go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.model_choice import PriceSection
from pipeline.settings import DigestSection, Settings, digest_name, load, web_address

ROOT = Path(__file__).resolve().parent.parent
NO_SERVICE = (
    "is neither an http or https address nor a known service "
    "(openai, deepseek, dashscope, zhipu, moonshot, siliconflow, openrouter, ollama, vllm, llama.cpp, lmstudio)"
)
LOCAL = "http://localhost:11434/v1"
KEYS = (
    " (keys: arxiv_api_url, arxiv_delay, arxiv_feed_url, arxiv_patience, base_url, budget, cache, concurrency, "
    "deadline, digests, fallback, feed, format, holidays, model, output, prices, prompt, rpm, site_url, tpm; "
    "in [digests.NAME]: categories, announce, primary_only, feed)"
)
ARCHIVES = (
    "astro-ph, cond-mat, cs, econ, eess, gr-qc, hep-ex, hep-lat, hep-ph, hep-th, math, math-ph, nlin, nucl-ex, "
    "nucl-th, physics, q-bio, q-fin, quant-ph, stat"
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where a digest.toml stands."""
    return tmp_path / "digest.toml"


def refusal(
    config: Path | None, environment: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
) -> tuple[str, str]:
    """Return the message and the hint with which settings are refused."""
    with pytest.raises(SettingsError) as caught:
        load(config, environment or {}, options or {})
    return caught.value.message, caught.value.hint


def test_nothing_said_gives_the_defaults() -> None:
    """OpenAI, no limit but what the endpoint bears, three seconds between requests to arXiv, every format."""
    assert load(None, {}, {"model": None, "concurrency": None}).model_dump() == {
        "digests": {},
        "model": "gpt-6-luna",
        "base_url": "https://api.openai.com/v1",
        "api_key": None,
        "prompt": "digest@1",
        "concurrency": None,
        "rpm": None,
        "tpm": None,
        "deadline": 120.0,
        "budget": None,
        "fallback": (),
        "prices": {},
        "cache": Path("cache"),
        "output": Path("outputs"),
        "format": ("md", "json", "html", "atom"),
        "feed": "day",
        "site_url": None,
        "deliver": None,
        "arxiv_api_url": "https://export.arxiv.org/api/query",
        "arxiv_feed_url": "https://rss.arxiv.org",
        "arxiv_delay": 3.0,
        "arxiv_patience": 900.0,
        "holidays": None,
    }


@pytest.mark.parametrize(
    ("environment", "options", "model"),
    [
        ({}, {}, "file"),
        ({"ARXIV_DIGEST_MODEL": "environment"}, {}, "environment"),
        ({"ARXIV_DIGEST_MODEL": ""}, {}, "file"),
        ({"ARXIV_DIGEST_MODEL": "environment"}, {"model": None}, "environment"),
        ({"ARXIV_DIGEST_MODEL": "environment"}, {"model": "option"}, "option"),
        ({}, {"model": "option"}, "option"),
    ],
    ids=["file", "environment", "empty-variable", "absent-option", "option-over-both", "option-over-file"],
)
def test_options_beat_the_environment_and_that_beats_the_file(
    config: Path, environment: dict[str, str], options: dict[str, str | None], model: str
) -> None:
    """An empty variable and an option that was not given count as unset."""
    config.write_text('model = "file"\nconcurrency = 8\n')
    loaded = load(config, environment, options)
    assert (loaded.model, loaded.concurrency) == (model, 8)


def test_every_variable_sets_its_setting() -> None:
    """Numbers are read from text; a slash at the end of an address goes."""
    environment = {
        "OPENAI_API_KEY": "sk-1",
        "OPENAI_BASE_URL": "http://localhost:8000/v1/",
        "ARXIV_DIGEST_MODEL": "qwen3",
        "ARXIV_DIGEST_ARXIV_API_URL": "http://localhost:1/api/query",
        "ARXIV_DIGEST_ARXIV_FEED_URL": "http://localhost:1/",
        "ARXIV_DIGEST_ARXIV_DELAY": "0.5",
        "ARXIV_DIGEST_OF_ANOTHER": "ignored",
    }
    loaded = load(None, environment, {})
    assert loaded.api_key is not None
    assert loaded.api_key.get_secret_value() == "sk-1"
    assert "sk-1" not in f"{loaded!r} {loaded.model_dump_json()}"
    assert loaded.model_dump(exclude={"api_key"}) == load(None, {}, {}).model_dump(exclude={"api_key"}) | {
        "base_url": "http://localhost:8000/v1",
        "model": "qwen3",
        "arxiv_api_url": "http://localhost:1/api/query",
        "arxiv_feed_url": "http://localhost:1",
        "arxiv_delay": 0.5,
    }


def test_a_file_is_read_with_a_byte_order_mark_and_named_digests(config: Path) -> None:
    """Sections keep their order; an archive is as good as a category."""
    config.write_bytes(
        b'\xef\xbb\xbf[digests.z]\ncategories = ["cs.AI", "econ"]\n[digests."a+b.c"]\ncategories = ["stat.ML"]\n'
    )
    assert dict(load(config, {}, {}).digests) == {
        "z": DigestSection(categories=("cs.AI", "econ")),
        "a+b.c": DigestSection(categories=("stat.ML",)),
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("modle = 'm'", "modle: unknown key; did you mean model?"),
        ("address_is_trusted = true", f"address_is_trusted: unknown key{KEYS}"),
        ("[digests.a]\ncategories = ['cs.AI']\nmodel = 'm'", "digests.a.model: unknown key; did you mean model?"),
        ("[digests.a]\ncategories = ['cs.AI']\nfeed = 'week'", "digests.a.feed: must be 'day' or 'paper'"),
        ("[digests.a]", "digests.a.categories: missing"),
        (
            "[digests.a]\ncategories = []",
            ("digests.a.categories: tuple should have at least 1 item after validation, not 0"),
        ),
        (
            "[digests.a]\ncategories = ['cs.ai', 'cs.XI']",
            "digests.a.categories.1: 'cs.XI' is not an arXiv category; did you mean cs.SI or cs.NI or cs.IT?",
        ),
        (
            "[digests.a]\ncategories = ['zz.ZZ']",
            (f"digests.a.categories.0: 'zz.ZZ' is not an arXiv category; the archives are {ARCHIVES}."),
        ),
        (
            "[digests.'../../etc']\ncategories = ['cs.AI']",
            (
                "digests.../../etc.[key]: '../../etc' cannot name a digest: "
                "use letters, digits and . + _ -, beginning with a letter or digit "
                "(index.html, search.html, site, statistics.html are reserved)"
            ),
        ),
        (
            "[digests.site]\ncategories = ['cs.AI']",
            (
                "digests.site.[key]: 'site' cannot name a digest: "
                "use letters, digits and . + _ -, beginning with a letter or digit "
                "(index.html, search.html, site, statistics.html are reserved)"
            ),
        ),
        ("concurrency = 0", "concurrency: must be at least 1"),
        ("concurrency = -3", "concurrency: must be at least 1"),
        ("concurrency = 5000", "concurrency: must be at most 4096"),
        (
            "concurrency = 'many'\nmodel = ''",
            ("model: string should have at least 1 character; concurrency: must be a whole number"),
        ),
        ("format = ['md', 'pdf']", "format.1: must be 'md', 'json', 'html' or 'atom'"),
        ("format = []", "format: tuple should have at least 1 item after validation, not 0"),
        ("arxiv_delay = -1", "arxiv_delay: must be at least 0"),
        ("arxiv_delay = inf", "arxiv_delay: must be at most 3600"),
        ("base_url = 'localhost:11434'", f"base_url: 'localhost:11434' {NO_SERVICE}"),
        ("model = 'replay'", "model: 'replay' is reserved for --base-url replay:FILE"),
        ("base_url = 'azure'", "base_url: 'azure' has no fixed address: give your own resource's URL"),
        ("rpm = 0", "rpm: must be more than 0"),
        ("tpm = -1", "tpm: must be more than 0"),
        ("budget = -0.01", "budget: must be at least 0"),
        ("deadline = 0", "deadline: must be more than 0"),
        ("budget = nan", "budget: must be at least 0"),
        ("holidays = ['x']", "holidays.0: must be a valid date or datetime, input is too short"),
        (
            "[digests.a]\ncategories = ['cs.AI']\nannounce = ['nw']",
            "digests.a.announce.0: must be 'new', 'cross', 'replace' or 'replace-cross'",
        ),
        ("[prices.m]\ninput = 1", "prices.m.output: missing"),
        ("[prices.m]\ninput = -1\noutput = 0", "prices.m.input: must be at least 0"),
        ("[[fallback]]\nbase_url = 'vllm'", "fallback.0.model: missing"),
        ("[[fallback]]\nmodel = 'm'\nbase_url = 'x'", f"fallback.0.base_url: 'x' {NO_SERVICE}"),
    ],
    ids=[
        "key",
        "inner-key",
        "section-key",
        "section-feed",
        "no-categories",
        "empty-categories",
        "category",
        "only-category",
        "name",
        "reserved-name",
        "zero",
        "negative",
        "too-many",
        "two-faults",
        "format",
        "no-format",
        "delay",
        "endless-delay",
        "address",
        "replay",
        "preset-without-address",
        "no-requests",
        "negative-tokens",
        "negative-budget",
        "no-time",
        "no-number",
        "no-holiday",
        "announce",
        "half-a-price",
        "negative-price",
        "fallback-without-model",
        "fallback-address",
    ],
)
def test_a_wrong_setting_in_the_file_is_named_with_the_file(config: Path, text: str, complaint: str) -> None:
    """Every fault at once, each with its key and what is allowed."""
    config.write_text(text)
    assert refusal(config) == (f"{config}: {complaint}", "docs/settings.md explains each key.")


@pytest.mark.parametrize(
    ("environment", "options", "complaint"),
    [
        (
            {"ARXIV_DIGEST_ARXIV_DELAY": "soon"},
            {},
            ("ARXIV_DIGEST_ARXIV_DELAY: must be a number"),
        ),
        ({"OPENAI_BASE_URL": "ftp://x"}, {}, "OPENAI_BASE_URL: 'ftp://x' is not an http or https address"),
        (
            {"ARXIV_DIGEST_ARXIV_API_URL": "x"},
            {},
            ("ARXIV_DIGEST_ARXIV_API_URL: 'x' is not an http or https address"),
        ),
        ({}, {"concurrency": 0}, "--concurrency: must be at least 1"),
        ({"OPENAI_BASE_URL": LOCAL}, {"base_url": "x"}, f"--base-url: 'x' {NO_SERVICE}"),
        (
            {"ARXIV_DIGEST_ARXIV_DELAY": "-1"},
            {"format": ["md", "x"]},
            (
                "--format, ARXIV_DIGEST_ARXIV_DELAY: format.1: must "
                "be 'md', 'json', 'html' or 'atom'; arxiv_delay: must be at least 0"
            ),
        ),
        ({}, {"model": "replay"}, "--model: 'replay' is reserved for --base-url replay:FILE"),
        (
            {"ARXIV_DIGEST_MODEL": "replay"},
            {},
            ("ARXIV_DIGEST_MODEL: 'replay' is reserved for --base-url replay:FILE"),
        ),
    ],
    ids=[
        "variable",
        "address",
        "arxiv",
        "option",
        "option-over-variable",
        "two-places",
        "replay-option",
        "replay-variable",
    ],
)
def test_a_wrong_setting_is_named_with_its_variable_or_option(
    config: Path, environment: dict[str, str], options: dict[str, Any], complaint: str
) -> None:
    """Not with the file, which is innocent."""
    config.write_text("concurrency = 8")
    assert refusal(config, environment, options) == (complaint, "docs/settings.md explains each key.")


@pytest.mark.parametrize("key", ["api_key", "deliver"])
def test_a_secret_in_the_file_is_refused_and_not_shown(config: Path, key: str) -> None:
    """Keys and addresses live in the environment only."""
    config.write_text(f'{key} = "sk-secret"\n')
    assert refusal(config) == (
        f"{config}: {key} must not be in a file",
        "Delete the line, and set the variable in the environment instead.",
    )


def test_addresses_come_from_the_environment_and_are_not_shown() -> None:
    """They carry passwords."""
    loaded = load(None, {"ARXIV_DIGEST_DELIVER": "json://secret@host"}, {})
    assert loaded.deliver
    assert loaded.deliver.get_secret_value() == "json://secret@host"
    assert "secret" not in repr(loaded)


@pytest.mark.parametrize(
    ("body", "complaint", "hint"),
    [
        (b"model = \n", "is not TOML: Invalid value (at line 1, column 9)", "Correct that line."),
        (b'model = "\xff"\n', "cannot be read: is not UTF-8 text", "Name a file with --config FILE."),
        (None, "cannot be read: No such file or directory", "Name a file with --config FILE."),
    ],
    ids=["broken", "latin-1", "missing"],
)
def test_a_file_that_is_no_toml_is_named(config: Path, body: bytes | None, complaint: str, hint: str) -> None:
    """With the line, where there is one."""
    if body is not None:
        config.write_bytes(body)
    assert refusal(config) == (f"{config}: {complaint}", hint)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://api.deepseek.com", "https://api.deepseek.com"),
        ("HTTP://[::1]:8000/v1//", "HTTP://[::1]:8000/v1"),
        ("http://10.0.0.1:1/a/b/", "http://10.0.0.1:1/a/b"),
    ],
)
def test_a_web_address_loses_only_its_last_slashes(text: str, address: str) -> None:
    """Host, port and path stay."""
    assert web_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "//host",
        "http://",
        "http:///v1",
        "file:///etc/passwd",
        "http://[",
        "http://host:port",
        "http://h:99999",
        "http://local host/v1",
        "http://host\n.example/v1",
        "https://user:pass-word@host/v1",
        "https://user@host",
        "https://:pass-word@host",
        "ftp://user:pass-word@host",
    ],
)
def test_what_is_no_web_address_is_refused(text: str) -> None:
    """So is one with a name or password in it, and that is not repeated on the screen."""
    message, _ = refusal(None, {}, {"arxiv_feed_url": text})
    assert message.startswith("--arxiv-feed-url: ")
    assert "pass-word" not in message


OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("file", "variable", "option", "is_openai", "usable"),
    [
        (None, None, None, True, True),
        (LOCAL, None, None, False, False),
        (OPENAI, None, None, True, True),
        ("https://API.openai.com:443/v1", None, None, True, True),
        ("http://api.openai.com/v1", None, None, True, False),
        ("https://api.openai.com.example/v1", None, None, False, False),
        ("https://example.com/api.openai.com", None, None, False, False),
        (None, LOCAL, None, False, True),
        (LOCAL, LOCAL, None, False, True),
        (LOCAL, "", None, False, False),
        (None, None, LOCAL, False, True),
        (OPENAI, None, LOCAL, False, True),
        (LOCAL, OPENAI, None, True, True),
        ("replay:r.jsonl", None, None, False, False),
    ],
    ids=[
        "nobody",
        "file",
        "file-openai",
        "file-openai-spelt",
        "file-openai-in-the-clear",
        "file-lookalike",
        "file-lookalike-path",
        "variable",
        "file-and-variable",
        "empty-variable",
        "option",
        "option-over-file",
        "variable-over-file",
        "replay",
    ],
)
@pytest.mark.parametrize("key", ["sk-1", "", None], ids=["key", "empty-key", "no-key"])
def test_the_key_goes_only_where_the_user_or_openai_stands_behind_the_address(
    config: Path,
    file: str | None,
    variable: str | None,
    option: str | None,
    key: str | None,
    *,
    is_openai: bool,
    usable: bool,
) -> None:
    """Never to an address that digest.toml alone names, unless that is OpenAI's own over TLS."""
    config.write_text(f"base_url = '{file}'" if file else "")
    environment = {"OPENAI_BASE_URL": variable, "OPENAI_API_KEY": key}
    loaded = load(
        config, {name: value for name, value in environment.items() if value is not None}, {"base_url": option}
    )
    (choice,) = loaded.models
    sent = "sk-1" if usable and key else None
    assert (choice.may_have_openai_secrets, choice.is_openai, choice.usable_key) == (usable, is_openai, sent)
    assert choice.is_key_withheld is bool(key and not usable)


DEEPSEEK = "https://api.deepseek.com"


@pytest.mark.parametrize(
    ("base_url", "usable"),
    [
        ("deepseek", "sk-own"),
        (DEEPSEEK, "sk-own"),
        (f"{DEEPSEEK}/beta", "sk-own"),
        ("https://API.DeepSeek.com/v1", "sk-own"),
        ("http://api.deepseek.com", "sk-1"),
        ("https://api.deepseek.com.example/v1", "sk-1"),
        ("https://example.com/api.deepseek.com", "sk-1"),
        ("https://xapi.deepseek.com", "sk-1"),
        ("https://apixdeepseek.com", "sk-1"),
        ("http://127.0.0.1:8000/v1", "sk-1"),
        ("openrouter", "sk-1"),
        ("openai", "sk-1"),
    ],
)
@pytest.mark.parametrize("named_by", ["option", "variable", "file"])
def test_a_services_own_key_goes_to_its_own_address_alone(
    config: Path, base_url: str, usable: str, named_by: str
) -> None:
    """Whoever named that, over TLS; elsewhere the general key, or none where digest.toml alone names the address."""
    config.write_text(f"base_url = '{base_url}'" if named_by == "file" else "")
    environment = {"OPENAI_API_KEY": "sk-1", "DEEPSEEK_API_KEY": "sk-own"}
    environment |= {"OPENAI_BASE_URL": base_url} if named_by == "variable" else {}
    loaded = load(config, environment, {"base_url": base_url if named_by == "option" else None})
    withheld = named_by == "file" and usable == "sk-1" and base_url != "openai"
    assert loaded.models[0].usable_key == (None if withheld else usable)
    assert "sk-own" not in f"{loaded!r} {loaded.models!r} {loaded.model_dump_json()}"


def test_the_models_are_the_settings_own_and_its_fallbacks_in_order(config: Path) -> None:
    """A fallback is at the same address where it names none; each has the key that may go there, and its own price."""
    config.write_text(
        "[[fallback]]\nmodel = 'second'\n[[fallback]]\nmodel = 'third'\nbase_url = 'deepseek'\n"
        "[prices.second]\ninput = 1.0\noutput = 2.0\n"
    )
    loaded = load(config, {"OPENAI_API_KEY": "sk-1", "DEEPSEEK_API_KEY": "sk-own"}, {"model": "first"})
    chosen = [(one.name, one.base_url, one.usable_key, one.key_variable, one.price) for one in loaded.models]
    assert chosen == [
        ("first", OPENAI, "sk-1", "OPENAI_API_KEY", None),
        ("second", OPENAI, "sk-1", "OPENAI_API_KEY", PriceSection(input=1.0, output=2.0)),
        ("third", DEEPSEEK, "sk-own", "DEEPSEEK_API_KEY", None),
    ]


def test_a_fallback_at_an_address_that_the_file_alone_names_gets_no_general_key(config: Path) -> None:
    """As for the base URL itself: naming one address is no leave to send the key to another."""
    config.write_text("[[fallback]]\nmodel = 'm'\nbase_url = 'https://example.com/v1'\n")
    first, fallback = load(config, {"OPENAI_API_KEY": "sk-1"}, {"base_url": OPENAI}).models
    assert (first.usable_key, fallback.usable_key, fallback.is_key_withheld) == ("sk-1", None, True)


@pytest.mark.parametrize(
    ("base_url", "concurrency", "most"),
    [
        ("openai", None, 64),
        ("ollama", None, 4),
        ("zhipu", None, 16),
        ("ollama", 9, 9),
        ("https://example.com", None, 64),
    ],
)
def test_calls_in_flight_are_the_services_unless_told(base_url: str, concurrency: int | None, most: int) -> None:
    """A small local server begins with few."""
    loaded = load(None, {}, {"base_url": base_url, "concurrency": concurrency})
    assert loaded.call_limits.most_calls(loaded.models[0]) == most


@pytest.mark.parametrize(
    ("base_url", "file"),
    [
        ("replay:some/replies.jsonl", Path("some/replies.jsonl")),
        ("replay:C:\\r.jsonl", Path("C:\\r.jsonl")),
        (LOCAL, None),
    ],
    ids=["relative", "with-colon", "network"],
)
def test_a_replay_address_names_a_file(base_url: str, file: Path | None) -> None:
    """Then the reserved model may stand, too."""
    (choice,) = load(None, {}, {"base_url": base_url, "model": "replay" if file else "m"}).models
    assert (choice.replay_file, choice.is_openai) == (file, False)


@pytest.mark.parametrize("name", ["a", "0", "cs.AI", "cs.AI+stat.ML", "q-fin", "A_b-9.", "sites", "a..b"])
def test_a_name_of_letters_digits_and_four_signs_can_name_a_digest(name: str) -> None:
    """It comes back as it is."""
    assert digest_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "site", ".", "..", ".a", "-a", "+a", "a/b", "a\\b", "a b", "a\n", "é", "中", "a\x00"]
)
def test_any_other_name_is_refused(name: str) -> None:
    """The error says what a name looks like."""
    with pytest.raises(ValueError, match=r"cannot name a digest: use letters, digits and \. \+ _ -"):
        digest_name(name)


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.text(max_size=12) | st.text("./\\~:ab\x00\n", max_size=6))
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    """An accepted name is one plain step on any system, and neither hidden nor an option."""
    try:
        digest_name(name)
    except ValueError:
        return
    assert PurePosixPath(name).parts == PureWindowsPath(name).parts == (name,)
    assert name != ".."
    assert name[0] not in ".-~"


def test_settings_are_frozen() -> None:
    """They are checked once."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().model = "other"  # type: ignore[misc]


def test_our_own_file_loads_and_names_one_digest_and_a_budget() -> None:
    """With the default model and prompt, so that a first run is small and cheap."""
    loaded = load(ROOT / "digest.toml", {}, {})
    assert {name: section.categories for name, section in loaded.digests.items()} == {"cs.CL": ("cs.CL",)}
    assert loaded.budget == 2.0
    assert (loaded.model, loaded.prompt) == (Settings().model, Settings().prompt)


@pytest.mark.parametrize(
    ("name", "is_tryout"),
    [
        ("cs.CL", False), ("econ", False), ("cs.CL+econ", False), ("vision", False),
        ("demo", True), ("papers", True), ("cs.CL+draft", True), ("cs.cl", True),
    ],
)  # fmt: skip
def test_a_digest_that_is_neither_a_section_nor_made_of_categories_is_a_tryout(name: str, is_tryout: bool) -> None:
    """Categories may be joined; a section may be called as one likes."""
    settings = Settings(digests={"vision": DigestSection(categories=("cs.CV",))})
    assert settings.is_tryout(name) is is_tryout
