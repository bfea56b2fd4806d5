"""When the next call may leave, how long it may take, and how often it is tried."""

from pipeline.model.limiter.deadline import Deadline
from pipeline.model.limiter.limiter import Limiter, Slot
from pipeline.model.limiter.opening import PROBE_S
from pipeline.model.limiter.retry import PassingError, Patience, Tries
from pipeline.model.limiter.token_bucket import MARGIN

__all__ = ["MARGIN", "PROBE_S", "Deadline", "Limiter", "PassingError", "Patience", "Slot", "Tries"]
