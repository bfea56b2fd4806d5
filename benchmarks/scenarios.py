"""The scenarios: what the endpoint does, what the program is told, and what is measured against what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.servers.openai_options import Options

FAULTS = {
    "server_error": 0.05,
    "reset": 0.03,
    "malformed": 0.03,
    "wrong_language": 0.02,
    "content_filter": 0.01,
    "silence": 0.01,
}


@dataclass(frozen=True)
class Scenario:
    """One measurement."""

    name: str
    papers: int
    options: Options
    concurrency: int
    told: tuple[str, ...] = ()
    """Further options of the command."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """The most that each figure should be."""


SCENARIOS = (
    Scenario("cold", 200, Options(delay=1.0, sigma=0.4), 64, targets={"calls": 1.06, "process": 1.20}),
    Scenario("wide", 2000, Options(delay=0.3, sigma=0.4), 512, targets={"process": 1.9, "cpu_ms": 1.5}),
    Scenario(
        "limited, ms",
        200,
        Options(delay=1.0, sigma=0.4, rpm=600, burst=20, headers=("x-ratelimit", "retry-after-ms")),
        64,
        targets={"calls": 1.05, "refused": 0.05},
    ),
    Scenario(
        "limited, s",
        200,
        Options(delay=1.0, sigma=0.4, rpm=600, burst=20, headers=("retry-after",)),
        64,
        targets={"calls": 1.10, "refused": 0.05},
    ),
    Scenario(
        "limited, told",
        200,
        Options(delay=1.0, sigma=0.4, rpm=600, burst=20, headers=("retry-after",)),
        64,
        told=("--rpm", "600"),
        targets={"refused": 0.0},
    ),
    Scenario("faulty", 200, Options(delay=1.0, sigma=0.4, faults=FAULTS), 64, targets={"seconds": 20.0}),
)
