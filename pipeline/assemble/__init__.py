"""Stage 3: records become the text of a digest. Pure: no clock, no environment, no file but its own templates."""

from __future__ import annotations

from pipeline.assemble.atom import FeedStyle, atom
from pipeline.assemble.digest import Digest, as_json, as_written, in_page_order
from pipeline.assemble.html import Surroundings, html
from pipeline.assemble.markdown import markdown
from pipeline.assemble.message import Dialect, Message, MessageLimits, message

__all__ = [
    "Dialect",
    "Digest",
    "FeedStyle",
    "Message",
    "MessageLimits",
    "Surroundings",
    "as_json",
    "as_written",
    "atom",
    "html",
    "in_page_order",
    "markdown",
    "message",
]
