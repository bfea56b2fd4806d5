"""Deliveries: over SMTP and HTTP on loopback, once each, with no secret in anything that is said or kept."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apprise
import pytest

import pipeline.deliver
from pipeline.assemble import MessageLimits
from pipeline.deliver import Address, Outbox, addresses, deliver
from pipeline.errors import SettingsError
from pipeline.records import Day, RunReport
from pipeline.store.deliveries import CLAIM
from pipeline.store.memory import FILE, Memory
from tests.assemble.samples import done, failed, paper
from tests.servers.listener import Listener, Mailbox
from tests.test_archive import REPORT

DAY = Day(name="cs.CL", date="2024-04-02", entries=(done(paper(1), tldr="一 <b> & 二。"), failed(paper(2))))
LONG = Day(name="cs.CL", date="2024-04-02", entries=tuple(done(paper(number)) for number in range(1, 1001)))
PAGE = "https://example.org/cs.CL/2024-04-02.html"
NOON = datetime(2024, 4, 2, 12, tzinfo=UTC)
SECRET = "hunter2secret"

SERVICES = {
    "dingtalk": ("dingtalk://{secret}", "notify_url", "http://{host}/robot?access_token={{token}}"),
    "feishu": ("feishu://{secret}", "notify_url", "http://{host}/{{token}}/"),
    "wecombot": ("wecombot://{secret}", "notify_url", "http://{host}/send?key={{key}}"),
    "telegram": ("tgram://123456789:AAF{secret}-abcdefghijklmnopqrst/987654", "notify_url", "http://{host}/bot"),
    "slack": ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlaz{secret}/", "webhook_url", "http://{host}/services"),
    "discord": ("discord://4174216298/{secret}abcdefghijklm", "notify_url", "http://{host}/api/webhooks"),
    "json": ("json://user:{secret}@{host}/", "", ""),
}
"""Each chat service: an address, and the class attribute of apprise's plugin that is moved to loopback."""
LIMITS = {
    "dingtalk": 20_000,
    "feishu": 20_000,
    "wecombot": 2_048,
    "telegram": 4_096,
    "slack": 35_000,
    "discord": 2_000,
    "json": 32_768,
}


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A webhook's other end."""
    with Listener() as server:
        yield server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server."""
    with Mailbox() as server:
        yield server


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """An empty memory that may not warn."""

    def warn(message: str) -> None:
        raise AssertionError(message)

    with Memory(tmp_path, warn=warn) as opened:
        yield opened


def told(to: tuple[Address, ...], memory: Memory, *, day: Day = DAY, report: RunReport | None = None) -> list[str]:
    """Deliver, and return what became of it at each address, in words."""
    made = deliver(day, report, to, Outbox(memory.deliveries, lambda: NOON, PAGE))
    return [f"{delivery.address}: {delivery.outcome}{delivery.why and f' ({delivery.why})'}" for delivery in made]


def service(name: str, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> tuple[Address, ...]:
    """Return an address of a service whose plugin believes that the service lives on loopback."""
    url, attribute, moved = SERVICES[name]
    url = url.format(secret=SECRET, host=listener.host)
    if attribute:
        plugin = type(apprise.Apprise.instantiate(url))
        monkeypatch.setattr(plugin, attribute, moved.format(host=listener.host))
        monkeypatch.setattr(plugin, "request_rate_per_sec", 0)
    listener.answer = b"ok" if name == "slack" else b'{"ok": true, "errcode": 0, "code": 0}'
    return addresses(url)


def test_a_mail_has_html_and_text(mailbox: Mailbox, memory: Memory) -> None:
    """Both with titles, lines and links, in UTF-8; text of others is text; that it is incomplete is said first."""
    to = addresses(f"mailto://127.0.0.1:{mailbox.port}?from=digest@example.org&to=me@example.org")
    assert told(to, memory, report=REPORT) == ["address 1 (E-Mail): delivered"]
    (mail,) = mailbox.received
    assert (mail["Subject"], mail["To"]) == ("cs.CL 2024-04-02：2 篇", "me@example.org")
    html, text = (mail.get_body((kind,)) for kind in ("html", "plain"))
    assert html
    assert text
    for part in (html.get_content(), text.get_content()):
        assert [
            word for word in ("本期不完整：1 篇没有摘要", "https://arxiv.org/abs/2404.00001", PAGE) if word not in part
        ] == []
    assert "一 &lt;b&gt; &amp; 二。" in html.get_content()
    assert "一 <b> & 二。" in text.get_content()


def test_a_mail_of_a_thousand_papers_is_whole(mailbox: Mailbox, memory: Memory) -> None:
    """A mail has room."""
    to = addresses(f"mailto://127.0.0.1:{mailbox.port}?from=digest@example.org&to=me@example.org")
    assert told(to, memory, day=LONG) == ["address 1 (E-Mail): delivered"]
    (mail,) = mailbox.received
    html = mail.get_body(("html",))
    assert html
    assert html.get_content().count("<a href=") == 1001


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_gets_one_message_within_its_limit(
    name: str, listener: Listener, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the service itself measures; the rest is counted, with a link to the page."""
    to = service(name, listener, monkeypatch)
    assert [line.partition(": ")[2] for line in told(to, memory, day=LONG)] == ["delivered"]
    (sent,) = listener.received
    (body,) = (text for text in _texts(sent) if "2404.00001" in text)
    assert "2404.00002" in body
    assert PAGE in body
    assert "篇没有列在这里" in body
    size = {"wecombot": len(body.encode()), "dingtalk": listener.sizes[0], "feishu": listener.sizes[0]}
    assert LIMITS[name] * 0.8 < size.get(name, len(body)) <= LIMITS[name]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


@pytest.mark.parametrize("name", SERVICES)
def test_text_of_others_mentions_nobody_and_marks_nothing(
    name: str, listener: Listener, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither everyone, nor by an element, nor by the service's own form of a mention."""
    evil = '@everyone <!channel> <at user_id="all">x</at> <script>alert(1)</script> **b** ]]>'
    day = Day(name="x", date="2024-04-02", entries=(done(paper(1), translated_title=evil, tldr=evil),))
    told(service(name, listener, monkeypatch), memory, day=day)
    (body,) = (text for text in _texts(listener.received) if "2404.00001" in text)
    assert [bad for bad in ("<!channel", "<at", "<script") if bad in body] == []
    assert ("@everyone" in body) == (name == "telegram")
    assert ("**b**" in body) == (name != "discord")


@pytest.mark.parametrize("name", ["dingtalk", "feishu", "wecombot"])
def test_a_refusal_under_http_200_is_a_failure(
    name: str, listener: Listener, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a service answers so, as for a wrong key."""
    to = service(name, listener, monkeypatch)
    listener.answer = b'{"errcode": 93000, "code": 19001, "errmsg": "invalid"}'
    assert [line.partition(": ")[2] for line in told(to, memory)] == ["failed (it could not be reached, or it refused)"]
    listener.answer = b"no JSON"
    assert [line.partition(": ")[2] for line in told(to, memory)] == ["delivered"]


def test_a_webhook_gets_what_it_asks_for(listener: Listener, memory: Memory) -> None:
    """Text, or HTML where its address says so."""
    to = addresses(f"json://{listener.host}\n\tjson://{listener.host}?format=html")
    assert told(to, memory) == ["address 1 (JSON): delivered", "address 2 (JSON): delivered"]
    text, html = listener.received
    assert text["title"] == html["title"] == "cs.CL 2024-04-02：2 篇"
    assert "1. 标题\n一 ＜b> & 二。\nhttps://arxiv.org/abs/2404.00001\n" in text["message"]
    assert "<p>1. <b>标题</b><br/>一 &lt;b&gt; &amp; 二。<br/>" in html["message"]


def test_only_what_failed_is_sent_again(listener: Listener, mailbox: Mailbox, memory: Memory) -> None:
    """However often; another day and another address are other deliveries."""
    mail = f"mailto://127.0.0.1:{mailbox.port}?from=digest@example.org&to=me@example.org"
    both = f"json://{listener.host} {mail}"
    listener.status = 404
    assert told(addresses(both), memory) == [
        "address 1 (JSON): failed (it answered HTTP 404)",
        "address 2 (E-Mail): delivered",
    ]
    listener.status, mailbox.refuses = 200, True
    assert told(addresses(both), memory) == ["address 1 (JSON): delivered", "address 2 (E-Mail): already"]
    assert told(addresses(both), memory) == ["address 1 (JSON): already", "address 2 (E-Mail): already"]
    mailbox.refuses = False
    assert told(addresses(both), memory, day=DAY.model_copy(update={"date": "2024-04-03"})) == [
        "address 1 (JSON): delivered",
        "address 2 (E-Mail): delivered",
    ]
    assert told(addresses(f"{mail}&cc=you@example.org"), memory) == ["address 1 (E-Mail): delivered"]
    assert (len(listener.received), len(mailbox.received)) == (2, 3)


def test_a_mail_that_the_server_refuses_has_failed(mailbox: Mailbox, memory: Memory) -> None:
    """And goes out when it is taken."""
    url = f"mailto://127.0.0.1:{mailbox.port}?from=digest@example.org&to=me@example.org"
    mailbox.refuses = True
    assert told(addresses(url), memory) == ["address 1 (E-Mail): failed (it could not be reached, or it refused)"]
    mailbox.refuses = False
    assert told(addresses(url), memory) == ["address 1 (E-Mail): delivered"]


def test_two_runs_at_once_send_one_message(listener: Listener, memory: Memory, tmp_path: Path) -> None:
    """Who comes second leaves it to the first; what was begun and never ended is taken over after a while."""
    (address,) = addresses(f"json://{listener.host}")
    key = (DAY.name, DAY.date, address.fingerprint)
    with Memory(tmp_path, warn=lambda message: None) as other:
        assert other.deliveries.claim(key, NOON) == "mine"
        busy = "address 1 (JSON): failed (another run is delivering it, or was killed while it did; try later)"
        assert told((address,), memory) == [busy]
        assert other.deliveries.claim(key, NOON + CLAIM - timedelta(seconds=1)) == "busy"
        assert other.deliveries.claim(key, NOON + CLAIM) == "mine"
        other.deliveries.settle(key, sent=True)
    assert told((address,), memory) == ["address 1 (JSON): already"]
    assert listener.received == []


def test_a_server_that_never_answers_is_given_up(
    listener: Listener, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the deadline of the whole delivery, whatever the service's own time-outs allow; by those before."""
    listener.released.clear()
    to = addresses(f"json://{listener.host}?rto=30 json://{listener.host}?rto=0.01")
    monkeypatch.setattr(pipeline.deliver, "DEADLINE_S", 0.2)
    first, second = told(to, memory)
    assert first == "address 1 (JSON): failed (no answer within 0 s)"
    assert second == "address 2 (JSON): failed (it could not be reached, or it refused)"


def test_a_service_has_time_unless_its_address_says_how_much() -> None:
    """Apprise's own four seconds are short for a service on another continent."""
    ours, theirs = addresses("json://localhost json://localhost?rto=3&cto=2")
    assert (ours.service.socket_connect_timeout, ours.service.socket_read_timeout) == (20.0, 20.0)
    assert (theirs.service.socket_connect_timeout, theirs.service.socket_read_timeout) == (2.0, 3.0)


@pytest.mark.parametrize("text", [f"foo://{SECRET}", f"nonsense{SECRET}", f"slack://{SECRET}", f"mailto://{SECRET}"])
def test_what_is_no_address_is_refused_and_not_shown(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    """By its number, before anything is sent."""
    with pytest.raises(SettingsError) as caught:
        addresses(f"json://localhost {text}")
    assert caught.value.message.startswith("ARXIV_DIGEST_DELIVER: apprise does not know address 2")
    assert SECRET not in f"{caught.value.message}{caught.value.hint}{capfd.readouterr()}"


def test_an_optional_address_that_failed_has_failed(listener: Listener, memory: Memory) -> None:
    """Else it would never be sent again."""
    listener.status = 500
    (said,) = told(addresses(f"json://{listener.host}?optional=yes"), memory)
    assert said == "address 1 (JSON): failed (it answered HTTP 500)"


def test_an_address_that_is_named_twice_is_one() -> None:
    """It gets one message."""
    assert [str(address) for address in addresses("json://a\n json://b json://a")] == [
        "address 1 (JSON)",
        "address 2 (JSON)",
    ]


def test_no_secret_is_said_logged_or_kept(
    listener: Listener,
    memory: Memory,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither when it works nor when it fails."""
    caplog.set_level(logging.WARNING)
    to = addresses(f"json://user:{SECRET}@{listener.host} json://user:{SECRET}@127.0.0.1:9")
    said = told(to, memory)
    assert [line.rpartition(": ")[2].split()[0] for line in said] == ["delivered", "failed"]
    with sqlite3.connect(tmp_path / FILE) as db:
        kept = db.execute("SELECT * FROM deliveries").fetchall()
    db.close()
    assert len(kept) == 1
    assert SECRET not in f"{said}{to!r}{kept}{caplog.text}{capfd.readouterr()}"


def test_a_fault_in_apprise_is_one_failed_delivery(
    listener: Listener, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by its kind alone, for its words may hold an address; and the others get theirs."""
    to = addresses(f"json://{listener.host}/{SECRET} json://{listener.host}/2")
    whole = apprise.Apprise.notify

    def faulty(courier: apprise.Apprise, **message: Any) -> Any:
        if courier[0] is to[0].service:
            raise LookupError(SECRET)
        return whole(courier, **message)

    monkeypatch.setattr(apprise.Apprise, "notify", faulty)
    assert told(to, memory) == [
        "address 1 (JSON): failed (LookupError in apprise)",
        "address 2 (JSON): delivered",
    ]


def test_the_room_of_a_service_is_apprises_own() -> None:
    """Where nothing better is known."""
    (address,) = addresses("json://localhost")
    limits = address.limits
    assert limits == MessageLimits("text", address.service.body_maxlen, limits.measure, titled=True)
    assert limits.measure("a中😀") == 4
