"""The server of one judge, over HTTP on loopback."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from pipeline.compare.page import Seat
from pipeline.compare.server import MOST_BYTES, JudgeServer, Judging
from pipeline.compare.verdicts import read_verdicts

from .samples import MOMENT, comparison
from .test_page import data_of

OF = comparison(2)
ROOT = "/secret/"
VERDICTS = f"{ROOT}verdicts"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[JudgeServer]:
    """A server for anna."""
    judging = Judging(OF, Seat("anna", (0, 1)), tmp_path / "v.jsonl", lambda: MOMENT)
    with JudgeServer(judging, "secret") as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made
        made.shutdown()


def ask(server: JudgeServer, path: str, body: str | None = None, **headers: str) -> tuple[int, str, Message]:
    """Send a request as the page does, but for ``headers``, and return status, text and headers."""
    own = {"Host": server.host}
    if body is not None:
        own |= {"Origin": f"http://{server.host}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)  # type: ignore[arg-type]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET" if body is None else "POST", path, None if body is None else body.encode(), own | given)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, answer.headers


def seen(paper: int, **choices: str) -> str:
    """Return what the page sends of a verdict."""
    return json.dumps({"paper_id": OF.rows[paper].paper.id, "choices": choices, "reasons": []})


WHOLE = {"title": "left", "tldr": "left", "abstract": "both", "overall": "left"}


def test_a_verdict_is_kept_by_column_when_its_answer_comes(server: JudgeServer) -> None:
    """The page knows sides alone; the file has the columns, and the last paper brings the result."""
    state: dict[str, Any] = {}
    for paper in range(2):
        status, text, _ = ask(server, VERDICTS, seen(paper, **WHOLE))
        state = json.loads(text)
        assert (status, state["judged"]) == (200, paper + 1)
        assert (state["result"] is None) == (paper == 0)
    kept = read_verdicts(server.judging.path)
    for verdict in kept:
        swapped = server.judging.seat.is_swapped(OF, verdict.paper_id)
        assert verdict.choices["title"] == ("second" if swapped else "first")
        assert verdict.choices["abstract"] == "both"
        assert verdict.judge == "anna"
    assert state["result"]["labels"] == ["digest@1", "digest@2"]


def test_a_second_start_has_what_the_first_was_told(server: JudgeServer) -> None:
    """The page comes with the verdicts, by sides."""
    ask(server, VERDICTS, seen(0, title="right"))
    status, text, headers = ask(server, ROOT)
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert data_of(text)["verdicts"] == {OF.rows[0].paper.id: {"choices": {"title": "right"}, "reasons": []}}


@pytest.mark.parametrize("path", ["/", "/secret", "/other/", "/secret/x", "/s%C3%A9cret/"])
def test_without_the_token_there_is_nothing(server: JudgeServer, path: str) -> None:
    """Neither a page nor a place for verdicts."""
    assert ask(server, path)[0] == 404
    assert ask(server, path, seen(0, title="left"))[0] == 404
    assert read_verdicts(server.judging.path) == ()


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "localhost", "127.0.0.1:1", ""])
def test_another_name_of_the_host_is_refused(server: JudgeServer, host: str) -> None:
    """So a page elsewhere whose name is made to lead here learns nothing."""
    assert ask(server, ROOT, Host=host)[0] == 421
    assert ask(server, VERDICTS, seen(0, title="left"), Host=host)[0] == 421


@pytest.mark.parametrize("origin", ["null", "https://example.org", "http://127.0.0.1:1", "http://localhost"])
def test_another_page_cannot_write(server: JudgeServer, origin: str) -> None:
    """Nor one that sends no origin, nor a form."""
    assert ask(server, VERDICTS, seen(0, title="left"), Origin=origin)[0] == 403
    assert ask(server, VERDICTS, seen(0, title="left"), Content_Type="text/plain")[0] == 415
    assert read_verdicts(server.judging.path) == ()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"paper_id": "2604.00000", "choices": {"title": "up"}}', "title"),
        ('{"paper_id": "2604.00000", "choices": {"colour": "left"}}', "colour"),
        ('{"paper_id": "9999.99999", "choices": {}}', "no paper '9999.99999' is to be judged"),
        (
            '{"paper_id": "2604.00000", "choices": {}, "reasons": [{"side": "left", "part": "tldr", "kind": "坏"}]}',
            "kind",
        ),
    ],
)
def test_what_is_no_verdict_is_refused_by_name(server: JudgeServer, body: str, says: str) -> None:
    """Nothing of it is kept."""
    status, text, _ = ask(server, VERDICTS, body)
    assert status == 422
    assert says in text
    assert read_verdicts(server.judging.path) == ()


def test_a_quote_that_is_too_long_is_refused(server: JudgeServer) -> None:
    """As one that the record does not take."""
    reason = {"side": "left", "part": "tldr", "kind": "生硬", "quote": "长" * 501}
    body = json.dumps({"paper_id": OF.rows[0].paper.id, "choices": {}, "reasons": [reason]})
    assert ask(server, VERDICTS, body)[0] == 422


def test_a_body_without_a_length_or_too_long_is_not_read(server: JudgeServer) -> None:
    """Of 256 KiB at most."""
    assert ask(server, VERDICTS, "", Content_Length=str(MOST_BYTES + 1))[0] == 413
    assert ask(server, VERDICTS, "{}", Content_Length="-1")[0] == 413


def test_a_file_that_cannot_be_written_is_said(server: JudgeServer) -> None:
    """The page keeps the verdict then, and tries again."""
    server.judging.path.mkdir()
    status, text, _ = ask(server, VERDICTS, seen(0, title="left"))
    assert status == 507
    assert "cannot be written" in text


def test_two_tabs_at_once_lose_nothing(server: JudgeServer) -> None:
    """Every verdict has a line of its own."""
    threads = [threading.Thread(target=ask, args=(server, VERDICTS, seen(at % 2, title="left"))) for at in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_verdicts(server.judging.path)) == 16


def test_it_listens_on_loopback_alone(server: JudgeServer) -> None:
    """At a port that the system chose; who knocks and goes away disturbs nobody."""
    host, port = server.server_address[:2]
    assert host == "127.0.0.1"
    with socket.create_connection((str(host), port), timeout=10) as knock:
        knock.sendall(b"GET / HT")
    assert ask(server, ROOT)[0] == 200
