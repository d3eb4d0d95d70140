"""Workflow."""

from qsense.workflow.runs import (
    RECORDS,
    collect_record,
    estimate_record,
    run,
)
from qsense.workflow.submission import submit

__all__ = [
    "RECORDS",
    "collect_record",
    "estimate_record",
    "run",
    "submit",
]
