"""The program within this process, on any day: what a day brings to the next is a matter of many days."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.edge import guarded
from pipeline.records import Paper
from tests.anything import anything, widgets
from tests.servers.arxiv import ArxivServer

from .program import Program, Ran, arxiv_environment, lines


def announced(number: int, kind: str = "new", **fields: Any) -> Paper:
    """A paper of cs.AI as it is announced."""
    made = {
        "id": f"2604.{number:05}",
        "version": 1,
        "title": f"Widgets {number}",
        "abstract": f"We measure widgets for the {number}th time.",
        "authors": ("Ann Author",),
        "categories": ("cs.AI",),
        "primary_category": "cs.AI",
        "published": "2026-04-24T10:00:00Z",
        "announce_type": kind,
    }
    return Paper.model_validate(made | fields)


def several(numbers: Iterable[int], kind: str = "new", **fields: Any) -> tuple[Paper, ...]:
    """Several of them."""
    return tuple(announced(number, kind, **fields) for number in numbers)


def _reply(paper: Paper) -> dict[str, str]:
    """Return a reply that is kept: without a mark for a paper that was made up."""
    return widgets(paper.id) if paper.title.startswith("Widgets") else anything(paper.id)


class Days:
    """The program, a loopback arXiv, and a clock that the test sets."""

    def __init__(self, program: Program, arxiv: ArxivServer, capsys: pytest.CaptureFixture[str]) -> None:
        self.program = program
        self.arxiv = arxiv
        self._capsys = capsys
        self._moment = datetime(2026, 4, 27, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """The time of day that the program is told."""
        return self._moment

    def announces(self, day: str, papers: Iterable[Paper], *, of_api: Iterable[Paper] | None = None) -> None:
        """Let it be noon of ``day``, in GMT, and its announcement be ``papers``, of which the API has some or all."""
        self._moment = datetime.fromisoformat(f"{day}T12:00:00+00:00")
        self.arxiv.day = date.fromisoformat(day)
        self.arxiv.feed_papers = tuple(papers)
        known = {paper.id: paper for paper in self.arxiv.papers} | {paper.id: paper for paper in self.arxiv.feed_papers}
        self.arxiv.papers = tuple(known.values() if of_api is None else of_api)
        self.arxiv.requests.clear()

    def later(self, minutes: int) -> None:
        """Let time pass."""
        self._moment += timedelta(minutes=minutes)

    def answers(self, papers: Iterable[Paper]) -> None:
        """Let there be a good reply for each of ``papers``."""
        self.program.write("replies.jsonl", lines({"id": paper.id, **_reply(paper)} for paper in papers))

    def __call__(self, *arguments: str) -> Ran:
        """Run one command."""
        self._capsys.readouterr()
        code = guarded(arguments)
        said = self._capsys.readouterr()
        return Ran(code, said.out, said.err)

    def page(self, name: str, day: str) -> str:
        """The page of a digest."""
        return self.program.made()[f"{name}/{day}.md"].decode()

    def pages(self) -> list[str]:
        """Which digests have a page, and of which days."""
        return [name.removesuffix(".md") for name in self.program.made() if name.endswith(".md")]

    def shown(self, name: str, day: str) -> list[str]:
        """The papers of a page, in the announcement's order of kinds and numbers."""
        return sorted(entry["paper"]["id"] for entry in self.entries(name, day))

    def entries(self, name: str, day: str) -> list[dict[str, Any]]:
        """The entries of a digest's JSON."""
        found: list[dict[str, Any]] = json.loads(self.program.made()[f"{name}/{day}.json"])["entries"]
        return found

    def report(self, name: str, day: str) -> Any:
        """The report of a run."""
        return self.program.run_report(name, day)

    def notes(self, name: str, day: str) -> Mapping[str, dict[str, Any]]:
        """The notes of a report, by key."""
        return {note["key"]: note["figures"] for note in self.report(name, day)["notes"]}


def row_of(page: str, title: str) -> str:
    """The line of a page's table that has a paper."""
    (row,) = re.findall(rf"^\| \[\^\d+\] \| \[{re.escape(title)}\].*$", page, re.MULTILINE)
    return str(row)


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Days]:
    """The program in an empty folder, with a file of replies for a model, on a day that the test names."""
    with ArxivServer() as arxiv:
        program = Program(tmp_path)
        made = Days(program, arxiv, capsys)
        monkeypatch.chdir(tmp_path)
        for name in ("OPENAI_API_KEY", "ARXIV_DIGEST_MODEL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"OPENAI_BASE_URL": "replay:replies.jsonl", **arxiv_environment(arxiv)}.items():
            monkeypatch.setenv(name, value)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        # Composition last: a module that is imported for this takes the real clock from it.
        for module in ("assemble", "deliver", "environment"):
            monkeypatch.setattr(f"pipeline.cli.{module}.now", made.now)
        made.answers(several(range(1, 300)))
        yield made
