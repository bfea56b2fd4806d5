"""Deliver a digest to e-mail and chat services, one message a digest, a day and an address, whatever is run again.

An address is a URL that carries secrets. It is in no log, message or record here: people read the service's name and
the address's number, the memory keeps a slow hash.
"""

from __future__ import annotations

import hashlib
import html
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from apprise import Apprise, AppriseAsset, NotifyFormat

from pipeline.assemble import Dialect, Message, MessageLimits, message
from pipeline.errors import SettingsError
from pipeline.records import Day, RunReport
from pipeline.store.deliveries import Deliveries

SOCKET_S = 20.0
"""Seconds that a service has to take a connection, and to go on answering; ``?cto=`` and ``?rto=`` beat it."""
DEADLINE_S = 60.0
"""Seconds for one delivery as a whole, the address's own ``?retry=`` included."""
_ROUNDS = 100_000
"""Of the hash of an address: what is guessable in it, such as a password, is dear to guess."""
_STATUS = re.compile(r"\berror=([1-5]\d\d)\b")
"""The one part of apprise's own report that can hold no secret."""
_BETWEEN = re.compile(r",?\s+|,(?=[a-z][a-z0-9+]*://)", re.IGNORECASE)
"""What separates two addresses; other commas are part of one."""

# Without a handler Python prints warnings itself, and apprise's may name addresses.
logging.getLogger("apprise").addHandler(logging.NullHandler())
logging.getLogger("apprise").propagate = False


@dataclass(frozen=True)
class Quirks:
    """What is to be known of a service besides what apprise says."""

    measure: Callable[[str], int] = lambda text: len(text.encode("utf-16-le", "replace")) // 2
    """How long a text is to the service; UTF-16 units are never fewer than characters."""
    most: int | None = None
    """The longest message; as apprise says where absent."""
    spare: int = 0
    """To leave free for what is sent around the message."""
    dialect: Dialect | None = None
    """What the service reads, whatever it is told."""
    code: str = ""
    """Key of the JSON that refuses with a number but 0 in it, under HTTP 200."""


def _escaped(text: str) -> int:
    """Return the bytes of ``text`` in the JSON that apprise sends, which is ASCII."""
    return len(json.dumps(text)) - 2


_QUIRKS: Mapping[str, Quirks] = {
    # A limit for e-mail has no source: apprise has its general 32,768, mail servers take many megabytes.
    "mailto": Quirks(most=1_000_000),
    "discord": Quirks(dialect="markdown"),
    "slack": Quirks(measure=lambda text: len(html.escape(text, quote=False))),
    # https://developer.work.weixin.qq.com/document/path/91770: 2,048 bytes of UTF-8.
    "wecombot": Quirks(measure=lambda text: len(text.encode("utf-8", "replace")), code="errcode"),
    # https://open.dingtalk.com/document/robots/custom-robot-access: a request of 20,000 bytes.
    "dingtalk": Quirks(measure=_escaped, spare=500, code="errcode"),
    # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: a request of 20 KB.
    "feishu": Quirks(measure=_escaped, spare=500, code="code"),
    "lark": Quirks(measure=_escaped, spare=500, code="code"),
}
"""By apprise's own name of the service."""
_ANY = Quirks()


@dataclass(frozen=True)
class Address:
    """Where a digest goes."""

    number: int
    """Place among the addresses, from 1."""
    service: Any = field(repr=False)
    """Apprise's own object of the service; it holds secrets."""
    fingerprint: str = field(repr=False)
    """What the memory knows the address by."""

    def __str__(self) -> str:
        return f"address {self.number} ({self.name})"

    @property
    def name(self) -> str:
        """What apprise calls the service."""
        return str(self.service.service_name)

    @property
    def quirks(self) -> Quirks:
        """What is to be known of the service."""
        return next((_QUIRKS[schema] for schema in self.service.schemas() if schema in _QUIRKS), _ANY)

    @property
    def limits(self) -> MessageLimits:
        """What the service takes."""
        service, quirks = self.service, self.quirks
        dialect: Dialect = "html" if service.resolve_format(None) is NotifyFormat.HTML else "text"
        return MessageLimits(
            quirks.dialect or dialect,
            (quirks.most or service.body_maxlen) - quirks.spare,
            quirks.measure,
            titled=service.title_maxlen > 0 and not service.overflow_amalgamate_title,
        )


@dataclass(frozen=True)
class Delivery:
    """What became of a digest at an address."""

    address: Address
    outcome: Literal["delivered", "already", "failed"]
    why: str = ""
    """Of a failure; holds nothing of the address."""


def addresses(text: str) -> tuple[Address, ...]:
    """Return the addresses in ``text``, apprise's URLs separated by blanks, line ends or commas, each once.

    Raises:
        SettingsError: one of them is no address; none is shown.
    """
    found = []
    for number, url in enumerate(dict.fromkeys(filter(None, _BETWEEN.split(text))), 1):
        asset = AppriseAsset(app_id="arxiv-digest", app_desc="arxiv-digest", async_mode=False, service_timeout=0)
        service = Apprise.instantiate(url, asset=asset)
        if service is None:
            raise SettingsError(
                f"ARXIV_DIGEST_DELIVER: apprise does not know address {number}, which may be secret and is not shown",
                hint="See https://appriseit.com/services/ for how each service is written.",
            )
        found.append(Address(number, _ready(service), _fingerprint(url)))
    return tuple(found)


def _ready(service: Any) -> Any:
    """Give a service the time that it needs, unless its address says how long: a message may arrive unanswered."""
    for name in ("socket_connect_timeout", "socket_read_timeout"):
        if getattr(service, name) == getattr(type(service), name):
            setattr(service, name, SOCKET_S)
    # Of an optional service apprise reports a failure as success; here it is no failure only when it arrived.
    service.optional = False
    return service


def _fingerprint(url: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", url.encode("utf-8", "replace"), b"arxiv-digest", _ROUNDS).hex()


@dataclass(frozen=True)
class Outbox:
    """What deliveries need besides a digest and an address."""

    deliveries: Deliveries
    """Remembers what was delivered."""
    now: Callable[[], datetime]
    page: str | None = None
    """Where the digest is read in full."""


def deliver(day: Day, report: RunReport | None, to: Sequence[Address], outbox: Outbox) -> Iterator[Delivery]:
    """Send ``day`` to each address that has not had it, one after the other; what failed is sent again next time."""
    for address in to:
        claim = outbox.deliveries.claim((day.name, day.date, address.fingerprint), outbox.now())
        if claim == "mine":
            why = _send(address, message(day, report, address.limits, outbox.page))
            outbox.deliveries.settle((day.name, day.date, address.fingerprint), sent=not why)
            yield Delivery(address, "failed" if why else "delivered", why)
        elif claim == "delivered":
            yield Delivery(address, "already")
        else:
            yield Delivery(address, "failed", "another run is delivering it, or was killed while it did; try later")


def _send(address: Address, sent: Message) -> str:
    """Send a message and wait for the answer; return why it failed, empty where it did not."""
    said: list[str] = []
    # A daemon: a server that never ends its answer may not keep the program from ending.
    worker = threading.Thread(target=lambda: said.append(_notify(address, sent)), daemon=True)
    worker.start()
    worker.join(DEADLINE_S)
    return said[0] if said else f"no answer within {DEADLINE_S:.0f} s"


def _notify(address: Address, sent: Message) -> str:
    limits = address.limits
    body_format = NotifyFormat.HTML if limits.dialect == "html" else NotifyFormat.TEXT
    try:
        _attend_to(address)
        courier = Apprise(asset=address.service.asset)
        courier.add(address.service)
        result = courier.notify(body=sent.body, title=sent.title if limits.titled else "", body_format=body_format)
    except Exception as error:  # noqa: BLE001 (a fault in one service's plugin may not keep the others waiting)
        return f"{type(error).__name__} in apprise"
    if result:
        return ""
    status = _STATUS.search(" ".join(entry.message for entry in result.logs()))
    return f"it answered HTTP {status[1]}" if status else "it could not be reached, or it refused"


def _attend_to(address: Address) -> None:
    """Let the plugin of a service that refuses under HTTP 200 see the refusal, which apprise takes for success."""
    plugin: Any = sys.modules[type(address.service).__module__]
    if address.quirks.code and not isinstance(plugin.requests, _Attentive):
        plugin.requests = _Attentive(plugin.requests, address.quirks.code)


class _Attentive:
    """The requests library as a plugin uses it, but that an answer with a code other than 0 is an error."""

    def __init__(self, library: Any, code: str) -> None:
        self._library = library
        self._code = code

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def post(self, *arguments: Any, **options: Any) -> Any:
        answer = self._library.post(*arguments, **options)
        try:
            content = answer.json()
        except ValueError:
            content = None
        if isinstance(content, dict) and content.get(self._code):
            raise self._library.RequestException(f"refused with {content[self._code]}")
        return answer
