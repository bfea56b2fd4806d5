"""``python -m pipeline`` is ``arxiv-digest``."""

from pipeline.cli import main

main()
