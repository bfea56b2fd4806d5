"""The model's side of the loopback server, without the wire: judges each request and remembers it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from .openai_faults import FAULTS, Answer, Draft, error
from .openai_limits import Limits, refusal
from .openai_options import Item, Options
from .openai_papers import Paper, Papers, message_json

_NOBODY = Paper("", "", "", {}, message_json("{}"), 1)


@dataclass(slots=True)
class Call:
    """A request and what became of it; times are seconds since the epoch."""

    arrived: float
    authorization: str | None
    """The last four characters of the Authorization header, None where there was none."""
    request: dict[str, Any] = field(default_factory=dict)
    """The request's body."""
    paper: str | None = None
    attempt: int = 0
    """From 1, counted for each paper over the requests that were not refused; 0 for one that was."""
    fault: str | None = None
    """None for a good reply and for a refusal."""
    status: int | None = None
    """None while nothing has been sent, and where nothing ever was."""
    sent: float | None = None
    """When the last byte was handed to the network."""

    def to_dict(self, *, messages: bool) -> dict[str, Any]:
        """Return the call as ``/_log`` lists it."""
        request = {name: value for name, value in self.request.items() if messages or name != "messages"}
        return {name: getattr(self, name) for name in self.__slots__} | {"request": request}


class Endpoint:
    """One endpoint between two resets."""

    def __init__(self, papers: Papers, options: Options) -> None:
        self.options = options
        self.log: list[Call] = []
        self.headers: list[dict[str, str]] = []
        """Of each request."""
        self.lookups: list[dict[str, str]] = []
        """The headers of each request for what is known of a model."""
        self.in_flight = 0
        self.most_in_flight = 0
        self._papers = papers
        self._limits = Limits(options)
        self._attempts: Counter[str] = Counter()
        self._script = iter(options.script)

    def arrive(self, call: Call) -> None:
        """Note that a request has come."""
        self.log.append(call)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def leave(self) -> None:
        """Note that a request is over."""
        self.in_flight -= 1

    def answer(self, call: Call, raw: bytes, authorization: str) -> tuple[Answer, float]:
        """Return the answer to a request and the seconds before it is sent."""
        try:
            call.request = json.loads(raw)
            paper = self._papers.find(call.request.get("messages"))
        except (ValueError, AttributeError):
            call.request = {}
            return error(400, "We could not parse the JSON body of your request.", code=None), 0.0
        call.paper = paper.id if paper else None
        tokens = len(raw) // 4
        if item := next(self._script, None):
            return self._attempt(call, paper or _NOBODY, tokens, item)
        needed = tokens + (paper.tokens if paper else 0)
        refused = refusal(self.options, call.request, authorization, raw) or self._limits.refusal(
            self.in_flight, needed
        )
        if refused:
            return refused, self.options.refusal_delay
        if paper is None:
            return error(400, "no reply for this paper", "no_reply"), 0.0
        return self._attempt(call, paper, tokens, None)

    def _attempt(self, call: Call, paper: Paper, tokens: int, item: Item | None) -> tuple[Answer, float]:
        self._attempts[paper.id] += 1
        call.attempt = self._attempts[paper.id]
        item = item or self.options.answer_to(paper.id, call.attempt)
        fault = item["fault"]
        call.fault = None if fault == "ok" else fault
        draft = Draft(paper, len(self.log), str(call.request.get("model")), tokens, self.options.cached_tokens, item)
        answer = FAULTS[fault](draft)
        if told := self._limits.headers():
            answer = replace(answer, headers=told | dict(answer.headers or {}))
        delay = item["delay"] if "delay" in item else self.options.delay_of(paper.id, call.attempt)
        return answer, delay

    def stats(self) -> dict[str, Any]:
        """Count what was asked and answered so far."""
        answered = [call for call in self.log if call.sent is not None]
        return {
            "requests": len(self.log),
            "ok": sum(call.status == 200 and call.fault is None for call in answered),
            "refused": sum(call.attempt == 0 for call in answered),
            "unmatched": sum(call.paper is None for call in answered),
            "unanswered": len(self.log) - len(answered),
            "by_status": Counter(str(call.status) for call in answered),
            "by_fault": Counter(call.fault for call in self.log if call.fault),
            "concurrent_max": self.most_in_flight,
        }
