"""Wrong input: exit 2, one clear message that names the thing, and nothing asked of anyone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.arxiv import ArxivServer, api_feed
from tests.servers.openai import OpenAIServer
from tests.servers.openai_options import Options

from .fork_server import CHECKOUT
from .program import MONDAY, RECORDS, Program, arxiv_environment, lines, papers, record

SECRET = "sk-test-4f1d0c7b9e2a8635secret"
PROMPT = (CHECKOUT / "prompts" / "digest" / "1.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Wrong:
    """Something wrong and what the message must name."""

    name: str
    command: str
    says: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)


FEED = api_feed(papers(RECORDS[:3])).decode()
NO_ABSTRACT = {name: value for name, value in record(2).items() if name != "abstract"}
SECTION = '[digests.daily]\ncategories = ["cs.AI"]\n'
END = '{"end": {"source": {}, "exit": 0}}\n'
WRONG = (
    Wrong("an unknown category", "run cs.XX", ("'cs.XX'", "not an arXiv category")),
    Wrong("an unknown category among good ones", "run cs.AI cs.LF", ("'cs.LF'", "cs.LO")),
    Wrong("a category for fetch", "fetch cs.XX", ("'cs.XX'",)),
    Wrong("a missing file", "run --input nope.jsonl", ("nope.jsonl", "No such file")),
    Wrong("a folder for a file", "run --input .", ("cannot be read", "directory")),
    Wrong("none of the formats", "run --input notes.txt", ("notes.txt", "neither XML nor JSON"), {"notes.txt": "Hi."}),
    Wrong("an HTML page", "run --input p.html", ("p.html", "HTML"), {"p.html": "<!doctype html><html></html>"}),
    Wrong("an empty file", "run --input e.jsonl", ("e.jsonl", "empty"), {"e.jsonl": ""}),
    Wrong("cut XML", "run --input cut.xml", ("cut.xml", "cut or damaged"), {"cut.xml": FEED[: len(FEED) // 2]}),
    Wrong("a broken line", "run --input b.jsonl", ("b.jsonl, line 2",), {"b.jsonl": lines(RECORDS[:1]) + '{"id": \n'}),
    Wrong(
        "no abstract",
        "run --input n.jsonl",
        ("n.jsonl, line 2", "abstract"),
        {"n.jsonl": lines([RECORDS[0], NO_ABSTRACT])},
    ),
    Wrong("a broken line for summarize", "summarize --input b.jsonl", ("b.jsonl, line 1",), {"b.jsonl": '{"id": \n'}),
    Wrong("no such entries", "assemble --input nope.jsonl", ("nope.jsonl", "No such file")),
    Wrong("no such prompt", "run cs.AI --prompt digest@99", ("digest@99", "digest@1")),
    Wrong("no prompt's name", "run cs.AI --prompt digest", ("'digest'", "NAME@VERSION")),
    Wrong(
        "a released prompt that changed",
        "run cs.AI",
        ("digest@1", "released", "prompts new digest"),
        {"prompts/digest/1.md": f"{PROMPT}\nmore\n"},
    ),
    Wrong("a date in the future", "run cs.AI --date 2999-12-31", ("--date 2999-12-31", "future")),
    Wrong("no date at all", "run cs.AI --date tomorrow", ("--date 'tomorrow'", "YYYY-MM-DD")),
    Wrong("a day that is none", "run cs.AI --date 2026-02-30", ("--date '2026-02-30'", "YYYY-MM-DD")),
    Wrong("--from without --to", f"run cs.AI --from {MONDAY}", ("--from and --to", "first and the last day")),
    Wrong("--to without --from", f"run cs.AI --to {MONDAY}", ("--from and --to", "first and the last day")),
    Wrong("--from after --to", f"run cs.AI --from {MONDAY} --to 2026-04-24", (f"--from {MONDAY}", "later")),
    Wrong("--date with --from", f"run cs.AI --date {MONDAY} --from {MONDAY} --to {MONDAY}", ("--date", "--from")),
    Wrong("too many days", "run cs.AI --from 1991-01-01 --to 2026-01-01", ("--from 1991-01-01", "days")),
    Wrong("a concurrency of 0", "run cs.AI --concurrency 0", ("--concurrency: must be at least 1",)),
    Wrong(
        "a concurrency that is no number", "run cs.AI --concurrency many", ("--concurrency", "must be a whole number")
    ),
    Wrong("a limit of 0", "run cs.AI --limit 0", ("--limit: must be at least 1",)),
    Wrong("a negative budget", "run cs.AI --budget -1", ("--budget: must be at least 0",)),
    Wrong("a budget in words", "run cs.AI --budget lots", ("--budget: must be a number",)),
    Wrong("no requests a minute", "run cs.AI --rpm 0", ("--rpm: must be more than 0",)),
    Wrong("an option without its value", "run cs.AI --query", ("--query", "requires an argument")),
    Wrong("a misspelt option", "run --ids 2604.00001", ("--ids", "Did you mean --id")),
    Wrong("an option of another command", "fetch cs.AI --model m", ("--model", "fetch --help")),
    Wrong("a misspelt service", "run cs.AI --base-url deepsek", ("'deepsek'", "deepseek")),
    Wrong("a service at many addresses", "run cs.AI --base-url azure", ("'azure'", "URL")),
    Wrong("a name that is no section", "run nlp", ("'nlp'", "did you mean")),
    Wrong("a site without its source", "run cs.AI --site --format md", ("--site", "Add json to --format")),
    Wrong("a page that is not made", "run cs.AI --open --format md", ("--open", "Add html to --format")),
    Wrong("a misspelt command", "runn cs.AI", ("'runn'", "Did you mean 'run'")),
    Wrong("a misspelt command of a group", "cache inf", ("'inf'", "Did you mean 'info'", "cache --help")),
    Wrong("an argument too many", "doctor now", ("unexpected argument: now", "doctor --help")),
    Wrong(
        "a date that is none, for assemble",
        "assemble --input end.jsonl --date soon",
        ("--date 'soon'",),
        {"end.jsonl": END},
    ),
    Wrong("a date that is none, before the input is read", "assemble --date soon", ("--date 'soon'", "YYYY-MM-DD")),
    Wrong("nothing to show", "show", ("no digest yet", "arxiv-digest demo")),
    Wrong("nothing to deliver", "deliver cs.AI", ("no digest yet", "arxiv-digest demo")),
    Wrong("nothing to make a site of", "site", ("no digest yet", "arxiv-digest demo")),
    Wrong("no paper to show from the cache", "cache show", ("Missing argument 'ID'", "cache show --help")),
    Wrong("an id that is none, for the cache", "cache show 99", ("'99'", "2404.02059")),
    Wrong("nothing to import", "cache import", ("Missing argument 'PATH...'",)),
    Wrong("no such file to import", "cache import nope.jsonl", ("nope.jsonl",)),
    Wrong("a prompt without a version", "prompts show digest", ("'digest'", "NAME@VERSION")),
    Wrong("no such prompt to check", "prompts check nope@1", ("nope@1", "digest@1")),
    Wrong("a release of the package's prompt", "prompts release digest@1", ("digest@1", "prompts new")),
    Wrong("a name out of the folder", "run cs.AI --name ../../etc", ("--name", "'../../etc'")),
    Wrong("an absolute name", "run cs.AI --name /etc", ("--name", "'/etc'")),
    Wrong("the reserved name", "run cs.AI --name site", ("--name", "'site'", "reserved")),
    Wrong(
        "a name out of the folder, for assemble",
        "assemble --input end.jsonl --name ../x",
        ("--name", "'../x'"),
        {"end.jsonl": END},
    ),
    Wrong("an unknown kind of announcement", "run cs.AI --announce foo", ("--announce", "'foo'", "replace-cross")),
    Wrong("an unknown kind for a file", "run --input one.jsonl --announce foo", ("--announce", "'foo'")),
    Wrong("an unknown format", "run cs.AI --format pdf", ("--format", "md")),
    Wrong("an id that is none", "run --id 99", ("--id", "'99'", "2404.02059")),
    Wrong("--input with --id", "run --input one.jsonl --id 2604.00001", ("--input", "--id")),
    Wrong("--input with a category", "run cs.AI --input one.jsonl", ("--input", "category")),
    Wrong("--id with --query", "run --id 2604.00001 --query q", ("--id", "--query")),
    Wrong("--input over several days", f"run --input one.jsonl --from {MONDAY} --to {MONDAY[:-1]}8", ("--input",)),
    Wrong(
        "one name for several digests",
        "run --name one",
        ("--name", "several"),
        {"digest.toml": f'{SECTION}[digests.b]\ncategories = ["cs.LG"]\n'},
    ),
    Wrong("nothing to make", "run", ("nothing to make", "digest.toml")),
    Wrong("an unknown option", "run cs.AI --frobnicate", ("--frobnicate",)),
    Wrong("an unknown command", "frobnicate", ("frobnicate",)),
    Wrong("an address that is none", "run cs.AI --base-url nonsense", ("--base-url", "'nonsense'")),
    Wrong("a replay file that is missing", "run --input one.jsonl --base-url replay:no.jsonl", ("no.jsonl",)),
    Wrong(
        "a replay file that is none",
        "run --input one.jsonl --base-url replay:r.jsonl",
        ("r.jsonl, line 1",),
        {"r.jsonl": "[]\n"},
    ),
    Wrong("the reserved model", "run cs.AI --model replay", ("--model", "reserved")),
    Wrong("TOML that is none", "run cs.AI", ("digest.toml", "line 2"), {"digest.toml": 'model = "m"\nprompt = \n'}),
    Wrong(
        "an unknown key", "run cs.AI", ("digest.toml", "modle", "did you mean model"), {"digest.toml": 'modle = "m"\n'}
    ),
    Wrong(
        "an unknown key of a section",
        "run cs.AI",
        ("digest.toml", "digests.daily.categorys", "categories"),
        {"digest.toml": f'{SECTION}categorys = ["cs.AI"]\n'},
    ),
    Wrong(
        "a bad category in a section",
        "run cs.AI",
        ("digest.toml", "digests.daily.categories", "'cs.XX'"),
        {"digest.toml": SECTION.replace("cs.AI", "cs.XX")},
    ),
    Wrong(
        "a bad name of a section",
        "run cs.AI",
        ("digest.toml", "'../x'"),
        {"digest.toml": SECTION.replace("daily", '"../x"')},
    ),
    Wrong("no such settings file", "run cs.AI --config other.toml", ("other.toml", "No such file")),
    Wrong("an API key in a file", "run cs.AI", ("digest.toml", "api_key"), {"digest.toml": f'api_key = "{SECRET}"\n'}),
    Wrong("an output folder that cannot be written", "run --input one.jsonl -o one.jsonl/x", ("one.jsonl", "--output")),
    Wrong("a cache folder that cannot be written", "run --input one.jsonl --cache one.jsonl/x", ("one.jsonl",)),
)


@pytest.fixture(scope="module")
def world(model_server: OpenAIServer) -> Iterator[tuple[OpenAIServer, ArxivServer]]:
    """A model and an arXiv that must see nothing."""
    model_server.reset(Options())
    with ArxivServer(papers(RECORDS)) as arxiv:
        yield model_server, arxiv


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_wrong_input_is_said_in_one_message_before_anything_is_asked(
    cli: Program, world: tuple[OpenAIServer, ArxivServer], wrong: Wrong
) -> None:
    """Exit 2, nothing on standard output, one message that names the thing, no request, no file, and no key told."""
    model, arxiv = world
    for name, content in {"one.jsonl": lines(RECORDS[:1]), **wrong.files}.items():
        cli.write(name, content)
    before = len(model.log), len(arxiv.requests)
    environment = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": SECRET, **arxiv_environment(arxiv)}
    ran = cli(*wrong.command.split(), **environment)
    assert (ran.code, ran.stdout) == (2, ""), ran
    assert (len(model.log), len(arxiv.requests)) == before
    first, *rest = ran.stderr.splitlines()
    assert first.startswith("arxiv-digest: ")
    assert all(line.startswith("  ") for line in rest), "more than one message and its hint"
    assert [said for said in wrong.says if said not in ran.stderr] == []
    assert SECRET not in ran.stderr
    assert cli.made() == {}


def test_without_a_key_three_ways_on_are_named(cli: Program) -> None:
    """Exit 2 before any request: set a key, use a local server, or try the demonstration."""
    with ArxivServer(papers(RECORDS)) as arxiv:
        ran = cli("run", "cs.AI", "--date", MONDAY, **arxiv_environment(arxiv))
        assert arxiv.requests == []
    assert (ran.code, ran.stdout, cli.made()) == (2, "", {})
    for way in ("OPENAI_API_KEY", "--base-url http://localhost", "arxiv-digest demo"):
        assert way in ran.stderr


def test_offline_needs_no_key(cli: Program) -> None:
    """The cache alone answers, so that nothing is sent that a key would be for."""
    cli.write("one.jsonl", lines(RECORDS[:1]))
    ran = cli("run", "--input", "one.jsonl", "--offline")
    assert ran.code == 1
    assert "not_cached" in ran.stderr


def _everything_said_and_kept(folder: Path, *said: str) -> bytes:
    files = (path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return b"\n".join([*files, *(text.encode() for text in said)])


def _refusal(status: int, code: str | None) -> dict[str, object]:
    message = f"Incorrect API key provided: {SECRET}. Authorization: Bearer {SECRET}"
    said = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return {"fault": "status", "status": status, "body": {"error": said}}


def test_a_refused_key_ends_the_run_after_one_request_and_is_never_told(wired: Program, endpoint: OpenAIServer) -> None:
    """Exit 1, nothing written, and the key that the endpoint echoes is in no output and no file."""
    endpoint.reset(Options(script=[_refusal(401, "invalid_api_key")] * 10))
    ran = wired("run", "--input", "ten.jsonl", "-v", "--json", OPENAI_API_KEY=SECRET)
    assert (ran.code, endpoint.stats()["requests"], wired.made()) == (1, 1, {})
    assert "OPENAI_API_KEY" in ran.stderr
    assert SECRET.encode() not in _everything_said_and_kept(wired.folder, ran.stdout, ran.stderr)
    assert json.loads(ran.stdout)["requests"] == 1


def test_a_key_that_an_endpoint_echoes_reaches_no_page_and_no_cache(wired: Program, endpoint: OpenAIServer) -> None:
    """One paper is refused in words that hold the key: its reason is on the page, the key is nowhere."""
    endpoint.reset(Options(by_paper={"2604.00002": [_refusal(400, "context_length_exceeded")]}))
    ran = wired("run", "--input", "two.jsonl", "-v", "--date", MONDAY, OPENAI_API_KEY=SECRET)
    assert ran.code == 3
    assert "2604.00002" in wired.made()[f"papers/{MONDAY}.md"].decode()
    assert SECRET.encode() not in _everything_said_and_kept(wired.folder, ran.stdout, ran.stderr)


@pytest.mark.parametrize(
    ("command", "environment", "sent"),
    [
        ("run --input one.jsonl", {}, False),
        ("summarize --input one.jsonl", {}, False),
        ("run --input one.jsonl --base-url {url}", {}, True),
        ("run --input one.jsonl", {"OPENAI_BASE_URL": "{url}"}, True),
    ],
)
def test_the_key_is_sent_only_to_an_address_that_its_owner_named(
    cli: Program, endpoint: OpenAIServer, command: str, environment: dict[str, str], sent: bool
) -> None:
    """An address that digest.toml alone names gets no key; one of an option or the environment does."""
    cli.write("one.jsonl", lines(RECORDS[:1]))
    cli.write("digest.toml", f'base_url = "{endpoint.base_url}"\n')
    named = {name: value.format(url=endpoint.base_url) for name, value in environment.items()}
    ran = cli(*command.format(url=endpoint.base_url).split(), OPENAI_API_KEY=SECRET, **named)
    assert ran.code == 0
    assert [call.authorization for call in endpoint.log] == [SECRET[-4:] if sent else None]


def test_a_refusal_says_that_the_key_was_withheld(cli: Program, endpoint: OpenAIServer) -> None:
    """Where digest.toml alone names the address and it wants a key, the message says how to send one."""
    cli.write("one.jsonl", lines(RECORDS[:1]))
    cli.write("digest.toml", f'base_url = "{endpoint.base_url}"\n')
    endpoint.reset(Options(key=SECRET))
    ran = cli("run", "--input", "one.jsonl", OPENAI_API_KEY=SECRET)
    assert (ran.code, endpoint.stats()["requests"]) == (1, 1)
    assert "not sent" in ran.stderr
    assert "--base-url" in ran.stderr
