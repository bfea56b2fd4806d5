"""Stage 2: prompt → cache → model → checks → summary or failure."""

from pipeline.summarize.dialogue import first_ask, judge, refusals
from pipeline.summarize.estimate import Estimate, Plan, estimate
from pipeline.summarize.stage import Job, Summarizer
from pipeline.summarize.tasks import TEMPLATES, task_of

__all__ = [
    "TEMPLATES",
    "Estimate",
    "Job",
    "Plan",
    "Summarizer",
    "estimate",
    "first_ask",
    "judge",
    "refusals",
    "task_of",
]
