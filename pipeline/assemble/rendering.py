"""How the templates of this stage are read and filled in."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

LOADER = PackageLoader("pipeline.assemble")


def environment(*, autoescape: bool) -> Environment:
    """Return an environment for the templates.

    Without ``autoescape``, as for Markdown, every text of others passes a filter of the template's own.
    """
    return Environment(
        loader=LOADER,
        autoescape=autoescape,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
