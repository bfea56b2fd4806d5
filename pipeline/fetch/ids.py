"""Papers that are named by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.errors import FetchError, UsageError
from pipeline.fetch.arxiv.limits import PAGE_SIZE
from pipeline.fetch.filters import limit_notes
from pipeline.fetch.items import Heading, Item
from pipeline.fetch.query import check
from pipeline.records import Missing, parse_id

if TYPE_CHECKING:
    from pipeline.fetch.arxiv.session import ArxivSession


def by_ids(session: ArxivSession, ids: Sequence[str], limit: int | None = None) -> Iterator[Item]:
    """Return the papers that the query API has of ``ids``, in the versions that they name, up to ``limit`` ids.

    Raises:
        UsageError: one is not an id; raised at once, before any request.
        FetchError: arXiv gave nothing; raised while iterating.
    """
    check((), limit)
    return _found(session, _parsed(ids), limit)


def _parsed(ids: Sequence[str]) -> dict[str, str]:
    """Return each id once, and with the version that was asked for."""
    parsed: dict[str, str] = {}
    for given in ids:
        try:
            identifier, version = parse_id(given)
        except ValueError as error:
            raise UsageError(f"{error}.") from error
        parsed.setdefault(identifier, f"{identifier}v{version}" if version else identifier)
    return parsed


def _found(session: ArxivSession, wanted: dict[str, str], limit: int | None) -> Iterator[Item]:
    names = list(wanted.items())[:limit]
    yield Heading(announced=len(names))
    yield from limit_notes(limit, len(wanted))
    seen: set[str] = set()
    failed: dict[str, FetchError] = {}
    for first in range(0, len(names), PAGE_SIZE):
        part = dict(names[first : first + PAGE_SIZE])
        try:
            for found in session.records(list(part.values())):
                if found.id in part and found.id not in seen:
                    seen.add(found.id)
                    yield found
        except FetchError as error:
            failed |= dict.fromkeys(part, error)
    if failed and not seen:
        raise next(iter(failed.values()))
    for name, _ in names:
        if name not in seen:
            yield Missing(id=name, reason=failed[name].message if name in failed else "arXiv has no such paper")
