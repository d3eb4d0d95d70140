"""Services."""

from qsense.services.protocol import (
    Returned,
    Seen,
    Service,
    ServiceError,
    State,
    as_outcomes,
    is_remote,
    service,
)

__all__ = [
    "Returned",
    "Seen",
    "Service",
    "ServiceError",
    "State",
    "as_outcomes",
    "is_remote",
    "service",
]
