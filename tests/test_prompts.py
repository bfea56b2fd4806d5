"""Prompt files: their form, their variables, and that a released one never changes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import prompts
from pipeline.errors import PromptError
from pipeline.prompts import (
    LOCK,
    FrontMatter,
    Prompt,
    PromptLibrary,
    fingerprint,
    new_version,
    read_lock,
    release,
)
from pipeline.records import Paper, PromptName
from pipeline.summarize.tasks import TASKS, TEMPLATES

VARIABLES = TEMPLATES["translation"].sample
OURS = Path(__file__).resolve().parent.parent / "prompts"
PAPER = Paper(id="2404.02059", title="On {{ abstract }}", abstract="We show # User.", authors=("A", "B"))


def load(path: Path) -> Prompt:
    """Read a prompt of today's tasks."""
    return prompts.load(path, TEMPLATES)


def render(prompt: Prompt, paper: Paper) -> tuple[str, str]:
    """Render a prompt for a paper."""
    return prompt.render(TASKS[prompt.front.task].values(paper), of=paper.id)


def text(
    front: str = "description: d\n", system: str = "You translate.", user: str = "{{ title }}\n{{ abstract }}"
) -> str:
    """A prompt file."""
    return f"---\n{front}---\n\n# System\n\n{system}\n\n# User\n\n{user}\n"


def write(folder: Path, label: str = "digest@1", body: str | None = None) -> Path:
    """Write a prompt file into a folder of prompts."""
    name, version = label.split("@")
    path = folder / name / f"{version}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((text() if body is None else body).encode())
    return path


def changed(path: Path, label: str = "digest@1") -> str:
    """What is said of a released prompt that changed."""
    return (
        f"{path}: {label} is released and may not change any more; "
        f"restore the file and make a new version with 'arxiv-digest prompts new {label.partition('@')[0]}'"
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The user's folder of prompts."""
    return tmp_path / "prompts"


@pytest.fixture
def packaged(tmp_path: Path) -> Path:
    """The package's folder of prompts."""
    return tmp_path / "package"


@pytest.fixture
def library(own: Path, packaged: Path) -> PromptLibrary:
    """Both, the user's first."""
    return PromptLibrary((own, packaged), TEMPLATES)


def test_a_prompt_file_is_read_into_its_parts(own: Path) -> None:
    """Name and version come from the path, the fingerprint from the bytes."""
    path = write(own, "brief@12", text("description: d\ntemperature: 0.3\n"))
    assert load(path) == Prompt(
        name="brief",
        version=12,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        front=FrontMatter(description="d", temperature=0.3),
        system="You translate.",
        user="{{ title }}\n{{ abstract }}",
    )
    assert load(path).label == "brief@12"
    assert load(path).reference == PromptName(name="brief", version=12, sha256=fingerprint(path))


def test_a_prompt_is_rendered_with_what_a_paper_is(own: Path) -> None:
    """Loops and conditions work; a paper's text is data and never a template or a part."""
    user = "{{ title }} by {% for name in authors %}{{ name }};{% endfor %}{% if comment %}!{% endif %}\n{{ abstract }}"
    prompt = load(write(own, body=text(user=user)))
    assert render(prompt, PAPER) == ("You translate.", "On {{ abstract }} by A;B;\nWe show # User.")


def test_every_variable_can_be_used(own: Path) -> None:
    """Each is a field of a paper."""
    prompt = load(write(own, body=text(user="".join(f"{{{{ {name} }}}}|" for name in VARIABLES))))
    assert render(prompt, PAPER)[1] == "On {{ abstract }}|We show # User.|('A', 'B')|()|None|None|"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "must begin with front matter between two lines of ---"),
        ("# System\ns\n# User\nu\n", "must begin with front matter between two lines of ---"),
        ("\n" + text(), "must begin with front matter between two lines of ---"),
        ("---\ndescription: d\n# System\ns\n# User\nu\n", "must begin with front matter between two lines of ---"),
        (
            "---\ndescription: d\n---\nu\n",
            "after the front matter needs a part '# System', then a part '# User'",
        ),
        (
            "---\ndescription: d\n---\n# System\ns\n",
            "after the front matter needs a part '# System', then a part '# User'",
        ),
        (
            "---\ndescription: d\n---\n# User\nu\n# System\ns\n",
            "after the front matter needs a part '# System', then a part '# User'",
        ),
        (
            text("temprature: 1\nmodel: m\ntemperature: 3\n"),
            (
                "front matter: description: missing; temperature: must be at most 2; "
                "temprature: unknown key; model: unknown key (keys: description, task, temperature)"
            ),
        ),
        (
            text(""),
            "front matter: description: missing (keys: description, task, temperature)",
        ),
        (
            text("- a\n- b\n"),
            ("front matter: must be an object with named values (keys: description, task, temperature)"),
        ),
        (
            text(system="{{ autor }}", user="{{ titel }} {{ authors }} {{ paper.id }} {{ range(2) | list }}"),
            (
                "undefined: autor, paper, titel "
                "(a prompt may use title, abstract, authors, categories, primary_category, comment, terms)"
            ),
        ),
        (
            text(system="a\n{{ title"),
            "unexpected end of template, expected 'end of print statement'. (line 2 of its part)",
        ),
        (text(user="{{ title | shout }}"), "No filter named 'shout'. (line 1 of its part)"),
    ],
    ids=[
        "empty",
        "no-front",
        "blank-before-front",
        "open-front",
        "no-parts",
        "no-user",
        "parts-turned",
        "keys",
        "no-description",
        "list",
        "variables",
        "syntax",
        "filter",
    ],
)
def test_a_file_that_does_not_follow_the_form_is_refused(own: Path, body: str, complaint: str) -> None:
    """All unknown keys, and all undefined variables, are named at once, and what is allowed."""
    path = write(own, body=body)
    with pytest.raises(PromptError) as caught:
        load(path)
    assert caught.value.message == f"{path}: {complaint}"


@pytest.mark.parametrize("front", ["a: [", "description: d\n\tx: y", "a: b: c", "description: 2024-13-45"])
def test_front_matter_that_is_no_yaml_is_refused(own: Path, front: str) -> None:
    """With the parser's own words, those on an impossible date included."""
    path = write(own, body=text(f"{front}\n"))
    with pytest.raises(PromptError) as caught:
        load(path)
    assert caught.value.message.startswith(f"{path}: the front matter is not YAML: ")


@pytest.mark.parametrize(
    "expression",
    [
        "title.__class__",
        "title.__class__.__mro__[1].__subclasses__()",
        "title['__class__']",
        "title | attr('__class__')",
        "'{0.__class__}'.format(title)",
        "self.__init__.__globals__",
        "self._TemplateReference__context",
        "title.join.__globals__",
        "lipsum.__globals__['os']",
        "cycler.__init__.__globals__",
    ],
)
def test_a_template_cannot_reach_into_python(own: Path, expression: str) -> None:
    """The sandbox refuses before anything is sent."""
    path = write(own, body=text(user=f"{{{{ title }}}} {{{{ abstract }}}} {{{{ {expression} }}}}"))
    with pytest.raises(PromptError) as caught:
        load(path)
    assert caught.value.message.startswith(f"{path}: cannot be rendered for paper 2401.00001: ")


@pytest.mark.parametrize(
    "expression",
    [
        "{{ title.nothing }}",
        "{{ authors[3].name }}",
        "{{ title / 2 }}",
        "{{ 1 / 0 }}",
        "{{ title.index('?') }}",
        "{% include 'other.md' %}",
        "{{ '{}'.format() }}",
        "{{ '%(x)s' % {} }}",
        "{{ title.encode('no-such-code') }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
    ids=["field", "index", "type", "zero", "value", "include", "format", "key", "lookup", "endless"],
)
def test_what_fails_while_it_is_rendered_is_an_error_of_the_prompt(own: Path, expression: str) -> None:
    """It names the file, and is found by rendering a sample before anything is spent."""
    path = write(own, body=text(user=f"{{{{ title }}}} {{{{ abstract }}}} {expression}"))
    with pytest.raises(PromptError) as caught:
        load(path)
    assert caught.value.message.startswith(f"{path}: cannot be rendered for paper 2401.00001: ")


def test_a_prompt_that_fails_for_one_paper_names_that_paper(own: Path) -> None:
    """The sample cannot show everything."""
    path = write(own, body=text(user="{{ title }} {{ abstract }} {% if comment %}{{ comment.nothing }}{% endif %}"))
    prompt = load(path)
    with pytest.raises(PromptError) as caught:
        render(prompt, PAPER.model_copy(update={"comment": "8 pages"}))
    assert caught.value.message.startswith(f"{path}: cannot be rendered for paper 2404.02059: ")


@pytest.mark.parametrize("body", [b"\xff\xfe", None], ids=["bytes", "gone"])
def test_a_file_that_cannot_be_read_is_an_error_of_the_prompt(own: Path, body: bytes | None) -> None:
    """Whether for its bytes or because there is none."""
    path = write(own)
    path.unlink()
    if body:
        path.write_bytes(body)
    with pytest.raises(PromptError) as caught:
        load(path)
    assert caught.value.message.startswith(f"{path}: cannot be read: ")


def test_terms_are_those_of_the_first_folder_that_has_a_glossary(
    own: Path, packaged: Path, library: PromptLibrary
) -> None:
    """A prompt says those in title and abstract, on one line, and nothing where there are none."""
    write(packaged, body=text(user="{{ title }} {{ abstract }}{% if terms %} [{{ terms }}]{% endif %}"))
    paper = PAPER.model_copy(update={"title": "Qubits", "abstract": "A token."})
    assert render(library.get("digest@1"), paper)[1] == "Qubits A token."
    for folder, rendering in ((packaged, "甲"), (own, "量子比特")):
        folder.mkdir(exist_ok=True)
        rows = f"term,中文,field,forbidden renderings,note\nqubit,{rendering},physics,,\ntoken,词元,language,,\n"
        (folder / "glossary.csv").write_text(rows, encoding="utf-8")
    prompt = PromptLibrary(library.folders, TEMPLATES).get("digest@1")
    assert render(prompt, paper)[1] == "Qubits A token. [qubit 量子比特；token 词元]"
    assert render(prompt, PAPER)[1] == "On {{ abstract }} We show # User."


def test_a_translation_is_held_to_the_glossary_only_of_a_prompt_that_says_it(
    packaged: Path, library: PromptLibrary
) -> None:
    """What stands there wrongly is named with what is to stand there."""
    write(packaged)
    write(packaged, "digest@2", text(user="{{ title }} {{ abstract }} {{ terms }}"))
    rows = "term,中文,field,forbidden renderings,note\nqubit,量子比特,physics,量子位元,\n"
    (packaged / "glossary.csv").write_text(rows, encoding="utf-8")
    wrong = [library.get(label).wrong_term("A qubit.", "量子位元。") for label in ("digest@1", "digest@2")]
    assert wrong == ["", "量子位元，应译作量子比特"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["词", "a", " ", "\n", "{{ title }}"]), max_size=12).map("".join))
def test_line_ends_and_a_byte_order_mark_do_not_count(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    """A checkout on Windows has the same fingerprint and renders the same; any other change has another."""
    folder = tmp_path_factory.mktemp("ends")
    body = text(user=f"{{{{ title }}}} {{{{ abstract }}}} q{words}")
    unix, other = write(folder, body=body), write(folder, "digest@3", body.replace(" q", " z"))
    windows = write(folder, "digest@2", "\ufeff" + body.replace("\n", "\r\n"))
    assert fingerprint(unix) == fingerprint(windows) != fingerprint(other)
    assert render(load(unix), PAPER) == render(load(windows), PAPER)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40) | st.text("-{}%# \n:\t'\"&*!?[]|>@`dSU0", max_size=40))
def test_any_file_is_a_prompt_or_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    """Whatever an editor leaves in the front matter or in a part."""
    folder = tmp_path_factory.mktemp("any")
    for body in (words, text(front=words + "\n"), text(user=words)):
        try:
            load(write(folder, body=body))
        except PromptError:
            continue


@pytest.mark.parametrize(
    "label", ["digest", "digest@", "digest@0", "digest@01", "Digest@1", "../x@1", "a/b@1", "@1", ""]
)
def test_a_label_is_a_name_and_a_version(library: PromptLibrary, label: str) -> None:
    """Anything else is refused before any folder is looked at."""
    with pytest.raises(PromptError) as caught:
        library.get(label)
    assert caught.value.message == f"prompt {label!r}: write NAME@VERSION, such as digest@1"


def test_a_prompt_that_does_not_exist_is_refused_with_those_that_do(own: Path, library: PromptLibrary) -> None:
    """Or none."""
    with pytest.raises(PromptError) as caught:
        library.get("digest@9")
    assert caught.value.message == "no prompt digest@9 (prompts: none)"
    write(own, "digest@1")
    write(own, "brief@2")
    with pytest.raises(PromptError) as caught:
        library.get("digest@9")
    assert caught.value.message == "no prompt digest@9; did you mean digest@1? (prompts: brief@2, digest@1)"


def test_labels_are_in_order_of_name_and_version(own: Path, packaged: Path, library: PromptLibrary) -> None:
    """Across both folders, numbers as numbers; files that are no version are no prompts."""
    ours = {label: write(own, label) for label in ("digest@10", "digest@3", "brief@1")}
    theirs = {label: write(packaged, label) for label in ("digest@1", "digest@3", "digest@2", "ample@1")}
    write(own, "digest@draft")
    write(own, "Digest@1")
    assert list(library.labels().items()) == [
        ("ample@1", theirs["ample@1"]),
        ("brief@1", ours["brief@1"]),
        ("digest@1", theirs["digest@1"]),
        ("digest@2", theirs["digest@2"]),
        ("digest@3", ours["digest@3"]),
        ("digest@10", ours["digest@10"]),
    ]


def test_the_users_own_file_wins_over_the_packages(own: Path, packaged: Path, library: PromptLibrary) -> None:
    """And the package's is there where the user has none."""
    theirs = write(packaged)
    assert library.get("digest@1").path == theirs
    mine = write(own, body=text(system="Mine."))
    assert library.get("digest@1") == load(mine)


def test_a_lock_in_the_packages_folder_holds_for_the_users_file(
    own: Path, packaged: Path, library: PromptLibrary
) -> None:
    """A copy may stand in front of a released prompt, a changed one may not; nor does a lock of one's own help."""
    release(load(write(packaged)))
    mine = write(own)
    assert library.get("digest@1").path == mine
    write(own, body=text(system="Mine."))
    release(load(mine))
    with pytest.raises(PromptError) as caught:
        library.get("digest@1")
    assert caught.value.message == changed(mine)
    assert [*library.drifted()] == [changed(mine)]


def test_releasing_writes_the_lock_once(own: Path) -> None:
    """Labels in order, one to a line; a second release changes nothing."""
    second, first = load(write(own, "digest@2")), load(write(own, "digest@1", text(system="First.")))
    assert (release(second), release(first)) == (True, True)
    locked = f'{{\n  "digest@1": "{first.sha256}",\n  "digest@2": "{second.sha256}"\n}}\n'
    assert (own / LOCK).read_bytes() == locked.encode()
    write(own, "digest@1", text(system="Changed."))
    assert release(load(first.path)) is False
    assert (own / LOCK).read_bytes() == locked.encode()


def test_a_released_prompt_that_changes_is_refused_and_named(own: Path, library: PromptLibrary) -> None:
    """By get and by drifted with the same message, which tells to make a new version; a draft may change."""
    path = write(own)
    release(library.get("digest@1"))
    write(own, "digest@2")
    assert [*library.drifted()] == []
    for label in ("digest@1", "digest@2"):
        write(own, label, text(system="Changed."))
    with pytest.raises(PromptError) as caught:
        library.get("digest@1")
    assert caught.value.message == changed(path)
    assert [*library.drifted()] == [changed(path)]
    assert library.get("digest@2").system == "Changed."
    write(own)
    assert library.get("digest@1").path == path


def test_a_released_prompt_whose_file_is_gone_is_named(own: Path, library: PromptLibrary) -> None:
    """It is to be restored, as replies in a cache name it."""
    path = write(own)
    release(load(path))
    path.unlink()
    assert [*library.drifted()] == ["digest@1 is released, but its file is gone: restore it"]


@pytest.mark.parametrize(
    ("lock", "complaint"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("<<<<<<< HEAD", "is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "must map NAME@VERSION to a sha256; restore it from version control"),
        ('{"digest@1": null}', "must map NAME@VERSION to a sha256; restore it from version control"),
    ],
    ids=["cut", "conflict", "list", "null"],
)
def test_a_broken_lock_is_refused(own: Path, library: PromptLibrary, lock: str, complaint: str) -> None:
    """It must not read as nothing released."""
    prompt = load(write(own))
    (own / LOCK).write_text(lock)
    for act in (lambda: library.get("digest@1"), lambda: [*library.drifted()], lambda: release(prompt)):
        with pytest.raises(PromptError) as caught:
            act()
        assert caught.value.message == f"{own / LOCK}: {complaint}"


def test_a_folder_without_a_lock_has_released_nothing(own: Path) -> None:
    """Nor has one that is not there."""
    assert read_lock(own) == {}


def test_a_new_version_copies_the_newest(own: Path, packaged: Path, library: PromptLibrary) -> None:
    """Whichever folder holds it, with line ends as LF, and into the user's folder."""
    for label in ("digest@1", "digest@2"):
        write(packaged, label, text(system=label))
    write(packaged, "digest@10", text(system="digest@10").replace("\n", "\r\n"))
    path = new_version(library, "digest", own)
    assert path == own / "digest" / "11.md"
    assert path.read_bytes() == text(system="digest@10").encode()
    write(own, "digest@11", text(system="digest@11"))
    assert load(new_version(library, "digest", own)).system == "digest@11"


def test_a_new_name_begins_from_the_newest_digest(own: Path, packaged: Path, library: PromptLibrary) -> None:
    """As version 1."""
    write(packaged, "digest@1", text(system="old"))
    write(packaged, "digest@2", text(system="new"))
    write(packaged, "zebra@1", text(system="other"))
    path = new_version(library, "brief", own)
    assert (path, load(path).system) == (own / "brief" / "1.md", "new")


@pytest.mark.parametrize("name", ["", "Digest", "1st", "../x", "a b", "a@1", "词"])
def test_a_prompt_cannot_be_called_anything(own: Path, library: PromptLibrary, name: str) -> None:
    """Nothing is written then."""
    with pytest.raises(PromptError) as caught:
        new_version(library, name, own)
    assert caught.value.message == (
        f"prompt name {name!r}: use lower-case letters, digits, - and _, beginning with a letter"
    )
    assert not own.exists()


def test_without_any_prompt_there_is_nothing_to_begin_from(own: Path, library: PromptLibrary) -> None:
    """The message says which file to restore."""
    with pytest.raises(PromptError) as caught:
        new_version(library, "brief", own)
    assert caught.value.message == "no prompt to begin from: restore prompts/digest/1.md"


def test_what_cannot_be_written_is_an_error_of_ours(own: Path, packaged: Path, library: PromptLibrary) -> None:
    """It names the file that a new version or a release would have written."""
    prompt = load(write(packaged))
    own.write_text("a file where the folder should be")
    with pytest.raises(PromptError, match="digest"):
        new_version(PromptLibrary((packaged,), TEMPLATES), "digest", own)
    (packaged / LOCK).mkdir()
    with pytest.raises(PromptError, match="released"):
        release(prompt)


RELEASED = json.loads((OURS / LOCK).read_text(encoding="utf-8")) if (OURS / LOCK).exists() else {}


def test_the_default_prompt_is_released() -> None:
    """Its label stands in every cached reply."""
    assert "digest@1" in RELEASED


@pytest.mark.parametrize("label", RELEASED)
def test_no_released_prompt_of_ours_has_changed(label: str) -> None:
    """Make a new version instead: arxiv-digest prompts new NAME."""
    assert PromptLibrary((OURS,), TEMPLATES).get(label).sha256 == RELEASED[label]


def test_none_of_our_prompts_is_broken_or_gone() -> None:
    """Drafts follow the form, too, and a paper's title and abstract reach the model."""
    library = PromptLibrary((OURS,), TEMPLATES)
    assert [*library.drifted()] == []
    for label in library.labels():
        _, user = render(library.get(label), PAPER)
        assert PAPER.title in user
        assert PAPER.abstract in user
