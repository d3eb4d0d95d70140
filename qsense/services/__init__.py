"""Who runs jobs elsewhere and later: what qsense asks of a service, and the table of services.

A service has a backend for which circuits are prepared, estimates their cost, sends tasks as a job under tags, finds
jobs by their tags, and returns a job's status and results. `ibm` is IBM Quantum; `local` makes a service of any
BackendV2 of this process. What a vendor's client says passes `files.secrecy` before anyone reads it. The package may
import the layers up to `runs`; `jobs` uses it.

Public: `service` and `is_remote` by a backend's name, `register_service`, the protocol `Service` with `JobStatus`,
`TaskResult` and `ServiceError`; `instance_of` says whose jobs they are; `tasks.Task` is what is sent.
"""

from qsense.services.protocol import JobStatus, Service, ServiceError, State, TaskResult, as_outcomes, instance_of
from qsense.services.registry import is_remote, register_service, service, unregister_service

__all__ = [
    "JobStatus",
    "Service",
    "ServiceError",
    "State",
    "TaskResult",
    "as_outcomes",
    "instance_of",
    "is_remote",
    "register_service",
    "service",
    "unregister_service",
]
