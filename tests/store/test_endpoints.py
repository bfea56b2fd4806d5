"""What was learned of endpoints, in the cache."""

from __future__ import annotations

from pathlib import Path

from .samples import Shelf


def test_what_was_learned_is_kept_for_one_endpoint_and_model(tmp_path: Path) -> None:
    """The last word counts, each endpoint and model has its own, and another process reads it."""
    shelf = Shelf(tmp_path)
    with shelf.open() as cache:
        assert cache.endpoints.learned("host:1", "m") is None
        cache.endpoints.keep("host:1", "m", '{"mode": "text"}')
        cache.endpoints.keep("host:1", "m", '{"mode": "json_object"}')
        cache.endpoints.keep("host:2", "m", "{}")
        cache.endpoints.keep("host:1", "n", "not JSON at all")
    with shelf.open() as cache:
        asked = [("host:1", "m"), ("host:2", "m"), ("host:1", "n"), ("host:2", "n")]
        assert [cache.endpoints.learned(*one) for one in asked] == [
            '{"mode": "json_object"}',
            "{}",
            "not JSON at all",
            None,
        ]
    assert shelf.warnings == []
