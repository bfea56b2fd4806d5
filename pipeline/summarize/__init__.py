"""Stage 2: prompt → cache → model → checks → summary or failure."""

from pipeline.summarize.dialogue import first_ask, judge
from pipeline.summarize.estimate import Estimate, Plan, estimate
from pipeline.summarize.stage import Job, Summarizer

__all__ = ["Estimate", "Job", "Plan", "Summarizer", "estimate", "first_ask", "judge"]
