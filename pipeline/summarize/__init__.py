"""Stage 2: prompt → cache → model → checks → summary or failure."""

from pipeline.summarize.stage import Job, Summarizer

__all__ = ["Job", "Summarizer"]
