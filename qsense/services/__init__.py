"""Services."""

from qsense.services.protocol import (
    JobStatus,
    Service,
    ServiceError,
    State,
    TaskResult,
    as_outcomes,
    is_remote,
    service,
)

__all__ = [
    "JobStatus",
    "Service",
    "ServiceError",
    "State",
    "TaskResult",
    "as_outcomes",
    "is_remote",
    "service",
]
