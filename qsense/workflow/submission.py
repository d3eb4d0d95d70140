"""Submits a run to a device that takes jobs for later."""

from __future__ import annotations

from pathlib import Path

from qsense import services as remote
from qsense.extensions import allowing
from qsense.jobs import submission
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec
from qsense.services.tasks import Mode
from qsense.workflow.runs import RECORDS


def submit(
    spec: RunSpec | str | Path,
    out: str | Path = RECORDS,
    mode: Mode = "batch",
    max_seconds: float | None = None,
    resend: bool = False,
    allow_code: bool = False,
) -> RunRecord:
    """Sends a run's jobs to its backend, and returns its record; `qsense.collect` fetches the results later.

    A record of the same spec is continued: jobs that were sent before are not sent again.

    Args:
        spec: a RunSpec or the path of a TOML file.
        out: the folder under which the record is made.
        mode: "job", "batch" or "session", for a run that has sent nothing yet.
        max_seconds: the most time on the device, in s; None for no limit.
        resend: whether jobs that failed, were cancelled or refused, or that the service does not know, are sent again.
        allow_code: whether code that the spec names may be imported and run: a vendor's, extensions.

    Raises:
        SpecError: the spec is wrong or does not fit the backend; nothing has been written.
        ArgumentError: the backend takes no jobs, or they may take longer than allowed; nothing has been sent.
        ServiceError: the service refused or cannot be reached; what was sent is in the record.
        RecordError: the record cannot be written, or is damaged.
    """
    with allowing(allow_code):
        spec, out = spec if isinstance(spec, RunSpec) else RunSpec.load(spec), Path(out)
        service = remote.service(spec.backend)
        ready = submission.prepare(spec, out, service, mode, max_seconds)
        return submission.submit(ready, out, service, resend)
