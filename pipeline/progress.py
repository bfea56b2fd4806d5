"""What a run shows while it works."""

from __future__ import annotations

from typing import Protocol

from pipeline.records import Settled, Source


class Progress(Protocol):
    """Shows each page and each paper as it happens, on the event loop's thread."""

    def begins(self, name: str | None) -> None:
        """Another digest begins; all counts start from zero. Its name is None where the source is to give it."""

    def fetched(self, source: Source) -> None:
        """Another page of papers arrived; ``source`` counts all so far."""

    def settled(self, settled: Settled) -> None:
        """A paper has its summary or its failure; its account is what this run spent on it."""

    def warned(self, message: str) -> None:
        """Something went wrong that does not stop the run."""

    def close(self) -> None:
        """Nothing more comes of this digest."""
