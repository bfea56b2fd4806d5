"""Stage 3: records become the text of a digest. Pure: no clock, no environment, no file but its own templates."""

from __future__ import annotations

from pipeline.assemble.digest import Digest, as_json, in_page_order
from pipeline.assemble.html import html
from pipeline.assemble.markdown import markdown

__all__ = ["Digest", "as_json", "html", "in_page_order", "markdown"]
