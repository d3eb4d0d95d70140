"""Workflow."""

from qsense.workflow.runs import (
    RECORDS,
    collect_record,
    estimate_record,
    run,
)

__all__ = [
    "RECORDS",
    "collect_record",
    "estimate_record",
    "run",
]
