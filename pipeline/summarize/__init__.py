"""Stage 2: prompt → cache → model → checks → summary or failure."""

from pipeline.summarize.dialogue import first_ask, judge
from pipeline.summarize.estimate import COMPLETION_SHARE, Estimate, Plan, estimate
from pipeline.summarize.reply import FIELDS
from pipeline.summarize.stage import Job, Summarizer

__all__ = ["COMPLETION_SHARE", "FIELDS", "Estimate", "Job", "Plan", "Summarizer", "estimate", "first_ask", "judge"]
