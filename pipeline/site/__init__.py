"""The static site: all days of all digests, each paper's own page, statistics and search, from what was written."""

from __future__ import annotations

from pipeline.site.build import FOLDER, Built, build

__all__ = ["FOLDER", "Built", "build"]
