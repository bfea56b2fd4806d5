"""What a run shows while it works."""

from __future__ import annotations

from typing import Protocol

from pipeline.records import R, S, Settled, Source


class Progress(Protocol[S, R]):
    """Shows each page and each paper as it happens, on the event loop's thread."""

    def begins(self, name: str | None) -> None:
        """Another digest begins; all counts start from zero. Its name is None where the source is to give it."""

    def fetched(self, source: Source) -> None:
        """Another page of papers arrived; ``source`` counts all so far."""

    def settled(self, settled: Settled[S, R]) -> None:
        """A paper, or another subject, has its answer or its failure; its account is what this run spent on it."""

    def warned(self, message: str) -> None:
        """Something went wrong that does not stop the run."""

    def close(self) -> None:
        """Nothing more comes of this digest."""


class NoProgress:
    """Shows nothing."""

    def begins(self, name: str | None) -> None:
        """Show nothing."""

    def fetched(self, source: Source) -> None:
        """Show nothing."""

    def settled(self, settled: Settled) -> None:
        """Show nothing."""

    def warned(self, message: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""
