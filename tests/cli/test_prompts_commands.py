"""``prompts list``, ``show``, ``new``, ``check`` and ``release``."""

from __future__ import annotations

import json

import pytest

from tests.servers.openai import OpenAIServer

from .fork_server import CHECKOUT
from .program import Program

PACKAGED = CHECKOUT / "prompts"
NEWEST = max(int(path.stem) for path in PACKAGED.glob("digest/*.md"))
SOURCE = (PACKAGED / "digest" / f"{NEWEST}.md").read_text(encoding="utf-8")
DRAFT = f"digest@{NEWEST + 1}"
"""What ``prompts new digest`` makes."""


def test_the_packages_prompts_are_listed_as_released_and_shown_as_they_are(cli: Program) -> None:
    """From any folder, without ./prompts."""
    listed, shown, checked = cli("prompts", "list"), cli("prompts", "show", f"digest@{NEWEST}"), cli("prompts", "check")
    assert (listed.code, shown.code, checked.code) == (0, 0, 0)
    locked = json.loads((PACKAGED / "released.json").read_bytes())
    assert dict(line.split()[:2] for line in listed.stdout.splitlines()) == dict.fromkeys(locked, "released")
    assert shown.stdout.rstrip() == SOURCE.rstrip()
    assert checked.stdout == f"{len(locked)} prompts checked\n"


def test_the_life_of_a_prompt(wired: Program, endpoint: OpenAIServer) -> None:
    """A draft may change; once it is released a change is refused everywhere, until a new version is made."""
    made = wired("prompts", "new", "digest")
    path = wired.folder / "prompts" / "digest" / f"{NEWEST + 1}.md"
    assert (made.code, path.read_text(encoding="utf-8")) == (0, SOURCE)
    assert made.stdout.startswith(f"prompts/digest/{NEWEST + 1}.md: a draft of {DRAFT}")
    path.write_text(f"{SOURCE}\n另外，一句话要点写得更短。\n", encoding="utf-8")
    assert f"{DRAFT:16} draft" in wired("prompts", "list").stdout
    assert wired("prompts", "check", DRAFT).code == 0
    assert wired("run", "--input", "two.jsonl", "--prompt", DRAFT, "-q").code == 0
    assert "更短" in endpoint.log[0].request["messages"][1]["content"]

    released, again = wired("prompts", "release", DRAFT), wired("prompts", "release", DRAFT)
    lock = json.loads((wired.folder / "prompts" / "released.json").read_text(encoding="utf-8"))
    assert (released.code, again.code, list(lock)) == (0, 2, [DRAFT])
    assert lock[DRAFT][:12] in released.stdout
    assert f"{DRAFT} is released already" in again.stderr

    path.write_text(SOURCE, encoding="utf-8")
    endpoint.reset()
    for command in (("run", "--input", "two.jsonl", "--prompt", DRAFT), ("prompts", "check")):
        refused = wired(*command)
        assert refused.code == 2
        assert f"{DRAFT} is released and may not change any more" in refused.stderr
        assert "arxiv-digest prompts new digest" in refused.stderr
    assert endpoint.stats()["requests"] == 0
    assert f"{DRAFT:16} CHANGED" in wired("prompts", "list").stdout
    assert wired("prompts", "new", "digest").stdout.startswith(f"prompts/digest/{NEWEST + 2}.md: a draft of")


def test_a_released_prompt_that_is_gone_is_missed(cli: Program) -> None:
    """``prompts check`` says to restore it."""
    cli("prompts", "new", "mine")
    path = cli.folder / "prompts" / "mine" / "1.md"
    path.write_text(path.read_text(encoding="utf-8") + "\nmine\n", encoding="utf-8")
    cli("prompts", "release", "mine@1")
    path.unlink()
    ran = cli("prompts", "check")
    assert ran.code == 2
    assert "mine@1 is released, but its file is gone" in ran.stderr


def test_every_fault_of_every_prompt_is_named_at_once(cli: Program) -> None:
    """Unknown keys and undefined variables, all of them, in one message."""
    head, body = "---\ndescription: d\n---\n", "# System\n\nhello\n\n# User\n\n{{ title }}\n"
    cli.write("prompts/a/1.md", f"---\ndescription: d\nmodle: m\ntemprature: 1\n---\n{body}")
    cli.write("prompts/b/1.md", f"{head}{body}{{{{ titel }}}} {{{{ abstrakt }}}}\n")
    cli.write("prompts/c/1.md", f"{head}hello\n")
    ran = cli("prompts", "check")
    assert (ran.code, ran.stdout) == (2, "")
    for said in ("modle", "temprature", "titel", "abstrakt", "c/1.md", "# System"):
        assert said in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "digest@9"), "no prompt digest@9"),
        (("show", "digest"), "prompt 'digest': write NAME@VERSION"),
        (("check", "no@1"), "no prompt no@1"),
        (("new", "../evil"), "prompt name '../evil'"),
        (("release", "digest@1"), "digest@1 is a prompt of the package"),
        (("release", "digest@9"), "no prompt digest@9"),
    ],
)
def test_what_cannot_be_is_refused_and_makes_no_file(cli: Program, arguments: tuple[str, ...], said: str) -> None:
    """Exit 2 and one message."""
    ran = cli("prompts", *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"arxiv-digest: {said}")
    assert cli.made("") == {}


def test_a_prompt_without_the_paper_is_refused(cli: Program) -> None:
    """Without title and abstract in it every summary would be invented."""
    cli.write("prompts/a/1.md", "---\ndescription: d\n---\n# System\n\nhello\n\n# User\n\n{{ authors }}\n")
    ran = cli("prompts", "check", "a@1")
    assert ran.code == 2
    assert "lacks {{ title }} and {{ abstract }}" in ran.stderr


def test_a_prompt_that_leaves_out_a_field_is_warned_of(cli: Program) -> None:
    """The model would have to guess the field's name."""
    user = "translated_title tldr translated_abstract {{ title }} {{ abstract }}"
    cli.write("prompts/a/1.md", f"---\ndescription: d\n---\n# System\n\nhello\n\n# User\n\n{user}\n")
    ran = cli("prompts", "check", "a@1")
    assert (ran.code, ran.stdout) == (0, "1 prompt checked\n")
    assert "a@1 does not name tldr_en:" in ran.stderr


def test_an_unchanged_copy_is_neither_released_nor_copied_again(cli: Program) -> None:
    """Both errors name the prompt that it is a copy of."""
    cli("prompts", "new", "digest")
    for command in (("release", DRAFT), ("new", "digest")):
        ran = cli("prompts", *command)
        assert ran.code == 2
        assert f"{DRAFT} is an unchanged copy of digest@{NEWEST}" in ran.stderr
    assert not (cli.folder / "prompts" / "released.json").exists()


def test_a_release_that_nothing_used_can_be_taken_back(wired: Program) -> None:
    """Replies to an earlier text of the draft do not count; once a reply was asked for by it, it stays released."""
    wired("prompts", "new", "digest")
    path = wired.folder / "prompts" / "digest" / f"{NEWEST + 1}.md"
    path.write_text(f"{SOURCE}\n写得短些。\n", encoding="utf-8")
    wired("run", "--input", "two.jsonl", "--prompt", DRAFT, "-q")
    path.write_text(f"{SOURCE}\n写得更短。\n", encoding="utf-8")
    wired("prompts", "release", DRAFT)
    assert wired("prompts", "release", DRAFT, "--undo").code == 0
    assert f"{DRAFT:16} draft" in wired("prompts", "list").stdout
    wired("prompts", "release", DRAFT)
    wired("run", "--input", "two.jsonl", "--prompt", DRAFT, "-q")
    ran = wired("prompts", "release", DRAFT, "--undo")
    assert ran.code == 2
    assert f"{DRAFT} stays released: 2 replies" in ran.stderr
