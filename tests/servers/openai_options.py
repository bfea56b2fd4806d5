"""How the loopback model server behaves, as a value: pure functions of a seed, a paper and an attempt."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Self

from .openai_faults import FAULTS

HEADER_STYLES = frozenset({"retry-after", "retry-after-ms", "retry-after-date", "x-ratelimit"})

Item = Mapping[str, Any]
"""A scripted answer: ``fault``, a name in `FAULTS`, its parameters, and ``delay`` in seconds where it has its own."""


@dataclass(frozen=True)
class Options:
    """Delays, limits, faults and abilities. The default is an endpoint that answers everything at once.

    A request is judged by ``script``, ``key``, ``models``, ``refuse``, ``concurrency``, ``rpm`` and ``tpm``, in this
    order; one that passes is an attempt at its paper, answered by ``by_paper``, else by chance from ``faults``.
    """

    seed: int = 0
    delay: float = 0.0
    """Mean seconds before an answer."""
    refusal_delay: float = 0.0
    """Seconds before a refusal."""
    sigma: float = 0.0
    """Spread of a lognormal delay; 0 is a fixed one."""
    rpm: float | None = None
    """Requests a minute, refilled continuously."""
    burst: int = 1
    """Requests that may come at once after a pause."""
    tpm: float | None = None
    """Prompt and completion tokens a minute; a minute's worth may come at once."""
    headers: Sequence[str] = ()
    """What a 429 for pace carries, of `HEADER_STYLES`; ``x-ratelimit`` is on good replies too."""
    concurrency: int | None = None
    """Requests at once, beyond which a 429 without any header."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Probability of each fault, for each attempt."""
    script: Sequence[Item] = ()
    """Answers to the server's first requests, before any other rule."""
    by_paper: Mapping[str, Sequence[Item]] = field(default_factory=dict)
    """Answers to a paper's first attempts; the key ``*`` is every paper not named."""
    refuse: Sequence[str] = ()
    """Request parameters refused with 400, and ``json_schema`` or ``json_object`` as a response format."""
    format_error: Mapping[str, Any] | None = None
    """The ``error`` object for a refused response format; None is DeepSeek's."""
    mute: bool = False
    """Refuse parameters and response formats without saying which."""
    ignore_format: bool = False
    """Take any response format and answer with prose around the JSON."""
    key: str | None = None
    """The only key accepted; None takes any or none."""
    models: Sequence[str] = ()
    """The models that exist; none named is any."""
    shutdown: str | None = None
    """The ``shutdown_date`` of every model; None has none."""
    lookup_delay: float = 0.0
    """Seconds before that is told."""
    lookup_size: int = 0
    """Characters that are told beside it."""
    cached_tokens: int = 0
    """Prompt tokens reported as read from the prompt cache."""

    def __post_init__(self) -> None:
        scripted = [*self.script, *(item for items in self.by_paper.values() for item in items)]
        named = {*self.faults, *(item["fault"] for item in scripted)}
        if unknown := sorted(named - FAULTS.keys()):
            raise ValueError(f"unknown faults {unknown}; there are {sorted(FAULTS)}")
        if unknown := sorted(set(self.headers) - HEADER_STYLES):
            raise ValueError(f"unknown header styles {unknown}; there are {sorted(HEADER_STYLES)}")
        if sum(self.faults.values()) > 1:
            raise ValueError("the probabilities of the faults add up to more than 1")

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """Return the options as a JSON object."""
        return json.dumps(asdict(self))

    def delay_of(self, paper: str, attempt: int) -> float:
        """Return the seconds before the answer to an attempt, which begin at 1."""
        if not self.sigma or not self.delay:
            return self.delay
        draw = Random(f"{self.seed} delay {paper} {attempt}")
        return draw.lognormvariate(math.log(self.delay) - self.sigma**2 / 2, self.sigma)

    def answer_to(self, paper: str, attempt: int) -> Item:
        """Return the answer to an attempt, which begin at 1; a good one is the fault ``ok`` or ``prose``."""
        scripted = self.by_paper.get(paper, self.by_paper.get("*", ()))
        if attempt <= len(scripted):
            return scripted[attempt - 1]
        if self.faults:
            draw = Random(f"{self.seed} fault {paper} {attempt}").random()
            for fault, probability in self.faults.items():
                draw -= probability
                if draw < 0:
                    return {"fault": fault}
        return {"fault": "prose" if self.ignore_format else "ok"}
