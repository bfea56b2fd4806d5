"""Where arXiv is, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass, field

PAGE_SIZE = 100
"""Papers of one request: small enough for the first summaries to start early, and for an id list to fit an address."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long arXiv may take, in seconds, and how often it is asked again."""

    connect: float = 10.0
    read: float = 30.0
    """Longest silence within an answer."""
    total: float = 60.0
    """Longest time for one request and its whole answer."""
    patience: float = 900.0
    """Longest outage that is waited out, from the first request that failed to the last that is tried."""
    backoff: float = 5.0
    """Longest first pause; it doubles with each failure, and the pause is drawn from its upper half."""
    longest_pause: float = 60.0
    """Longest pause that arXiv did not ask for."""
    silent: float = 10.0
    """Longest wait, for an answer or until an outage is over, of which the user is not told."""
    tries: int = 5
    """Times that one answer may come damaged: no outage mends what arXiv wrote wrongly."""


@dataclass(frozen=True, slots=True)
class ArxivSettings:
    """Where arXiv is and how it is to be treated."""

    api_url: str = "https://export.arxiv.org/api/query"
    feed_url: str = "https://rss.arxiv.org"
    delay: float = 3.0
    """Seconds between requests, for the `Pacer` of the process: https://info.arxiv.org/help/api/tou.html."""
    limits: Limits = field(default_factory=Limits)
