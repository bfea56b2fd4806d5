"""The door for programs: settings in, digests, jobs and models out. Prints nothing and reads no environment."""

from pipeline.compose.cost import Cost, cost_of
from pipeline.compose.digests import make_digests, make_digests_async, make_each
from pipeline.compose.estimate import DigestEstimate, estimate_digests
from pipeline.compose.job import Asking, open_job, output_for, prompt_library
from pipeline.compose.models import model_for
from pipeline.compose.process import Runtime
from pipeline.compose.selection import Selection, digests_for

__all__ = [
    "Asking",
    "Cost",
    "DigestEstimate",
    "Runtime",
    "Selection",
    "cost_of",
    "digests_for",
    "estimate_digests",
    "make_digests",
    "make_digests_async",
    "make_each",
    "model_for",
    "open_job",
    "output_for",
    "prompt_library",
]
